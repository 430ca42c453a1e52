package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

const fastShutdown = syscall.SIGINT

// account returns the user that servers run as, nil for that of this process.
func account() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var problems []error
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("pgtest: user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("pgtest: no user to run a server as: %w", errors.Join(problems...))
}

// attributes has a server run as an unprivileged user, out of reach of the
// signals of a terminal, and end with this process, however that ends.
func attributes() (*syscall.SysProcAttr, error) {
	credential, err := account()
	return &syscall.SysProcAttr{Credential: credential, Setpgid: true, Pdeathsig: syscall.SIGQUIT}, err
}

// giveAway makes the directory that of the server's user.
func giveAway(directory string) error {
	credential, err := account()
	if err != nil || credential == nil {
		return err
	}
	return os.Chown(directory, int(credential.Uid), int(credential.Gid))
}

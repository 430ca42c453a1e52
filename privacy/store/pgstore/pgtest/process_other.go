//go:build !linux

package pgtest

import (
	"os"
	"syscall"
)

var fastShutdown os.Signal = os.Interrupt

// Elsewhere than on Linux, tests do not run as root.

func attributes() (*syscall.SysProcAttr, error) { return nil, nil }

func giveAway(string) error { return nil }

package pgstore_test

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy/store/pgstore"
)

// nodes starts processes on one database, in which the subjects have consented.
func nodes(t *testing.T, count int, subjects ...string) (*pgstore.DB, *node, []*child) {
	t.Helper()
	url := cluster.Database(t)
	db := openAt(t, url, nil)
	own, err := newNode(db.Consent(), nil)
	require.NoError(t, err)
	for _, subject := range subjects {
		require.NoError(t, own.grant(t.Context(), subject))
	}
	children := make([]*child, count)
	for i := range children {
		children[i] = spawn(t, roleGate, url, strconv.Itoa(i))
	}
	return db, own, children
}

func parseTime(t *testing.T, text string) time.Time {
	t.Helper()
	nanoseconds, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t, err)
	return time.Unix(0, nanoseconds)
}

// A withdrawal on one node is refused by the others within the bound, however
// often they ask meanwhile.
func TestAWithdrawalReachesTheOtherNodes(t *testing.T) {
	subjects := []string{"s-0", "s-1", "s-2"}
	_, _, children := nodes(t, 3, subjects...)
	for i, subject := range subjects {
		for _, c := range children {
			require.Contains(t, c.say(t, "check %s", subject), "true")
		}
		writer, watchers := children[i], []*child{children[(i+1)%3], children[(i+2)%3]}
		for _, c := range watchers {
			require.Equal(t, "cached", c.say(t, "watch %s", subject))
		}
		withdrawn := parseTime(t, writer.say(t, "withdraw %s", subject))
		for _, c := range watchers {
			last := parseTime(t, c.hear(t))
			assert.Less(t, last.Sub(withdrawn), bound, "allowed after the bound")
		}
		assert.Contains(t, writer.say(t, "check %s", subject), "false", "the node itself knows at once")
	}
}

// An old transaction that is still open keeps the feed from going on. Then
// nodes ask the database instead of answering from before.
func TestAStalledFeedTurnsCachedAnswersOff(t *testing.T) {
	db, own, children := nodes(t, 1, "s-0", "s-1")
	c := children[0]
	require.Equal(t, "cached", c.say(t, "watch s-0"))

	old, err := db.Pool().Begin(t.Context())
	require.NoError(t, err)
	_, err = old.Exec(t.Context(), "SELECT pg_current_xact_id()")
	require.NoError(t, err)
	require.NoError(t, own.withdraw(t.Context(), "s-0"))
	withdrawn := time.Now()
	last := parseTime(t, c.hear(t))
	assert.Less(t, last.Sub(withdrawn), bound, "allowed after the bound")
	// The feed stays behind: every answer is the database's.
	reads := func() (n int) {
		_, err := fmt.Sscanf(strings.TrimPrefix(c.say(t, "check s-1"), "true "), "%d", &n)
		require.NoError(t, err)
		return n
	}
	before := reads()
	assert.Equal(t, []int{before + 1, before + 2}, []int{reads(), reads()})

	require.NoError(t, old.Rollback(t.Context()))
	require.Equal(t, "cached", c.say(t, "watch s-1"), "the feed goes on")
	require.NoError(t, own.withdraw(t.Context(), "s-1"))
	c.hear(t)
}

// A process that was paused beyond the bound never answers from before.
func TestAPausedNodeForgetsWhenItWakes(t *testing.T) {
	_, own, children := nodes(t, 1, "s-0", "s-1", "s-2")
	c := children[0]
	for i := range 3 {
		subject := fmt.Sprintf("s-%d", i)
		require.Equal(t, "cached", c.say(t, "watch %s", subject))
		require.NoError(t, c.Process.Signal(syscall.SIGSTOP))
		require.NoError(t, own.withdraw(t.Context(), subject))
		withdrawn := time.Now()
		time.Sleep(bound + bound/2)
		require.NoError(t, c.Process.Signal(syscall.SIGCONT))
		last := parseTime(t, c.hear(t))
		assert.Less(t, last.Sub(withdrawn), bound, "allowed after the bound")
	}
}

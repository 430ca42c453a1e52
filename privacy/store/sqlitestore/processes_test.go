package sqlitestore_test

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
)

func TestTwoProcessesWriteAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "privacy.db")
	together(t, child(t, taskRace, path, "one"), child(t, taskRace, path, "two"))

	db := openAt(t, path, nil)
	records := allRecords(t, db.Consent(), subjectKey(1))
	assertFolded(t, db.Consent(), subjectKey(1), records)
	won := map[string]int{}
	for _, record := range records {
		name, _, _ := strings.Cut(record.ID, "-")
		won[name]++
	}
	assert.Equal(t, map[string]int{"one": raceEvents, "two": raceEvents}, won)
	page, err := db.Consent().Changes(t.Context(), "", 1000)
	require.NoError(t, err)
	for i, change := range page.Changes {
		assert.Equal(t, consent.Change{Key: subjectKey(1), Version: uint64(i + 1)}, change)
	}
}

func TestProcessesMigrateAtOnce(t *testing.T) {
	for range 3 {
		path := filepath.Join(t.TempDir(), "privacy.db")
		var children []*exec.Cmd
		for n := range 4 {
			children = append(children, child(t, taskMigrate, path, strconv.Itoa(n)))
		}
		together(t, children...)
		db := openAt(t, path, nil)
		var steps int
		require.NoError(t, db.SQL().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM privacy_schema_version`).Scan(&steps))
		assert.Equal(t, len(migrations(t)), steps)
	}
}

// together starts the children and waits for all to succeed.
func together(t *testing.T, children ...*exec.Cmd) {
	t.Helper()
	for _, cmd := range children {
		require.NoError(t, cmd.Start())
	}
	for _, cmd := range children {
		require.NoError(t, cmd.Wait())
	}
}

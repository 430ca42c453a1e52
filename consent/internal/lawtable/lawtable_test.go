package lawtable_test

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/labelop/privacykit/consent/internal/lawtable"
	"github.com/labelop/privacykit/privacy"
)

type table struct {
	lawtable.Source
	Rows []int `json:"rows"`
}

func (t *table) Check() error {
	var problems privacy.Problems
	t.CheckInto(&problems)
	return problems.Err()
}

const head = `"title":"T","as_of":"2026-01-01","citations":["C"]`

func files(text string) fs.FS { return fstest.MapFS{"t.json": {Data: []byte(text)}} }

// unreadable has every file, and lets nobody read one.
type unreadable struct{}

func (unreadable) Open(string) (fs.File, error) { return nil, fs.ErrPermission }

func TestATableIsReadWhereItIsFirstFound(t *testing.T) {
	embedded := lawtable.In(fstest.MapFS{"law/t.json": {Data: []byte(`{` + head + `,"rows":[1,2]}`)}})
	for name, c := range map[string]struct {
		files []fs.FS
		rows  int
	}{
		"of the host":                      {[]fs.FS{files(`{` + head + `,"rows":[1]}`), embedded}, 1},
		"of the package":                   {[]fs.FS{fstest.MapFS{}, embedded}, 2},
		"of the package, without a host's": {[]fs.FS{embedded}, 2},
	} {
		var read table
		if err := lawtable.Read("t.json", &read, c.files...); err != nil || len(read.Rows) != c.rows {
			t.Errorf("%s: %d rows, %v", name, len(read.Rows), err)
		}
	}
}

// A host's table that cannot be read is not replaced by an older one in silence.
func TestATableThatCannotBeRead(t *testing.T) {
	embedded := files(`{` + head + `}`)
	for name, c := range map[string]struct {
		files []fs.FS
		want  error
	}{
		"nowhere":               {nil, fs.ErrNotExist},
		"in none of two":        {[]fs.FS{fstest.MapFS{}, fstest.MapFS{}}, fs.ErrNotExist},
		"not to be read":        {[]fs.FS{unreadable{}, embedded}, fs.ErrPermission},
		"no JSON":               {[]fs.FS{files(`{`), embedded}, privacy.ErrInvalid},
		"an unknown member":     {[]fs.FS{files(`{` + head + `,"row":[]}`), embedded}, privacy.ErrInvalid},
		"without a title":       {[]fs.FS{files(`{"as_of":"2026-01-01","citations":["C"]}`), embedded}, privacy.ErrInvalid},
		"without a date":        {[]fs.FS{files(`{"title":"T","citations":["C"]}`), embedded}, privacy.ErrInvalid},
		"without a citation":    {[]fs.FS{files(`{"title":"T","as_of":"2026-01-01"}`), embedded}, privacy.ErrInvalid},
		"the same member twice": {[]fs.FS{files(`{` + head + `,"rows":[1],"rows":[2]}`), embedded}, privacy.ErrInvalid},
	} {
		if err := lawtable.Read("t.json", &table{}, c.files...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

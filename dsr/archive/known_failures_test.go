package archive_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/privacy"
)

// spree PR#14560: the export left out fields that the erasure knew about. Here
// both are owed by the same register: a system that holds data of the controller
// is exported, or there is no package.
func TestKnownFailureExportOmitsWhatErasureKnows(t *testing.T) {
	d := declaration()
	d.Systems = append(d.Systems, privacy.System{
		ID: "search", Title: "Search index", Categories: []privacy.CategoryID{"account.name"}, SubjectKey: "account_id",
	})
	register, err := privacy.Compile(d)
	require.NoError(t, err)
	b := builder(t, func(o *archive.Options) { o.Register = register })
	for _, kind := range []archive.Kind{archive.Access, archive.Portability} {
		_, err = b.Build(t.Context(), io.Discard, request(kind, list{}))
		assert.ErrorContains(t, err, `system "search" holds personal data and nobody exports it`)
	}
}

// margince PR#5505: requests were missing from the answer to a request. Case
// files are a system of the register like any other.
func TestKnownFailureRequestsAreMissingFromTheAnswer(t *testing.T) {
	d := declaration()
	d.Categories = append(d.Categories, privacy.Category{ID: "requests", Title: "Requests of data subjects", Role: privacy.RoleController})
	d.Activities[0].Categories = append(d.Activities[0].Categories, "requests")
	d.Systems = append(d.Systems, privacy.System{
		ID: "cases", Title: "Case files", Categories: []privacy.CategoryID{"requests"}, SubjectKey: "account_id",
	})
	register, err := privacy.Compile(d)
	require.NoError(t, err)
	b := builder(t, func(o *archive.Options) { o.Register = register })
	r := request(archive.Access, list{})
	_, err = b.Build(t.Context(), io.Discard, r)
	require.ErrorIs(t, err, privacy.ErrInvalid)
	r.Systems = append(r.Systems, archive.System{ID: "cases", Source: list{records: []archive.Record{
		record("requests", archive.OriginProvided, `{"case":"case-1","asked":"access"}`),
	}}})
	_, files := build(t, b, r)
	assert.Contains(t, files["systems/cases/data.json"], `"case-1"`)
}

// margince#1305: JSON payloads were not reached. A value of any shape goes into
// the package as it is.
func TestKnownFailureNestedPayloadsAreNotReached(t *testing.T) {
	nested := `{"payload":{"history":[{"note":"deep <inside>"},null,1e400]}}`
	_, files := build(t, builder(t), request(archive.Access, list{records: []archive.Record{record("usage", "", nested)}}))
	assert.Contains(t, files["systems/database/data.json"], `deep \u003cinside\u003e`)
	assert.Contains(t, files["systems/database/data.json"], `1e400`)
	assert.Contains(t, files["report.html"], "deep &lt;inside&gt;")
}

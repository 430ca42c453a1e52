package archive_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

func exportedCase() dsr.Case {
	return dsr.Case{Tenant: "t", ID: "case-1", Subject: "s", Role: privacy.RoleController, Items: []dsr.Item{{
		Request: regime.RequestAccess, Work: dsr.StateInProgress,
		Tasks: []dsr.Task{{ID: "export-database", System: "database", Action: dsr.ActionExport, State: dsr.TaskDone, Evidence: "exports/1"}},
	}}}
}

// No package is made of a case that is not ready to be answered.
func TestOnlyWhatIsExportedIsPacked(t *testing.T) {
	fails := errors.New("the copy is gone")
	sound := func(task dsr.Task) (archive.System, error) {
		assert.Equal(t, "exports/1", task.Evidence)
		return archive.System{ID: "another", Source: list{}, Origins: []string{"you"}}, nil
	}
	for name, test := range map[string]struct {
		change   func(c *dsr.Case)
		exported func(dsr.Task) (archive.System, error)
		kind     archive.Kind
		err      error
	}{
		"access":                 {kind: archive.Access},
		"to know":                {change: func(c *dsr.Case) { c.Items[0].Request = regime.RequestKnow }, kind: archive.Access},
		"portability":            {change: func(c *dsr.Case) { c.Items[0].Request = regime.RequestPortability }, kind: archive.Portability},
		"the download broke off": {change: func(c *dsr.Case) { c.Items[0].Work = dsr.StateFulfilled }, kind: archive.Access},
		"an export that runs":    {change: func(c *dsr.Case) { c.Items[0].Tasks[0].State = dsr.TaskRunning }, err: archive.ErrNotExported},
		"an export that is dead": {change: func(c *dsr.Case) { c.Items[0].Tasks[0].State = dsr.TaskDead }, err: archive.ErrNotExported},
		"no export":              {change: func(c *dsr.Case) { c.Items[0].Tasks = nil }, err: archive.ErrNotExported},
		"identity is not proved": {change: func(c *dsr.Case) { c.Blockers = c.Blockers.With(dsr.BlockerIdentity) }, err: archive.ErrNotExported},
		"nobody's":               {change: func(c *dsr.Case) { c.Subject = "" }, err: archive.ErrNotExported},
		"redacted":               {change: func(c *dsr.Case) { c.Redacted = true }, err: archive.ErrNotExported},
		"refused":                {change: func(c *dsr.Case) { c.Items[0].Work = dsr.StateRefused }, err: archive.ErrNotExported},
		"an erasure":             {change: func(c *dsr.Case) { c.Items[0].Request = regime.RequestErasure }, err: privacy.ErrInvalid},
		"of a processor":         {change: func(c *dsr.Case) { c.Role = privacy.RoleProcessor }, err: privacy.ErrInvalid},
		"no item":                {change: func(c *dsr.Case) { c.Items = nil }, err: privacy.ErrInvalid},
		"a copy that is gone":    {exported: func(dsr.Task) (archive.System, error) { return archive.System{}, fails }, err: fails},
	} {
		t.Run(name, func(t *testing.T) {
			c, exported := exportedCase(), test.exported
			if test.change != nil {
				test.change(&c)
			}
			if exported == nil {
				exported = sound
			}
			r, err := archive.FromCase(c, 0, "AT", exported)
			require.ErrorIs(t, err, test.err)
			if test.err != nil {
				assert.Empty(t, r)
				return
			}
			assert.Equal(t, archive.Request{
				Kind: test.kind, Case: "case-1", Subject: privacy.Subject{Tenant: "t", ID: "s", Jurisdiction: "AT"},
				Systems: []archive.System{{ID: "database", Source: list{}, Origins: []string{"you"}}},
			}, r)
		})
	}
}

// A system that holds nothing portable, which no task exports, is not missed in a
// portability package; in one for access it is.
func TestAPortabilityPackageNeedsNoSystemWithoutPortableData(t *testing.T) {
	d := declaration()
	for i := range d.Purposes {
		for j := range d.Purposes[i].Bases {
			basis := &d.Purposes[i].Bases[j]
			basis.Basis, basis.Law, basis.Interest = privacy.BasisLegalObligation, "UGB § 212", ""
		}
	}
	register, err := privacy.Compile(d)
	require.NoError(t, err)
	b, err := archive.NewBuilder(archive.Options{Register: register, Disclosures: disclosures{}, ThirdParties: archive.NobodyElse{}})
	require.NoError(t, err)
	r := request(archive.Portability, nil)
	r.Systems = nil
	_, err = b.Build(t.Context(), io.Discard, r)
	require.NoError(t, err)
	r.Kind = archive.Access
	_, err = b.Build(t.Context(), io.Discard, r)
	require.ErrorIs(t, err, privacy.ErrInvalid)
}

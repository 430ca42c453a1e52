package signal

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/labelop/privacykit/consent/internal/lawtable"
	"github.com/labelop/privacykit/privacy"
)

//go:embed law/signals.json
var lawFiles embed.FS

// ErrUnknownRegime reports a regime that the tables do not have, or that was not
// in force. It matches privacy.ErrNotFound.
var ErrUnknownRegime = fmt.Errorf("signal: unknown regime: %w", privacy.ErrNotFound)

// Law is the content of signals.json. It is immutable and safe for concurrent use.
type Law struct{ table table }

var embedded = sync.OnceValues(func() (*Law, error) { return Load(lawtable.In(lawFiles)) })

// Embedded returns the law that this package brings with it.
func Embedded() (*Law, error) { return embedded() }

// Load reads signals.json at the top level of files, for hosts that cannot wait
// for a release when the law changes. Errors are those of files, or match
// privacy.ErrInvalid for unknown members and rows without a date or citation.
func Load(files fs.FS) (*Law, error) {
	var l Law
	if err := lawtable.Read("signals.json", &l.table, files); err != nil {
		return nil, fmt.Errorf("signal: %w", err)
	}
	return &l, nil
}

// table is the form of signals.json.
type table struct {
	lawtable.Source
	Rules []rule `json:"rules"`
}

// rule is what one state says.
type rule struct {
	Regime        string               `json:"regime"`
	Jurisdiction  privacy.Jurisdiction `json:"jurisdiction"`
	From          privacy.Date         `json:"from"`
	SensitiveData SensitiveRule        `json:"sensitive_data"`
	GPC           *gpcRule             `json:"gpc"`
	Citation      string               `json:"citation"`
}

// gpcRule is the duty to honour the signal.
type gpcRule struct {
	From              privacy.Date      `json:"from"`
	OptOut            privacy.OptOutSet `json:"opt_out"`
	MayNotifyConflict bool              `json:"may_notify_conflict"`
	ConfirmStatusFrom privacy.Date      `json:"confirm_status_from"`
	Citation          string            `json:"citation"`
}

// SensitiveRule says on what condition a state lets sensitive data be processed.
type SensitiveRule string

// The rules on sensitive data.
const (
	// SensitiveOptIn needs consent.
	SensitiveOptIn SensitiveRule = "opt_in"
	// SensitiveOptOut needs notice and a way to opt out.
	SensitiveOptOut SensitiveRule = "opt_out"
	// SensitiveLimitUse gives a right to limit the use.
	SensitiveLimitUse SensitiveRule = "limit_use"
	// SensitiveNecessary allows only what is strictly necessary, and no sale.
	SensitiveNecessary SensitiveRule = "strictly_necessary_no_sale"
	// SensitiveNone is no rule of its own: what holds for other data holds.
	SensitiveNone SensitiveRule = "none"
)

func (r SensitiveRule) valid() bool {
	return slices.Contains([]SensitiveRule{SensitiveOptIn, SensitiveOptOut, SensitiveLimitUse, SensitiveNecessary, SensitiveNone}, r)
}

// Check reports all that is wrong with the table.
func (t *table) Check() error {
	var problems privacy.Problems
	t.CheckInto(&problems)
	for i, row := range t.Rules {
		path := fmt.Sprintf("rules[%d]", i)
		if row.Regime == "" || row.From.IsZero() || row.Citation == "" {
			problems.Add(path, privacy.ProblemRequired, "a row has a regime, a date and a citation")
		}
		if row.Jurisdiction.Check() != nil {
			problems.Add(path+".jurisdiction", privacy.ProblemJurisdiction, "%q is no jurisdiction", row.Jurisdiction)
		}
		if !row.SensitiveData.valid() {
			problems.Add(path+".sensitive_data", privacy.ProblemUnknown, "there is no rule %q", row.SensitiveData)
		}
		if g := row.GPC; g != nil && (g.From.IsZero() || g.OptOut == 0 || g.Citation == "") {
			problems.Add(path+".gpc", privacy.ProblemRequired, "a duty has a date, opt-outs and a citation")
		}
	}
	return problems.Err()
}

// find returns the rule of a regime, such as "us-ca-ccpa", or of its
// jurisdiction, such as "us-ca", the one that began last.
func (l *Law) find(regime string, on privacy.Date) (rule, error) {
	jurisdiction := privacy.Jurisdiction(regime)
	legal := jurisdiction.Check() == nil
	var found rule
	for _, row := range l.table.Rules {
		asked := row.Regime == regime || (legal && row.Jurisdiction.Canonical() == jurisdiction.Canonical())
		if asked && !on.Before(row.From) && row.From.After(found.From) {
			found = row
		}
	}
	if found.From.IsZero() {
		return rule{}, fmt.Errorf("%w: %q on %s", ErrUnknownRegime, regime, on)
	}
	return found, nil
}

// SensitiveData returns the rule on sensitive data of a regime, such as
// "us-ca-ccpa", or of a jurisdiction, such as "us-ca". The error matches
// ErrUnknownRegime.
func (l *Law) SensitiveData(regime string, on privacy.Date) (SensitiveRule, error) {
	row, err := l.find(regime, on)
	return row.SensitiveData, err
}

package policydoc

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/labelop/privacykit/privacy"
)

// Regime is a body of law with a list of what a privacy notice has to tell.
type Regime string

// The regimes.
const (
	// RegimeGDPR is Regulation (EU) 2016/679, Arts. 13 and 14.
	RegimeGDPR Regime = "gdpr"
	// RegimeUK is the UK GDPR as amended by the Data (Use and Access) Act 2025.
	RegimeUK Regime = "uk"
	// RegimeCalifornia is the CCPA with its regulations.
	RegimeCalifornia Regime = "ca"
)

// Duty is something that a privacy notice has to tell.
type Duty struct {
	ID      string   `json:"id"`
	Regimes []Regime `json:"regimes"`
	// When is the kind of facts that bring the duty about, or a reference, or a
	// kind and an attribute as "purpose:interest". Empty: it always holds.
	When string `json:"when,omitempty"`
	// By are the kinds of facts whose disclosure fulfils the duty.
	By []string `json:"by,omitempty"`
	// Article is the provision, Text what has to be told.
	Article string `json:"article"`
	Text    string `json:"text"`
}

//go:embed law/duties.json
var dutiesFile []byte

var duties = sync.OnceValues(func() ([]Duty, error) {
	var file struct {
		Note   string `json:"note"`
		Duties []Duty `json:"duties"`
	}
	if err := privacy.DecodeJSON(dutiesFile, &file); err != nil {
		return nil, fmt.Errorf("duties: %w", err)
	}
	return file.Duties, nil
})

// Duties returns what a notice has to tell under the regimes.
func Duties(regimes ...Regime) []Duty {
	all, _ := duties()
	var out []Duty
	for _, d := range all {
		if slices.ContainsFunc(d.Regimes, func(r Regime) bool { return slices.Contains(regimes, r) }) {
			out = append(out, d)
		}
	}
	return out
}

// holds reports whether the facts bring the duty about.
func (d Duty) holds(facts Facts) bool {
	if d.When == "" {
		return true
	}
	kind, attribute, _ := strings.Cut(d.When, ":")
	return slices.ContainsFunc(facts, func(f Fact) bool {
		return f.Ref == d.When || f.Kind() == kind && (attribute == "" || len(f.Attributes[attribute]) > 0)
	})
}

// fulfilled reports whether what is disclosed fulfils the duty.
func (d Duty) fulfilled(disclosed map[string]bool) bool {
	if disclosed[kindDuty+":"+d.ID] {
		return true
	}
	for ref := range disclosed {
		kind, _, _ := strings.Cut(ref, ":")
		if slices.Contains(d.By, kind) {
			return true
		}
	}
	return false
}

// kindDuty begins a reference by which a section says that it fulfils a duty.
const kindDuty = "duty"

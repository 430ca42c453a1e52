package retention

import (
	"embed"
	"fmt"
	"slices"
	"sync"

	"github.com/labelop/privacykit/privacy"
)

// Preset is a period that a law or an authority states, from the dated tables in
// the directory presets. It becomes Rules of a schedule once the host has said
// which of its data it is about. Presets are engineering, not legal advice.
type Preset struct {
	// ID names the preset, such as "de-ao-147-voucher".
	ID    string `json:"id"`
	Title string `json:"title"`
	// Jurisdiction is whose law it is.
	Jurisdiction privacy.Jurisdiction `json:"jurisdiction"`
	Kind         Kind                 `json:"kind"`
	LegalBasis   privacy.LegalBasis   `json:"legal_basis,omitempty"`
	Anchor       Anchor               `json:"anchor"`
	SuspendedBy  []string             `json:"suspended_by,omitempty"`
	Action       Action               `json:"action"`
	NoticeHours  int                  `json:"notice_hours,omitempty"`
	Citation     string               `json:"citation"`
	// Versions are the periods through time, in the order they came into force.
	Versions []PresetVersion `json:"versions"`
	// Confidence is how sure the table is: "high", "medium" or "low".
	Confidence string `json:"confidence"`
	// Uncertain says what the table leaves open.
	Uncertain string `json:"uncertain,omitempty"`
	// AsOf is the day the law was looked up.
	AsOf privacy.Date `json:"-"`
}

// PresetVersion is the period of a preset from some day on.
type PresetVersion struct {
	Version        int            `json:"version"`
	Period         privacy.Period `json:"period"`
	EffectiveFrom  privacy.Date   `json:"effective_from,omitzero"`
	ReachesRunning bool           `json:"reaches_running,omitempty"`
	Citation       string         `json:"citation,omitempty"`
}

// PresetUse says what of the host's data a preset is about.
type PresetUse struct {
	// RuleID names the rule; empty takes the ID of the preset.
	RuleID string
	Scope  Scope
	// Events replaces the names of the preset's events by the host's.
	Events []string
	// FiscalYearEnd is the last day of the host's fiscal year, for presets that
	// count from it. The others ignore it, among them those whose law itself names
	// the year, such as "uk-paye": a host may set it for all alike.
	FiscalYearEnd MonthDay
}

//go:embed presets/*.json
var presetFiles embed.FS

type presetFile struct {
	AsOf    privacy.Date `json:"as_of"`
	Presets []Preset     `json:"presets"`
}

var loadPresets = sync.OnceValues(func() ([]Preset, error) {
	entries, err := presetFiles.ReadDir("presets")
	if err != nil {
		return nil, err
	}
	var presets []Preset
	for _, entry := range entries {
		data, err := presetFiles.ReadFile("presets/" + entry.Name())
		if err != nil {
			return nil, err
		}
		var file presetFile
		if err := privacy.DecodeJSON(data, &file); err != nil {
			return nil, fmt.Errorf("retention: presets/%s: %w", entry.Name(), err)
		}
		for _, p := range file.Presets {
			p.AsOf = file.AsOf
			presets = append(presets, p)
		}
	}
	return presets, nil
})

// Presets returns every preset. The error, if any, is a fault of the embedded
// tables.
func Presets() ([]Preset, error) {
	presets, err := loadPresets()
	if err != nil {
		return nil, err
	}
	copies := make([]Preset, len(presets))
	for i, p := range presets {
		copies[i] = p.clone()
	}
	return copies, nil
}

// FindPreset returns the preset with the given ID. The error matches
// privacy.ErrNotFound if there is none.
func FindPreset(id string) (Preset, error) {
	presets, err := loadPresets()
	if err != nil {
		return Preset{}, err
	}
	i := slices.IndexFunc(presets, func(p Preset) bool { return p.ID == id })
	if i < 0 {
		return Preset{}, fmt.Errorf("retention: preset: %w", privacy.ErrNotFound)
	}
	return presets[i].clone(), nil
}

func (p Preset) clone() Preset {
	p.Anchor.Events = slices.Clone(p.Anchor.Events)
	p.SuspendedBy = slices.Clone(p.SuspendedBy)
	p.Versions = slices.Clone(p.Versions)
	return p
}

// Rules returns the versions of the preset as rules over the data of use. Compile
// reports what use leaves open, such as a fiscal year without its end.
func (p Preset) Rules(use PresetUse) []Rule {
	rules := make([]Rule, len(p.Versions))
	for i, v := range p.Versions {
		rules[i] = cloneRule(Rule{
			ID: p.ID, Version: v.Version, Kind: p.Kind, Scope: use.Scope, Anchor: p.Anchor,
			Period: v.Period, Action: p.Action, SuspendedBy: p.SuspendedBy, LegalBasis: p.LegalBasis,
			NoticeHours: p.NoticeHours, EffectiveFrom: v.EffectiveFrom, ReachesRunning: v.ReachesRunning,
			Citation: p.Citation,
		})
		if use.RuleID != "" {
			rules[i].ID = use.RuleID
		}
		if len(use.Events) > 0 {
			rules[i].Anchor.Events = slices.Clone(use.Events)
		}
		if p.Anchor.Start == StartEndOfFiscalYear && p.Anchor.FiscalYearEnd.IsZero() {
			rules[i].Anchor.FiscalYearEnd = use.FiscalYearEnd
		}
		if v.Citation != "" {
			rules[i].Citation = v.Citation
		}
	}
	return rules
}

package regime

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/labelop/privacykit/privacy"
)

//go:embed law/*.json
var law embed.FS

// ErrUnknownRegime reports a regime that a Book does not hold. It matches
// privacy.ErrNotFound.
var ErrUnknownRegime = fmt.Errorf("unknown regime: %w", privacy.ErrNotFound)

// ErrNotInForce reports a day on which no version of a regime was in force,
// such as one before the law existed. It matches privacy.ErrNotFound.
var ErrNotInForce = fmt.Errorf("regime not in force on that day: %w", privacy.ErrNotFound)

// ErrNotRegulated reports a request or an event for which a regime has no rule.
// It matches privacy.ErrInvalid.
var ErrNotRegulated = fmt.Errorf("not regulated by that regime: %w", privacy.ErrInvalid)

// Book is a set of regimes in all their versions. It is immutable and safe for
// concurrent use. The zero Book is empty.
type Book struct {
	versions map[ID][]*Regime // in order of EffectiveFrom
}

// presets reads the embedded files once.
var presets = sync.OnceValues(func() (*Book, error) { return Load(law) })

// Presets returns the regimes that this package embeds.
func Presets() (*Book, error) { return presets() }

// Load reads every .json file of fsys into a Book. All problems of all files are
// reported together, each path preceded by the name of its file.
func Load(fsys fs.FS) (*Book, error) {
	var regimes []*Regime
	var problems privacy.Problems
	err := fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		data, err := fs.ReadFile(fsys, path)
		if err != nil {
			return err
		}
		parsed, err := Parse(data)
		addTo(&problems, path, err)
		if err == nil {
			regimes = append(regimes, parsed)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading regimes: %w", err)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return (&Book{}).With(regimes...)
}

// addTo files err under a name.
func addTo(problems *privacy.Problems, name string, err error) {
	var found privacy.Problems
	switch {
	case err == nil:
	case errors.As(err, &found):
		for _, problem := range found {
			problem.Path = name + ": " + problem.Path
			*problems = append(*problems, problem)
		}
	default:
		problems.Add(name, "unreadable", "%v", err)
	}
}

// With returns a Book that holds the regimes of b and those given. One with the
// ID and EffectiveFrom of another replaces it; so a host overrides a preset.
// Versions of a regime that overlap are problems with the code "overlap".
func (b *Book) With(regimes ...*Regime) (*Book, error) {
	next := &Book{versions: maps.Clone(b.versions)}
	if next.versions == nil {
		next.versions = map[ID][]*Regime{}
	}
	var problems privacy.Problems
	for _, r := range regimes {
		addTo(&problems, r.Version(), r.Lint())
		kept := slices.DeleteFunc(slices.Clone(next.versions[r.ID]), func(old *Regime) bool {
			return old.EffectiveFrom == r.EffectiveFrom
		})
		kept = append(kept, r)
		slices.SortFunc(kept, func(x, y *Regime) int { return x.EffectiveFrom.Compare(y.EffectiveFrom) })
		next.versions[r.ID] = kept
	}
	for _, id := range next.IDs() {
		versions := next.versions[id]
		for i := 1; i < len(versions); i++ {
			if versions[i-1].InForce(versions[i].EffectiveFrom) {
				problems.Add(versions[i].Version(), "overlap", "%s is still in force on that day", versions[i-1].Version())
			}
		}
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return next, nil
}

// IDs returns the regimes of b in order.
func (b *Book) IDs() []ID { return slices.Sorted(maps.Keys(b.versions)) }

// Versions returns the versions of a regime in the order in which they came
// into force, nil if b does not hold it.
func (b *Book) Versions(id ID) []*Regime { return slices.Clone(b.versions[id]) }

// InForce returns the version of a regime to which a request received on day is
// bound. The error matches ErrUnknownRegime or ErrNotInForce.
func (b *Book) InForce(id ID, day privacy.Date) (*Regime, error) {
	versions, ok := b.versions[id]
	if !ok {
		return nil, fmt.Errorf("regime %q: %w", id, ErrUnknownRegime)
	}
	for _, r := range versions {
		if r.InForce(day) {
			return r, nil
		}
	}
	return nil, fmt.Errorf("regime %q on %s, first in force on %s: %w", id, day, versions[0].EffectiveFrom, ErrNotInForce)
}

// Version returns the version of that name, as Regime.Version gives it. The
// error matches ErrUnknownRegime.
func (b *Book) Version(name string) (*Regime, error) {
	id, _, _ := strings.Cut(name, "@")
	for _, r := range b.versions[ID(id)] {
		if r.Version() == name {
			return r, nil
		}
	}
	return nil, fmt.Errorf("regime version %q: %w", name, ErrUnknownRegime)
}

// Protecting returns the regimes in force on day that protect people of a
// jurisdiction, in order of their IDs. A country of the Union is protected by
// the regime that lists it. Which of them bind a controller is for the host to
// say.
func (b *Book) Protecting(jurisdiction privacy.Jurisdiction, day privacy.Date) []*Regime {
	jurisdiction = jurisdiction.Canonical()
	var found []*Regime
	for _, versions := range b.versions {
		for _, r := range versions {
			if r.InForce(day) && slices.Contains(r.Jurisdictions, jurisdiction) {
				found = append(found, r)
			}
		}
	}
	slices.SortFunc(found, func(x, y *Regime) int { return cmp.Compare(x.ID, y.ID) })
	return found
}

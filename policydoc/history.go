package policydoc

import (
	"sort"
	"time"
)

// State is where a version is in its life.
type State string

// The states. A version that is not yet published is a Draft.
const (
	// Scheduled is published and not yet in effect.
	Scheduled State = "scheduled"
	// InForce is in effect.
	InForce State = "in_force"
	// Superseded is no longer in effect.
	Superseded State = "superseded"
	// Withdrawn was taken back before it took effect.
	Withdrawn State = "withdrawn"
)

// History is all of one policy's versions, verified. It is immutable and safe
// for concurrent use, and is worth keeping between requests: finding the version
// in force is a binary search that allocates nothing.
type History struct {
	entries []Entry
	// versions are by number; standing are those not withdrawn, by effect.
	versions  []*Version
	withdrawn map[int]*Withdrawal
	standing  []*Version
}

// NewHistory verifies the entries of one policy from its first and makes their
// history. The error is a *ChainError that names the first broken entry. The
// history keeps the slice: do not change it.
func NewHistory(entries []Entry) (*History, error) { return newHistory(entries) }

func newHistory(entries []Entry) (*History, error) {
	h := &History{entries: entries, withdrawn: map[int]*Withdrawal{}}
	for i := range entries {
		if problem := h.add(i); problem != "" {
			return nil, &ChainError{Index: i + 1, Problem: problem}
		}
	}
	return h, nil
}

func (h *History) add(i int) (problem string) {
	e := &h.entries[i]
	var previous Hash
	if i > 0 {
		previous = h.entries[i-1].Hash
	}
	hash, err := e.ComputeHash()
	switch {
	case e.Index != i+1:
		return "it is out of order"
	case e.Policy != h.entries[0].Policy:
		return "it belongs to another policy"
	case e.Previous != previous:
		return "it does not follow from the entry before"
	case err != nil:
		return "its content has no canonical form"
	case hash != e.Hash:
		return "its content does not have its hash"
	case (e.Version == nil) == (e.Withdrawal == nil):
		return "it is not one version or one withdrawal"
	case e.Version != nil:
		return h.addVersion(e.Version)
	}
	return h.addWithdrawal(e.Withdrawal)
}

func (h *History) addVersion(v *Version) (problem string) {
	if v.Number != len(h.versions)+1 {
		return "its version has another number"
	}
	if last := h.last(); last != nil && !v.EffectiveFrom.After(last.EffectiveFrom) {
		return "its version takes effect before the one it follows"
	}
	if v.EffectiveFrom.Before(v.PublishedAt) {
		return "its version takes effect before it was published"
	}
	h.versions = append(h.versions, v)
	h.standing = append(h.standing, v)
	return ""
}

func (h *History) addWithdrawal(w *Withdrawal) (problem string) {
	last := h.last()
	if last == nil || last.Number != w.Number {
		return "it does not withdraw the last version"
	}
	if !w.At.Before(last.EffectiveFrom) {
		return "it withdraws a version in effect"
	}
	h.withdrawn[w.Number] = w
	h.standing = h.standing[:len(h.standing)-1]
	return ""
}

// last returns the last version that is not withdrawn, nil if there is none.
func (h *History) last() *Version {
	if len(h.standing) == 0 {
		return nil
	}
	return h.standing[len(h.standing)-1]
}

// Policy returns whose history it is, the zero value if it is empty.
func (h *History) Policy() PolicyKey {
	if len(h.entries) == 0 {
		return PolicyKey{}
	}
	return h.entries[0].Policy
}

// Entries returns the chain, which anybody can verify with VerifyChain. The
// slice is shared: do not change it.
func (h *History) Entries() []Entry { return h.entries }

// Len returns the number of versions published, withdrawn ones included.
func (h *History) Len() int { return len(h.versions) }

// Version returns the version with the number, nil if there is none. It is
// shared: do not change it.
func (h *History) Version(number int) *Version {
	if number < 1 || number > len(h.versions) {
		return nil
	}
	return h.versions[number-1]
}

// At returns the version in force at an instant, nil before the first one's
// effect. It is shared: do not change it.
func (h *History) At(t time.Time) *Version {
	i := sort.Search(len(h.standing), func(i int) bool { return h.standing[i].EffectiveFrom.After(t) })
	if i == 0 {
		return nil
	}
	return h.standing[i-1]
}

// State returns the state of the version with the number at an instant, "" if
// there is no such version. A version is Withdrawn whatever the instant.
func (h *History) State(number int, t time.Time) State {
	v := h.Version(number)
	switch current := h.At(t); {
	case v == nil:
		return ""
	case h.withdrawn[number] != nil:
		return Withdrawn
	case v.EffectiveFrom.After(t):
		return Scheduled
	case current == v:
		return InForce
	}
	return Superseded
}

// MaterialSince returns the numbers of the material versions after the version
// seen that are in force at t or were since: those that somebody who knows only
// seen has not been told of.
func (h *History) MaterialSince(seen int, t time.Time) []int {
	var out []int
	for _, v := range h.standing {
		if v.Number > seen && v.Materiality == Material && !v.EffectiveFrom.After(t) {
			out = append(out, v.Number)
		}
	}
	return out
}

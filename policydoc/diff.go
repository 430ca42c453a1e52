package policydoc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/labelop/privacykit/privacy"
)

// Passage is a section as it is read: its title and its own text.
type Passage struct {
	// ID is the section's id; "" for what stands before the first heading, and
	// "fn:" for the footnotes.
	ID string `json:"id"`
	// Level is the heading's level, 0 if there is none.
	Level int    `json:"level,omitempty"`
	Title string `json:"title,omitempty"`
	Text  string `json:"text,omitempty"`
}

// Passages returns the document as it is read, from the first to the last word.
// The intro and the footnotes are left out if they are empty.
func (d *Document) Passages() []Passage {
	var out []Passage
	t := &textWriter{}
	t.blocks(d.Intro, "")
	if t.b.Len() > 0 {
		out = append(out, Passage{Text: t.b.String()})
	}
	for s := range d.All() {
		out = append(out, Passage{ID: s.ID, Level: s.Level, Title: s.Title, Text: s.Text()})
	}
	notes := &textWriter{}
	for _, f := range d.Footnotes {
		notes.item("["+f.Label+"] ", "", f.Blocks)
	}
	if notes.b.Len() > 0 {
		out = append(out, Passage{ID: reservedIDs, Text: notes.b.String()})
	}
	return out
}

// Change is a set of what happened to a section.
type Change uint8

// The changes. Added and Removed stand alone, the others can go together.
const (
	// Added is a section that the older text does not have.
	Added Change = 1 << iota
	// Removed is a section that the newer text does not have.
	Removed
	// Moved is a section in another place or on another level.
	Moved
	// Renamed is a section with another title or id.
	Renamed
	// Changed is a section with another text.
	Changed
)

var changeNames = []struct {
	change Change
	name   string
}{{Added, "added"}, {Removed, "removed"}, {Moved, "moved"}, {Renamed, "renamed"}, {Changed, "changed"}}

// String returns the names of the changes, joined by ", ", or "unchanged".
func (c Change) String() string {
	var names []string
	for _, n := range changeNames {
		if c&n.change != 0 {
			names = append(names, n.name)
		}
	}
	if len(names) == 0 {
		return "unchanged"
	}
	return strings.Join(names, ", ")
}

// MarshalText returns String.
func (c Change) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// SectionDiff is what happened to one section.
type SectionDiff struct {
	Change Change `json:"change"`
	// OldID and NewID are the section's ids; empty where there is none.
	OldID string `json:"old_id,omitempty"`
	NewID string `json:"new_id,omitempty"`
	// OldIndex and NewIndex are its places among the passages, -1 for none.
	OldIndex int `json:"old_index"`
	NewIndex int `json:"new_index"`
	// Level is that of the newer text, or of the older where it was removed.
	Level int `json:"level"`
	// Title and Text are the edits; all equal if nothing changed.
	Title []Edit `json:"title"`
	Text  []Edit `json:"text"`
}

// Diff is the difference between two texts, section by section in the order of
// the newer one; removed sections stand where they were.
type Diff struct {
	Sections []SectionDiff `json:"sections"`
}

// DiffDocuments compares two documents.
func DiffDocuments(before, after *Document) *Diff {
	return DiffPassages(before.Passages(), after.Passages())
}

// DiffPassages compares two texts. Sections with one id are the same section;
// others are if their title and text agree, or at least half of their words.
func DiffPassages(before, after []Passage) *Diff {
	match := matchPassages(before, after)
	moved := movedPassages(match)
	d := &Diff{}
	next := 0
	taken := make([]bool, len(before))
	for _, i := range match {
		if i >= 0 {
			taken[i] = true
		}
	}
	removedUpTo := func(end int) {
		for ; next < end; next++ {
			if !taken[next] {
				d.Sections = append(d.Sections, removed(before[next], next))
			}
		}
	}
	for j, p := range after {
		i := match[j]
		if i < 0 {
			d.Sections = append(d.Sections, added(p, j))
			continue
		}
		if !moved[j] {
			removedUpTo(i)
		}
		d.Sections = append(d.Sections, compared(before[i], p, i, j, moved[j]))
	}
	removedUpTo(len(before))
	return d
}

func added(p Passage, j int) SectionDiff {
	return SectionDiff{
		Change: Added, NewID: p.ID, OldIndex: -1, NewIndex: j, Level: p.Level,
		Title: appendEdit(nil, EditInsert, p.Title), Text: appendEdit(nil, EditInsert, p.Text),
	}
}

func removed(p Passage, i int) SectionDiff {
	return SectionDiff{
		Change: Removed, OldID: p.ID, OldIndex: i, NewIndex: -1, Level: p.Level,
		Title: appendEdit(nil, EditDelete, p.Title), Text: appendEdit(nil, EditDelete, p.Text),
	}
}

func compared(a, b Passage, i, j int, moved bool) SectionDiff {
	s := SectionDiff{
		OldID: a.ID, NewID: b.ID, OldIndex: i, NewIndex: j, Level: b.Level,
		Title: DiffWords(a.Title, b.Title), Text: DiffWords(a.Text, b.Text),
	}
	if moved || a.Level != b.Level {
		s.Change |= Moved
	}
	if a.Title != b.Title || a.ID != b.ID {
		s.Change |= Renamed
	}
	if a.Text != b.Text {
		s.Change |= Changed
	}
	return s
}

// matchPassages returns, for each passage of after, the index of the passage of
// before that it was, or -1.
func matchPassages(before, after []Passage) []int {
	match := make([]int, len(after))
	byID := make(map[string]int, len(before))
	for i, p := range before {
		byID[p.ID] = i
	}
	free := make(map[int]bool, len(before))
	for i := range before {
		free[i] = true
	}
	for j, p := range after {
		match[j] = -1
		if i, ok := byID[p.ID]; ok && free[i] {
			match[j] = i
			delete(free, i)
		}
	}
	matchAlike(before, after, match, free)
	return match
}

// maxAlike bounds the comparisons of every section with every other.
const maxAlike = 200

// matchAlike matches what has no common id by its words, the most alike first.
func matchAlike(before, after []Passage, match []int, free map[int]bool) {
	var rest []int
	for j := range after {
		if match[j] < 0 && after[j].ID != "" && after[j].ID != reservedIDs {
			rest = append(rest, j)
		}
	}
	if len(rest) == 0 || len(free) == 0 || len(rest) > maxAlike || len(free) > maxAlike {
		return
	}
	type candidate struct {
		i, j int
		like float64
	}
	words := map[int]map[string]int{}
	for i := range free {
		words[i] = wordCounts(before[i])
	}
	var found []candidate
	for _, j := range rest {
		w := wordCounts(after[j])
		for i := range free {
			if before[i].ID == "" || before[i].ID == reservedIDs {
				continue
			}
			if like := likeness(words[i], w); like >= 0.5 {
				found = append(found, candidate{i, j, like})
			}
		}
	}
	slices.SortFunc(found, func(x, y candidate) int {
		switch {
		case x.like != y.like:
			if x.like > y.like {
				return -1
			}
			return 1
		case x.j != y.j:
			return x.j - y.j
		}
		return x.i - y.i
	})
	for _, c := range found {
		if match[c.j] < 0 && free[c.i] {
			match[c.j] = c.i
			delete(free, c.i)
		}
	}
}

func wordCounts(p Passage) map[string]int {
	counts := map[string]int{}
	for _, text := range []string{p.Title, p.Text} {
		for _, t := range Tokens(text) {
			if CountWords(t) > 0 {
				counts[strings.ToLower(t)]++
			}
		}
	}
	return counts
}

// likeness is twice the words in common by all words of both, 0 to 1.
func likeness(a, b map[string]int) float64 {
	common, all := 0, 0
	for w, n := range a {
		all += n
		common += min(n, b[w])
	}
	for _, n := range b {
		all += n
	}
	if all == 0 {
		return 0
	}
	return 2 * float64(common) / float64(all)
}

// movedPassages tells which matched passages are out of the common order.
func movedPassages(match []int) []bool {
	var pairs []pair
	for j, i := range match {
		if i >= 0 {
			pairs = append(pairs, pair{j, i})
		}
	}
	moved := make([]bool, len(match))
	for _, p := range pairs {
		moved[p.a] = true
	}
	for _, p := range longestIncreasing(pairs) {
		moved[p.a] = false
	}
	return moved
}

// Empty reports whether no section changed.
func (d *Diff) Empty() bool {
	return !slices.ContainsFunc(d.Sections, func(s SectionDiff) bool { return s.Change != 0 })
}

// Aliases returns the ids that sections had in earlier versions, by their
// present id: HTMLOptions.Aliases keeps links to them valid. The documents are a
// policy's versions, oldest first.
func Aliases(versions ...*Document) map[string][]string {
	aliases := map[string][]string{}
	for i := 1; i < len(versions); i++ {
		next := map[string][]string{}
		for _, s := range DiffDocuments(versions[i-1], versions[i]).Sections {
			if s.OldID == "" || s.NewID == "" {
				continue
			}
			ids := aliases[s.OldID]
			if s.OldID != s.NewID {
				ids = append(slices.Clone(ids), s.OldID)
			}
			if len(ids) > 0 {
				next[s.NewID] = ids
			}
		}
		aliases = next
	}
	return aliases
}

// Apply applies the difference to the older text and returns the newer one. The
// error matches privacy.ErrInvalid if before is not the text it was made for.
func (d *Diff) Apply(before []Passage) ([]Passage, error) {
	n := 0
	for _, s := range d.Sections {
		n = max(n, s.NewIndex+1)
	}
	out := make([]Passage, n)
	for _, s := range d.Sections {
		var old Passage
		if s.OldIndex >= 0 {
			if s.OldIndex >= len(before) || before[s.OldIndex].ID != s.OldID {
				return nil, errOtherText(s)
			}
			old = before[s.OldIndex]
		}
		title, ok := ApplyEdits(old.Title, s.Title)
		text, ok2 := ApplyEdits(old.Text, s.Text)
		if !ok || !ok2 {
			return nil, errOtherText(s)
		}
		if s.NewIndex >= 0 {
			out[s.NewIndex] = Passage{ID: s.NewID, Level: s.Level, Title: title, Text: text}
		}
	}
	return out, nil
}

func errOtherText(s SectionDiff) error {
	return fmt.Errorf("the difference does not fit section %q: %w", s.OldID, privacy.ErrInvalid)
}

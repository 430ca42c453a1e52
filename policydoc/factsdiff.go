package policydoc

import "slices"

// FactChange is a difference between the facts of two versions: a fact that came
// or went, or one attribute of a fact that is in both.
type FactChange struct {
	Ref string `json:"ref"`
	// Title is the fact's, in the newer version where it is there.
	Title string `json:"title,omitempty"`
	// Change is Added, Removed or Changed.
	Change Change `json:"change"`
	// Attribute is the one that changed, "" if the fact came or went.
	Attribute string `json:"attribute,omitempty"`
	// Old and New are the values of the attribute that went and came.
	Old []string `json:"old,omitempty"`
	New []string `json:"new,omitempty"`
}

// DiffFacts returns what changed between two versions' facts, sorted by
// reference and attribute. Titles and paths are not compared.
func DiffFacts(before, after Facts) []FactChange {
	var out []FactChange
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		switch {
		case j == len(after) || i < len(before) && before[i].Ref < after[j].Ref:
			out = append(out, FactChange{Ref: before[i].Ref, Title: before[i].Title, Change: Removed})
			i++
		case i == len(before) || after[j].Ref < before[i].Ref:
			out = append(out, FactChange{Ref: after[j].Ref, Title: after[j].Title, Change: Added})
			j++
		default:
			out = append(out, diffAttributes(before[i], after[j])...)
			i++
			j++
		}
	}
	return out
}

func diffAttributes(before, after Fact) []FactChange {
	var names []string
	for name := range before.Attributes {
		names = append(names, name)
	}
	for name := range after.Attributes {
		if _, ok := before.Attributes[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out []FactChange
	for _, name := range names {
		gone := without(before.Attributes[name], after.Attributes[name])
		come := without(after.Attributes[name], before.Attributes[name])
		if len(gone)+len(come) > 0 {
			out = append(out, FactChange{
				Ref: after.Ref, Title: after.Title, Change: Changed, Attribute: name, Old: gone, New: come,
			})
		}
	}
	return out
}

// without returns the values of a that b does not have.
func without(a, b []string) []string {
	var out []string
	for _, v := range a {
		if !slices.Contains(b, v) {
			out = append(out, v)
		}
	}
	return out
}

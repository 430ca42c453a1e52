package privacy

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Compile checks a declaration and turns it into a Register. Every problem is
// reported at once: the error is Problems, which match ErrInvalid, each with
// the path of the offending entry and one of the codes Problem….
//
// Codes such as "account.email" name what is declared. Beyond what CheckID
// demands, they consist of segments of lower-case letters, digits, '_' and '-',
// joined by single dots; each segment starts with a letter or digit. Country
// codes and jurisdictions are accepted in either case.
//
// What is legal but doubtful compiles; see Register.Findings.
func Compile(declaration Declaration) (*Register, error) {
	l, err := embeddedLaw()
	if err != nil {
		return nil, err
	}
	return l.Compile(declaration)
}

// Compile is the function Compile under the tables of l.
func (l *Law) Compile(declaration Declaration) (*Register, error) {
	c := compiler{law: l, d: declaration.clone()}
	c.d.normalise()
	c.operator()
	c.contacts()
	c.categories()
	c.purposes()
	c.recipients()
	c.systems()
	c.arrangements()
	c.activities()
	if err := c.problems.Err(); err != nil {
		return nil, err
	}
	return c.register()
}

// compiler holds what is known of a declaration while it is checked. The
// indexes hold the first entry of each identifier.
type compiler struct {
	law      *Law
	d        Declaration
	problems Problems

	category    map[CategoryID]int
	purpose     map[PurposeID]int
	recipient   map[RecipientID]int
	system      map[SystemID]int
	activity    map[ActivityID]int
	arrangement map[string]int

	tree categoryTree
}

// register builds the register of a declaration without problems.
func (c *compiler) register() (*Register, error) {
	canonical, err := CanonicalJSON(c.d)
	if err != nil {
		return nil, fmt.Errorf("declaration: %w", err)
	}
	r := &Register{
		declaration:   c.d,
		hash:          sha256.Sum256(canonical),
		law:           c.law,
		regime:        c.law.regimeOf(c.d.Operator.Country),
		category:      c.category,
		purpose:       c.purpose,
		recipient:     c.recipient,
		system:        c.system,
		activity:      c.activity,
		arrangement:   c.arrangement,
		tree:          c.tree,
		activitiesFor: make(map[PurposeID][]ActivityID, len(c.d.Purposes)),
		bases:         make([]basisChoice, len(c.d.Purposes)),
	}
	for i := range c.d.Activities {
		a := &c.d.Activities[i]
		r.activitiesFor[a.Purpose] = append(r.activitiesFor[a.Purpose], a.ID)
	}
	for i := range c.d.Purposes {
		r.bases[i] = newBasisChoice(c.d.Purposes[i].Bases)
	}
	r.findings = findings(r)
	return r, nil
}

// indexByID checks the identifiers of a list and returns the place of the first
// entry of each.
func indexByID[T any, ID ~string](c *compiler, list []T, name string, id func(*T) ID) map[ID]int {
	index := make(map[ID]int, len(list))
	for i := range list {
		entry := id(&list[i])
		path := fmt.Sprintf("%s[%d].id", name, i)
		c.code(path, string(entry))
		if entry == "" {
			continue
		}
		if first, ok := index[entry]; ok {
			c.problems.Add(path, ProblemDuplicate, "%q is the identifier of %s[%d] already", entry, name, first)
			continue
		}
		index[entry] = i
	}
	return index
}

// resolve reports a reference to an entry that is not declared.
func resolve[ID ~string](c *compiler, path string, id ID, index map[ID]int, noun string) (int, bool) {
	if id == "" {
		c.problems.Add(path, ProblemRequired, "a %s is required", noun)
		return 0, false
	}
	i, ok := index[id]
	if !ok {
		c.problems.Add(path, ProblemUnknownReference, "no %s %q is declared", noun, id)
	}
	return i, ok
}

// resolveAll checks a list of references and returns the places of those that
// are declared, without duplicates.
func resolveAll[ID ~string](c *compiler, path string, ids []ID, index map[ID]int, noun string) []int {
	places := make([]int, 0, len(ids))
	for i, id := range ids {
		entry := fmt.Sprintf("%s[%d]", path, i)
		if repeats(ids, i) {
			c.problems.Add(entry, ProblemDuplicate, "%s %q is listed already", noun, id)
			continue
		}
		if place, ok := resolve(c, entry, id, index, noun); ok {
			places = append(places, place)
		}
	}
	return places
}

// repeats reports whether list[i] stands before i too. The lists are short.
func repeats[T comparable](list []T, i int) bool {
	return slices.Contains(list[:i], list[i])
}

// code checks an identifier against the grammar of declared codes.
func (c *compiler) code(path, id string) {
	if id == "" {
		c.problems.Add(path, ProblemRequired, "an identifier is required")
		return
	}
	if len(id) > MaxIDLength || !isCode(id) {
		c.problems.Add(path, ProblemIdentifier,
			"an identifier is at most %d lower-case letters, digits, '_' and '-', in segments that start with a letter or digit and are joined by dots", MaxIDLength)
	}
}

// isCode reports whether id has the form that Compile documents.
func isCode(id string) bool {
	start := true
	for i := range len(id) {
		b := id[i]
		switch {
		case isLower(b) || isDigit(b):
			start = false
		case start:
			return false
		case b == '.':
			start = true
		case b != '_' && b != '-':
			return false
		}
	}
	return !start
}

// required checks a text that must be there.
func (c *compiler) required(path, text, what string) {
	if text == "" {
		c.problems.Add(path, ProblemRequired, "%s is required", what)
		return
	}
	c.text(path, text)
}

// text checks a text that may be empty. Line breaks and tabs are allowed.
func (c *compiler) text(path, text string) {
	if !utf8.ValidString(text) {
		c.problems.Add(path, ProblemText, "the text is not valid UTF-8")
		return
	}
	for _, r := range text {
		if (r < 0x20 && r != '\n' && r != '\t') || (r >= 0x7f && r <= 0x9f) {
			c.problems.Add(path, ProblemText, "the text holds a control character")
			return
		}
	}
}

// texts checks a list of texts, none of which may be empty.
func (c *compiler) texts(path string, list []string, what string) {
	for i, text := range list {
		entry := fmt.Sprintf("%s[%d]", path, i)
		c.required(entry, text, what)
		if text != "" && repeats(list, i) {
			c.problems.Add(entry, ProblemDuplicate, "%s %q is listed already", what, text)
		}
	}
}

// measures checks a set that was made in Go, where it can hold anything.
func (c *compiler) measures(path string, set MeasureSet) {
	if !set.Valid() {
		c.problems.Add(path, ProblemUnknown, "the set holds a measure that does not exist")
	}
}

package policydoc

import "strings"

// EditOp says what an Edit does to a text.
type EditOp uint8

// The operations.
const (
	EditEqual EditOp = iota
	EditDelete
	EditInsert
)

// Edit is a stretch of text that stays, goes or comes.
type Edit struct {
	Op   EditOp `json:"op"`
	Text string `json:"text"`
}

// DiffWords returns the edits that turn one text into another, word by word. The
// texts of the edits that are no insertions make up before, those of the edits
// that are no deletions make up after. Neighbouring edits differ in operation,
// and a deletion comes before the insertion in its place.
//
// Memory grows with the lengths of the texts, never with their product. Where
// two long stretches have next to nothing in common they replace each other as a
// whole, so that the edits need not be the fewest possible.
func DiffWords(before, after string) []Edit {
	if before == after {
		return appendEdit(nil, EditEqual, before)
	}
	a, b := Tokens(before), Tokens(after)
	d := newSequenceDiff(a, b)
	d.compare(0, len(a), 0, len(b))
	return alignLines(smooth(d.edits(a, b)))
}

// ApplyEdits applies edits to the text they were made for. It returns false if
// before is another text.
func ApplyEdits(before string, edits []Edit) (after string, ok bool) {
	var b strings.Builder
	for _, e := range edits {
		if e.Op == EditInsert {
			b.WriteString(e.Text)
			continue
		}
		if !strings.HasPrefix(before, e.Text) {
			return "", false
		}
		before = before[len(e.Text):]
		if e.Op == EditEqual {
			b.WriteString(e.Text)
		}
	}
	return b.String(), before == ""
}

func appendEdit(edits []Edit, op EditOp, text string) []Edit {
	if text == "" {
		return edits
	}
	if n := len(edits); n > 0 && edits[n-1].Op == op {
		edits[n-1].Text += text
		return edits
	}
	return append(edits, Edit{Op: op, Text: text})
}

// smooth joins changes with only a little unchanged text between them: two
// replaced words with a space between read better as one replacement.
func smooth(edits []Edit) []Edit {
	var out []Edit
	var gone, come strings.Builder
	flush := func() {
		out = appendEdit(out, EditDelete, gone.String())
		out = appendEdit(out, EditInsert, come.String())
		gone.Reset()
		come.Reset()
	}
	for i, e := range edits {
		switch {
		case e.Op == EditDelete:
			gone.WriteString(e.Text)
		case e.Op == EditInsert:
			come.WriteString(e.Text)
		case gone.Len() > 0 && come.Len() > 0 && i+1 < len(edits) && isGlue(e.Text):
			gone.WriteString(e.Text)
			come.WriteString(e.Text)
		default:
			flush()
			out = appendEdit(out, EditEqual, e.Text)
		}
	}
	flush()
	return out
}

// alignLines moves a change back to the start of its line where its text lets
// it: of two readings of the same change, "- an item that came" reads better than
// the end of one item and the mark of the next.
func alignLines(edits []Edit) []Edit {
	for i := 1; i+1 < len(edits); i++ {
		before, e, after := &edits[i-1], &edits[i], &edits[i+1]
		if before.Op != EditEqual || e.Op == EditEqual || after.Op != EditEqual {
			continue
		}
		if n := toLineStart(before.Text, e.Text); n > 0 {
			start := before.Text[len(before.Text)-n:]
			before.Text = before.Text[:len(before.Text)-n]
			e.Text = start + e.Text[:len(e.Text)-n]
			after.Text = start + after.Text
		}
	}
	return edits
}

// toLineStart returns how many bytes back the last line of text begins, if change
// ends with the same bytes, else 0.
func toLineStart(text, change string) int {
	n := len(text) - strings.LastIndexByte(text, '\n') - 1
	if n == len(text) || !strings.HasSuffix(change, text[len(text)-n:]) {
		return 0
	}
	return n
}

// isGlue reports whether text is white space or a single mark within a line.
func isGlue(text string) bool {
	return len(text) <= 4 && !strings.Contains(text, "\n") && CountWords(text) == 0
}

// sequenceDiff finds which tokens of two sequences stay.
type sequenceDiff struct {
	// a and b are the sequences, equal tokens having equal numbers.
	a, b []int32
	// keepA and keepB mark the tokens that stay.
	keepA, keepB []bool
	// counts are scratch space by token.
	countA, countB, placeB []int32
	// forward and backward are scratch space of middle.
	forward, backward []int32
}

func newSequenceDiff(a, b []string) *sequenceDiff {
	numbers := make(map[string]int32, len(a)/4)
	number := func(tokens []string) []int32 {
		out := make([]int32, len(tokens))
		for i, t := range tokens {
			n, ok := numbers[t]
			if !ok {
				n = int32(len(numbers))
				numbers[t] = n
			}
			out[i] = n
		}
		return out
	}
	d := &sequenceDiff{a: number(a), b: number(b), keepA: make([]bool, len(a)), keepB: make([]bool, len(b))}
	d.countA = make([]int32, len(numbers))
	d.countB = make([]int32, len(numbers))
	d.placeB = make([]int32, len(numbers))
	return d
}

func (d *sequenceDiff) edits(a, b []string) []Edit {
	var out []Edit
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		start := i
		for i < len(a) && !d.keepA[i] {
			i++
		}
		out = appendEdit(out, EditDelete, strings.Join(a[start:i], ""))
		start = j
		for j < len(b) && !d.keepB[j] {
			j++
		}
		out = appendEdit(out, EditInsert, strings.Join(b[start:j], ""))
		start = i
		for i < len(a) && j < len(b) && d.keepA[i] && d.keepB[j] {
			i++
			j++
		}
		out = appendEdit(out, EditEqual, strings.Join(a[start:i], ""))
	}
	return out
}

// smallBox is the size up to which a box is compared exactly.
const smallBox = 4096

// compare marks what stays of a[a0:a1] and b[b0:b1].
func (d *sequenceDiff) compare(a0, a1, b0, b1 int) {
	for a0 < a1 && b0 < b1 && d.a[a0] == d.b[b0] {
		d.keepA[a0], d.keepB[b0] = true, true
		a0++
		b0++
	}
	for a0 < a1 && b0 < b1 && d.a[a1-1] == d.b[b1-1] {
		a1--
		b1--
		d.keepA[a1], d.keepB[b1] = true, true
	}
	switch {
	case a0 == a1 || b0 == b1:
	case a1-a0+b1-b0 <= smallBox:
		d.exact(a0, a1, b0, b1)
	default:
		d.anchored(a0, a1, b0, b1)
	}
}

// pair is a place in each sequence.
type pair struct{ a, b int }

// anchored splits a large box at the tokens that occur once on each side and in
// the same order. Without such tokens it keeps nothing.
func (d *sequenceDiff) anchored(a0, a1, b0, b1 int) {
	for i := a0; i < a1; i++ {
		d.countA[d.a[i]]++
	}
	for j := b0; j < b1; j++ {
		d.countB[d.b[j]]++
		d.placeB[d.b[j]] = int32(j)
	}
	var unique []pair
	for i := a0; i < a1; i++ {
		if t := d.a[i]; d.countA[t] == 1 && d.countB[t] == 1 {
			unique = append(unique, pair{i, int(d.placeB[t])})
		}
	}
	for i := a0; i < a1; i++ {
		d.countA[d.a[i]] = 0
	}
	for j := b0; j < b1; j++ {
		d.countB[d.b[j]] = 0
	}
	for _, p := range longestIncreasing(unique) {
		if p.a < a0 || p.b < b0 {
			continue
		}
		d.compare(a0, p.a, b0, p.b)
		d.keepA[p.a], d.keepB[p.b] = true, true
		a0, b0 = p.a+1, p.b+1
	}
	if len(unique) > 0 {
		d.compare(a0, a1, b0, b1)
	}
}

// longestIncreasing returns a longest subsequence of pairs, which are in the
// order of a, that is in the order of b too.
func longestIncreasing(pairs []pair) []pair {
	previous := make([]int, len(pairs))
	var ends []int
	for i, p := range pairs {
		low, high := 0, len(ends)
		for low < high {
			mid := (low + high) / 2
			if pairs[ends[mid]].b < p.b {
				low = mid + 1
			} else {
				high = mid
			}
		}
		previous[i] = -1
		if low > 0 {
			previous[i] = ends[low-1]
		}
		if low == len(ends) {
			ends = append(ends, i)
		} else {
			ends[low] = i
		}
	}
	out := make([]pair, len(ends))
	if len(ends) == 0 {
		return out
	}
	for i, k := ends[len(ends)-1], len(ends)-1; k >= 0; i, k = previous[i], k-1 {
		out[k] = pairs[i]
	}
	return out
}

// exact compares a box by Myers's algorithm in its form of linear memory ("An
// O(ND) Difference Algorithm and Its Variations", 1986, section 4b).
func (d *sequenceDiff) exact(a0, a1, b0, b1 int) {
	if a0 == a1 || b0 == b1 {
		return
	}
	if a1-a0 == 1 || b1-b0 == 1 {
		d.single(a0, a1, b0, b1)
		return
	}
	m := d.middle(a0, a1, b0, b1)
	if m.a == a0 && m.b == b0 || m.a == a1 && m.b == b1 {
		return
	}
	d.trimmed(a0, m.a, b0, m.b)
	d.trimmed(m.a, a1, m.b, b1)
}

// trimmed compares a box exactly without what its ends have in common.
func (d *sequenceDiff) trimmed(a0, a1, b0, b1 int) {
	for a0 < a1 && b0 < b1 && d.a[a0] == d.b[b0] {
		d.keepA[a0], d.keepB[b0] = true, true
		a0++
		b0++
	}
	for a0 < a1 && b0 < b1 && d.a[a1-1] == d.b[b1-1] {
		a1--
		b1--
		d.keepA[a1], d.keepB[b1] = true, true
	}
	d.exact(a0, a1, b0, b1)
}

// single compares a box of which one side is a single token.
func (d *sequenceDiff) single(a0, a1, b0, b1 int) {
	for i := a0; i < a1; i++ {
		for j := b0; j < b1; j++ {
			if d.a[i] == d.b[j] {
				d.keepA[i], d.keepB[j] = true, true
				return
			}
		}
	}
}

// middle returns a place in the middle of a shortest way through the box.
func (d *sequenceDiff) middle(a0, a1, b0, b1 int) pair {
	n, m := a1-a0, b1-b0
	limit := (n+m+1)/2 + 1
	size := 2*limit + 2
	if len(d.forward) < size {
		d.forward, d.backward = make([]int32, size), make([]int32, size)
	}
	f, b := d.forward[:size], d.backward[:size]
	f[limit+1], b[limit+1] = 0, 0
	delta := n - m
	odd := delta&1 != 0
	for step := 0; step <= limit; step++ {
		for k := -step; k <= step; k += 2 {
			x := furthest(f, limit, k, step)
			for x < n && x-k < m && x-k >= 0 && d.a[a0+x] == d.b[b0+x-k] {
				x++
			}
			f[limit+k] = int32(x)
			if back := delta - k; odd && back >= -(step-1) && back <= step-1 && x+int(b[limit+back]) >= n {
				return clamp(pair{a0 + x, b0 + x - k}, a0, a1, b0, b1)
			}
		}
		for k := -step; k <= step; k += 2 {
			x := furthest(b, limit, k, step)
			for x < n && x-k < m && x-k >= 0 && d.a[a1-1-x] == d.b[b1-1-x+k] {
				x++
			}
			b[limit+k] = int32(x)
			if ahead := delta - k; !odd && ahead >= -step && ahead <= step && x+int(f[limit+ahead]) >= n {
				return clamp(pair{a1 - x, b1 - x + k}, a0, a1, b0, b1)
			}
		}
	}
	return pair{a0, b0}
}

// furthest returns how far diagonal k is reached from its neighbours.
func furthest(v []int32, limit, k, step int) int {
	if k == -step || k != step && v[limit+k-1] < v[limit+k+1] {
		return int(v[limit+k+1])
	}
	return int(v[limit+k-1]) + 1
}

func clamp(p pair, a0, a1, b0, b1 int) pair {
	return pair{min(max(p.a, a0), a1), min(max(p.b, b0), b1)}
}

package dsr

import (
	"fmt"
	"slices"
	"strings"
)

// Mermaid renders the transition table as a Mermaid state diagram. Events that
// lead from one state to the same other share an arrow.
func Mermaid() string {
	type arrow struct{ from, to State }
	events := map[arrow][]string{}
	for s := range State(maxStates) {
		for _, e := range Events() {
			for _, to := range Targets(s, e) {
				events[arrow{s, to}] = append(events[arrow{s, to}], e.String())
			}
		}
	}
	arrows := make([]arrow, 0, len(events))
	for a := range events {
		arrows = append(arrows, a)
	}
	slices.SortFunc(arrows, func(a, b arrow) int {
		if a.from != b.from {
			return int(a.from) - int(b.from)
		}
		return int(a.to) - int(b.to)
	})
	var out strings.Builder
	out.WriteString("stateDiagram-v2\n")
	for _, a := range arrows {
		from := a.from.String()
		if a.from == 0 {
			from = "[*]"
		}
		fmt.Fprintf(&out, "    %s --> %s : %s\n", from, a.to, strings.Join(events[a], ", "))
	}
	for _, s := range States() {
		if s.Final() {
			fmt.Fprintf(&out, "    %s --> [*]\n", s)
		}
	}
	return out.String()
}

// Targets returns the states that an event can lead to from a state, by the
// table alone: none if the table does not know it.
func Targets(from State, event Event) []State {
	for _, rule := range table {
		if rule.Event != event || !rule.accepts(from) {
			continue
		}
		to := rule.To
		if to == 0 {
			to = from
		}
		return append([]State{to}, rule.Or...)
	}
	return nil
}

func (r Rule) accepts(from State) bool {
	if len(r.From) == 0 {
		return from == 0
	}
	return slices.Contains(r.From, from)
}

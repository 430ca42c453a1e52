package privacy

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
)

func TestOptOutSetsAreSets(t *testing.T) {
	a := NewOptOutSet(OptOutSharing, OptOutSale, OptOutSharing)
	b := NewOptOutSet(OptOutSale).With(OptOutProfiling)

	if a.Len() != 2 || !a.Has(OptOutSale) || a.Has(OptOutProfiling) || !a.Valid() {
		t.Errorf("a is %v", a)
	}
	if got := slices.Collect(a.Union(b).All()); !slices.Equal(got, []OptOut{OptOutSale, OptOutSharing, OptOutProfiling}) {
		t.Errorf("union yields %v", got)
	}
	if got := a.Intersect(b); got != NewOptOutSet(OptOutSale) {
		t.Errorf("intersection is %v", got)
	}
	if got := a.Minus(b); got != NewOptOutSet(OptOutSharing) {
		t.Errorf("difference is %v", got)
	}
	for range a.All() {
		break
	}
	if empty := OptOutSet(0); !empty.Valid() || empty.Len() != 0 || empty.String() != "" {
		t.Errorf("the zero set is %v", empty)
	}
}

func TestOptOutSetHoldsEveryOptOut(t *testing.T) {
	all := NewOptOutSet(slices.Collect(OptOuts())...)
	if !all.Valid() || all.Len() != len(slices.Collect(OptOuts())) {
		t.Fatalf("the full set is %v", all)
	}
	for o := range OptOuts() {
		if rest := all.Minus(NewOptOutSet(o)); rest.Has(o) || rest.Len() != all.Len()-1 {
			t.Errorf("%v shares its place with another opt-out", o)
		}
	}
}

func TestOptOutSetWithUnknownOptOutIsNeverWritten(t *testing.T) {
	for _, unknown := range []OptOut{0, OptOut(len(optOutTable.rows)), 7, 8, 255} {
		s := NewOptOutSet(OptOutSale, unknown)
		if s.Valid() || s.Has(unknown) || !s.Has(OptOutSale) || s.String() != "sale,unknown" {
			t.Errorf("set with opt-out %d is %v", uint8(unknown), s)
		}
		if data, err := json.Marshal(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("set with opt-out %d is written as %s, %v", uint8(unknown), data, err)
		}
	}
	if foreign := OptOutSet(1) << 7; foreign.Valid() {
		t.Errorf("a bit without an opt-out is %v", foreign)
	}
}

func TestOptOutSetJSON(t *testing.T) {
	tests := map[string]string{
		`[]`:                        `[]`,
		`["sharing","sale","sale"]`: `["sale","sharing"]`,
		`["targeted_advertising","sensitive_data","profiling"]`: `["profiling","sensitive_data","targeted_advertising"]`,
	}
	for in, want := range tests {
		var s OptOutSet
		if err := json.Unmarshal([]byte(in), &s); err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if out, err := json.Marshal(s); err != nil || string(out) != want {
			t.Errorf("%s is written as %s, %v; want %s", in, out, err, want)
		}
	}
	for _, in := range []string{`null`, `"sale"`, `[1]`, `["everything"]`, `{}`, ``} {
		s := NewOptOutSet(OptOutSale)
		if err := s.UnmarshalJSON([]byte(in)); !errors.Is(err, ErrInvalid) || s != NewOptOutSet(OptOutSale) {
			t.Errorf("%q is accepted as %v, %v", in, s, err)
		}
	}
}

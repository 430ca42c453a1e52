package privacy

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
)

func TestMeasureSetsAreSets(t *testing.T) {
	a := NewMeasureSet(MeasureRedaction, MeasureBackup, MeasureRedaction)
	b := NewMeasureSet(MeasureBackup).With(MeasureAccessControl)

	if a.Len() != 2 || !a.Has(MeasureBackup) || a.Has(MeasureAccessControl) {
		t.Errorf("a is %v", a)
	}
	if got := slices.Collect(a.Union(b).All()); !slices.Equal(got, []Measure{MeasureRedaction, MeasureAccessControl, MeasureBackup}) {
		t.Errorf("union yields %v", got)
	}
	if got := a.Minus(b); got != NewMeasureSet(MeasureRedaction) {
		t.Errorf("difference is %v", got)
	}
	for range a.All() {
		break
	}
}

func TestMeasureSetHoldsEveryMeasure(t *testing.T) {
	all := NewMeasureSet(slices.Collect(Measures())...)
	if !all.Valid() || all.Len() != len(slices.Collect(Measures())) {
		t.Fatalf("the full set is %v", all)
	}
	for m := range Measures() {
		if rest := all.Minus(NewMeasureSet(m)); rest.Has(m) || rest.Len() != all.Len()-1 {
			t.Errorf("%v shares its place with another measure", m)
		}
	}
}

func TestMeasureSetWithUnknownMeasureIsNeverWritten(t *testing.T) {
	for _, unknown := range []Measure{0, Measure(len(measureTable.rows)), 31, 32, 33, 255} {
		s := NewMeasureSet(MeasureBackup, unknown)
		if s.Valid() || s.Has(unknown) || !s.Has(MeasureBackup) {
			t.Errorf("set with measure %d is %v", uint8(unknown), s)
		}
		if got := s.String(); got != "backup,unknown" {
			t.Errorf("set with measure %d prints as %s", uint8(unknown), got)
		}
		if data, err := json.Marshal(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("set with measure %d is written as %s, %v", uint8(unknown), data, err)
		}
	}
	if foreign := MeasureSet(1) << 31; foreign.Valid() || foreign.String() != "unknown" {
		t.Errorf("a bit without a measure is %v", foreign)
	}
}

func TestMeasureSetJSON(t *testing.T) {
	tests := []struct {
		in, out string
	}{
		{`[]`, `[]`},
		{`["redaction"]`, `["redaction"]`},
		{`["redaction","access_control","redaction"]`, `["access_control","redaction"]`},
		{` [ "staff_training" , "backup" ] `, `["backup","staff_training"]`},
	}
	for _, test := range tests {
		var s MeasureSet
		if err := json.Unmarshal([]byte(test.in), &s); err != nil {
			t.Errorf("%s: %v", test.in, err)
			continue
		}
		if out, err := json.Marshal(s); err != nil || string(out) != test.out {
			t.Errorf("%s is written as %s, %v; want %s", test.in, out, err, test.out)
		}
	}
}

func TestMeasureSetRefusesOtherJSON(t *testing.T) {
	for _, in := range []string{``, `null`, `3`, `"redaction"`, `{}`, `[1]`, `[null]`, `["backup",null]`, `["unknown"]`, `["Backup"]`, `[["backup"]]`, `["backup"`} {
		s := NewMeasureSet(MeasureRedaction)
		if err := s.UnmarshalJSON([]byte(in)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q is read without ErrInvalid: %v", in, err)
		}
		if s != NewMeasureSet(MeasureRedaction) {
			t.Errorf("%q changed the set to %v", in, s)
		}
	}
}

func TestMeasureSetDoesNotAllocate(t *testing.T) {
	s, required := NewMeasureSet(MeasureBackup), NewMeasureSet(MeasureBackup, MeasureRedaction)
	allocations := testing.AllocsPerRun(100, func() {
		if s.With(MeasureAccessControl).Union(required).Minus(s).Has(MeasureBackup) {
			t.Error("difference holds what it should not")
		}
		for m := range required.All() {
			_ = m.String()
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func BenchmarkMeasureSetAll(b *testing.B) {
	s := NewMeasureSet(MeasureEncryptionAtRest, MeasureAccessControl, MeasureIncidentResponse)
	b.ReportAllocs()
	for b.Loop() {
		for m := range s.All() {
			_ = m.String()
		}
	}
}

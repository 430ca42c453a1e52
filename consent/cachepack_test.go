package consent

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// randomPackState makes a state at random, with everything that can be in one.
func randomPackState(random *rand.Rand) State {
	version := uint64(random.IntN(1 << 21))
	mark := func() Mark {
		if random.IntN(3) == 0 {
			return Mark{}
		}
		return Mark{On: random.IntN(2) == 0, At: benchTime.Add(time.Duration(random.IntN(10)) * time.Hour), Sequence: uint64(random.IntN(int(version) + 1))}
	}
	date := func() privacy.Date {
		if random.IntN(2) == 0 {
			return privacy.Date{}
		}
		return privacy.MustDate("1000-01-01").AddDays(random.IntN(3_000_000))
	}
	state := State{
		Version: version, Erased: mark(), Relationship: mark(), Objected: mark(), MarketingObjected: mark(), Restricted: mark(),
		BornOnOrAfter: date(), BornOnOrBefore: date(), AgeSequence: uint64(random.IntN(int(version) + 1)),
	}
	if random.IntN(2) == 0 {
		state.WithdrawnAt = benchTime
	}
	for kind := range privacy.OptOuts() {
		if random.IntN(3) == 0 {
			*state.optOut(kind) = mark()
		}
	}
	for range random.IntN(8) {
		id := benchPurpose(random.IntN(benchPurposes))
		if random.IntN(8) == 0 {
			id = "not declared any more"
		}
		p := state.purpose(id)
		p.Consent, p.ConsentSequence = ConsentStatus(random.IntN(5)), uint64(random.IntN(int(version)+1))
		p.ConsentAt = benchTime.Add(time.Duration(random.IntN(10)) * time.Hour)
		p.Explicit, p.NoticeVersion = random.IntN(2) == 0, random.Uint32()>>random.IntN(32)
		p.Objected, p.Restricted, p.OptedOut = mark(), mark(), mark()
		if random.IntN(2) == 0 {
			p.Until = time.Unix(random.Int64N(1<<37)-1<<20, 0).UTC()
		}
	}
	return state
}

// TestCachedViewsAreStoredViews is why a cached answer cannot differ from a
// stored one.
func TestCachedViewsAreStoredViews(t *testing.T) {
	gate := newInternalGate(t, nil)
	random := rand.New(rand.NewPCG(7, 8))
	table := newTableUnderTest(1<<20, 1)
	fits := 0
	for range 8_000 {
		state := randomPackState(random)
		words, ok := pack(nil, gate.register, &state)
		if !ok {
			continue
		}
		fits++
		key := tableKey{0, "s"}
		table.shard(table.hash("t-0", "s")).clear()
		table.putWords(key, words)
		for i := range benchPurposes {
			cached, found := table.lookup(key, i)
			if !found {
				t.Fatal("a state that was put is not there")
			}
			if stored := newSubjectView(&state, benchPurpose(i)); cached != stored {
				t.Fatalf("%+v\nis cached as %+v\nand stored as %+v", state, cached, stored)
			}
		}
	}
	if fits < 2_000 {
		t.Errorf("only %d states fit", fits)
	}
}

func TestStatesThatDoNotFitAreNotPacked(t *testing.T) {
	gate := newInternalGate(t, nil)
	with := func(change func(*PurposeState)) State {
		state := State{Version: 1}
		change(state.purpose(benchPurpose(0)))
		return state
	}
	for name, c := range map[string]struct {
		state State
		fits  bool
	}{
		"the greatest version":    {State{Version: maxPackedSequence}, true},
		"too many events":         {State{Version: maxPackedSequence + 1}, false},
		"the greatest notice":     {with(func(p *PurposeState) { p.NoticeVersion = maxPackedNotice }), true},
		"too high a notice":       {with(func(p *PurposeState) { p.NoticeVersion = maxPackedNotice + 1 }), false},
		"the latest end":          {with(func(p *PurposeState) { p.Until = time.Unix(maxPackedUntil, 0) }), true},
		"too late an end":         {with(func(p *PurposeState) { p.Until = time.Unix(maxPackedUntil+1, 0) }), false},
		"an end before 1970":      {with(func(p *PurposeState) { p.Until = time.Unix(-1000, 0) }), true},
		"a purpose of yesteryear": {State{Version: 1, Purposes: []PurposeState{{Purpose: "gone", NoticeVersion: 1<<32 - 1}}}, true},
	} {
		if _, fits := pack(nil, gate.register, &c.state); fits != c.fits {
			t.Errorf("%s: fits is %v", name, fits)
		}
	}
}

func TestAnEndBefore1970IsOver(t *testing.T) {
	state := State{Version: 1}
	p := state.purpose(benchPurpose(0))
	p.Consent, p.Until = ConsentGranted, time.Unix(-1000, 0)
	if view := newSubjectView(&state, benchPurpose(0)); view.purpose.until <= 0 {
		t.Errorf("until is %d, which means never", view.purpose.until)
	}
}

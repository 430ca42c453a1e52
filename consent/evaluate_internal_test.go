package consent

import (
	"context"
	"testing"

	"github.com/labelop/privacykit/privacy"
)

// emptyStore is a Store without events and without a feed.
type emptyStore struct{ Store }

func (emptyStore) Streams(_ context.Context, keys []StreamKey) ([]Stream, error) {
	streams := make([]Stream, len(keys))
	for i, key := range keys {
		streams[i].Key = key
	}
	return streams, nil
}

func newInternalGate(t testing.TB, options *GateOptions) *Gate {
	t.Helper()
	register, err := privacy.Compile(benchDeclaration(benchPurposes))
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := NewLedger(emptyStore{}, register, nil)
	if err != nil {
		t.Fatal(err)
	}
	gate, err := NewGate(ledger, emptyStore{}, options)
	if err != nil {
		t.Fatal(err)
	}
	return gate
}

// TestSpecialCategoriesWithoutCondition: Compile refuses such a declaration,
// and the gate does not rely on it.
func TestSpecialCategoriesWithoutCondition(t *testing.T) {
	use := newInternalGate(t, nil).MustPrepare(Use{Purpose: benchPurpose(0), Categories: []privacy.CategoryID{benchCategory(0)}, Operation: privacy.OperationUse})
	use.special = true
	decision, err := use.Check(t.Context(), privacy.Subject{Tenant: "acme", ID: "s"})
	if err != nil || decision.Code != CodeConditionNotDeclared {
		t.Errorf("got %s, %v", decision.Code, err)
	}
}

func TestBitsets(t *testing.T) {
	set := func(members ...int) (b bitset) {
		for _, i := range members {
			b.set(i)
		}
		return b
	}
	b := set(0, 63, 64, 200)
	for i, want := range map[int]bool{-1: false, 0: true, 1: false, 63: true, 64: true, 65: false, 200: true, 201: false, 1000: false} {
		if b.has(i) != want {
			t.Errorf("has(%d) is %v", i, !want)
		}
	}
	for _, c := range []struct {
		a, b bitset
		want bool
	}{
		{nil, nil, true}, {set(1), nil, true}, {nil, set(1), false}, {set(1, 200), set(200), true}, {set(200), set(1, 200), false},
		{set(1), set(200), false}, {set(1), append(set(1), 0, 0), true},
	} {
		if c.a.covers(c.b) != c.want {
			t.Errorf("%v covers %v is %v", c.a, c.b, !c.want)
		}
	}
}

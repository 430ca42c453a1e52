package proof_test

import (
	"errors"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

func someLeaf() proof.Leaf {
	return proof.Leaf{
		Tenant: "acme \"x\"", Subject: "s-1", Sequence: 7, ID: "event-1\u2028", Kind: consent.KindGranted,
		OccurredAt: moment.Add(123456 * time.Microsecond), RecordedAt: moment, Commitment: merkle.LeafHash(nil),
	}
}

func TestALeafIsCanonicalJSON(t *testing.T) {
	for _, leaf := range []proof.Leaf{someLeaf(), {Tenant: "t", OccurredAt: moment, RecordedAt: moment}} {
		want, err := privacy.CanonicalJSON(struct {
			Format string `json:"format"`
			proof.Leaf
		}{proof.LeafFormat, leaf})
		ok(t, err)
		got, err := leaf.Encode()
		ok(t, err)
		if string(got) != string(want) {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}

func TestEveryFieldIsInTheLeaf(t *testing.T) {
	hash := func(leaf proof.Leaf) merkle.Hash {
		sum, err := leaf.Hash()
		ok(t, err)
		return sum
	}
	for name, change := range map[string]func(*proof.Leaf){
		"tenant": func(l *proof.Leaf) { l.Tenant = "umbra" }, "subject": func(l *proof.Leaf) { l.Subject = "" },
		"sequence": func(l *proof.Leaf) { l.Sequence++ }, "id": func(l *proof.Leaf) { l.ID = "" },
		"kind":        func(l *proof.Leaf) { l.Kind = consent.KindRefused },
		"occurred at": func(l *proof.Leaf) { l.OccurredAt = l.OccurredAt.Add(time.Microsecond) },
		"recorded at": func(l *proof.Leaf) { l.RecordedAt = l.RecordedAt.Add(-time.Microsecond) },
		"commitment":  func(l *proof.Leaf) { l.Commitment[31] ^= 1 },
	} {
		leaf := someLeaf()
		change(&leaf)
		if hash(leaf) == hash(someLeaf()) {
			t.Errorf("the hash does not depend on the %s", name)
		}
	}
}

func TestALeafOfInvalidTextHasNoHash(t *testing.T) {
	for _, leaf := range []proof.Leaf{{Tenant: "\xff"}, {Subject: "\xff"}, {ID: "\xff"}, {Kind: "\xff"}} {
		if _, err := leaf.Hash(); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	}
}

func BenchmarkLeafHash(b *testing.B) {
	leaf := someLeaf()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := leaf.Hash(); err != nil {
			b.Fatal(err)
		}
	}
}

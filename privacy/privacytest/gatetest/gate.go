package gatetest

import (
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// start is where the clock of a new Gate stands.
var start = time.Date(2026, time.March, 2, 10, 0, 0, 0, time.UTC)

// Gate is a gate with all that is behind it.
type Gate struct {
	*consent.Gate
	// Ledger is where the test records what happened.
	Ledger *consent.Ledger
	// Store is the in-memory store of both.
	Store *memstore.ConsentStore
	// Clock stands at 10:00 UTC on 2 March 2026 until the test moves it.
	Clock *privacytest.Clock
}

// NewGate compiles the declaration and returns a gate on an empty store. The
// test fails at once if the declaration does not compile.
func NewGate(t testing.TB, declaration privacy.Declaration) Gate {
	t.Helper()
	register, err := privacy.Compile(declaration)
	if err != nil {
		t.Fatal(err)
	}
	clock, ids := privacytest.NewClock(start), privacytest.NewIDs("event")
	store := memstore.NewConsent(&memstore.ConsentOptions{Clock: clock, IDs: ids})
	ledger, err := consent.NewLedger(store, register, &consent.LedgerOptions{Clock: clock, IDs: ids})
	if err != nil {
		t.Fatal(err)
	}
	gate, err := consent.NewGate(ledger, store, nil)
	if err != nil {
		t.Fatal(err)
	}
	return Gate{Gate: gate, Ledger: ledger, Store: store, Clock: clock}
}

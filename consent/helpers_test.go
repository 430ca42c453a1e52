package consent_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// start is where the clock of a new world stands.
var start = time.Date(2026, time.March, 2, 10, 0, 0, 0, time.UTC)

var textHash = strings.Repeat("5a", 32)

func evidenceOf(notice uint32) consent.Evidence {
	return consent.Evidence{
		Notice: consent.Notice{Document: "privacy-policy", Version: notice, Locale: "en", TextSHA256: textHash},
		Act:    "checkbox_ticked_by_subject", Channel: "web",
	}
}

func grantOf(purposes ...privacy.PurposeID) consent.Grant {
	return consent.Grant{Purposes: purposes, Evidence: evidenceOf(3)}
}

func explicitGrant(purposes ...privacy.PurposeID) consent.Grant {
	grant := grantOf(purposes...)
	grant.Explicit = true
	return grant
}

// notRelied is a consent that is on record only.
func notRelied(purposes ...privacy.PurposeID) consent.Grant {
	grant := grantOf(purposes...)
	grant.NotReliedOn = []consent.DefectCode{consent.DefectNotFreelyGiven}
	return grant
}

func withdrawalOf(purposes ...privacy.PurposeID) consent.Withdrawal {
	return consent.Withdrawal{Purposes: purposes}
}

var adult = consent.AgeEvidence{BornOnOrBefore: privacy.MustDate("1990-01-01"), Method: "document"}

func attestationOf(id string, categories ...privacy.CategoryID) consent.Attestation {
	return consent.Attestation{
		ID: id, Categories: categories, Purposes: []privacy.PurposeID{"annotation", "assistance"}, Basis: privacy.BasisContract,
		Rights: true, Notices: true, SignedBy: "user:7", TermsVersion: "3",
	}
}

func instructionOf(id string, recipients ...privacy.RecipientID) consent.Instruction {
	return consent.Instruction{
		ID: id, Purposes: []privacy.PurposeID{"annotation", "assistance"}, Recipients: recipients, GivenBy: "user:7",
		Operations: []privacy.Operation{privacy.OperationUse, privacy.OperationDisclose},
	}
}

// The uses that the tests ask for, of privacytest.Declaration.
var (
	serviceUse = consent.Use{Purpose: "service", Categories: []privacy.CategoryID{"account.name"}, Operation: privacy.OperationUse}
	// securityUse rests on legitimate interests.
	securityUse      = consent.Use{Purpose: "security", Categories: []privacy.CategoryID{"usage"}, Operation: privacy.OperationUse}
	billingUse       = consent.Use{Purpose: "accounting", Categories: []privacy.CategoryID{"billing"}, Operation: privacy.OperationDisclose, Recipient: "payments"}
	marketingUse     = consent.Use{Purpose: "marketing", Categories: []privacy.CategoryID{"account.email"}, Operation: privacy.OperationUse}
	accessibilityUse = consent.Use{Purpose: "accessibility", Categories: []privacy.CategoryID{"account.accessibility"}, Operation: privacy.OperationUse}
	annotationUse    = consent.Use{Purpose: "annotation", Categories: []privacy.CategoryID{"content.images"}, Operation: privacy.OperationUse}
	healthUse        = consent.Use{Purpose: "annotation", Categories: []privacy.CategoryID{"content.health"}, Operation: privacy.OperationUse}
	modelUse         = consent.Use{Purpose: "assistance", Categories: []privacy.CategoryID{"content.images"}, Operation: privacy.OperationDisclose, Recipient: "model"}
)

var (
	ada  = privacy.Subject{Tenant: "acme", ID: "account-1815", Jurisdiction: "DE"}
	acme = privacy.Subject{Tenant: "acme"}
)

// hooked is a store whose methods a test can replace, and that counts reads of
// streams.
type hooked struct {
	consent.Store
	reads          atomic.Int64
	append         func(context.Context, []consent.Append) ([]consent.Appended, error)
	redact         func(context.Context, consent.Append) (consent.Appended, error)
	streams        func(context.Context, []consent.StreamKey) ([]consent.Stream, error)
	records        func(context.Context, consent.StreamKey, uint64, int) ([]consent.Record, error)
	changes        func(context.Context, consent.Cursor, int) (consent.ChangePage, error)
	head           func(context.Context) (consent.Cursor, error)
	recordDecision func(context.Context, consent.DecisionRecord) error
	decisions      func(context.Context, consent.DecisionFilter) ([]consent.DecisionRecord, error)
}

func (h *hooked) Append(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
	if h.append != nil {
		return h.append(ctx, appends)
	}
	return h.Store.Append(ctx, appends)
}

func (h *hooked) Redact(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
	if h.redact != nil {
		return h.redact(ctx, erasure)
	}
	return h.Store.Redact(ctx, erasure)
}

func (h *hooked) Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
	h.reads.Add(1)
	if h.streams != nil {
		return h.streams(ctx, keys)
	}
	return h.Store.Streams(ctx, keys)
}

func (h *hooked) Records(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
	if h.records != nil {
		return h.records(ctx, key, after, limit)
	}
	return h.Store.Records(ctx, key, after, limit)
}

func (h *hooked) Changes(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
	if h.changes != nil {
		return h.changes(ctx, after, limit)
	}
	return h.Store.Changes(ctx, after, limit)
}

func (h *hooked) Head(ctx context.Context) (consent.Cursor, error) {
	if h.head != nil {
		return h.head(ctx)
	}
	return h.Store.Head(ctx)
}

func (h *hooked) RecordDecision(ctx context.Context, decision consent.DecisionRecord) error {
	if h.recordDecision != nil {
		return h.recordDecision(ctx, decision)
	}
	return h.Store.RecordDecision(ctx, decision)
}

func (h *hooked) Decisions(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
	if h.decisions != nil {
		return h.decisions(ctx, filter)
	}
	return h.Store.Decisions(ctx, filter)
}

// world is a gate with all that is behind it.
type world struct {
	t        testing.TB
	register *privacy.Register
	clock    *privacytest.Clock
	hooks    *privacytest.HookRecorder
	store    *hooked
	ledger   *consent.Ledger
	gate     *consent.Gate
}

// setup says what is special about a world.
type setup struct {
	declare func(*privacy.Declaration)
	cache   *consent.CacheOptions
	ledger  consent.LedgerOptions
	zone    *time.Location
}

// plainRegister is privacytest.Declaration compiled once.
var plainRegister = sync.OnceValue(func() *privacy.Register {
	register, err := privacy.Compile(privacytest.Declaration())
	if err != nil {
		panic(err)
	}
	return register
})

func newWorld(t testing.TB, s setup) *world {
	t.Helper()
	register := plainRegister()
	if s.declare != nil {
		declaration := privacytest.Declaration()
		s.declare(&declaration)
		var err error
		register, err = privacy.Compile(declaration)
		must(t, err)
	}
	w := &world{t: t, register: register, clock: privacytest.NewClock(start), hooks: &privacytest.HookRecorder{}}
	ids := privacytest.NewIDs("event")
	w.store = &hooked{Store: memstore.NewConsent(&memstore.ConsentOptions{Clock: w.clock, IDs: ids})}
	options := s.ledger
	options.Clock, options.IDs, options.Hooks = w.clock, ids, w.hooks
	var err error
	w.ledger, err = consent.NewLedger(w.store, register, &options)
	must(t, err)
	w.gate, err = consent.NewGate(w.ledger, w.store, &consent.GateOptions{Cache: small(s.cache), Zone: s.zone})
	must(t, err)
	must(t, w.gate.Poll(t.Context()))
	return w
}

// small keeps tests from setting aside the memory of a server.
func small(cache *consent.CacheOptions) *consent.CacheOptions {
	if cache == nil || cache.MaxBytes != 0 {
		return cache
	}
	smaller := *cache
	smaller.MaxBytes = 1 << 20
	return &smaller
}

// beside returns another process on the same store.
func (w *world) beside(cache *consent.CacheOptions) *world {
	w.t.Helper()
	other := *w
	var err error
	ids := privacytest.NewIDs("beside")
	other.ledger, err = consent.NewLedger(w.store, w.register, &consent.LedgerOptions{Clock: w.clock, IDs: ids})
	must(w.t, err)
	other.gate, err = consent.NewGate(other.ledger, w.store, &consent.GateOptions{Cache: small(cache)})
	must(w.t, err)
	must(w.t, other.gate.Poll(w.t.Context()))
	return &other
}

// given records facts, each a minute after the one before, in the stream that
// each belongs to.
func (w *world) given(subject privacy.Subject, facts ...consent.Fact) {
	w.t.Helper()
	for _, fact := range facts {
		w.clock.Advance(time.Minute)
		w.record(subject, fact)
	}
}

func (w *world) record(subject privacy.Subject, facts ...consent.Fact) consent.Receipt {
	w.t.Helper()
	entries := consent.Entries{Tenant: subject.Tenant, Subject: subject.ID, Facts: facts}
	if slices.ContainsFunc(facts, aboutTenant) {
		entries.Subject = ""
	}
	receipt, err := w.ledger.Record(w.t.Context(), entries)
	must(w.t, err)
	return receipt
}

func aboutTenant(fact consent.Fact) bool {
	switch fact.(type) {
	case consent.Attestation, consent.AttestationWithdrawn, consent.Instruction, consent.InstructionWithdrawn,
		consent.InstructionFlagged, consent.SharingDecision, consent.Export, consent.SubProcessorAnnounced,
		consent.SubProcessorObjection, consent.SubProcessorObjectionLifted, consent.NoticeRequired:
		return true
	}
	return false
}

func (w *world) prepare(use consent.Use) *consent.PreparedUse {
	w.t.Helper()
	prepared, err := w.gate.Prepare(use)
	must(w.t, err)
	return prepared
}

// check decides and expects no error.
func (w *world) check(use *consent.PreparedUse, subject privacy.Subject) consent.Decision {
	w.t.Helper()
	decision, err := use.Check(w.t.Context(), subject)
	must(w.t, err)
	return decision
}

func (w *world) wantCode(use *consent.PreparedUse, subject privacy.Subject, want consent.Code) consent.Decision {
	w.t.Helper()
	decision := w.check(use, subject)
	if decision.Code != want {
		w.t.Fatalf("got %s, want %s", decision.Code, want)
	}
	return decision
}

// readsDuring counts the reads of streams while do runs.
func (w *world) readsDuring(do func()) int64 {
	before := w.store.reads.Load()
	do()
	return w.store.reads.Load() - before
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("got error %v, want one that matches %q", err, target)
	}
}

func wantSame[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// recordOf makes a record that is not in any store.
func recordOf(t testing.TB, sequence uint64, at time.Time, subject privacy.SubjectID, fact consent.Fact) consent.Record {
	t.Helper()
	record, err := consent.NewRecord("id", "key", start, consent.Entry{Tenant: "acme", Subject: subject, OccurredAt: at, Fact: fact})
	must(t, err)
	record.Sequence = sequence
	return record
}

var errStore = errors.New("the store is down")

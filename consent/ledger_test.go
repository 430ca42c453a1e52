package consent_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func (w *world) version(subject privacy.Subject) uint64 {
	w.t.Helper()
	streams, err := w.store.Store.Streams(w.t.Context(), []consent.StreamKey{{Tenant: subject.Tenant, Subject: subject.ID}})
	must(w.t, err)
	return streams[0].Version
}

func entriesOf(subject privacy.Subject, facts ...consent.Fact) consent.Entries {
	return consent.Entries{Tenant: subject.Tenant, Subject: subject.ID, Facts: facts}
}

func TestConstructorsWantTheirParts(t *testing.T) {
	w := newWorld(t, setup{})
	_, err := consent.NewLedger(nil, w.register, nil)
	wantErr(t, err, privacy.ErrInvalid)
	_, err = consent.NewLedger(w.store, nil, nil)
	wantErr(t, err, privacy.ErrInvalid)
	_, err = consent.NewGate(nil, w.store, nil)
	wantErr(t, err, privacy.ErrInvalid)
	_, err = consent.NewGate(w.ledger, nil, nil)
	wantErr(t, err, privacy.ErrInvalid)
	ledger, err := consent.NewLedger(w.store, w.register, nil)
	must(t, err)
	gate, err := consent.NewGate(ledger, w.store, nil)
	must(t, err)
	wantSame(t, "register", gate.Register(), w.register)
	_, err = ledger.StartRelationship(t.Context(), ada, consent.RelationshipStarted{}) // by the system's clock and ids
	must(t, err)
}

// TestEveryCallRecordsItsKind goes through the calls for single facts.
func TestEveryCallRecordsItsKind(t *testing.T) {
	w := newWorld(t, setup{})
	l, ctx := w.ledger, t.Context()
	objection := consent.SubProcessorObjection{Recipient: "model"}
	for kind, call := range map[consent.Kind]func() (consent.Receipt, error){
		consent.KindRelationshipStarted: func() (consent.Receipt, error) { return l.StartRelationship(ctx, ada, consent.RelationshipStarted{}) },
		consent.KindRelationshipEnded:   func() (consent.Receipt, error) { return l.EndRelationship(ctx, ada, consent.RelationshipEnded{}) },
		consent.KindGranted:             func() (consent.Receipt, error) { return l.Grant(ctx, ada, grantOf("marketing")) },
		consent.KindRenewed:             func() (consent.Receipt, error) { return l.Renew(ctx, ada, renewalOf(4, "marketing")) },
		consent.KindRefused:             func() (consent.Receipt, error) { return l.Refuse(ctx, ada, refusalOf("marketing")) },
		consent.KindWithdrawn:           func() (consent.Receipt, error) { return l.Withdraw(ctx, ada, withdrawalOf()) },
		consent.KindObjected:            func() (consent.Receipt, error) { return l.Object(ctx, ada, objectionTo()) },
		consent.KindObjectionEnded:      func() (consent.Receipt, error) { return l.EndObjection(ctx, ada, endedFor()) },
		consent.KindRestricted:          func() (consent.Receipt, error) { return l.Restrict(ctx, ada, restrictionOf()) },
		consent.KindRestrictionLifted:   func() (consent.Receipt, error) { return l.LiftRestriction(ctx, ada, liftedFor()) },
		consent.KindOptedOut: func() (consent.Receipt, error) {
			return l.OptOut(ctx, ada, consent.OptOut{Purposes: []privacy.PurposeID{"marketing"}})
		},
		consent.KindOptedIn: func() (consent.Receipt, error) {
			return l.OptIn(ctx, ada, consent.OptIn{Purposes: []privacy.PurposeID{"marketing"}})
		},
		consent.KindAgeEvidence: func() (consent.Receipt, error) { return l.RecordAge(ctx, ada, adult) },
		consent.KindAttested:    func() (consent.Receipt, error) { return l.Attest(ctx, "acme", attestationOf("x", "content")) },
		consent.KindAttestationWithdrawn: func() (consent.Receipt, error) {
			return l.WithdrawAttestation(ctx, "acme", consent.AttestationWithdrawn{})
		},
		consent.KindInstructed: func() (consent.Receipt, error) { return l.Instruct(ctx, "acme", instructionOf("i")) },
		consent.KindInstructionWithdrawn: func() (consent.Receipt, error) {
			return l.WithdrawInstruction(ctx, "acme", consent.InstructionWithdrawn{})
		},
		consent.KindInstructionFlagged: func() (consent.Receipt, error) {
			return l.FlagInstruction(ctx, "acme", consent.InstructionFlagged{ID: "i", Concern: "c"})
		},
		consent.KindSharingDecided: func() (consent.Receipt, error) {
			return l.DecideSharing(ctx, "acme", consent.SharingDecision{With: "w", By: "b"})
		},
		consent.KindExported: func() (consent.Receipt, error) { return l.RecordExport(ctx, "acme", consent.Export{ID: "e", By: "b"}) },
		consent.KindSubProcessorAnnounced: func() (consent.Receipt, error) {
			return l.AnnounceSubProcessor(ctx, "acme", consent.SubProcessorAnnounced{Recipient: "model", ObjectUntil: start})
		},
		consent.KindSubProcessorObjected: func() (consent.Receipt, error) { return l.ObjectToSubProcessor(ctx, "acme", objection) },
		consent.KindSubProcessorObjectionLifted: func() (consent.Receipt, error) {
			return l.LiftSubProcessorObjection(ctx, "acme", consent.SubProcessorObjectionLifted{Recipient: "model"})
		},
		consent.KindNoticeRequired: func() (consent.Receipt, error) {
			return l.RequireNotice(ctx, "acme", consent.NoticeRequired{Purpose: "marketing", MinimumVersion: 1, From: start})
		},
	} {
		receipt, err := call()
		must(t, err)
		key := consent.StreamKey{Tenant: "acme", Subject: ada.ID}
		if receipt.Stamp.TenantVersion != 0 {
			key.Subject = ""
		}
		records, err := l.Records(ctx, key, receipt.First-1, 1)
		must(t, err)
		wantSame(t, "kind", records[0].Kind, kind)
		wantSame(t, "last", receipt.Last, receipt.First)
		wantSame(t, "version", max(receipt.Stamp.TenantVersion, receipt.Stamp.SubjectVersion), receipt.Last)
		wantSame(t, "register", receipt.Stamp.Register, w.register.Hash())
	}
	wantSame(t, "events", w.version(ada)+w.version(acme), 24)
	for _, operation := range w.hooks.Operations() {
		if operation.Ends != 1 || operation.Name != "consent.append" {
			t.Errorf("operation %+v", operation)
		}
	}
}

func TestRecordRefusesWhatIsNotValid(t *testing.T) {
	w := newWorld(t, setup{})
	evidence := func(change func(*consent.Evidence)) consent.Grant {
		grant := grantOf("marketing")
		change(&grant.Evidence)
		return grant
	}
	attestation := func(change func(*consent.Attestation)) consent.Attestation {
		fact := attestationOf("x", "content")
		change(&fact)
		return fact
	}
	instruction := func(change func(*consent.Instruction)) consent.Instruction {
		fact := instructionOf("i")
		change(&fact)
		return fact
	}
	long := strings.Repeat("k", 256)
	for name, c := range map[string]struct {
		entries consent.Entries
		path    string
	}{
		"no tenant":                    {consent.Entries{Subject: "s", Facts: []consent.Fact{withdrawalOf()}}, "subject"},
		"a tenant of 256 bytes":        {consent.Entries{Tenant: privacy.TenantID(long), Subject: "s", Facts: []consent.Fact{withdrawalOf()}}, "subject"},
		"a subject with a line feed":   {entriesOf(privacy.Subject{Tenant: "acme", ID: "a\nb"}, withdrawalOf()), "subject"},
		"no facts":                     {entriesOf(ada), "facts"},
		"no fact":                      {entriesOf(ada, withdrawalOf(), nil), "facts[1]"},
		"a fact by its pointer":        {entriesOf(ada, &consent.Withdrawal{}), "facts[0]"},
		"a tenant's by its pointer":    {entriesOf(acme, &consent.AttestationWithdrawn{}), "facts[0]"},
		"a pointer to no fact":         {entriesOf(ada, (*consent.Grant)(nil)), "facts[0]"},
		"a fact in another type":       {entriesOf(ada, struct{ consent.Grant }{grantOf("marketing")}), "facts[0]"},
		"a tenant's fact of a subject": {entriesOf(ada, attestationOf("x", "content")), "facts[0]"},
		"a subject's fact of a tenant": {entriesOf(acme, withdrawalOf()), "facts[0]"},
		"a key too long":               {consent.Entries{Tenant: "acme", Subject: "s", Key: long[:250], Facts: []consent.Fact{withdrawalOf()}}, "key"},
		"a key with a NUL":             {consent.Entries{Tenant: "acme", Subject: "s", Key: "a\x00", Facts: []consent.Fact{withdrawalOf()}}, "key"},

		"a grant of nothing":             {entriesOf(ada, grantOf()), "facts[0].purposes"},
		"a grant of the unknown":         {entriesOf(ada, grantOf("marketing", "world peace")), "facts[0].purposes[1]"},
		"a grant of an illegal name":     {entriesOf(ada, grantOf("a\x00")), "facts[0].purposes[0]"},
		"a grant without a notice":       {entriesOf(ada, evidence(func(e *consent.Evidence) { e.Notice = consent.Notice{} })), "facts[0].evidence.notice.document"},
		"a grant without a version":      {entriesOf(ada, evidence(func(e *consent.Evidence) { e.Notice.Version = 0 })), "facts[0].evidence.notice.version"},
		"a grant without a locale":       {entriesOf(ada, evidence(func(e *consent.Evidence) { e.Notice.Locale = "" })), "facts[0].evidence.notice.locale"},
		"a grant without a text":         {entriesOf(ada, evidence(func(e *consent.Evidence) { e.Notice.TextSHA256 = "" })), "facts[0].evidence.notice.text_sha256"},
		"a grant with half a hash":       {entriesOf(ada, evidence(func(e *consent.Evidence) { e.Notice.TextSHA256 = textHash[:32] })), "facts[0].evidence.notice.text_sha256"},
		"a grant with no hash":           {entriesOf(ada, evidence(func(e *consent.Evidence) { e.Wording = strings.Repeat("z", 64) })), "facts[0].evidence.wording_sha256"},
		"a grant without an act":         {entriesOf(ada, evidence(func(e *consent.Evidence) { e.Act = "" })), "facts[0].evidence.act"},
		"a grant without a channel":      {entriesOf(ada, evidence(func(e *consent.Evidence) { e.Channel = "" })), "facts[0].evidence.channel"},
		"a grant imported from nowhere":  {entriesOf(ada, evidence(func(e *consent.Evidence) { e.Imported = &consent.Imported{} })), "facts[0].evidence.imported.source"},
		"a renewal without evidence":     {entriesOf(ada, consent.Renewal{Purposes: []privacy.PurposeID{"marketing"}}), "facts[0].evidence.act"},
		"a renewal of the unknown":       {entriesOf(ada, renewalOf(1, "world peace")), "facts[0].purposes[0]"},
		"a refusal of nothing":           {entriesOf(ada, refusalOf()), "facts[0].purposes"},
		"an expiry of nothing":           {entriesOf(ada, expiryOf()), "facts[0].purposes"},
		"a withdrawal of no name":        {entriesOf(ada, withdrawalOf("")), "facts[0].purposes[0]"},
		"an objection to no name":        {entriesOf(ada, objectionTo("")), "facts[0].purposes[0]"},
		"a matter beside purposes":       {entriesOf(ada, consent.Restriction{Purposes: []privacy.PurposeID{"marketing"}, Matter: "case-1"}), "facts[0].matter"},
		"a matter of the wrong form":     {entriesOf(ada, consent.RestrictionLifted{Matter: "a\nb"}), "facts[0].matter"},
		"an end without a reason":        {entriesOf(ada, consent.ObjectionEnded{}), "facts[0].reason"},
		"grounds against marketing":      {entriesOf(ada, endedFor("security", "marketing")), "facts[0].purposes[1]"},
		"an opt-out of nothing":          {entriesOf(ada, consent.OptOut{}), "facts[0].kinds"},
		"an opt-in to nothing":           {entriesOf(ada, consent.OptIn{}), "facts[0].kinds"},
		"an opt-in to the unknown":       {entriesOf(ada, consent.OptIn{Purposes: []privacy.PurposeID{"world peace"}}), "facts[0].purposes[0]"},
		"no evidence of age":             {entriesOf(ada, consent.AgeEvidence{Method: "document"}), "facts[0].born_on_or_before"},
		"evidence of age by no method":   {entriesOf(ada, consent.AgeEvidence{BornOnOrBefore: privacy.MustDate("2000-01-01")}), "facts[0].method"},
		"evidence that contradicts":      {entriesOf(ada, bornBetween("2001-01-01", "2000-01-01")), "facts[0].born_on_or_after"},
		"an erasure without a cause":     {entriesOf(ada, consent.Erasure{}), "facts[0].cause"},
		"a restriction of no name":       {entriesOf(ada, restrictionOf("")), "facts[0].purposes[0]"},
		"a lift for no name":             {entriesOf(ada, liftedFor("")), "facts[0].purposes[0]"},
		"a relationship with bad proof":  {entriesOf(ada, consent.RelationshipStarted{Evidence: consent.Evidence{Wording: "x"}}), "facts[0].evidence.wording_sha256"},
		"an attestation without an ID":   {entriesOf(acme, attestationOf("", "content")), "facts[0].id"},
		"an attestation of nothing":      {entriesOf(acme, attestationOf("x")), "facts[0].categories"},
		"an attestation of the unknown":  {entriesOf(acme, attestationOf("x", "content", "dreams")), "facts[0].categories[1]"},
		"an attestation for nothing":     {entriesOf(acme, attestation(func(a *consent.Attestation) { a.Purposes = nil })), "facts[0].purposes"},
		"an attestation for the unknown": {entriesOf(acme, attestation(func(a *consent.Attestation) { a.Purposes[0] = "world peace" })), "facts[0].purposes[0]"},
		"an attestation on no basis":     {entriesOf(acme, attestation(func(a *consent.Attestation) { a.Basis = 0 })), "facts[0].basis"},
		"an attestation without rights":  {entriesOf(acme, attestation(func(a *consent.Attestation) { a.Rights = false })), "facts[0].rights"},
		"an attestation without notices": {entriesOf(acme, attestation(func(a *consent.Attestation) { a.Notices = false })), "facts[0].rights"},
		"an attestation of no consents":  {entriesOf(acme, attestation(func(a *consent.Attestation) { a.Basis = privacy.BasisConsent })), "facts[0].consents"},
		"an attestation nobody signed":   {entriesOf(acme, attestation(func(a *consent.Attestation) { a.SignedBy = "" })), "facts[0].signed_by"},
		"an attestation on no terms":     {entriesOf(acme, attestation(func(a *consent.Attestation) { a.TermsVersion = "" })), "facts[0].terms_version"},
		"an instruction without an ID":   {entriesOf(acme, instruction(func(i *consent.Instruction) { i.ID = "" })), "facts[0].id"},
		"an instruction for nothing":     {entriesOf(acme, instruction(func(i *consent.Instruction) { i.Purposes = nil })), "facts[0].purposes"},
		"an instruction to do nothing":   {entriesOf(acme, instruction(func(i *consent.Instruction) { i.Operations = nil })), "facts[0].operations"},
		"an instruction to do something": {entriesOf(acme, instruction(func(i *consent.Instruction) { i.Operations = []privacy.Operation{99} })), "facts[0].operations[0]"},
		"an instruction to tell anybody": {entriesOf(acme, instructionOf("i", "anybody")), "facts[0].recipients[0]"},
		"an instruction by nobody":       {entriesOf(acme, instruction(func(i *consent.Instruction) { i.GivenBy = "" })), "facts[0].given_by"},
		"a flag on nothing":              {entriesOf(acme, consent.InstructionFlagged{Concern: "c"}), "facts[0].id"},
		"a flag without a concern":       {entriesOf(acme, consent.InstructionFlagged{ID: "i"}), "facts[0].concern"},
		"sharing with nobody":            {entriesOf(acme, consent.SharingDecision{By: "b"}), "facts[0].with"},
		"an export without an ID":        {entriesOf(acme, consent.Export{By: "b"}), "facts[0].id"},
		"announcing nobody":              {entriesOf(acme, consent.SubProcessorAnnounced{ObjectUntil: start}), "facts[0].recipient"},
		"announcing the unknown":         {entriesOf(acme, consent.SubProcessorAnnounced{Recipient: "anybody", ObjectUntil: start}), "facts[0].recipient"},
		"announcing without a time":      {entriesOf(acme, consent.SubProcessorAnnounced{Recipient: "model"}), "facts[0].object_until"},
		"objecting to nobody":            {entriesOf(acme, consent.SubProcessorObjection{}), "facts[0].recipient"},
		"lifting for nobody":             {entriesOf(acme, consent.SubProcessorObjectionLifted{}), "facts[0].recipient"},
		"a notice for the unknown":       {entriesOf(acme, consent.NoticeRequired{Purpose: "world peace", MinimumVersion: 1, From: start}), "facts[0].purpose"},
		"a notice without a version":     {entriesOf(acme, consent.NoticeRequired{Purpose: "marketing", From: start}), "facts[0].minimum_version"},
		"a notice without a time":        {entriesOf(acme, consent.NoticeRequired{Purpose: "marketing", MinimumVersion: 1}), "facts[0].from"},
		"consent in the future":          {consent.Entries{Tenant: "acme", Subject: "s", OccurredAt: start.Add(3 * time.Minute), Facts: []consent.Fact{grantOf("marketing")}}, "occurred_at"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.ledger.Record(t.Context(), c.entries)
			wantErr(t, err, privacy.ErrInvalid)
			var problems privacy.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v, want problems", err)
			}
			for _, problem := range problems {
				if strings.HasPrefix(problem.Path, c.path) {
					return
				}
			}
			t.Errorf("no problem at %s: %v", c.path, problems)
		})
	}
	wantSame(t, "events", w.version(ada)+w.version(acme), 0)
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	w := newWorld(t, setup{})
	_, err := w.ledger.Record(t.Context(), consent.Entries{Tenant: "", Subject: "s", Key: "\x00", Facts: []consent.Fact{grantOf("unknown"), consent.OptOut{}, attestationOf("x", "content")}})
	var problems privacy.Problems
	if !errors.As(err, &problems) || len(problems) != 5 {
		t.Errorf("got %v, want five problems", err)
	}
}

func TestWhatForbidsMayNameWhatIsNoLongerDeclared(t *testing.T) {
	w := newWorld(t, setup{})
	for _, fact := range []consent.Fact{
		withdrawalOf("gone"), refusalOf("gone"), objectionTo("gone"), restrictionOf("gone"), expiryOf("gone"), liftedFor("gone"),
		consent.OptOut{Purposes: []privacy.PurposeID{"gone"}}, endedFor("gone"),
	} {
		w.record(ada, fact)
	}
	w.record(acme, consent.SubProcessorObjection{Recipient: "gone"})
}

func TestExpectedVersions(t *testing.T) {
	w := newWorld(t, setup{})
	expecting := func(version uint64, facts ...consent.Fact) error {
		w.clock.Advance(time.Second)
		entries := entriesOf(ada, facts...)
		entries.Expected = &version
		_, err := w.ledger.Record(t.Context(), entries)
		return err
	}
	must(t, expecting(0, grantOf("marketing")))
	wantErr(t, expecting(0, grantOf("marketing")), privacy.ErrConflict)
	wantErr(t, expecting(9, refusalOf("marketing")), privacy.ErrConflict)
	must(t, expecting(0, withdrawalOf("marketing"))) // accepts any
	must(t, expecting(9, withdrawalOf(), refusalOf("marketing")))
	wantErr(t, expecting(0, withdrawalOf("marketing"), grantOf("service")), privacy.ErrConflict)
	wantErr(t, expecting(0, grantOf("service"), withdrawalOf("marketing")), privacy.ErrConflict)
	must(t, expecting(4, withdrawalOf("marketing"), grantOf("service")))
	wantSame(t, "version", w.version(ada), 6)
}

func TestWithdrawalIsAcceptedAfterErasure(t *testing.T) {
	w := newWorld(t, setup{})
	w.record(ada, grantOf("marketing"))
	redact(w)
	w.clock.Advance(time.Second)
	for _, fact := range []consent.Fact{grantOf("marketing"), renewalOf(4, "marketing"), consent.RelationshipStarted{}, consent.OptIn{Purposes: []privacy.PurposeID{"marketing"}}, adult} {
		_, err := w.ledger.Record(t.Context(), entriesOf(ada, fact))
		wantErr(t, err, consent.ErrErased)
	}
	for _, fact := range []consent.Fact{withdrawalOf(), refusalOf("marketing"), objectionTo(), restrictionOf(), consent.OptOut{Purposes: []privacy.PurposeID{"marketing"}}, consent.RelationshipEnded{}} {
		w.record(ada, fact)
	}
	w.wantCode(w.prepare(marketingUse), ada, consent.CodeErased)
}

func TestRedactErasesWhatWasSaid(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, grantOf("marketing"), adult)
	key := consent.StreamKey{Tenant: ada.Tenant, Subject: ada.ID}
	before, err := w.ledger.Records(t.Context(), key, 0, 10)
	must(t, err)
	receipt, err := w.ledger.Redact(t.Context(), ada.Tenant, ada.ID, "case-1")
	must(t, err)
	wantSame(t, "sequence", receipt.First, 3)
	again, err := w.ledger.Redact(t.Context(), ada.Tenant, ada.ID, "case-1")
	must(t, err)
	wantSame(t, "twice", again.Duplicate, true)
	after, err := w.ledger.Records(t.Context(), key, 0, 10)
	must(t, err)
	wantSame(t, "records", len(after), 3)
	for i, record := range after[:2] {
		wantSame(t, "redacted", record.Redacted(), true)
		wantSame(t, "commitment", record.Commitment, before[i].Commitment)
		wantSame(t, "kind", record.Kind, before[i].Kind)
		wantSame(t, "key", record.Key, "")
	}
	for _, c := range []struct{ tenant, subject, cause string }{{"", "s", "c"}, {"acme", "", "c"}, {"acme", "s", ""}} {
		_, err := w.ledger.Redact(t.Context(), privacy.TenantID(c.tenant), privacy.SubjectID(c.subject), c.cause)
		wantErr(t, err, privacy.ErrInvalid)
	}
	w.store.redact = func(context.Context, consent.Append) (consent.Appended, error) { return consent.Appended{}, errStore }
	_, err = w.ledger.Redact(t.Context(), ada.Tenant, ada.ID, "case-2")
	wantErr(t, err, errStore)
}

func TestIdempotencyKeys(t *testing.T) {
	w := newWorld(t, setup{})
	call := func(key string, at time.Time, facts ...consent.Fact) (consent.Receipt, error) {
		w.clock.Advance(time.Second)
		entries := entriesOf(ada, facts...)
		entries.Key, entries.OccurredAt = key, at
		return w.ledger.Record(t.Context(), entries)
	}
	first, err := call("k", time.Time{}, grantOf("marketing"), grantOf("service"))
	must(t, err)
	again, err := call("k", time.Time{}, grantOf("marketing"), grantOf("service"))
	must(t, err)
	wantSame(t, "duplicate", again.Duplicate, true)
	wantSame(t, "first", again.First, first.First)
	wantSame(t, "last", again.Last, first.Last)
	_, err = call("k", time.Time{}, grantOf("service"), grantOf("marketing"))
	wantErr(t, err, privacy.ErrConflict)
	_, err = call("k", time.Time{}, withdrawalOf("marketing"))
	wantErr(t, err, privacy.ErrConflict)
	_, err = call("k", start.Add(-time.Hour), grantOf("marketing"), grantOf("service"))
	wantErr(t, err, privacy.ErrConflict)
	wantSame(t, "version", w.version(ada), 2)
}

func TestDerivedKeys(t *testing.T) {
	w := newWorld(t, setup{})
	at := start.Add(-time.Hour)
	call := func(at time.Time, facts ...consent.Fact) consent.Receipt {
		t.Helper()
		entries := entriesOf(ada, facts...)
		entries.OccurredAt = at
		receipt, err := w.ledger.Record(t.Context(), entries)
		must(t, err)
		return receipt
	}
	wantSame(t, "the first", call(at, grantOf("marketing")).Duplicate, false)
	wantSame(t, "the same again", call(at, grantOf("marketing")).Duplicate, true)
	wantSame(t, "the same time in another zone", call(at.In(time.FixedZone("", 3600)), grantOf("marketing")).Duplicate, false)
	wantSame(t, "the same at another time", call(at.Add(time.Microsecond), grantOf("marketing")).Duplicate, false)
	wantSame(t, "with another fact behind it", call(at, grantOf("marketing"), grantOf("service")).Duplicate, false)
	wantSame(t, "with another fact before it", call(at, grantOf("service"), grantOf("marketing")).Duplicate, false)
	wantSame(t, "with a third fact before it", call(at, withdrawalOf("security"), grantOf("marketing")).Duplicate, false)
	wantSame(t, "twice at once", call(at, grantOf("marketing"), grantOf("marketing")).Duplicate, false)
}

// TestWithoutATimeNothingIsTakenForARepetition: a clock need not move between
// a withdrawal, a grant and another withdrawal.
func TestWithoutATimeNothingIsTakenForARepetition(t *testing.T) {
	w := newWorld(t, setup{})
	w.record(ada, adult)
	use := w.prepare(marketingUse)
	for range 3 {
		wantSame(t, "grant", w.record(ada, grantOf("marketing")).Duplicate, false)
		w.wantCode(use, ada, consent.CodeAllowed)
		wantSame(t, "withdrawal", w.record(ada, withdrawalOf("marketing")).Duplicate, false)
		w.wantCode(use, ada, consent.CodeConsentWithdrawn)
	}
}

func TestTimesInTheFuture(t *testing.T) {
	w := newWorld(t, setup{})
	at := func(skew time.Duration, key string, facts ...consent.Fact) (consent.Receipt, error) {
		entries := entriesOf(ada, facts...)
		entries.OccurredAt, entries.Key = start.Add(skew).In(time.FixedZone("", 3600)), key
		return w.ledger.Record(t.Context(), entries)
	}
	_, err := at(2*time.Minute, "", grantOf("marketing"))
	must(t, err) // clocks differ
	receipt, err := at(time.Hour, "late", withdrawalOf("marketing"))
	must(t, err)
	records, err := w.ledger.Records(t.Context(), consent.StreamKey{Tenant: ada.Tenant, Subject: ada.ID}, receipt.First-1, 1)
	must(t, err)
	wantSame(t, "a time in the future is replaced by now", records[0].OccurredAt, start)
	entry, err := consent.DecodeEntry(records[0].Payload)
	must(t, err)
	wantSame(t, "the zone stays", entry.OccurredAt.Format("-07:00"), "+01:00")
	w.clock.Advance(time.Second)
	again, err := at(time.Hour, "late", withdrawalOf("marketing"))
	must(t, err)
	wantSame(t, "a repetition is one, though now has moved", again.Duplicate, true)
	for _, fact := range []consent.Fact{refusalOf("a"), objectionTo(), restrictionOf(), consent.OptOut{Purposes: []privacy.PurposeID{"a"}}, consent.RelationshipEnded{}, consent.Erasure{Cause: "c"}} {
		if _, err := at(24*time.Hour, "", fact); err != nil {
			t.Errorf("%s in the future: %v", fact.Kind(), err)
		}
	}
	_, err = at(time.Hour, "", withdrawalOf("marketing"), consent.RelationshipStarted{})
	wantErr(t, err, privacy.ErrInvalid)
}

// TestATimeThatIsCutOffToNothingIsNone: the zero time would mean that a
// withdrawal was never made.
func TestATimeThatIsCutOffToNothingIsNone(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(acme, attestationOf("x", "content"), instructionOf("i"))
	use := w.prepare(annotationUse)
	w.wantCode(use, acme, consent.CodeAllowed)
	_, err := w.ledger.Record(t.Context(), consent.Entries{Tenant: "acme", OccurredAt: time.Time{}.Add(time.Nanosecond), Facts: []consent.Fact{consent.AttestationWithdrawn{ID: "x"}}})
	must(t, err)
	w.wantCode(use, acme, consent.CodeAttestationWithdrawn)
}

// noticeBook covers one purpose with one version.
type noticeBook struct{ err error }

func (b noticeBook) CoversPurpose(_ context.Context, notice consent.Notice, purpose privacy.PurposeID) (bool, error) {
	return notice.Version >= 3 && purpose == "marketing", b.err
}

func TestNoticesMustCoverThePurposes(t *testing.T) {
	w := newWorld(t, setup{ledger: consent.LedgerOptions{Notices: noticeBook{}}})
	w.record(ada, grantOf("marketing"))
	w.record(ada, renewalOf(4, "marketing"))
	for _, fact := range []consent.Fact{grantOf("marketing", "service"), renewalOf(2, "marketing")} {
		_, err := w.ledger.Record(t.Context(), entriesOf(ada, fact))
		wantErr(t, err, consent.ErrNoticeDoesNotCover)
		wantErr(t, err, privacy.ErrInvalid)
	}
	w.record(ada, withdrawalOf("marketing"))

	failing := newWorld(t, setup{ledger: consent.LedgerOptions{Notices: noticeBook{errStore}}})
	_, err := failing.ledger.Record(t.Context(), entriesOf(ada, grantOf("marketing")))
	wantErr(t, err, errStore)
	failing.record(ada, withdrawalOf("marketing"))
}

func TestRecordAllKeepsElementsApart(t *testing.T) {
	w := newWorld(t, setup{})
	bob := privacy.Subject{Tenant: "acme", ID: "bob"}
	results, err := w.ledger.RecordAll(t.Context(), []consent.Entries{
		entriesOf(ada, grantOf("marketing")), entriesOf(ada, grantOf("unknown")), entriesOf(bob, grantOf("marketing")),
		{Tenant: "acme", Subject: bob.ID, Expected: new(uint64(7)), Facts: []consent.Fact{grantOf("service")}}, entriesOf(acme, attestationOf("x", "content")),
	})
	must(t, err)
	must(t, results[0].Err)
	wantErr(t, results[1].Err, privacy.ErrInvalid)
	must(t, results[2].Err)
	wantErr(t, results[3].Err, privacy.ErrConflict)
	must(t, results[4].Err)
	wantSame(t, "tenant's version", results[4].Receipt.Stamp.TenantVersion, 1)
	none, err := w.ledger.RecordAll(t.Context(), nil)
	must(t, err)
	wantSame(t, "results of nothing", len(none), 0)
}

func TestReadsOfTheLedger(t *testing.T) {
	w := newWorld(t, setup{})
	w.record(ada, grantOf("marketing"))
	w.record(acme, attestationOf("x", "content"))
	state, err := w.ledger.State(t.Context(), "acme", ada.ID)
	must(t, err)
	wantSame(t, "state", describe(state), "marketing=granted")
	tenant, err := w.ledger.TenantState(t.Context(), "acme")
	must(t, err)
	wantSame(t, "tenant's state", describeTenant(tenant), "x[content]@1")
	absent, err := w.ledger.State(t.Context(), "acme", "nobody")
	must(t, err)
	wantSame(t, "absent", absent.Version, 0)

	_, err = w.ledger.State(t.Context(), "acme", "")
	wantErr(t, err, privacy.ErrInvalid)
	_, err = w.ledger.State(t.Context(), "", "s")
	wantErr(t, err, privacy.ErrInvalid)
	_, err = w.ledger.TenantState(t.Context(), "")
	wantErr(t, err, privacy.ErrInvalid)
	_, err = w.ledger.Records(t.Context(), consent.StreamKey{}, 0, 10)
	wantErr(t, err, privacy.ErrInvalid)
	_, err = w.ledger.Records(t.Context(), consent.StreamKey{Tenant: "acme", Subject: "a\x00"}, 0, 10)
	wantErr(t, err, privacy.ErrInvalid)
	_, err = w.ledger.Records(t.Context(), consent.StreamKey{Tenant: "acme"}, 0, 0)
	wantErr(t, err, privacy.ErrInvalid)

	w.store.streams = func(context.Context, []consent.StreamKey) ([]consent.Stream, error) { return nil, errStore }
	w.store.records = func(context.Context, consent.StreamKey, uint64, int) ([]consent.Record, error) { return nil, errStore }
	_, err = w.ledger.State(t.Context(), "acme", ada.ID)
	wantErr(t, err, errStore)
	_, err = w.ledger.TenantState(t.Context(), "acme")
	wantErr(t, err, errStore)
	_, err = w.ledger.Records(t.Context(), consent.StreamKey{Tenant: "acme"}, 0, 1)
	wantErr(t, err, errStore)
}

// TestAStoreThatReturnsSomethingElse is not believed.
func TestAStoreThatReturnsSomethingElse(t *testing.T) {
	for name, spoil := range map[string]func([]consent.Stream) []consent.Stream{
		"nothing":              func([]consent.Stream) []consent.Stream { return nil },
		"too few":              func(s []consent.Stream) []consent.Stream { return s[:len(s)-1] },
		"too many":             func(s []consent.Stream) []consent.Stream { return append(s, s[0]) },
		"another order":        func(s []consent.Stream) []consent.Stream { s[0], s[len(s)-1] = s[len(s)-1], s[0]; return s },
		"another's under keys": func(s []consent.Stream) []consent.Stream { s[0].Key.Tenant = "umbra"; return s },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{})
			w.given(ada, consent.RelationshipStarted{})
			use := w.prepare(serviceUse)
			w.store.streams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
				streams, err := w.store.Store.Streams(ctx, keys)
				return spoil(streams), err
			}
			decision, err := use.Check(t.Context(), ada)
			wantErr(t, err, privacy.ErrInvalid)
			wantSame(t, "code", decision.Code, consent.CodeStateUnavailable)
			if name != "another order" { // of one
				_, err = w.ledger.State(t.Context(), ada.Tenant, ada.ID)
				wantErr(t, err, privacy.ErrInvalid)
			}
		})
	}
	w := newWorld(t, setup{})
	w.store.append = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		results, err := w.store.Store.Append(ctx, appends)
		return results[:len(results)-1], err
	}
	_, err := w.ledger.Record(t.Context(), entriesOf(ada, withdrawalOf()))
	wantErr(t, err, privacy.ErrInvalid)
}

// flaky fails a part of the calls, half of those after they were carried out.
func (w *world) flaky(random *rand.Rand) {
	fails := func() bool { return random.IntN(2) == 0 }
	w.store.append = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		if fails() {
			return nil, errStore
		}
		results, err := w.store.Store.Append(ctx, appends)
		if fails() {
			return nil, errStore
		}
		return results, err
	}
	w.store.streams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
		if fails() {
			return nil, errStore
		}
		return w.store.Store.Streams(ctx, keys)
	}
	w.store.recordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
		if fails() {
			return errStore
		}
		return errors.Join(w.store.Store.RecordDecision(ctx, decision), map[bool]error{true: errStore}[fails()])
	}
	w.store.decisions = func(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
		if fails() {
			return nil, errStore
		}
		return w.store.Store.Decisions(ctx, filter)
	}
	w.store.changes = func(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
		if fails() {
			return consent.ChangePage{}, errStore
		}
		return w.store.Store.Changes(ctx, after, limit)
	}
}

// TestAStoreThatFailsHalfTheTime: what was acknowledged is there, once; what is
// repeated until it succeeds is there, once; and nothing is allowed that the
// last acknowledged event forbids.
func TestAStoreThatFailsHalfTheTime(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 10))
		w := newCachedWorld(t)
		w.record(ada, adult)
		use := w.prepare(marketingUse)
		w.flaky(random)
		refused, allowed := 0, 0
		for step := range 60 {
			w.clock.Advance(100 * time.Millisecond)
			_ = w.gate.Poll(t.Context())
			fact := oneOf[consent.Fact](random, grantOf("marketing"), withdrawalOf("marketing"))
			entries := entriesOf(ada, fact)
			entries.Key = fmt.Sprintf("step-%d", step)
			for {
				if _, err := w.ledger.Record(t.Context(), entries); err == nil {
					break
				} else {
					wantErr(t, err, errStore)
				}
			}
			for i := range 4 {
				decide := use.Check
				if i%2 == 1 {
					decide = func(ctx context.Context, subject privacy.Subject) (consent.Decision, error) {
						return use.Authorize(ctx, subject, "")
					}
				}
				decision, err := decide(t.Context(), ada)
				switch {
				case err != nil:
					wantErr(t, err, errStore)
					wantSame(t, "allowed in spite of an error", decision.Allowed(), false)
					refused++
				case fact.Kind() == consent.KindWithdrawn:
					wantSame(t, "allowed after a withdrawal", decision.Allowed(), false)
				default:
					wantSame(t, "code", decision.Code, consent.CodeAllowed)
					allowed++
				}
			}
		}
		wantSame(t, "events", w.version(ada), 61)
		if refused == 0 || allowed == 0 {
			t.Errorf("seed %d: %d refused and %d allowed: the test proves nothing", seed, refused, allowed)
		}
	}
}

// TestABatchSeesOneStateOfTheTenant: an attestation that is withdrawn while a
// batch is read allows all of it or nothing.
func TestABatchSeesOneStateOfTheTenant(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(acme, attestationOf("x", "content"), instructionOf("i"))
	use := w.prepare(annotationUse)
	var subjects []privacy.Subject
	for i := range 50 {
		subjects = append(subjects, privacy.Subject{Tenant: "acme", ID: privacy.SubjectID(fmt.Sprintf("s-%d", i))})
	}
	reads := w.readsDuring(func() {
		decisions, err := use.CheckAll(t.Context(), subjects)
		must(t, err)
		for _, decision := range decisions {
			wantSame(t, "code", decision.Code, consent.CodeAllowed)
		}
	})
	wantSame(t, "round trips", reads, 1)
	w.store.streams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
		w.record(acme, consent.AttestationWithdrawn{ID: "x"}) // while the batch is on its way
		return w.store.Store.Streams(ctx, keys)
	}
	decisions, err := use.CheckAll(t.Context(), subjects)
	must(t, err)
	for _, decision := range decisions {
		wantSame(t, "code", decision.Code, consent.CodeAttestationWithdrawn)
	}
}

func TestBatchesWithFaults(t *testing.T) {
	w := newCachedWorld(t)
	w.record(ada, consent.RelationshipStarted{})
	use := w.prepare(serviceUse)
	subjects := []privacy.Subject{ada, {Tenant: "acme", ID: "a\x00"}, acme, {ID: "s"}, {Tenant: "umbra", ID: ada.ID}}
	decisions, err := use.CheckAll(t.Context(), subjects)
	wantErr(t, err, privacy.ErrInvalid)
	for i, want := range []consent.Code{consent.CodeAllowed, consent.CodeSubjectInvalid, consent.CodeSubjectRequired, consent.CodeSubjectInvalid, consent.CodeNoRelationship} {
		wantSame(t, "code", decisions[i].Code, want)
	}
	decisions, err = use.CheckAll(t.Context(), []privacy.Subject{{Tenant: "acme", ID: "a\x00"}})
	wantErr(t, err, privacy.ErrInvalid)
	wantSame(t, "code", decisions[0].Code, consent.CodeSubjectInvalid)

	w.store.streams = func(context.Context, []consent.StreamKey) ([]consent.Stream, error) { return nil, errStore }
	decisions, err = use.CheckAll(t.Context(), []privacy.Subject{ada, {Tenant: "acme", ID: "new"}})
	wantErr(t, err, errStore)
	wantSame(t, "what is cached", decisions[0].Code, consent.CodeAllowed)
	wantSame(t, "what is not", decisions[1].Code, consent.CodeStateUnavailable)
	none, err := use.CheckAll(t.Context(), nil)
	must(t, err)
	wantSame(t, "decisions on nobody", len(none), 0)
}

func TestACancelledContextRefuses(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, consent.RelationshipStarted{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	use := w.prepare(serviceUse)
	decision, err := use.Check(ctx, ada)
	wantErr(t, err, context.Canceled)
	wantSame(t, "code", decision.Code, consent.CodeStateUnavailable)
	decision, err = use.Authorize(ctx, ada, "")
	wantErr(t, err, context.Canceled)
	wantSame(t, "allowed", decision.Allowed(), false)
	_, err = w.ledger.Withdraw(ctx, ada, withdrawalOf())
	wantErr(t, err, context.Canceled)
}

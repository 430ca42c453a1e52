package dsr_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// waiting is a case that waits for identity, with a code.
func waiting(t *testing.T) (*bench, string) {
	t.Helper()
	b := open(t, "eu-gdpr", intake(regime.RequestAccess))
	b.do(dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	code := b.issue()
	return b, code
}

func (b *bench) issue() string {
	b.t.Helper()
	change, code, err := b.p.IssueCode(b.c, b.now)
	if err != nil {
		b.t.Fatal(err)
	}
	b.c = change.Case
	return code
}

// enter tries a code and stores the attempt, as a host must.
func (b *bench) enter(code string) error {
	change, err := b.p.CheckCode(b.c, code, b.now)
	if err == nil || errors.Is(err, dsr.ErrCode) {
		b.c = change.Case
	}
	return err
}

func wrongCode(code string) string {
	if strings.HasPrefix(code, "2") {
		return "3" + code[1:]
	}
	return "2" + code[1:]
}

func TestCodeProvesIdentity(t *testing.T) {
	b, code := waiting(t)
	if err := b.enter(" " + strings.ToLower(code[:4]) + " " + code[4:]); err != nil {
		t.Fatal(err)
	}
	b.reports(dsr.StateInProgress)
	if !b.c.Identity.VerifiedAt.Equal(b.now) {
		t.Errorf("got %+v", b.c.Identity)
	}
	// The proof outlives the code.
	b.after(365)
	if b.c.Identity.VerifiedAt.IsZero() {
		t.Error("the proof ended")
	}
	if err := b.enter(code); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("used twice: %v", err)
	}
}

func TestUsedCodeProvesNothingLater(t *testing.T) {
	b, code := waiting(t)
	if err := b.enter(code); err != nil {
		t.Fatal(err)
	}
	b.do(dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	if err := b.enter(code); !errors.Is(err, dsr.ErrCode) {
		t.Errorf("replayed: %v", err)
	}
}

func TestCodeIsGuessedInVain(t *testing.T) {
	b, code := waiting(t)
	for range dsr.CodeAttempts {
		if err := b.enter(wrongCode(code)); !errors.Is(err, dsr.ErrCode) || !errors.Is(err, privacy.ErrDenied) {
			t.Fatalf("got %v", err)
		}
	}
	if err := b.enter(code); !errors.Is(err, dsr.ErrCode) {
		t.Errorf("the right code after too many wrong ones: %v", err)
	}
	for b.c.Identity.Issued < dsr.CodesPerCase {
		code = b.issue()
	}
	if _, _, err := b.p.IssueCode(b.c, b.now); !errors.Is(err, dsr.ErrTooManyCodes) {
		t.Errorf("got %v", err)
	}
	if err := b.enter(code); err != nil {
		t.Errorf("the last code: %v", err)
	}
}

func TestLastAttemptCounts(t *testing.T) {
	b, code := waiting(t)
	for range dsr.CodeAttempts - 1 {
		_ = b.enter(wrongCode(code))
	}
	if err := b.enter(code); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestCodeExpires(t *testing.T) {
	b, code := waiting(t)
	b.now = b.now.Add(dsr.CodeLife - time.Second)
	early := *b
	if err := early.enter(code); err != nil {
		t.Errorf("just in time: %v", err)
	}
	b.now = b.now.Add(time.Second)
	if err := b.enter(code); !errors.Is(err, dsr.ErrCode) {
		t.Errorf("expired: %v", err)
	}
}

func TestNewCodeEndsTheOld(t *testing.T) {
	b, old := waiting(t)
	code := b.issue()
	if err := b.enter(old); !errors.Is(err, dsr.ErrCode) {
		t.Errorf("the old code: %v", err)
	}
	if err := b.enter(code); err != nil {
		t.Errorf("the new code: %v", err)
	}
}

func TestCodeOfAnotherCase(t *testing.T) {
	b, code := waiting(t)
	for name, change := range map[string]func(c *dsr.Case){
		"another case":   func(c *dsr.Case) { c.ID = "other" },
		"another tenant": func(c *dsr.Case) { c.Tenant = "u" },
	} {
		other := *b
		identity := *b.c.Identity
		other.c.Identity = &identity
		change(&other.c)
		if err := other.enter(code); !errors.Is(err, dsr.ErrCode) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCodeIsNotStored(t *testing.T) {
	b, code := waiting(t)
	data, err := json.Marshal(b.c)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), code) {
		t.Error("the code is in the case")
	}
	var again dsr.Case
	if err := privacy.DecodeJSON(data, &again); err != nil || !reflect.DeepEqual(again, b.c) {
		t.Errorf("got %+v, %v", again, err)
	}
}

func TestCodeOnlyWhereIdentityIsAwaited(t *testing.T) {
	b := open(t, "eu-gdpr", intake(regime.RequestAccess))
	if _, _, err := b.p.IssueCode(b.c, b.now); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if err := b.enter("23456789"); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	w, _ := waiting(t)
	other := procedureOf(t, "uk-gdpr")
	if _, _, err := other.IssueCode(w.c, w.now); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("another law: %v", err)
	}
	if _, err := other.CheckCode(w.c, "23456789", w.now); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("another law: %v", err)
	}
}

func TestServiceStoresAFailedAttempt(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestAccess, "")
	if _, err := d.IssueCode(t.Context(), "t", c.ID); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	ask := dsr.Command{Event: dsr.EventIdentityRequested, Actor: dsr.ActorStaff, ReasonableDoubt: true}
	if _, err := d.Handle(t.Context(), "t", c.ID, ask, ""); err != nil {
		t.Fatal(err)
	}
	code, err := d.IssueCode(t.Context(), "t", c.ID)
	if err != nil {
		t.Fatal(err)
	}
	c, err = d.CheckCode(t.Context(), "t", c.ID, wrongCode(code))
	if !errors.Is(err, dsr.ErrCode) || c.Identity.AttemptsLeft != dsr.CodeAttempts-1 {
		t.Errorf("got %+v, %v", c.Identity, err)
	}
	stored, err := d.store.Case(t.Context(), "t", c.ID)
	if err != nil || stored.Identity.AttemptsLeft != dsr.CodeAttempts-1 {
		t.Errorf("stored %+v, %v", stored.Identity, err)
	}
	if c, err = d.CheckCode(t.Context(), "t", c.ID, code); err != nil || c.State() != dsr.StateInProgress {
		t.Errorf("got %s, %v", c.State(), err)
	}
	if _, err := d.CheckCode(t.Context(), "t", "none", code); !errors.Is(err, privacy.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

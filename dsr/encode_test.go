package dsr_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

func fullCase(at time.Time) dsr.Case {
	return dsr.Case{
		Tenant: "t", ID: "c", Version: 3, Subject: "jane", Role: privacy.RoleController, Regime: "eu-gdpr@2018-05-25",
		Received: at, ContentHash: "00", ForwardedAt: at, Identity: &dsr.Challenge{Salt: "s", Hash: "h", Expires: at, VerifiedAt: at, Issued: 2},
		Items: []dsr.Item{{
			Request: regime.RequestErasure, Work: dsr.StateFulfilled, AppealedAt: at, Extension: &regime.ExtensionNotice{NoticeAt: at},
			Tasks: []dsr.Task{{ID: "t1", System: "crm", Action: dsr.ActionErase, Categories: []privacy.CategoryID{"name"}, NotBefore: at}},
		}},
	}
}

func TestACaseIsDecodedInMicroseconds(t *testing.T) {
	whole := time.Date(2026, 3, 2, 9, 30, 0, 123456000, time.UTC)
	data, err := dsr.EncodeCase(fullCase(whole.Add(999).In(time.FixedZone("UTC+1", 3600))))
	if err != nil {
		t.Fatal(err)
	}
	got, err := dsr.DecodeCase(data)
	if err != nil || !reflect.DeepEqual(got, fullCase(whole)) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestWhatIsNoCaseIsNotDecoded(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":                      "jane",
		"a member of a later release":  `{"tenant":"t","id":"jane","owner":"x"}`,
		"a state that nobody declared": `{"items":[{"request":"erasure","work":"jane"}]}`,
	} {
		if c, err := dsr.DecodeCase([]byte(text)); !errors.Is(err, privacy.ErrInvalid) || strings.Contains(err.Error(), "jane") || c.ID != "" {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	if _, err := dsr.EncodeCase(dsr.Case{Items: []dsr.Item{{}}}); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("an item in no state: %v", err)
	}
}

func TestRedactLeavesNothingThatIdentifies(t *testing.T) {
	before := fullCase(received)
	after := before.Redact()
	data, err := dsr.EncodeCase(after)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{`"jane"`, `"salt"`, `"hash"`} {
		if strings.Contains(string(data), secret) {
			t.Errorf("%s is left", secret)
		}
	}
	if before.Subject != "jane" || before.Identity.Hash != "h" {
		t.Error("the case that was passed was changed")
	}
	if !after.Redacted || after.Version != 4 || after.Identity.VerifiedAt != received || after.Items[0].Work != dsr.StateFulfilled {
		t.Errorf("got %+v", after)
	}
}

func TestUpdateValidatesEverythingAtOnce(t *testing.T) {
	u := dsr.Update{
		Case: dsr.Case{Tenant: "t", Version: 7}, Key: "k", Wakes: []dsr.Wake{{Tenant: "u", Kind: "d", Key: "k", Payload: "\xff"}},
		Effects: []privacy.Effect{{Tenant: "u"}}, Events: []privacy.Event{{Tenant: "u"}},
	}
	var problems privacy.Problems
	if !errors.As(u.Validate(), &problems) {
		t.Fatal("no problems")
	}
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	want := "case.id case.version case.items digest wakes[0] wakes[0].payload effects[0] effects[0] events[0]"
	if got := strings.Join(paths, " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

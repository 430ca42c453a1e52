package receipt_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/receipt"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest/outside"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func kantaraProfile() receipt.KantaraProfile {
	return receipt.KantaraProfile{PolicyURL: "https://labelop.example/privacy", Service: "LabelOp annotation service", Jurisdiction: "DE"}
}

// standing returns a receipt of consents that stand, one of them to sensitive data.
func standing(t testing.TB) receipt.Receipt {
	t.Helper()
	records := fill(t, memstore.NewConsent(nil), stream, facts()[:4]...)
	p := fullProfile()
	p.Controller.Phone = "+49 30 5550100"
	made, err := p.Receipt(register(t), "receipt-1", moment.Add(time.Hour), records)
	ok(t, err)
	return made
}

func TestAKantaraReceiptTellsWhatStands(t *testing.T) {
	k, err := standing(t).Kantara(kantaraProfile())
	ok(t, err)
	var purposes []string
	for _, p := range k.Services[0].Purposes {
		purposes = append(purposes, p.Categories[0])
		if p.Type != "EXPLICIT" || p.Disclosure != (p.Categories[0] == "marketing") {
			t.Errorf("got %+v", p)
		}
	}
	if !slices.Equal(purposes, []string{"marketing", "accessibility"}) || !k.Sensitive || !slices.Equal(k.SensitiveCategories, []string{"account.accessibility"}) ||
		k.Timestamp != moment.Add(3*time.Minute).Unix() || k.Controllers[0].Phone == "" || k.Language != "de" {
		t.Errorf("got %+v", k)
	}
}

func TestWhatHasNoKantaraReceipt(t *testing.T) {
	withdrawn, _ := made(t)
	if _, err := withdrawn.Kantara(kantaraProfile()); !errors.Is(err, privacy.ErrNotFound) {
		t.Errorf("withdrawn: %v", err)
	}
	over := standing(t)
	over.Created = moment.AddDate(1, 0, 0)
	if k, err := over.Kantara(kantaraProfile()); err != nil || len(k.Services[0].Purposes) != 1 {
		t.Errorf("a consent whose time is over: %v", err)
	}
	if _, err := standing(t).Kantara(receipt.KantaraProfile{}); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("no profile: %v", err)
	}
	if _, err := (receipt.Receipt{}).Kantara(kantaraProfile()); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("no receipt: %v", err)
	}
	records := fill(t, memstore.NewConsent(nil), stream, consent.Grant{Purposes: []privacy.PurposeID{"marketing"}, Evidence: evidence()})
	without, err := fullProfile().Receipt(register(t), "receipt-1", moment, records)
	ok(t, err)
	if _, err := without.Kantara(kantaraProfile()); err == nil || !strings.Contains(err.Error(), "piiControllers[0].phone") {
		t.Errorf("no telephone: %v", err)
	}
}

func readStandard(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(outside.Standard(t, "kantara-cr-1.1", name))
	ok(t, err)
	return data
}

func TestAKantaraReceiptFitsItsSchema(t *testing.T) {
	var schema map[string]any
	ok(t, json.Unmarshal(readStandard(t, "schema.stripped-of-comments.json"), &schema))
	k, err := standing(t).Kantara(kantaraProfile())
	ok(t, err)
	data, err := k.Encode()
	ok(t, err)
	var value any
	ok(t, json.Unmarshal(data, &value))
	if err := fits(schema, value, ""); err != nil {
		t.Error(err)
	}
	ok(t, json.Unmarshal(readStandard(t, filepath.Join("CR_v1_1", "kantara-consent-receipt-v1_1-example.json")), &value))
	if err := fits(schema, value, ""); err != nil {
		t.Errorf("the official example: %v", err)
	}
	visit(value, "", func(path string, object map[string]any) {
		for name, member := range object {
			object[name] = []any{1.5}
			// The schema says nothing of these.
			untyped := strings.Contains(path, "/address") || name == "thirdPartyName"
			if err := fits(schema, value, ""); err == nil && !untyped {
				t.Errorf("the schema's check accepts a number in %s/%s", path, name)
			}
			object[name] = member
		}
	})
}

// fits checks a value against the part of JSON Schema (draft 4) that the schema of
// Kantara uses.
func fits(schema map[string]any, value any, path string) error {
	for keyword, rule := range schema {
		var err error
		switch keyword {
		case "$schema":
		case "type":
			err = fitsType(rule.(string), value)
		case "minimum":
			if number, isNumber := value.(float64); isNumber && number < rule.(float64) {
				err = errors.New("too small")
			}
		case "enum":
			if !slices.ContainsFunc(rule.([]any), func(allowed any) bool { return reflect.DeepEqual(allowed, value) }) {
				err = errors.New("not one of the values")
			}
		case "required":
			object, _ := value.(map[string]any)
			for _, name := range rule.([]any) {
				if _, present := object[name.(string)]; !present {
					err = fmt.Errorf("%v is missing", name)
				}
			}
		case "properties":
			object, _ := value.(map[string]any)
			for name, inner := range rule.(map[string]any) {
				if member, present := object[name]; present {
					err = errors.Join(err, fits(inner.(map[string]any), member, path+"/"+name))
				}
			}
		case "items":
			list, _ := value.([]any)
			for i, element := range list {
				err = errors.Join(err, fits(rule.(map[string]any), element, fmt.Sprintf("%s/%d", path, i)))
			}
		case "oneOf":
			matched := 0
			for _, alternative := range rule.([]any) {
				if fits(alternative.(map[string]any), value, path) == nil {
					matched++
				}
			}
			if matched != 1 {
				err = fmt.Errorf("%d alternatives fit", matched)
			}
		default:
			err = fmt.Errorf("the keyword %s is not checked", keyword)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func fitsType(name string, value any) error {
	number, isNumber := value.(float64)
	var right bool
	switch name {
	case "object":
		_, right = value.(map[string]any)
	case "array":
		_, right = value.([]any)
	case "string":
		_, right = value.(string)
	case "boolean":
		_, right = value.(bool)
	case "integer":
		right = isNumber && number == float64(int64(number))
	}
	if !right {
		return fmt.Errorf("no %s", name)
	}
	return nil
}

// The official example names a country that does not exist, a type of consent that
// the specification does not know, and a third party to whom nothing is disclosed.
func TestReadingAKantaraReceiptIsLenient(t *testing.T) {
	k, problems, err := receipt.ReadKantara(readStandard(t, filepath.Join("CR_v1_1", "kantara-consent-receipt-v1_1-example.json")))
	ok(t, err)
	var paths []string
	for _, problem := range problems {
		paths = append(paths, problem.Path)
	}
	want := []string{"jurisdiction", "services[0].purposes[2].thirdPartyName", "services[0].purposes[3].consentType"}
	if !slices.Equal(paths, want) || len(k.Services[0].Purposes) != 4 || k.Controllers[0].Address.Country != "DW" {
		t.Errorf("got %v", problems)
	}
	if strings.Contains(problems.Error(), k.Principal) {
		t.Error("a problem names the subject")
	}
	if _, err := k.Encode(); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("it can be written: %v", err)
	}
}

func TestAKantaraReceiptComesBack(t *testing.T) {
	k, err := standing(t).Kantara(kantaraProfile())
	ok(t, err)
	data, err := k.Encode()
	ok(t, err)
	back, problems, err := receipt.ReadKantara([]byte(strings.Replace(string(data), "{", `{"vendor":{"x":1},`, 1)))
	if err != nil || len(problems) > 0 || !reflect.DeepEqual(back, k) {
		t.Errorf("got %+v, %v, %v", back, problems, err)
	}
}

func TestWhatIsNoKantaraReceipt(t *testing.T) {
	for _, data := range []string{"", "null", "[]", "1", "{", `{"version":1}`, `{"version":"a","version":"b"}`, "// comment\n{}", `{"x":"` + strings.Repeat("x", receipt.MaxSigned) + `"}`} {
		if _, _, err := receipt.ReadKantara([]byte(data)); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%.20q: %v", data, err)
		}
	}
}

func FuzzReadKantara(f *testing.F) {
	k, err := standing(f).Kantara(kantaraProfile())
	ok(f, err)
	data, err := k.Encode()
	ok(f, err)
	f.Add(data)
	f.Add([]byte(`{"services":[{"purposes":[{}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		read, problems, err := receipt.ReadKantara(data)
		if err != nil {
			return
		}
		if _, err := read.Encode(); (err == nil) != (len(problems) == 0) {
			t.Errorf("the problems %v do not say whether it can be written: %v", problems, err)
		}
	})
}

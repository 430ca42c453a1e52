package privacy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/labelop/privacykit/privacy"
)

func TestParseTagForms(t *testing.T) {
	for text, want := range map[string]privacy.Tag{
		"account":               {Category: "account"},
		"account.email":         {Category: "account.email"},
		"account.email,subject": {Category: "account.email", Subject: true},
		"a-1.b_2":               {Category: "a-1.b_2"},
		"-":                     {None: true},
		"role=controller":       {Role: privacy.RoleController},
		"role=processor":        {Role: privacy.RoleProcessor},
		"role=joint_controller": {Role: privacy.RoleJointController},
	} {
		got, err := privacy.ParseTag(text)
		if err != nil || got != want {
			t.Errorf("ParseTag(%q) = %+v, %v, want %+v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("tag %q prints as %q", text, got.String())
		}
	}
}

func TestParseTagRefusals(t *testing.T) {
	for rule, text := range map[string]string{
		"a tag is not empty":                "",
		"a category is required":            ",subject",
		"no white space":                    " account",
		"no white space after a comma":      "account, subject",
		"no capitals in a category":         "Account",
		"no empty level":                    "account..email",
		"no level at the end":               "account.",
		"options are known":                 "account,erase",
		"no empty option":                   "account,",
		"no empty option between":           "account,,subject",
		"an option stands once":             "account,subject,subject",
		"a subject key has a category":      "-,subject",
		"none has no option":                "-,none",
		"a role is known":                   "role=owner",
		"a role is not empty":               "role=",
		"a role stands alone":               "role=controller,subject",
		"a category has a greatest length":  strings.Repeat("a", privacy.MaxIDLength+1),
		"a role does not stand beside data": "account,role=controller",
	} {
		t.Run(rule, func(t *testing.T) {
			got, err := privacy.ParseTag(text)
			if !errors.Is(err, privacy.ErrInvalid) || got != (privacy.Tag{}) {
				t.Errorf("ParseTag(%q) = %+v, %v, want the zero tag and ErrInvalid", text, got, err)
			}
		})
	}
}

func FuzzParseTag(f *testing.F) {
	for _, seed := range []string{"account.email,subject", "-", "role=processor", "a,,b", "a=b", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tag, err := privacy.ParseTag(text)
		if err != nil {
			if !errors.Is(err, privacy.ErrInvalid) || tag != (privacy.Tag{}) {
				t.Fatalf("got %+v, %v, want the zero tag and ErrInvalid", tag, err)
			}
			return
		}
		if tag.String() != text {
			t.Fatalf("tag prints as %q, want what was parsed", tag.String())
		}
		forms := 0
		for _, set := range []bool{tag.None, tag.Role.Valid(), tag.Category != ""} {
			if set {
				forms++
			}
		}
		if forms != 1 || tag.Subject && tag.Category == "" {
			t.Fatalf("%+v is of no single form", tag)
		}
	})
}

package consent_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func TestPrepareRefusesWhatIsNotValid(t *testing.T) {
	plain, ambiguous := newWorld(t, setup{}), newWorld(t, setup{declare: bothRoles})
	with := func(use consent.Use, change func(*consent.Use)) consent.Use {
		use.Categories = slices.Clone(use.Categories)
		change(&use)
		return use
	}
	for name, c := range map[string]struct {
		use  consent.Use
		path string
	}{
		"an unknown purpose":           {with(serviceUse, func(u *consent.Use) { u.Purpose = "unknown" }), "purpose"},
		"no categories":                {with(serviceUse, func(u *consent.Use) { u.Categories = nil }), "categories"},
		"an unknown category":          {with(serviceUse, func(u *consent.Use) { u.Categories = append(u.Categories, "dreams") }), "categories[1]"},
		"no operation":                 {with(serviceUse, func(u *consent.Use) { u.Operation = 0 }), "operation"},
		"an unknown operation":         {with(serviceUse, func(u *consent.Use) { u.Operation = 99 }), "operation"},
		"a disclosure to nobody":       {with(modelUse, func(u *consent.Use) { u.Recipient = "" }), "recipient"},
		"an unknown recipient":         {with(modelUse, func(u *consent.Use) { u.Recipient = "anybody" }), "recipient"},
		"a recipient of no disclosure": {with(serviceUse, func(u *consent.Use) { u.Recipient = "model" }), "recipient"},
		"a country of no disclosure":   {with(serviceUse, func(u *consent.Use) { u.Country = "DE" }), "country"},
		"an unknown activity":          {with(serviceUse, func(u *consent.Use) { u.Activity = "unknown" }), "activity"},
		"an unknown exception":         {with(serviceUse, func(u *consent.Use) { u.Exception = 99 }), "exception"},
		"activities of two roles":      {annotationUse, "activity"},
	} {
		t.Run(name, func(t *testing.T) {
			w := plain
			if c.path == "activity" {
				w = ambiguous
			}
			_, err := w.gate.Prepare(c.use)
			wantErr(t, err, privacy.ErrInvalid)
			var problems privacy.Problems
			if !errors.As(err, &problems) || problems[0].Path != c.path {
				t.Errorf("got %v, want a problem at %s", err, c.path)
			}
		})
	}
	_, err := plain.gate.Prepare(consent.Use{})
	var problems privacy.Problems
	if !errors.As(err, &problems) || len(problems) != 3 {
		t.Errorf("got %v, want three problems at once", err)
	}
}

// bothRoles uses customers' content as controller too.
func bothRoles(d *privacy.Declaration) {
	purposeNamed(d, "annotation").Bases = []privacy.PurposeBasis{{Basis: privacy.BasisConsent, Condition: privacy.ConditionExplicitConsent}}
	d.Activities = append(d.Activities, privacy.Activity{
		ID: "research", Title: "Research", Purpose: "annotation", Role: privacy.RoleController, Subjects: []string{"People in content"},
		Categories: []privacy.CategoryID{"content"}, Operations: []privacy.Operation{privacy.OperationUse},
		Retention: privacy.RetentionLimit{Criteria: "none"}, OwnPurposeReason: "research of our own",
	})
}

func TestTheActivityDecidesTheRole(t *testing.T) {
	w := newWorld(t, setup{declare: bothRoles})
	for activity, want := range map[privacy.ActivityID]privacy.Role{"research": privacy.RoleController, "labelling": privacy.RoleProcessor} {
		use := annotationUse
		use.Activity = activity
		wantSame(t, "role", w.prepare(use).Role(), want)
	}
}

func TestPrepareRefusesWhatNoActivityDeclares(t *testing.T) {
	w := newWorld(t, setup{})
	with := func(use consent.Use, change func(*consent.Use)) consent.Use {
		change(&use)
		return use
	}
	for name, use := range map[string]consent.Use{
		"a category of another activity":  with(serviceUse, func(u *consent.Use) { u.Categories = []privacy.CategoryID{"billing"} }),
		"the whole of which a part is":    with(serviceUse, func(u *consent.Use) { u.Categories = []privacy.CategoryID{"account"} }),
		"one category too many":           with(serviceUse, func(u *consent.Use) { u.Categories = []privacy.CategoryID{"account.name", "usage"} }),
		"an operation":                    with(serviceUse, func(u *consent.Use) { u.Operation = privacy.OperationCombine }),
		"a recipient of another activity": with(modelUse, func(u *consent.Use) { u.Recipient = "tax" }),
		"a country":                       with(modelUse, func(u *consent.Use) { u.Country = "CN" }),
		"the activity of another purpose": with(serviceUse, func(u *consent.Use) { u.Activity = "newsletter" }),
	} {
		_, err := w.gate.Prepare(use)
		if !errors.Is(err, consent.ErrNotDeclared) || !errors.Is(err, privacy.ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMustPreparePanics(t *testing.T) {
	w := newWorld(t, setup{})
	w.gate.MustPrepare(serviceUse)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	w.gate.MustPrepare(consent.Use{Purpose: "unknown"})
}

func TestAPreparedUseIsImmutable(t *testing.T) {
	w := newWorld(t, setup{})
	asked := consent.Use{Purpose: "service", Categories: []privacy.CategoryID{"account.name"}, Operation: privacy.OperationUse}
	use := w.prepare(asked)
	asked.Categories[0] = "changed"
	use.Use().Categories[0] = "changed"
	wantSame(t, "category", use.Use().Categories[0], "account.name")
}

func TestExceptionsSurviveTheirText(t *testing.T) {
	for exception := consent.ExceptionNone; exception <= consent.ExceptionPublicInterest; exception++ {
		text, err := exception.MarshalText()
		must(t, err)
		wantSame(t, "text", string(text), exception.String())
		var back consent.RestrictionException
		must(t, back.UnmarshalText(text))
		wantSame(t, "exception", back, exception)
	}
	unknown := consent.ExceptionPublicInterest + 1
	wantSame(t, "unknown", unknown.String(), "unknown")
	_, err := unknown.MarshalText()
	wantErr(t, err, privacy.ErrInvalid)
	wantErr(t, unknown.UnmarshalText([]byte("mood")), privacy.ErrInvalid)
	for status, want := range map[consent.ConsentStatus]string{consent.ConsentNone: "none", consent.ConsentGranted: "granted", consent.ConsentExpired: "expired", 77: "unknown"} {
		wantSame(t, "status", status.String(), want)
	}
}

func TestStateOfAPurposeNobodyNamed(t *testing.T) {
	var state consent.State
	wantSame(t, "purpose", state.Purpose("a"), consent.PurposeState{Purpose: "a"})
	wantSame(t, "opt-out", state.OptOut(privacy.OptOutSale), consent.Mark{})
}

package dsr_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// lawOf is the day whose law cases without a date are judged by.
var lawOf = privacy.MustDate("2026-11-23")

// TestVectors runs the legal cases of testdata/vectors and of every directory
// in PRIVACYKIT_VECTORS.
func TestVectors(t *testing.T) {
	book := presets(t)
	privacytest.RunVectors(t, map[string]func(privacytest.Vector) error{
		"deadline":       func(v privacytest.Vector) error { return gradeDeadline(book, v) },
		"breach_clock":   func(v privacytest.Vector) error { return gradeBreach(book, v) },
		"dsr_transition": func(v privacytest.Vector) error { return gradeTransition(book, v) },
		"right_basis":    func(v privacytest.Vector) error { return gradeBasis(book, v) },
		"right_duty":     func(v privacytest.Vector) error { return gradeDuty(book, v) },
	})
}

func presets(t testing.TB) *regime.Book {
	t.Helper()
	book, err := regime.Presets()
	if err != nil {
		t.Fatal(err)
	}
	return book
}

type deadlineInput struct {
	Regime          regime.ID       `json:"regime"`
	RequestType     regime.Request  `json:"request_type"`
	ReceivedAt      time.Time       `json:"received_at"`
	Zone            string          `json:"zone"`
	HolidayCalendar string          `json:"holiday_calendar"`
	Rollover        regime.Rollover `json:"rollover"`
	AsOf            time.Time       `json:"as_of"`
	ControllerKind  string          `json:"controller_kind"`
	ControllerSize  string          `json:"controller_size"`
	Format          string          `json:"format"`
	Signal          string          `json:"signal"` // "gpc" is a valid request; the clock is the same
	PauseCounting   regime.Counting `json:"pause_counting"`
	Pauses          []struct {
		Kind   regime.Blocker `json:"kind"`
		Effect regime.Effect  `json:"effect"`
		From   privacy.Date   `json:"from"`
		To     privacy.Date   `json:"to"`
	} `json:"pauses"`
	Extension *struct {
		Days     int       `json:"days"`
		Months   int       `json:"months"`
		NoticeAt time.Time `json:"notice_at"`
		Ground   string    `json:"ground"`
		Reason   string    `json:"reason"`
	} `json:"extension"`
	Fee *struct {
		Notified  privacy.Date `json:"notified"`
		Confirmed privacy.Date `json:"confirmed"`
	} `json:"fee"`
}

func (in deadlineInput) query(v privacytest.Vector) (regime.Query, error) {
	zone, err := time.LoadLocation(in.Zone)
	if err != nil {
		return regime.Query{}, err
	}
	calendar, err := v.Calendar(in.HolidayCalendar)
	if err != nil {
		return regime.Query{}, err
	}
	if in.Signal != "" && in.Signal != "gpc" {
		return regime.Query{}, fmt.Errorf("unknown signal %q", in.Signal)
	}
	q := regime.Query{
		Request: in.RequestType, Received: in.ReceivedAt, Zone: zone, Calendar: calendar, Rollover: in.Rollover,
		Counting: in.PauseCounting, Format: in.Format, ControllerKind: in.ControllerKind,
		ControllerSize: in.ControllerSize, AsOf: in.AsOf,
	}
	for _, p := range in.Pauses {
		q.Pauses = append(q.Pauses, regime.Pause{Blocker: p.Kind, Effect: p.Effect, From: p.From, To: p.To})
	}
	if e := in.Extension; e != nil {
		q.Extension = &regime.ExtensionNotice{
			By:       regime.Term{Period: privacy.Period{Months: e.Months, Days: e.Days}},
			NoticeAt: e.NoticeAt, Ground: e.Ground, Reason: e.Reason,
		}
	}
	if in.Fee != nil {
		q.Fee = &regime.Fee{Notified: in.Fee.Notified, Confirmed: in.Fee.Confirmed}
	}
	return q, nil
}

func gradeDeadline(book *regime.Book, v privacytest.Vector) error {
	var in deadlineInput
	if err := privacytest.DecodeStrict(v.Input, &in); err != nil {
		return err
	}
	q, err := in.query(v)
	if err != nil {
		return err
	}
	r, err := book.InForce(in.Regime, privacy.DateOf(q.Received, q.Zone))
	if err != nil {
		return err
	}
	if q.Extension != nil {
		if clock, _ := r.Clock(in.RequestType); clock.Respond[0].Within.WorkingDays != 0 {
			q.Extension.By = regime.Term{WorkingDays: in.Extension.Days}
		}
	}
	d, err := r.Deadline(q)
	if err != nil {
		return err
	}
	return compare(v.Expect, map[string]any{
		"acknowledge_due":      date(d.Acknowledge),
		"clock_start_day":      date(d.Start),
		"due_date":             date(d.Due),
		"due_end_exclusive":    instant(d.DueEnd),
		"due_standard":         d.Standard,
		"extension_notice_due": date(d.ExtensionNotice),
		"extension_valid":      d.Extension == regime.ExtensionValid,
		"fee_reflection_ends":  date(d.FeeReflectionEnds),
		"on_expiry":            d.OnExpiry,
		"refusal_notice_due":   date(d.RefusalNotice),
		"state":                d.State,
		"suit_not_before":      date(d.SuitNotBefore),
		"target_date":          date(d.Target),
	})
}

func gradeBreach(book *regime.Book, v privacytest.Vector) error {
	var in struct {
		Regime     regime.ID   `json:"regime"`
		Role       string      `json:"role"`
		AwareAt    time.Time   `json:"aware_at"`
		NotifiedAt time.Time   `json:"notified_at"`
		Zone       string      `json:"zone"`
		Risk       regime.Risk `json:"risk"`
	}
	if err := privacytest.DecodeStrict(v.Input, &in); err != nil {
		return err
	}
	zone, err := time.LoadLocation(in.Zone)
	if err != nil {
		return err
	}
	facts := regime.BreachFacts{AwareAt: in.AwareAt, NotifiedAt: in.NotifiedAt, Zone: zone, Risk: in.Risk}
	if in.Role != "" {
		if facts.Role, err = privacy.ParseRole(in.Role); err != nil {
			return err
		}
	}
	r, err := book.InForce(in.Regime, privacy.DateOf(in.AwareAt, zone))
	if err != nil {
		return err
	}
	c, err := r.Breach(facts)
	if err != nil {
		return err
	}
	var notify any
	if c.NotifyController {
		notify = "controller"
	}
	return compare(v.Expect, map[string]any{
		"document":           c.Document,
		"due_conservative":   instant(c.Due),
		"due_literal_1182":   instant(c.DueLiteral),
		"due_standard":       c.Standard,
		"late":               c.Late,
		"notify":             notify,
		"notify_authority":   c.NotifyAuthority,
		"notify_subjects":    c.NotifySubjects,
		"requires":           []string(atLeast(c.Requires)),
		"rolls_over_weekend": false,
	})
}

type transitionInput struct {
	Regime      regime.ID      `json:"regime"`
	RequestType regime.Request `json:"request_type"`
	State       dsr.State      `json:"state"`
	Event       dsr.Event      `json:"event"`
	Actor       dsr.Actor      `json:"actor"`
	Context     struct {
		AuthorisedByController bool           `json:"authorised_by_controller"`
		AuthorityProven        bool           `json:"authority_proven"`
		DirectMarketing        bool           `json:"direct_marketing"`
		Evidence               bool           `json:"evidence"`
		Extended               bool           `json:"extended"`
		Ground                 string         `json:"ground"`
		Hold                   bool           `json:"hold"`
		LargeQuantity          bool           `json:"large_quantity"`
		Reason                 dsr.Reason     `json:"reason"`
		ReasonableDoubt        bool           `json:"reasonable_doubt"`
		ReasonablyRequired     bool           `json:"reasonably_required"`
		ReasonsGiven           bool           `json:"reasons_given"`
		RestrictionRequested   bool           `json:"restriction_requested"`
		Role                   privacy.Role   `json:"role"`
		Waited                 privacy.Period `json:"waited"`
		WithinFirstPeriod      bool           `json:"within_first_period"`
	} `json:"context"`
}

func (in transitionInput) facts(r *regime.Regime) dsr.Facts {
	c := in.Context
	facts := dsr.Facts{
		Actor: in.Actor, Role: c.Role, AuthorisedByController: c.AuthorisedByController,
		AuthorityProven: c.AuthorityProven, ReasonableDoubt: c.ReasonableDoubt, DirectMarketing: c.DirectMarketing,
		LargeQuantity: c.LargeQuantity, ReasonablyRequired: c.ReasonablyRequired, WithinFirstPeriod: c.WithinFirstPeriod,
		ReasonsGiven: c.ReasonsGiven, Extended: c.Extended, Evidence: c.Evidence, Hold: c.Hold,
		RestrictionRequested: c.RestrictionRequested, Ground: c.Ground, Reason: c.Reason,
	}
	if facts.Actor == 0 {
		facts.Actor = in.Event.Usual()
	}
	if facts.Role == 0 {
		facts.Role = privacy.RoleController
		if facts.Actor == dsr.ActorProcessor {
			facts.Role = privacy.RoleProcessor
		}
	}
	if blocker, ok := dsr.BlockerOf(in.State); ok {
		rule, ok := r.Silent(regime.Blocker(blocker.String()))
		asked := privacy.MustDate("2026-01-01")
		facts.WaitElapsed = ok && !asked.Add(c.Waited).Before(asked.Add(rule.After))
	}
	return facts
}

func gradeTransition(book *regime.Book, v privacytest.Vector) error {
	var in transitionInput
	if err := privacytest.DecodeStrict(v.Input, &in); err != nil {
		return err
	}
	r, err := book.InForce(in.Regime, lawOf)
	if err != nil {
		return err
	}
	law, err := dsr.NewLaw(r, in.RequestType)
	if err != nil {
		return err
	}
	facts := in.facts(r)
	step, err := dsr.Next(law, in.State, in.Event, &facts)
	if err != nil {
		return compare(v.Expect, map[string]any{"error": err.Error()})
	}
	var timer any
	if step.Timer != nil {
		timer = step.Timer
	}
	duties := []string{}
	for _, duty := range step.Duties.All() {
		duties = append(duties, duty.String())
	}
	return compare(v.Expect, map[string]any{
		"alert":             step.Alert,
		"clock":             step.Clock.String(),
		"complaint_open":    step.ComplaintOpen,
		"duties":            duties,
		"evidence":          atLeast(step.Evidence()),
		"extended":          step.Extended,
		"keep_original_due": step.KeepOriginalDue,
		"keep_record":       step.KeepRecord,
		"must_include":      atLeast(step.MustInclude),
		"must_notify":       step.MustNotify,
		"overdue":           step.Overdue,
		"reason":            step.Reason,
		"reopened":          step.Reopened,
		"side_effect":       step.SideEffect.String(),
		"state":             step.To,
		"timer":             timer,
	})
}

func gradeBasis(book *regime.Book, v privacytest.Vector) error {
	var in struct {
		Regime     regime.ID      `json:"regime"`
		LegalBasis string         `json:"legal_basis"`
		Right      privacy.Right  `json:"right"`
		Context    map[string]any `json:"context"`
	}
	if err := privacytest.DecodeStrict(v.Input, &in); err != nil {
		return err
	}
	claim := regime.Claim{Right: in.Right, Facts: regime.Facts{}}
	var err error
	switch in.LegalBasis {
	case "n/a":
	case "explicit_consent_art9":
		claim.Basis, claim.Condition = privacy.BasisConsent, privacy.ConditionExplicitConsent
	default:
		if claim.Basis, err = privacy.ParseLegalBasis(in.LegalBasis); err != nil {
			return err
		}
	}
	for name, value := range in.Context {
		switch value := value.(type) {
		case bool:
			claim.Facts[name] = value
		case string:
			claim.Facts[name+":"+value] = true
		default:
			return fmt.Errorf("fact %s is neither true, false nor a code", name)
		}
	}
	r, err := book.InForce(in.Regime, lawOf)
	if err != nil {
		return err
	}
	ruling, err := r.Decide(claim)
	if err != nil {
		return err
	}
	return compare(v.Expect, map[string]any{
		"applies": ruling.Applies, "outcome": ruling.Outcome, "grounds": []string(atLeast(ruling.Grounds)),
	})
}

func gradeDuty(book *regime.Book, v privacytest.Vector) error {
	var in struct {
		Regime    regime.ID      `json:"regime"`
		Right     regime.Request `json:"right"`
		Event     string         `json:"event"`
		Operation string         `json:"operation"`
		Context   struct {
			MadePublic             bool `json:"made_public"`
			NotificationImpossible bool `json:"notification_impossible"`
		} `json:"context"`
	}
	if err := privacytest.DecodeStrict(v.Input, &in); err != nil {
		return err
	}
	r, err := book.InForce(in.Regime, lawOf)
	if err != nil {
		return err
	}
	switch in.Event {
	case "refuse":
		notice, _ := r.Notice(regime.NoticeRefusal, in.Right)
		return compare(v.Expect, map[string]any{"must_include": atLeast(notice.MustInclude), "within": notice.Within})
	case "fulfil":
		duties := r.OnFulfilment(in.Right, regime.Fulfilment{
			NotificationImpossible: in.Context.NotificationImpossible, MadePublic: in.Context.MadePublic,
		})
		return compare(v.Expect, map[string]any{
			"notify_recipients":        duties.NotifyRecipients,
			"record_reason":            duties.RecordReason,
			"inform_other_controllers": duties.InformOtherControllers,
		})
	case "lift_restriction":
		return compare(v.Expect, map[string]any{"inform_subject_before": r.Duties.InformBeforeLifting.Owed})
	case "process_restricted":
		return compare(v.Expect, map[string]any{"allowed": r.MayProcessRestricted(in.Operation)})
	}
	return fmt.Errorf("unknown event %q", in.Event)
}

// minimum is a list that must hold at least what a case expects: the law says
// what a message or a record must contain, never that it contains nothing else.
type minimum []string

func atLeast[S ~string](items []S) minimum {
	list := minimum{}
	for _, item := range items {
		list = append(list, string(item))
	}
	return list
}

// compare checks every member that a case expects against the actual values. A
// member that is not among them is an error.
func compare(expect json.RawMessage, actual map[string]any) error {
	var want map[string]json.RawMessage
	if err := privacytest.DecodeStrict(expect, &want); err != nil {
		return err
	}
	var problems privacy.Problems
	for name, wanted := range want {
		got, ok := actual[name]
		if !ok {
			problems.Add(name, "absent", "nothing of that name came out; all of it: %v", actual)
			continue
		}
		if err := same(got, wanted); err != nil {
			problems.Add(name, "differs", "%v", err)
		}
	}
	return problems.Err()
}

func same(got any, wanted json.RawMessage) error {
	if list, ok := got.(minimum); ok {
		var items []string
		if err := json.Unmarshal(wanted, &items); err != nil {
			return err
		}
		for _, item := range items {
			if !slices.Contains(list, item) {
				return fmt.Errorf("got %v, want at least %s", list, wanted)
			}
		}
		return nil
	}
	gotJSON, err := privacy.CanonicalJSON(got)
	if err != nil {
		return err
	}
	wantJSON, err := privacy.CanonicalizeJSON(wanted)
	if err != nil {
		return err
	}
	if string(gotJSON) != string(wantJSON) {
		return fmt.Errorf("got %s, want %s", gotJSON, wantJSON)
	}
	return nil
}

// date returns a date as the cases write it.
func date(d privacy.Date) any {
	if d.IsZero() {
		return nil
	}
	return d.String()
}

// instant returns a time as the cases write it.
func instant(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format("2006-01-02T15:04:05-07:00")
}

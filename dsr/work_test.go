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
	"github.com/labelop/privacykit/privacy/privacytest"
)

// inWork returns a case whose erasure is in progress with one task, and its
// procedure.
func inWork(t *testing.T) (*dsr.Procedure, dsr.Case) {
	t.Helper()
	r, err := presets(t).InForce("eu-gdpr", lawOf)
	if err != nil {
		t.Fatal(err)
	}
	p, err := dsr.NewProcedure(r, time.UTC, privacy.WeekdaysOnly())
	if err != nil {
		t.Fatal(err)
	}
	in := asking(regime.RequestErasure)
	in.ID, in.Received = "c", received
	opened, err := p.Open(in)
	if err != nil {
		t.Fatal(err)
	}
	change, err := p.Together(opened.Case,
		func(c dsr.Case) (dsr.Change, error) {
			return p.Handle(c, dsr.Command{Event: dsr.EventBegin, Actor: dsr.ActorStaff, At: received})
		},
		func(c dsr.Case) (dsr.Change, error) {
			return p.Plan(c, 0, []dsr.Task{{ID: "e", System: "crm", Action: dsr.ActionErase, Categories: []privacy.CategoryID{"name", "photo"}}}, received)
		})
	if err != nil {
		t.Fatal(err)
	}
	if change.Case.Version != 2 || len(change.Entries) != 2 || change.Case.Items[0].Work != dsr.StateInProgress {
		t.Fatalf("got %+v", change)
	}
	return p, change.Case
}

func TestTogetherIsAllOrNothing(t *testing.T) {
	p, c := inWork(t)
	before := copyOf(c)
	wrong := errors.New("wrong")
	change, err := p.Together(c,
		func(c dsr.Case) (dsr.Change, error) { return p.StartTask(c, 0, "e", received) },
		func(dsr.Case) (dsr.Change, error) { return dsr.Change{}, wrong })
	if !errors.Is(err, wrong) || !reflect.DeepEqual(change, dsr.Change{}) || !reflect.DeepEqual(c, before) {
		t.Errorf("got %+v, %v", change, err)
	}
	if change, err = p.Together(c); err != nil || change.Case.Version != c.Version+1 || len(change.Entries) != 0 {
		t.Errorf("nothing together: %+v, %v", change, err)
	}
}

func TestLostAttemptIsBegunAnew(t *testing.T) {
	p, c := inWork(t)
	until := received.Add(time.Minute)
	change, err := p.AttemptTask(c, 0, "e", until, received)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.AttemptTask(change.Case, 0, "e", until, until.Add(-1)); !errors.Is(err, dsr.ErrTask) {
		t.Errorf("begun while the first is under way: %v", err)
	}
	again, err := p.AttemptTask(change.Case, 0, "e", until.Add(time.Minute), until)
	if err != nil || again.Case.Items[0].Tasks[0].Attempts != 2 || len(again.Entries) != 1 {
		t.Errorf("got %+v, %v", again, err)
	}
	forever, err := p.StartTask(c, 0, "e", received)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.AttemptTask(forever.Case, 0, "e", until, received.AddDate(1, 0, 0)); !errors.Is(err, dsr.ErrTask) {
		t.Errorf("an attempt that is never lost was begun anew: %v", err)
	}
}

// The log says of a task which data it concerns, which attempt it was and what
// came of it, and of a protection what began and ended.
func TestLogOfTheWork(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestErasure, "")
	invoice := dsr.Protection{System: "crm", Category: "name", Ground: "17(3)(e)", Source: "hold-1"}
	for _, change := range []func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error){
		func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
			return p.Handle(c, dsr.Command{Event: dsr.EventBegin, Actor: dsr.ActorStaff, At: received})
		},
		func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
			return p.Plan(c, 0, []dsr.Task{{ID: "e", System: "crm", Action: dsr.ActionErase, Categories: []privacy.CategoryID{"name", "photo"}}}, received)
		},
		func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) { return p.Protect(c, 0, invoice, received) },
		func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) { return p.StartTask(c, 0, "e", received) },
		func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
			return p.FailTask(c, 0, "e", "timeout", received.Add(time.Minute), received)
		},
		func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
			return p.StartTask(c, 0, "e", received.Add(time.Minute))
		},
		func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
			return p.FinishTask(c, 0, "e", "receipt-1", received)
		},
		func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) { return p.Release(c, 0, "hold-1", received) },
	} {
		if _, err := d.Work(t.Context(), "t", c.ID, "", "", change); err != nil {
			t.Fatal(err)
		}
	}
	lines, err := d.store.Log(t.Context(), "t", c.ID, 2, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range lines {
		var l struct {
			Task       json.RawMessage `json:"task"`
			Protection json.RawMessage `json:"protection"`
			Change     string          `json:"protection_change"`
		}
		if err := json.Unmarshal([]byte(line.Payload), &l); err != nil {
			t.Fatal(err)
		}
		got = append(got, string(l.Task)+string(l.Protection)+l.Change)
	}
	const protection = `{"category":"name","ground":"17(3)(e)","source":"hold-1","system":"crm"}`
	want := []string{
		`{"action":"erase","categories":["name","photo"],"id":"e","state":"pending","system":"crm"}`,
		protection + "protected",
		`{"action":"erase","attempt":1,"categories":["photo"],"id":"e","state":"running","system":"crm","withheld":["name"]}`,
		`{"action":"erase","attempt":1,"categories":["photo"],"id":"e","problem":"timeout","state":"pending","system":"crm","withheld":["name"]}`,
		`{"action":"erase","attempt":2,"categories":["photo"],"id":"e","problem":"timeout","state":"running","system":"crm","withheld":["name"]}`,
		`{"action":"erase","attempt":2,"categories":["photo"],"evidence":"receipt-1","id":"e","state":"done","system":"crm","withheld":["name"]}`,
		`{"action":"erase","categories":["name"],"id":"remainder-2","state":"pending","system":"crm"}`,
		protection + "released",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestReminders(t *testing.T) {
	store, clock := newMemory(), privacytest.NewClock(received)
	service, err := dsr.NewService(store, dsr.Options{
		Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Clock: clock, IDs: privacytest.NewIDs("case"), RemindDays: []int{7, 60},
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := service.Open(t.Context(), "eu-gdpr", asking(regime.RequestAccess), "")
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2026, 12, 17, 0, 0, 0, 0, time.UTC) // the due day is the 24th
	leases, err := store.Claim(t.Context(), end.Add(-1), end, 10)
	if err != nil || len(leases) != 0 {
		t.Fatalf("woken too early, or for a day that was over: %+v, %v", leases, err)
	}
	leases, err = store.Claim(t.Context(), end, end.Add(time.Minute), 10)
	if err != nil || len(leases) != 1 || leases[0].Kind != dsr.WakeReminder {
		t.Fatalf("got %+v, %v", leases, err)
	}
	reminder, err := leases[0].Reminder()
	if err != nil || reminder != (dsr.Reminder{Case: c.ID, Due: privacy.MustDate("2026-12-24")}) {
		t.Fatalf("got %+v, %v", reminder, err)
	}
	p, err := service.Procedure(c)
	if err != nil {
		t.Fatal(err)
	}
	if due, err := p.StillDue(c, reminder, end); !due || err != nil {
		t.Errorf("not due: %v", err)
	}
	extended, err := service.Handle(t.Context(), "t", c.ID, dsr.Command{
		Event: dsr.EventExtend, Actor: dsr.ActorStaff, Ground: "complexity", Explanation: "message-1",
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	if due, err := p.StillDue(extended, reminder, end); due || err != nil {
		t.Errorf("due on a day that moved: %v", err)
	}
	for _, lease := range []dsr.Lease{
		{Wake: dsr.Wake{Kind: dsr.WakeDeadline, Payload: `{}`}}, {Wake: dsr.Wake{Kind: dsr.WakeReminder, Payload: "?"}},
		{Wake: dsr.Wake{Kind: dsr.WakeReminder, Payload: `{"item":-1}`}},
	} {
		if _, err := lease.Reminder(); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%+v is taken for a reminder", lease)
		}
	}
	if _, err := p.StillDue(c, dsr.Reminder{Item: 7}, end); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("an item that is not there: %v", err)
	}
}

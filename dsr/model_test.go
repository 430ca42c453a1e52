package dsr_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// TestRandomSequences runs random events on random cases and holds them to what
// must never happen: an undeclared state, a lost case or item, an erasure of
// what a ground protects, a second extension, an answer by a processor without
// authority, a change of the version that was passed.
func TestRandomSequences(t *testing.T) {
	sequences := 100_000
	if testing.Short() {
		sequences = 5_000
	}
	var procedures []*dsr.Procedure
	var requests [][]regime.Request
	book := presets(t)
	for _, id := range []regime.ID{"eu-gdpr", "uk-gdpr", "us-ca-ccpa", "us-co-cpa", "ca-pipeda", "ch-fadp"} {
		r, err := book.InForce(id, lawOf)
		if err != nil {
			t.Fatal(err)
		}
		p, err := dsr.NewProcedure(r, time.UTC, privacy.WeekdaysOnly())
		if err != nil {
			t.Fatal(err)
		}
		procedures = append(procedures, p)
		var known []regime.Request
		for _, request := range regime.Requests() {
			if _, ok := r.Clock(request); ok {
				known = append(known, request)
			}
		}
		requests = append(requests, known)
	}
	reached := map[dsr.State]int{}
	for seed := range sequences {
		random := rand.New(rand.NewPCG(uint64(seed), 7))
		n := random.IntN(len(procedures))
		m := &model{p: procedures[n], random: random, extended: map[int]int{}, appealExtended: map[int]int{}}
		if err := m.run(requests[n]); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for i := range m.c.Items {
			reached[m.c.Reported(i)]++
		}
	}
	for _, s := range dsr.States() {
		if reached[s] == 0 {
			t.Errorf("no sequence ends in %s", s)
		}
	}
}

// model is one case and what must be true of it.
type model struct {
	p              *dsr.Procedure
	random         *rand.Rand
	c              dsr.Case
	now            time.Time
	extended       map[int]int
	appealExtended map[int]int
	tasks          int
	// holds is the model's own record of what is protected.
	holds []hold
}

type hold struct {
	item int
	dsr.Protection
}

func (m *model) today() privacy.Date { return privacy.DateOf(m.now, time.UTC) }

var received = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func (m *model) run(known []regime.Request) error {
	m.now = received
	in := m.intake(known)
	change, err := m.p.Open(in)
	if err != nil {
		return err
	}
	if len(change.Case.Items) != len(in.Requests) {
		return fmt.Errorf("asked for %d rights, got %d items", len(in.Requests), len(change.Case.Items))
	}
	m.c = change.Case
	for range 5 + m.random.IntN(20) {
		m.now = m.now.Add(time.Duration(m.random.IntN(15*24)) * time.Hour)
		if err := m.act(); err != nil {
			return err
		}
	}
	return nil
}

func (m *model) intake(known []regime.Request) dsr.Intake {
	in := dsr.Intake{
		Tenant: "t", ID: "c", Subject: "s", Role: privacy.RoleController, Received: received,
		ContentHash: "00", Channel: "web_form", Actor: pick(m.random, dsr.ActorSubject, dsr.ActorAgent, dsr.ActorStaff),
		AgentProven: m.chance(2),
	}
	if m.chance(4) {
		in.Role = privacy.RoleProcessor
		if m.chance(3) {
			in.Authority = "contract-7"
		}
	}
	for range 1 + m.random.IntN(3) {
		in.Requests = append(in.Requests, dsr.Asked{
			Request: pick(m.random, known...), DirectMarketing: m.chance(3), RestrictionRequested: m.chance(2),
		})
	}
	return in
}

func (m *model) chance(n int) bool { return m.random.IntN(n) == 0 }

func pick[T any](random *rand.Rand, values ...T) T { return values[random.IntN(len(values))] }

// act does one random thing and checks what came of it.
func (m *model) act() error {
	item := m.random.IntN(len(m.c.Items))
	before := m.c
	var snapshot dsr.Case
	watch := m.chance(20)
	if watch {
		snapshot = copyOf(m.c)
	}
	var change dsr.Change
	var err error
	var event dsr.Event
	if m.chance(3) {
		change, err = m.work(item)
	} else {
		cmd := m.command(item)
		event = cmd.Event
		change, err = m.p.Handle(m.c, cmd)
	}
	if watch && !reflect.DeepEqual(before, snapshot) {
		return fmt.Errorf("%s changed the version that was passed", event)
	}
	if err != nil {
		if change.Case.Version != 0 {
			return fmt.Errorf("%s: an error and a change", event)
		}
		return nil
	}
	m.c = change.Case
	return m.check(before, change)
}

func copyOf(c dsr.Case) dsr.Case {
	c.Items = slices.Clone(c.Items)
	for i := range c.Items {
		it := &c.Items[i]
		it.Pauses, it.Protections, it.Tasks = slices.Clone(it.Pauses), slices.Clone(it.Protections), slices.Clone(it.Tasks)
		for t := range it.Tasks {
			it.Tasks[t].Categories = slices.Clone(it.Tasks[t].Categories)
			it.Tasks[t].Withheld = slices.Clone(it.Tasks[t].Withheld)
		}
	}
	return c
}

// command is a random command, most often one that the state accepts.
func (m *model) command(item int) dsr.Command {
	event := pick(m.random, dsr.Events()...)
	if !m.chance(4) {
		var likely []dsr.Event
		for _, e := range dsr.Events() {
			if len(dsr.Targets(m.c.Reported(item), e)) > 0 {
				likely = append(likely, e)
			}
		}
		if len(likely) > 0 {
			event = pick(m.random, likely...)
		}
	}
	cmd := dsr.Command{
		Event: event, Item: item, Actor: event.Usual(), At: m.now,
		Ground: pick(m.random, "complexity", "number", "resources", ""), Reason: pick(m.random, dsr.Reason(""), "manifestly_excessive"),
		Explanation: pick(m.random, "", "message-1", "message-1", "message-1"), Evidence: !m.chance(4), ReasonableDoubt: m.chance(2), LargeQuantity: m.chance(2),
		ReasonablyRequired: m.chance(2), RestrictionRequested: m.chance(2), MadePublic: m.chance(2),
		NotificationImpossible: m.chance(4), ForwardTo: "controller",
	}
	if m.chance(6) {
		cmd.Actor = pick(m.random, dsr.Actors()...)
	}
	if m.chance(4) {
		cmd.Authority = "letter-3"
	}
	if m.chance(6) {
		cmd.Extension = regime.Term{Period: privacy.Period{Days: m.random.IntN(100)}}
	}
	return cmd
}

// work is a random step of the work on an item.
func (m *model) work(item int) (dsr.Change, error) {
	system, category := pick(m.random, privacy.SystemID("crm"), "mail"), pick(m.random, privacy.CategoryID("name"), "invoice", "photo")
	var id dsr.TaskID
	if tasks := m.c.Items[item].Tasks; len(tasks) > 0 {
		id = tasks[m.random.IntN(len(tasks))].ID
	}
	switch m.random.IntN(10) {
	case 7:
		return m.p.AttemptTask(m.c, item, id, m.now.Add(time.Hour), m.now)
	case 8:
		if m.chance(2) {
			return m.p.RepeatTask(m.c, item, id, "still_held", pick(m.random, time.Time{}, m.now.Add(time.Hour)), m.now)
		}
		return m.p.PostponeTask(m.c, item, id, "ticket", m.now.Add(time.Hour), m.now)
	case 9:
		return m.p.ResumeTask(m.c, item, id, m.now)
	case 0:
		m.tasks++
		erase := dsr.Task{ID: dsr.TaskID(fmt.Sprint("erase", m.tasks)), System: system, Action: dsr.ActionErase, Categories: []privacy.CategoryID{"name", "invoice"}}
		verify := dsr.Task{ID: dsr.TaskID(fmt.Sprint("verify", m.tasks)), System: system, Action: dsr.ActionVerify, After: []dsr.TaskID{erase.ID}}
		return m.p.Plan(m.c, item, []dsr.Task{erase, verify}, m.now)
	case 1:
		p := dsr.Protection{
			System: system, Category: category, Ground: pick(m.random, "17(3)(b)", "17(3)(e)", ""), Source: pick(m.random, "hold-1", "hold-2"),
			Until: pick(m.random, privacy.Date{}, m.today().AddDays(20)), Record: pick(m.random, "", "", "r1", "r2"),
		}
		change, err := m.p.Protect(m.c, item, p, m.now)
		if err == nil {
			m.holds = append(m.holds, hold{item, p})
		}
		return change, err
	case 2:
		source := pick(m.random, "hold-1", "hold-2", "")
		change, err := m.p.Release(m.c, item, source, m.now)
		if err == nil {
			m.holds = slices.DeleteFunc(m.holds, func(h hold) bool {
				return h.item == item && (h.Source == source || !h.Until.IsZero() && h.Until.Before(m.today()))
			})
		}
		return change, err
	case 3, 4:
		return m.p.StartTask(m.c, item, id, m.now)
	case 5:
		return m.p.FinishTask(m.c, item, id, "proof-1", m.now)
	}
	return m.p.FailTask(m.c, item, id, "timeout", pick(m.random, time.Time{}, m.now.Add(time.Hour), m.now.Add(time.Hour)), m.now)
}

// check holds a change to what must always be true.
func (m *model) check(before dsr.Case, change dsr.Change) error {
	after := change.Case
	if after.Version != before.Version+1 || after.ID != before.ID || after.Tenant != before.Tenant ||
		after.Subject != before.Subject || after.Received != before.Received || len(after.Items) != len(before.Items) {
		return fmt.Errorf("the case was lost: %+v", after)
	}
	if len(after.Items) > 0 && after.State() == 0 {
		return fmt.Errorf("the case has no state")
	}
	for _, entry := range change.Entries {
		if err := m.checkEntry(before, change, entry); err != nil {
			return err
		}
	}
	for i := range after.Items {
		if err := m.checkItem(after, i); err != nil {
			return err
		}
	}
	for _, effect := range change.Effects {
		if err := effect.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// answers are the events by which a request is decided.
var answers = []dsr.Event{dsr.EventFulfil, dsr.EventFulfilPartially, dsr.EventRefuse, dsr.EventExtend, dsr.EventIdentityFailed, dsr.EventAppealDenied}

func (m *model) checkEntry(before dsr.Case, change dsr.Change, entry dsr.Entry) error {
	if entry.Event == 0 {
		if entry.TaskState == dsr.TaskRunning {
			return m.checkAttempt(&before.Items[entry.Item], &change.Case.Items[entry.Item], entry)
		}
		return nil
	}
	if !slices.Contains(dsr.Targets(entry.From, entry.Event), entry.To) {
		return fmt.Errorf("%s on %s led to %s, which the table does not declare", entry.From, entry.Event, entry.To)
	}
	if before.Role == privacy.RoleProcessor && before.Authority == "" && slices.Contains(answers, entry.Event) {
		return fmt.Errorf("a processor without authority: %s", entry.Event)
	}
	if before.Role == privacy.RoleProcessor && before.Authority == "" && entry.To == dsr.StateRefused {
		return fmt.Errorf("a processor without authority refuses on %s", entry.Event)
	}
	if entry.Event == dsr.EventAppeal {
		delete(m.appealExtended, entry.Item)
	}
	if entry.Event == dsr.EventExtend {
		// An appeal has a period of its own.
		extended := m.extended
		if entry.From == dsr.StateAppealOpen {
			extended = m.appealExtended
		}
		if extended[entry.Item]++; extended[entry.Item] > 1 {
			return fmt.Errorf("extended twice")
		}
	}
	if entry.Event == dsr.EventFulfil && (change.Case.Items[entry.Item].Held() || change.Case.Items[entry.Item].TasksOpen()) {
		return fmt.Errorf("fulfilled while something is withheld or to be done")
	}
	if len(before.Items) == 1 && before.Blockers == 0 && change.Case.Reported(0) != entry.To && len(change.Entries) == 1 {
		return fmt.Errorf("%s led to %s, but %s is reported", entry.Event, entry.To, change.Case.Reported(0))
	}
	return nil
}

func (m *model) checkItem(c dsr.Case, i int) error {
	it := &c.Items[i]
	if it.Work.Pending() || it.Work == 0 {
		return fmt.Errorf("the work of an item is %s", it.Work)
	}
	if !slices.Contains(dsr.States(), c.Reported(i)) {
		return fmt.Errorf("item %d reports %s", i, c.Reported(i))
	}
	if _, err := m.p.Deadline(c, i, m.now); err != nil {
		return fmt.Errorf("no deadline: %w", err)
	}
	return nil
}

// checkAttempt holds an attempt that began just now to the model's own record.
func (m *model) checkAttempt(before, it *dsr.Item, entry dsr.Entry) error {
	at := slices.IndexFunc(it.Tasks, func(t dsr.Task) bool { return t.ID == entry.Task })
	task := it.Tasks[at]
	switch {
	case before.Tasks[at].State == dsr.TaskRunning && !before.Tasks[at].Lost(m.now):
		return fmt.Errorf("task %s began while an attempt was under way", task.ID)
	case task.Attempts != before.Tasks[at].Attempts+1:
		return fmt.Errorf("attempt %d of task %s came after %d", task.Attempts, task.ID, before.Tasks[at].Attempts)
	case task.NotBefore.After(m.now):
		return fmt.Errorf("task %s began before its time", task.ID)
	case !it.Work.Open():
		return fmt.Errorf("task %s began although the item is %s", task.ID, it.Work)
	case m.c.Role == privacy.RoleProcessor && m.c.Authority == "":
		return fmt.Errorf("task %s began for a processor without authority", task.ID)
	}
	for _, h := range m.holds {
		spared := slices.Contains(task.Spared, dsr.Record{Category: h.Category, Key: h.Record})
		if task.Action == dsr.ActionErase && h.item == entry.Item && h.System == task.System && slices.Contains(task.Categories, h.Category) && !spared {
			return fmt.Errorf("task %s erases %s, which %s protects", task.ID, h.Category, h.Source)
		}
	}
	return nil
}

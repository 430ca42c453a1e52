package fulfilment_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// record is one thing that a fake system holds.
type record struct {
	tenant   privacy.TenantID
	subject  privacy.SubjectID
	category privacy.CategoryID
	key      string
}

// fakeSystem is a system that keeps the contract of connectors: an effect takes
// place once per key, and a token that is less than one it has seen is refused.
type fakeSystem struct {
	id privacy.SystemID

	lock    sync.Mutex
	records []record
	// effects counts how often each key took effect, calls how often it came.
	effects, calls map[string]int
	tokens         map[string]uint64
	seen           []fulfilment.Call
	// before, if not nil, is asked before a call does anything; after, when it
	// did and has not answered yet.
	before, after func(ctx context.Context, call fulfilment.Call) (fulfilment.Result, error, bool)
	// lies: it claims to have erased and did not.
	lies bool
	// verifies is the error of Verify.
	verifies error
}

func newSystem(id privacy.SystemID) *fakeSystem {
	return &fakeSystem{id: id, effects: map[string]int{}, calls: map[string]int{}, tokens: map[string]uint64{}}
}

func (s *fakeSystem) set(change func(s *fakeSystem)) {
	s.lock.Lock()
	defer s.lock.Unlock()
	change(s)
}

func (s *fakeSystem) hold(records ...record) {
	s.set(func(s *fakeSystem) { s.records = append(s.records, records...) })
}

// left returns what is still held of a subject.
func (s *fakeSystem) left(tenant privacy.TenantID, subject privacy.SubjectID) []record {
	s.lock.Lock()
	defer s.lock.Unlock()
	var left []record
	for _, r := range s.records {
		if r.tenant == tenant && r.subject == subject {
			left = append(left, r)
		}
	}
	return left
}

func (s *fakeSystem) act(ctx context.Context, call fulfilment.Call, effect func()) (fulfilment.Result, error) {
	s.lock.Lock()
	before, after := s.before, s.after
	s.seen = append(s.seen, call)
	s.calls[call.Key]++
	s.lock.Unlock()
	if before != nil {
		if result, err, done := before(ctx, call); done {
			return result, err
		}
	}
	if err := ctx.Err(); err != nil {
		return fulfilment.Result{}, err
	}
	s.lock.Lock()
	task := fmt.Sprintf("%s/%s/%d/%s", call.Tenant, call.Case, call.Item, call.Task)
	if call.Token < s.tokens[task] {
		s.lock.Unlock()
		return fulfilment.Result{}, &fulfilment.CallError{Code: "stale_token"}
	}
	s.tokens[task] = call.Token
	if s.effects[call.Key] == 0 {
		s.effects[call.Key]++
		effect()
	}
	s.lock.Unlock()
	if after != nil {
		if result, err, done := after(ctx, call); done {
			return result, err
		}
	}
	return fulfilment.Result{Evidence: string(s.id) + "-receipt-" + call.Key[:8]}, nil
}

func concerned(call fulfilment.Call, r record) bool {
	return r.tenant == call.Tenant && r.subject == call.Subject && slices.Contains(call.Categories, r.category) &&
		!slices.Contains(call.Spare, dsr.Record{Category: r.category, Key: r.key})
}

func (s *fakeSystem) Erase(ctx context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	return s.act(ctx, call, func() {
		if !s.lies {
			s.records = slices.DeleteFunc(s.records, func(r record) bool { return concerned(call, r) })
		}
	})
}

func (s *fakeSystem) Verify(_ context.Context, call fulfilment.Call) ([]privacy.CategoryID, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.verifies != nil {
		return nil, s.verifies
	}
	var held []privacy.CategoryID
	for _, r := range s.records {
		if concerned(call, r) {
			held = append(held, r.category)
		}
	}
	return held, nil
}

func (s *fakeSystem) nothing(ctx context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	return s.act(ctx, call, func() {})
}

func (s *fakeSystem) Export(ctx context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	return s.nothing(ctx, call)
}

func (s *fakeSystem) Correct(ctx context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	return s.nothing(ctx, call)
}

func (s *fakeSystem) Restrict(ctx context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	return s.nothing(ctx, call)
}

func (s *fakeSystem) Notify(ctx context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	return s.nothing(ctx, call)
}

func (s *fakeSystem) connector() fulfilment.Connector {
	return fulfilment.Connector{Exporter: s, Eraser: s, Corrector: s, Restrictor: s, Verifier: s}
}

// fakeRetention protects what is put into it.
type fakeRetention struct {
	lock  sync.Mutex
	kept  map[privacy.SystemID][]fulfilment.Decision
	fails error
	asked int
}

func (f *fakeRetention) keep(system privacy.SystemID, decisions ...fulfilment.Decision) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if f.kept == nil {
		f.kept = map[privacy.SystemID][]fulfilment.Decision{}
	}
	f.kept[system] = decisions
}

func (f *fakeRetention) Decide(_ context.Context, q fulfilment.Question) ([]fulfilment.Decision, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.asked++
	if f.fails != nil {
		return nil, f.fails
	}
	var decisions []fulfilment.Decision
	for _, category := range q.Categories {
		answered := false
		for _, d := range f.kept[q.System] {
			if d.Category == category && (d.Until.IsZero() || !d.Until.Before(privacy.DateOf(q.At, time.UTC))) {
				decisions, answered = append(decisions, d), true
			}
		}
		if !answered {
			decisions = append(decisions, fulfilment.Decision{Category: category, Verdict: fulfilment.EraseNow})
		}
	}
	return decisions, nil
}

// systemIDs are the six systems that the world's controller runs.
var systemIDs = []privacy.SystemID{"database", "ledger", "mail", "search", "analytics", "crm"}

func declaration() privacy.Declaration {
	d := privacytest.Declaration()
	d.Systems = append(d.Systems,
		privacy.System{ID: "mail", Title: "Mail", Categories: []privacy.CategoryID{"account.email"}, SubjectKey: "account_id"},
		privacy.System{ID: "search", Title: "Search index", Categories: []privacy.CategoryID{"account.name"}, SubjectKey: "account_id"},
		privacy.System{ID: "analytics", Title: "Analytics", Categories: []privacy.CategoryID{"usage"}, SubjectKey: "account_id"},
		privacy.System{ID: "crm", Title: "Customer relations", Categories: []privacy.CategoryID{"account"}, SubjectKey: "account_id"},
	)
	return d
}

// world is a host: a register, systems, and a store that outlives processes.
type world struct {
	t            testing.TB
	store        fulfilment.Store
	clock        privacy.Clock
	systems      map[privacy.SystemID]*fakeSystem
	recipients   map[privacy.RecipientID]*fakeSystem
	retention    *fakeRetention
	suppressions *memstore.SuppressionStore
	disclosures  fulfilment.Disclosures
	alerts       []fulfilment.Alert
	connectors   fulfilment.Connectors
	options      fulfilment.Options
	service      *dsr.Service
	register     *privacy.Register
	planner      *fulfilment.Planner
	*fulfilment.Runner
	lock sync.Mutex
}

func newWorld(t testing.TB, configure ...func(w *world)) *world {
	t.Helper()
	w := &world{
		t: t, clock: privacytest.NewClock(start), systems: map[privacy.SystemID]*fakeSystem{},
		recipients: map[privacy.RecipientID]*fakeSystem{}, retention: &fakeRetention{}, suppressions: memstore.NewSuppressions(),
		store: memstore.NewDSR(memstore.NewConsent(nil)),
		connectors: fulfilment.Connectors{
			Systems: map[privacy.SystemID]fulfilment.Connector{}, Recipients: map[privacy.RecipientID]fulfilment.Notifier{},
		},
	}
	register, err := privacy.Compile(declaration())
	must(t, err)
	w.register = register
	for system := range register.Systems() {
		w.systems[system.ID] = newSystem(system.ID)
		w.connectors.Systems[system.ID] = w.systems[system.ID].connector()
	}
	for _, id := range []privacy.RecipientID{"payments", "tax", "hosting"} {
		w.recipients[id] = newSystem(privacy.SystemID(id))
		w.connectors.Recipients[id] = w.recipients[id]
	}
	list, err := fulfilment.NewSuppressionList(w.suppressions, suppressionKey)
	must(t, err)
	w.options = fulfilment.Options{
		Suppression: list, Random: func() float64 { return 0 },
		Alert: func(_ context.Context, alert fulfilment.Alert) error {
			w.lock.Lock()
			defer w.lock.Unlock()
			w.alerts = append(w.alerts, alert)
			return nil
		},
	}
	for _, c := range configure {
		c(w)
	}
	w.start()
	return w
}

var suppressionKey = []byte("a key of thirty-two bytes, or so")

// start starts a process on the store.
func (w *world) start() {
	w.t.Helper()
	w.service, w.planner, w.Runner = w.process()
}

func (w *world) process() (*dsr.Service, *fulfilment.Planner, *fulfilment.Runner) {
	w.t.Helper()
	service, err := dsr.NewService(w.store.(dsr.CaseStore), dsr.Options{
		Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Clock: w.clock, IDs: privacytest.NewIDs("case"), Source: "/dsr",
		RemindDays: []int{7},
	})
	must(w.t, err)
	planner, err := fulfilment.NewPlanner(w.register, w.connectors, w.retention, w.disclosures)
	must(w.t, err)
	options := w.options
	options.Clock = w.clock
	runner, err := fulfilment.NewRunner(service, w.store, planner, options)
	must(w.t, err)
	return service, planner, runner
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// give gives a subject something in every system of the controller.
func (w *world) give(subject privacy.SubjectID) {
	for _, id := range systemIDs {
		for _, category := range map[privacy.SystemID][]privacy.CategoryID{
			"database": {"account.name", "account.email", "usage"}, "ledger": {"billing"}, "mail": {"account.email"},
			"search": {"account.name"}, "analytics": {"usage"}, "crm": {"account", "account.name"},
		}[id] {
			w.systems[id].hold(record{"t", subject, category, "1"}, record{"t", subject, category, "2"})
		}
	}
}

func (w *world) leftOf(subject privacy.SubjectID) []record {
	var left []record
	for _, id := range systemIDs {
		left = append(left, w.systems[id].left("t", subject)...)
	}
	return left
}

func asks(subject privacy.SubjectID, requests ...regime.Request) dsr.Intake {
	in := dsr.Intake{
		Tenant: "t", Subject: subject, Role: privacy.RoleController, ContentHash: "00", Channel: "web_form", Actor: dsr.ActorSubject,
	}
	for _, request := range requests {
		in.Requests = append(in.Requests, dsr.Asked{Request: request})
	}
	return in
}

// open opens a case and has its items carried out.
func (w *world) open(in dsr.Intake) dsr.Case {
	w.t.Helper()
	c, err := w.service.Open(w.t.Context(), "eu-gdpr", in, "")
	must(w.t, err)
	for item := range c.Items {
		c, err = w.Begin(w.t.Context(), in.Tenant, c.ID, item, fulfilment.Scope{})
		must(w.t, err)
	}
	return c
}

func (w *world) get(c dsr.Case) dsr.Case {
	w.t.Helper()
	c, err := w.store.Case(w.t.Context(), c.Tenant, c.ID)
	must(w.t, err)
	return c
}

// run does what is due.
func (w *world) run() int {
	w.t.Helper()
	n, err := w.RunDue(w.t.Context())
	must(w.t, err)
	return n
}

// pass lets time go by and does what becomes due on the way.
func (w *world) pass(d, by time.Duration) {
	w.t.Helper()
	clock := w.clock.(*privacytest.Clock)
	for end := clock.Now().Add(d); clock.Now().Before(end); {
		clock.Advance(by)
		w.run()
	}
}

func task(t testing.TB, c dsr.Case, item int, id dsr.TaskID) dsr.Task {
	t.Helper()
	for _, task := range c.Items[item].Tasks {
		if task.ID == id {
			return task
		}
	}
	t.Fatalf("no task %s in %+v", id, c.Items[item].Tasks)
	return dsr.Task{}
}

func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

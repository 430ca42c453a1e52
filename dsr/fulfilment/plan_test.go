package fulfilment_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/fulfilment/fulfilmenttest"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

func show(plan fulfilment.Plan) string {
	var lines []string
	for _, task := range plan.Tasks {
		line := fmt.Sprintf("%s %v", task.ID, task.Categories)
		if len(task.After) > 0 {
			line += fmt.Sprintf(" after %v", task.After)
		}
		if task.Manual {
			line += " by hand"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func (w *world) plan(request regime.Request, role privacy.Role) fulfilment.Plan {
	w.t.Helper()
	in := asks("jane", request)
	in.Role, in.Authority = role, "contract-7"
	c, err := w.service.Open(w.t.Context(), "eu-gdpr", in, "")
	must(w.t, err)
	plan, err := w.Preview(w.t.Context(), "t", c.ID, 0, fulfilment.Scope{})
	must(w.t, err)
	return plan
}

// spree PR#14560, margince#1305, PR#5505: what erasure knows about, the export
// knows about.
func TestExportAndErasureCoverTheSame(t *testing.T) {
	w := newWorld(t)
	export := show(w.plan(regime.RequestAccess, privacy.RoleController))
	erase := show(w.plan(regime.RequestErasure, privacy.RoleController))
	equal(t, "tasks", strings.ReplaceAll(erase, "erase-", "export-"), export)
}

func TestPlans(t *testing.T) {
	for name, c := range map[string]struct {
		request   regime.Request
		role      privacy.Role
		configure func(w *world)
		want      string
	}{
		"categories one by one": {
			request: regime.RequestRectification, role: privacy.RoleController,
			want: `correct-database [account account.name account.email account.accessibility usage]
correct-ledger [billing]
correct-mail [account.email]
correct-search [account.name]
correct-analytics [usage]
correct-crm [account account.name account.email account.accessibility]`,
		},
		"a processor's data only": {
			request: regime.RequestErasure, role: privacy.RoleProcessor,
			want: "erase-objects [content content.images content.labels content.health]",
		},
		"portability by legal basis": {
			request: regime.RequestPortability, role: privacy.RoleController,
			// billing rests on a legal obligation, usage on legitimate interests, and
			// for "account" itself there is no activity.
			want: `export-database [account.name account.email account.accessibility]
export-mail [account.email]
export-search [account.name]
export-crm [account.name account.email account.accessibility]`,
		},
		"what comes after what": {
			request: regime.RequestErasure, role: privacy.RoleController,
			configure: func(w *world) {
				database := w.connectors.Systems["database"]
				database.After = []privacy.SystemID{"search", "crm", "objects"}
				w.connectors.Systems["database"] = database
				w.connectors.Systems["mail"] = fulfilment.Connector{Manual: fulfilment.Duties()}
			},
			want: `erase-search [account.name]
erase-crm [account account.name account.email account.accessibility]
erase-database [account account.name account.email account.accessibility usage] after [erase-search erase-crm]
erase-ledger [billing]
erase-mail [account.email] by hand
erase-analytics [usage]`,
		},
		"an objection is decided by people": {request: regime.RequestObjection, role: privacy.RoleController},
		"a withdrawal is told": {
			request: regime.RequestWithdrawConsent, role: privacy.RoleController,
			want: `notify-payments [account account.name account.email account.accessibility usage billing]
notify-tax [account account.name account.email account.accessibility usage billing]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.configure != nil {
				w = newWorld(t, c.configure)
			}
			equal(t, "plan", show(w.plan(c.request, c.role)), c.want)
		})
	}
}

// A system waits for another that is a dead letter, and for nothing else.
func TestOrderIsKept(t *testing.T) {
	w := newWorld(t, func(w *world) {
		database := w.connectors.Systems["database"]
		database.After = []privacy.SystemID{"crm"}
		w.connectors.Systems["database"] = database
	})
	w.give("jane")
	w.systems["crm"].before = fails(&fulfilment.CallError{Code: "gone", Permanent: true})
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	w.pass(time.Hour, time.Minute)
	equal(t, "waits", task(t, w.get(c), 0, "erase-database").Attempts, 0)
	equal(t, "goes on", task(t, w.get(c), 0, "erase-mail").State, dsr.TaskDone)
	w.systems["crm"].set(func(s *fakeSystem) { s.before = nil })
	_, err := w.Resume(t.Context(), "t", c.ID, 0, "erase-crm")
	must(t, err)
	w.run()
	w.ended(c)
}

func TestCheckConnectors(t *testing.T) {
	w := newWorld(t)
	fulfilmenttest.RequireConnectors(t, w.register, w.connectors)
	for want, change := range map[string]func(w *world){
		"systems[crm].erase: the system holds personal data: give it a connector, or declare that people do it (missing)": func(w *world) {
			c := w.connectors.Systems["crm"]
			c.Eraser = nil
			w.connectors.Systems["crm"] = c
		},
		"systems[crm].verify: the system holds personal data: give it a connector, or declare that people do it (missing)": func(w *world) {
			c := w.connectors.Systems["crm"]
			c.Verifier = nil
			w.connectors.Systems["crm"] = c
		},
		"systems[mail].export: the duty is done by a connector and by hand (twice)": func(w *world) {
			c := w.connectors.Systems["mail"]
			c.Manual = []dsr.Action{dsr.ActionExport}
			w.connectors.Systems["mail"] = c
		},
		"systems[fax]: no such system is declared (unknown_reference)": func(w *world) {
			w.connectors.Systems["fax"] = fulfilment.Connector{}
		},
		`systems[mail].after: no system "fax" is declared (unknown_reference)`: func(w *world) {
			c := w.connectors.Systems["mail"]
			c.After = []privacy.SystemID{"fax"}
			w.connectors.Systems["mail"] = c
		},
		"systems[mail].after: the system comes after itself (cycle)": func(w *world) {
			for system, after := range map[privacy.SystemID]privacy.SystemID{"mail": "crm", "crm": "mail"} {
				c := w.connectors.Systems[system]
				c.After = []privacy.SystemID{after}
				w.connectors.Systems[system] = c
			}
		},
		"recipients[fax]: no such recipient is declared (unknown_reference)": func(w *world) {
			w.connectors.Recipients["fax"] = w.systems["crm"]
		},
	} {
		w := newWorld(t)
		change(w)
		err := fulfilment.CheckConnectors(w.register, w.connectors)
		if !errors.Is(err, privacy.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s\ngot %v", want, err)
		}
		if _, err := fulfilment.NewPlanner(w.register, w.connectors, w.retention, nil); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("a planner was made all the same: %v", err)
		}
		fatal := &fatalRecorder{TB: t}
		fulfilmenttest.RequireConnectors(fatal, w.register, w.connectors)
		equal(t, "the test failed", fatal.failed, true)
	}
	if err := fulfilment.CheckConnectors(w.register, fulfilment.Connectors{}); strings.Count(err.Error(), "missing") != 7*5 {
		t.Errorf("without connectors: %v", err)
	}
}

type fatalRecorder struct {
	testing.TB
	failed bool
}

func (f *fatalRecorder) Helper()               {}
func (f *fatalRecorder) Fatalf(string, ...any) { f.failed = true }

func TestOptionsAreChecked(t *testing.T) {
	w := newWorld(t)
	for name, options := range map[string]fulfilment.Options{
		"negative":              {Poll: -1},
		"no workers":            {Workers: -1},
		"calls outlive a lease": {Lease: time.Minute, CallTimeout: 50 * time.Second},
		"pauses the wrong way":  {FirstRetry: 2 * time.Hour},
	} {
		if _, err := fulfilment.NewRunner(w.service, w.store, w.planner, options); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, err := range []error{
		second(fulfilment.NewRunner(nil, w.store, w.planner, fulfilment.Options{})),
		second(fulfilment.NewPlanner(nil, w.connectors, w.retention, nil)),
		second(fulfilment.NewPlanner(w.register, w.connectors, nil, nil)),
	} {
		if !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	}
}

package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// dashboard lists the open requests of a workspace, the most urgent first, or with
// ?state= those in a state.
func (d *requestDesk) dashboard(w http.ResponseWriter, r *http.Request) {
	tenant := privacy.TenantID(r.FormValue("workspace"))
	var summaries []dsr.Summary
	var err error
	if code := r.FormValue("state"); code == "" {
		summaries, err = d.store.Open(r.Context(), tenant, dsr.Position{}, 200)
	} else {
		var state dsr.State
		if state, err = dsr.ParseState(code); err == nil {
			summaries, err = d.store.ByState(r.Context(), tenant, state, dsr.Position{}, 200)
		}
	}
	if err != nil {
		decline(w, err)
		return
	}
	answer(w, http.StatusOK, d.lines(summaries))
}

// alert is something that people must see.
type alert struct {
	Workspace privacy.TenantID `json:"workspace"`
	Case      dsr.CaseID       `json:"case"`
	Kind      string           `json:"kind"`
	Task      dsr.TaskID       `json:"task,omitempty"`
	Due       string           `json:"due,omitempty"`
	Followup  dsr.FollowupKind `json:"followup,omitempty"`
	Problem   string           `json:"problem,omitempty"`
	At        string           `json:"at"`
}

// recordAlert keeps an alert. One that comes again is the same.
func (d *requestDesk) recordAlert(ctx context.Context, a fulfilment.Alert) error {
	due := ""
	if !a.Due.IsZero() {
		due = a.Due.String()
	}
	_, err := d.tables.ExecContext(ctx, `INSERT OR IGNORE INTO request_alert (tenant, id, kind, task, due, followup, problem, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		a.Tenant, a.Case, a.Kind, a.Task, due, a.Followup, a.Problem, d.clock.Now().UTC().Format(time.RFC3339))
	return err
}

func (d *requestDesk) listAlerts(w http.ResponseWriter, r *http.Request) {
	rows, err := d.tables.QueryContext(r.Context(), `SELECT tenant, id, kind, task, due, followup, problem, at FROM request_alert ORDER BY at, tenant, id`)
	if err != nil {
		decline(w, err)
		return
	}
	defer rows.Close()
	alerts := []alert{}
	for rows.Next() {
		var a alert
		if err := rows.Scan(&a.Workspace, &a.Case, &a.Kind, &a.Task, &a.Due, &a.Followup, &a.Problem, &a.At); err != nil {
			decline(w, err)
			return
		}
		alerts = append(alerts, a)
	}
	if err := rows.Err(); err != nil {
		decline(w, err)
		return
	}
	answer(w, http.StatusOK, alerts)
}

// pathCase returns the case that a path names.
func (d *requestDesk) pathCase(r *http.Request) (dsr.Case, error) {
	return d.store.Case(r.Context(), privacy.TenantID(r.PathValue("workspace")), dsr.CaseID(r.PathValue("id")))
}

// plan is what an erasure would come to.
type plan struct {
	Code   string     `json:"code"`
	Now    []planned  `json:"erase_now"`
	Except []keptPart `json:"except"`
}

type planned struct {
	System     privacy.SystemID     `json:"system"`
	Categories []privacy.CategoryID `json:"categories"`
}

// keptPart is what is kept, and on which provision.
type keptPart struct {
	Verdict string `json:"verdict"`
	dsr.Protection
}

// showPlan shows what would be erased, restricted and refused, and changes
// nothing.
func (d *requestDesk) showPlan(w http.ResponseWriter, r *http.Request) {
	c, err := d.pathCase(r)
	if err != nil {
		decline(w, err)
		return
	}
	asked, err := d.recall(r.Context(), c.Tenant, c.ID)
	if err != nil {
		decline(w, err)
		return
	}
	preview, err := d.runner.Preview(r.Context(), c.Tenant, c.ID, 0, asked.scope)
	if err != nil {
		decline(w, err)
		return
	}
	shown := plan{Code: "planned", Now: []planned{}, Except: []keptPart{}}
	for _, task := range preview.Tasks {
		shown.Now = append(shown.Now, planned{task.System, task.Categories})
	}
	for _, kept := range preview.Protections {
		shown.Except = append(shown.Except, keptPart{verdictOf(kept), kept})
	}
	answer(w, http.StatusOK, shown)
}

// verdictOf says whether a part is restricted under an exception of Art. 17(3), or
// refused because no ground of Art. 17(1) reaches it.
func verdictOf(kept dsr.Protection) string {
	if strings.HasPrefix(kept.Ground, "GDPR 17(1)") {
		return retention.RefuseErasure.String()
	}
	return retention.RestrictUntil.String()
}

func (d *requestDesk) beginWork(w http.ResponseWriter, r *http.Request) {
	c, err := d.pathCase(r)
	if err == nil {
		var asked remembered
		if asked, err = d.recall(r.Context(), c.Tenant, c.ID); err == nil {
			c, err = d.runner.Begin(r.Context(), c.Tenant, c.ID, 0, asked.scope)
		}
	}
	d.answerStaff(w, r, c, err)
}

func (d *requestDesk) answerStaff(w http.ResponseWriter, r *http.Request, c dsr.Case, err error) {
	if err != nil {
		decline(w, err)
		return
	}
	d.answerCase(w, r, http.StatusOK, c, "")
}

// doneByHand records what a person did in a system that no program changes, with
// where the proof lies.
func (d *requestDesk) doneByHand(w http.ResponseWriter, r *http.Request) {
	var done fulfilment.Done
	if err := decode(r, &done); err != nil {
		decline(w, err)
		return
	}
	c, err := d.pathCase(r)
	if err == nil {
		c, err = d.runner.CompleteManual(r.Context(), c.Tenant, c.ID, 0, dsr.TaskID(r.PathValue("task")), done)
	}
	d.answerStaff(w, r, c, err)
}

// extend makes the period longer, if the law allows it and the person is told why.
func (d *requestDesk) extend(w http.ResponseWriter, r *http.Request) {
	d.decide(w, r, func(reason, letter string) dsr.Command {
		return dsr.Command{Event: dsr.EventExtend, Ground: reason, Explanation: letter}
	})
}

// refuse refuses a request with reasons.
func (d *requestDesk) refuse(w http.ResponseWriter, r *http.Request) {
	d.decide(w, r, func(reason, letter string) dsr.Command {
		if letter == "" {
			reason = "" // a code alone tells the person nothing (GDPR Art. 12(4))
		}
		return dsr.Command{Event: dsr.EventRefuse, Reason: dsr.Reason(reason), Explanation: letter, Evidence: true}
	})
}

// decide records a decision of people, and writes the letter that goes with it.
// The case refers to the letter; its words are kept beside until it is written.
func (d *requestDesk) decide(w http.ResponseWriter, r *http.Request, command func(reason, letter string) dsr.Command) {
	var request struct {
		Reason      string `json:"reason"`
		Explanation string `json:"explanation"`
	}
	err := decode(r, &request)
	var c dsr.Case
	if err == nil {
		c, err = d.pathCase(r)
	}
	var m remembered
	if err == nil {
		m, err = d.recall(r.Context(), c.Tenant, c.ID)
	}
	if err != nil {
		decline(w, err)
		return
	}
	letter := ""
	if request.Explanation != "" {
		letter = letterName(m.letters + 1)
	}
	m.words = request.Explanation
	_, err = d.tables.ExecContext(r.Context(), `UPDATE request SET words = ? WHERE tenant = ? AND id = ?`, m.words, m.tenant, m.id)
	if err == nil {
		cmd := command(request.Reason, letter)
		cmd.Actor = dsr.ActorStaff
		if c, err = d.cases.Handle(r.Context(), c.Tenant, c.ID, cmd, ""); err == nil {
			err = d.writeAnswer(r.Context(), c, m)
		}
	}
	d.answerStaff(w, r, c, err)
}

// answerByHand records that what was asked for is done. What LabelOp holds for a
// customer it would answer on written authority only, and nobody gave it one.
func (d *requestDesk) answerByHand(w http.ResponseWriter, r *http.Request) {
	c, err := d.pathCase(r)
	if err == nil {
		cmd := dsr.Command{Event: dsr.EventFulfil, Actor: dsr.ActorStaff}
		if c.Role == privacy.RoleProcessor {
			cmd.Event = dsr.EventRespond
		}
		c, err = d.cases.Handle(r.Context(), c.Tenant, c.ID, cmd, "")
	}
	d.answerStaff(w, r, c, err)
}

// exportLog hands out the log of a case: the proof of what was done and when.
func (d *requestDesk) exportLog(w http.ResponseWriter, r *http.Request) {
	c, err := d.pathCase(r)
	if err != nil {
		decline(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	if err := dsr.ExportLog(r.Context(), d.store, c.Tenant, c.ID, w); err != nil {
		panic(http.ErrAbortHandler) // half a log is no log
	}
}

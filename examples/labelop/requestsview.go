package main

import (
	"net/http"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// caseView is a case as the person sees it.
type caseView struct {
	ID dsr.CaseID `json:"id"`
	// Code is the state.
	Code     string           `json:"code"`
	Kind     regime.Request   `json:"kind,omitempty"`
	Law      string           `json:"law,omitempty"`
	Reason   dsr.Reason       `json:"reason,omitempty"`
	Received time.Time        `json:"received,omitzero"`
	Due      privacy.Date     `json:"due,omitzero"`
	Overdue  bool             `json:"overdue,omitempty"`
	Tasks    []taskView       `json:"tasks,omitempty"`
	Withheld []dsr.Protection `json:"withheld,omitempty"`
	// Token finds the case again. It is shown once.
	Token string `json:"token,omitempty"`
	// ForwardedTo is the controller that a processor passed the request to, and
	// Acknowledged whether it confirmed receipt.
	ForwardedTo  privacy.TenantID `json:"forwarded_to,omitempty"`
	Acknowledged bool             `json:"acknowledged,omitempty"`
}

// taskView is what is done in one system, or what one recipient is told.
type taskView struct {
	ID        dsr.TaskID          `json:"id"`
	System    privacy.SystemID    `json:"system,omitempty"`
	Recipient privacy.RecipientID `json:"recipient,omitempty"`
	Action    dsr.Action          `json:"action"`
	// Categories are what it is about.
	Categories []privacy.CategoryID `json:"categories"`
	State      dsr.TaskState        `json:"state,omitempty"`
	Attempts   int                  `json:"attempts,omitempty"`
	Problem    string               `json:"problem,omitempty"`
	Evidence   string               `json:"evidence,omitempty"`
}

func (d *requestDesk) view(r *http.Request, c dsr.Case) (caseView, error) {
	deadlines, err := d.cases.Deadlines(r.Context(), c.Tenant, c.ID)
	if err != nil {
		return caseView{}, err
	}
	item := &c.Items[0]
	view := caseView{
		ID: c.ID, Code: c.State().String(), Kind: item.Request, Law: c.Regime, Reason: item.Reason, Received: c.Received,
		Due: deadlines[0].Due, Overdue: item.Overdue, Withheld: item.Remainder(), ForwardedTo: c.ForwardedTo,
		Acknowledged: c.ForwardedTo != "" && c.State() == dsr.StateClosed,
	}
	for _, task := range item.Tasks {
		view.Tasks = append(view.Tasks, taskView{
			ID: task.ID, System: task.System, Categories: task.Categories, Recipient: task.Recipient, Action: task.Action, State: task.State, Attempts: task.Attempts,
			Problem: task.Problem, Evidence: task.Evidence,
		})
	}
	return view, nil
}

func (d *requestDesk) answerCase(w http.ResponseWriter, r *http.Request, status int, c dsr.Case, token string) {
	view, err := d.view(r, c)
	if err != nil {
		decline(w, err)
		return
	}
	view.Token = token
	w.Header().Set("Cache-Control", "no-store")
	answer(w, status, view)
}

// answerOwn shows a case to whoever asked. Without proof of who that is, it tells
// nothing that would depend on whether LabelOp knows the person.
func (d *requestDesk) answerOwn(w http.ResponseWriter, r *http.Request, status int, c dsr.Case, token string) {
	m, err := d.recall(r.Context(), c.Tenant, c.ID)
	if err != nil {
		decline(w, err)
		return
	}
	proved := m.signedIn || c.Identity != nil && !c.Identity.VerifiedAt.IsZero()
	if proved || c.Role == privacy.RoleProcessor {
		d.answerCase(w, r, status, c, token)
		return
	}
	code := dsr.StateReceived
	if c.Blockers.Has(dsr.BlockerIdentity) {
		code = dsr.StateIdentityPending
	}
	w.Header().Set("Cache-Control", "no-store")
	answer(w, status, caseView{ID: c.ID, Code: code.String(), Kind: c.Items[0].Request, Law: c.Regime, Received: c.Received, Token: token})
}

func (d *requestDesk) showCase(w http.ResponseWriter, r *http.Request, c dsr.Case) {
	d.answerOwn(w, r, http.StatusOK, c, "")
}

// caseLine is a case in a list.
type caseLine struct {
	ID       dsr.CaseID   `json:"id"`
	State    string       `json:"state"`
	Received time.Time    `json:"received"`
	Due      privacy.Date `json:"due,omitzero"`
	// Overdue is computed for today, whether or not it is on record yet.
	Overdue bool `json:"overdue,omitempty"`
}

func (d *requestDesk) lines(summaries []dsr.Summary) []caseLine {
	today := privacy.DateOf(d.clock.Now(), d.zone)
	lines := make([]caseLine, len(summaries))
	for i, s := range summaries {
		lines[i] = caseLine{
			ID: s.ID, State: s.State.String(), Received: s.Received, Due: s.Due,
			Overdue: s.State.Open() && !s.Due.IsZero() && s.Due.Before(today),
		}
	}
	return lines
}

// listOwn lists the requests of an account holder.
func (d *requestDesk) listOwn(w http.ResponseWriter, r *http.Request) {
	by, err := d.signedInAccount(r)
	if err != nil {
		decline(w, err)
		return
	}
	summaries, err := d.store.OfSubject(r.Context(), by.Workspace, by.ID, "", 100)
	if err != nil {
		decline(w, err)
		return
	}
	answer(w, http.StatusOK, d.lines(summaries))
}

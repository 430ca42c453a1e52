package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
	"github.com/labelop/privacykit/retention"
)

// What LabelOp keeps of requests is personal data too: who asked is kept for a year
// after the case ended, what was done for three, within which it can be held to
// account (BGB s. 195).
var caseTerms = []retention.Rule{
	caseTerm("case-identity", "account", "P1Y"),
	caseTerm("case-proof", "support", "P3Y"),
}

func caseTerm(id string, category privacy.CategoryID, period string) retention.Rule {
	return retention.Rule{
		ID: id, Version: 1, Kind: retention.Maximum, Action: retention.Delete, Period: privacy.MustPeriod(period),
		Scope:  retention.Scope{Categories: []privacy.CategoryID{category}},
		Anchor: retention.Anchor{Start: retention.StartEvent, Events: []string{sqlstore.EventCaseEnded}},
	}
}

// sweepCases ends what is kept of cases when its time has come.
func (d *requestDesk) sweepCases(w http.ResponseWriter, r *http.Request) {
	var request struct {
		ID string `json:"id"`
	}
	err := decode(r, &request)
	if err == nil {
		var done string
		if done, err = d.sweep(r.Context(), request.ID); err == nil {
			answer(w, http.StatusOK, reply{ID: request.ID, Code: done})
			return
		}
	}
	decline(w, err)
}

func (d *requestDesk) sweep(ctx context.Context, id string) (string, error) {
	schedule, err := retention.Compile(caseTerms, &retention.Options{Zone: d.zone})
	if err != nil {
		return "", err
	}
	systems, err := d.database.CaseRecords(sqlstore.CaseRecordsOptions{Cases: "account", Logs: "support", Role: privacy.RoleController})
	if err != nil {
		return "", err
	}
	sweeper, err := retention.NewSweeper(schedule, systems, d.database.Retention(), retention.SweepOptions{TokenKey: d.key, Clock: d.clock})
	if err != nil {
		return "", err
	}
	plan, certificate, err := approved(ctx, sweeper, id)
	if err != nil {
		return "", err
	}
	return swept(plan, certificate), d.forgetErased(ctx)
}

// forgetErased removes the tokens of cases that are no more.
func (d *requestDesk) forgetErased(ctx context.Context) error {
	ended, err := d.remembered(ctx, `WHERE ended`)
	if err != nil {
		return err
	}
	for _, m := range ended {
		_, err := d.store.Case(ctx, m.tenant, m.id)
		if errors.Is(err, privacy.ErrNotFound) {
			err = d.forget(ctx, m.tenant, m.id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

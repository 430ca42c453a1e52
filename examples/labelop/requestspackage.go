package main

import (
	"context"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// origins are where the data of each system come from, as a package tells it.
var origins = map[privacy.SystemID]string{
	"accounts": "what you told us when you opened the account, and what you wrote to us", "evidence": "what you agreed to and refused",
	"logs": "your use of the service", "invoices": "the contract with you",
}

// packageLink is a link to a package.
type packageLink struct {
	Code    string    `json:"code"`
	Link    string    `json:"link"`
	Expires time.Time `json:"expires"`
}

// ready reports whether a copy of the data can be downloaded: every system has
// exported, and the person has not been given it yet.
func ready(c dsr.Case) bool {
	item := &c.Items[0]
	exports := slices.Contains([]regime.Request{regime.RequestAccess, regime.RequestKnow, regime.RequestPortability}, item.Request)
	return exports && c.Reported(0) == dsr.StateInProgress && len(item.Tasks) > 0 &&
		!slices.ContainsFunc(item.Tasks, func(t dsr.Task) bool { return t.State != dsr.TaskDone })
}

// allowDownload hands out a link that is good once. Who holds it gets the data, so
// it goes to whom the case belongs to only.
func (d *requestDesk) allowDownload(w http.ResponseWriter, r *http.Request, c dsr.Case) {
	if !ready(c) {
		decline(w, errNotReady)
		return
	}
	token, expires, err := d.tickets.Issue(r.Context(), c.Tenant, c.ID)
	if err != nil {
		decline(w, err)
		return
	}
	link := "/packages/" + url.PathEscape(string(c.Tenant)) + "/" + url.PathEscape(string(c.ID)) + "?token=" + url.QueryEscape(token)
	answer(w, http.StatusCreated, packageLink{Code: "created", Link: link, Expires: expires})
}

// sendPackage streams the package. A link that was never good and one to a copy
// that is not there look alike.
func (d *requestDesk) sendPackage(w http.ResponseWriter, r *http.Request) {
	tenant, id := privacy.TenantID(r.PathValue("workspace")), dsr.CaseID(r.PathValue("id"))
	c, err := d.store.Case(r.Context(), tenant, id)
	if err != nil || !ready(c) {
		decline(w, archive.ErrForged)
		return
	}
	if err := d.tickets.Redeem(r.Context(), tenant, id, r.FormValue("token")); err != nil {
		decline(w, err)
		return
	}
	request := archive.Request{
		Kind: archive.Access, Case: id, Subject: privacy.Subject{Tenant: tenant, ID: c.Subject, Jurisdiction: "DE"}, Locale: r.Header.Get("Accept-Language"),
	}
	if c.Items[0].Request == regime.RequestPortability {
		request.Kind = archive.Portability
	}
	for system := range d.register.Systems() {
		if words, ok := origins[system.ID]; ok {
			source := spoolSource{filepath.Join(d.spool.of(tenant, id), string(system.ID))}
			request.Systems = append(request.Systems, archive.System{ID: system.ID, Source: source, Origins: []string{words}})
		}
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="your-data.zip"`)
	w.Header().Set("Cache-Control", "no-store")
	if _, err := d.builder.Build(r.Context(), w, request); err != nil {
		// What was sent is no package: the connection ends before it looks like one.
		panic(http.ErrAbortHandler)
	}
	// Only what has left is delivered; otherwise our copy stays for another link.
	if err := http.NewResponseController(w).Flush(); err != nil {
		panic(http.ErrAbortHandler)
	}
	if err := d.delivered(r.Context(), c); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// refuseHead keeps those who only look at a link, as mail programs do, from using
// it up.
func refuseHead(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", http.MethodGet)
	w.WriteHeader(http.StatusMethodNotAllowed)
}

// delivered records that the person has the copy, and removes ours.
func (d *requestDesk) delivered(ctx context.Context, c dsr.Case) error {
	if _, err := d.cases.Handle(ctx, c.Tenant, c.ID, dsr.Command{Event: dsr.EventFulfil, Actor: dsr.ActorSystem}, ""); err != nil {
		return err
	}
	return d.spool.remove(c.Tenant, c.ID)
}

package main

import (
	"net/http"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// placeHold holds the support messages of a workspace, for a legal matter.
func (d *requestDesk) placeHold(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Matter string `json:"matter"`
	}
	if err := decode(r, &request); err != nil {
		decline(w, err)
		return
	}
	tenant := privacy.TenantID(r.PathValue("workspace"))
	_, err := d.database.Retention().PlaceHold(r.Context(), retention.Hold{
		ID: r.PathValue("id"), Matter: request.Matter, Owner: "legal", Ground: retention.GroundLegalClaims, From: privacy.DateOf(d.clock.Now(), d.zone),
		Scope: retention.HoldScope{Tenant: tenant, Categories: []privacy.CategoryID{"support"}},
	})
	if err != nil {
		decline(w, err)
		return
	}
	answer(w, http.StatusOK, reply{ID: r.PathValue("id"), Code: "held"})
}

// releaseHold ends a hold with this day. The runner looks for what it kept by
// itself.
func (d *requestDesk) releaseHold(w http.ResponseWriter, r *http.Request) {
	today := privacy.DateOf(d.clock.Now(), d.zone)
	if err := d.database.Retention().ReleaseHold(r.Context(), privacy.TenantID(r.PathValue("workspace")), r.PathValue("id"), today); err != nil {
		decline(w, err)
		return
	}
	answer(w, http.StatusOK, reply{ID: r.PathValue("id"), Code: "released"})
}

// importContact would take over an address from another system, and first asks
// whether it is that of somebody who was erased.
func (d *requestDesk) importContact(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Workspace privacy.TenantID `json:"workspace"`
		Email     string           `json:"email"`
	}
	if err := decode(r, &request); err != nil {
		decline(w, err)
		return
	}
	suppressed, err := d.erased.Suppressed(r.Context(), request.Workspace, byMail(request.Email))
	switch {
	case err != nil:
		decline(w, err)
	case suppressed[0]:
		decline(w, errSuppressed)
	default:
		answer(w, http.StatusOK, reply{Code: "free"})
	}
}

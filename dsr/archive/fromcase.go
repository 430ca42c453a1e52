package archive

import (
	"fmt"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// ErrNotExported reports a case whose systems have not all exported yet, or that
// waits for something, such as proof of identity. It matches privacy.ErrConflict.
var ErrNotExported = fmt.Errorf("the data of the case are not all exported: %w", privacy.ErrConflict)

// FromCase returns the request for the package that answers an item of a case:
// access, or portability where that was asked for, of the systems that have
// exported. Exported says who yields what a task has exported to where its
// Evidence says; the ID of the System that it returns is set. The jurisdiction is
// that of the subject, and a locale can be set.
//
// It is called before a token is issued, and again for the download: an item whose
// exports are done is in progress until the package was delivered and
// dsr.EventFulfil says so, and then fulfilled, so that a download which broke off
// can be repeated. Until then the error is ErrNotExported. An item that is not
// there or asks for no data, and a case of a processor, whose controller answers,
// are errors matching privacy.ErrInvalid; an error of exported is returned.
func FromCase(c dsr.Case, item int, jurisdiction privacy.Jurisdiction, exported func(task dsr.Task) (System, error)) (Request, error) {
	if item < 0 || item >= len(c.Items) || c.Role == privacy.RoleProcessor {
		return Request{}, fmt.Errorf("no item that a controller answers: %w", privacy.ErrInvalid)
	}
	it := &c.Items[item]
	r := Request{Case: c.ID, Subject: privacy.Subject{Tenant: c.Tenant, ID: c.Subject, Jurisdiction: jurisdiction}}
	switch it.Request {
	case regime.RequestAccess, regime.RequestKnow:
		r.Kind = Access
	case regime.RequestPortability:
		r.Kind = Portability
	default:
		return Request{}, fmt.Errorf("the item asks for no data: %w", privacy.ErrInvalid)
	}
	if state := c.Reported(item); state != dsr.StateInProgress && state != dsr.StateFulfilled || !c.Identified() || c.Redacted {
		return Request{}, ErrNotExported
	}
	for _, task := range it.Tasks {
		if task.Action != dsr.ActionExport {
			continue
		}
		if task.State != dsr.TaskDone {
			return Request{}, ErrNotExported
		}
		system, err := exported(task)
		if err != nil {
			return Request{}, err
		}
		system.ID = task.System
		r.Systems = append(r.Systems, system)
	}
	if len(r.Systems) == 0 {
		return Request{}, ErrNotExported
	}
	return r, nil
}

package memstore

import (
	"slices"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// follow opens and closes requests for the rights that a new version of a case
// opens and closes.
func (s *RetentionStore) follow(before *storedCase, c *dsr.Case) {
	s.lock.Lock()
	defer s.lock.Unlock()
	now, moved := c.OpenRights(), before.subject != c.Subject
	for _, right := range before.rights {
		if moved || !slices.Contains(now, right) {
			delete(s.requests, tenantKey{c.Tenant, dsr.OpenRequestID(c.ID, right)})
		}
	}
	for _, right := range now {
		if moved || !slices.Contains(before.rights, right) {
			id := dsr.OpenRequestID(c.ID, right)
			s.requests[tenantKey{c.Tenant, id}] = retention.Request{
				ID: id, Tenant: c.Tenant, Subjects: []privacy.SubjectID{c.Subject}, Right: right,
			}
		}
	}
}

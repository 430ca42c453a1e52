package sqlstore

import (
	"slices"
	"strings"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// rightCodes returns the codes of rights as a case keeps them.
func rightCodes(rights []privacy.Right) string {
	codes := make([]string, len(rights))
	for i, right := range rights {
		codes[i] = right.String()
	}
	return strings.Join(codes, " ")
}

// followRights opens and closes the requests that sweeps leave alone, for the
// rights that the update opens and closes. It locks out claims only for those that
// it opens, as OpenRequest does.
func (u *caseUnit) followRights() error {
	c := &u.update.Case
	now := c.OpenRights()
	var before []privacy.Right
	for code := range strings.FieldsSeq(u.stored.rights) {
		right, err := storedRight(code)
		if err != nil {
			return err
		}
		before = append(before, right)
	}
	moved := u.stored.subject == nil || *u.stored.subject != string(c.Subject)
	for _, right := range before {
		if moved || !slices.Contains(now, right) {
			u.writes = append(u.writes, Statement{
				SQL: u.retention.core.retention.closeRequest, Args: []any{u.tenant, dsr.OpenRequestID(c.ID, right)},
			})
		}
	}
	guarded := false
	for _, right := range now {
		if !moved && slices.Contains(before, right) {
			continue
		}
		if !guarded {
			u.writes = append(u.writes, u.retention.guards([]privacy.TenantID{c.Tenant}, false)...)
			guarded = true
		}
		u.writes = append(u.writes, Statement{
			SQL:  u.retention.core.retention.insertRequest,
			Args: []any{u.tenant, string(c.Subject), dsr.OpenRequestID(c.ID, right), right.String()},
		})
	}
	return nil
}

package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// guards lock the rows of tenants: alone, or shared with others that do.
func (s *RetentionStore) guards(tenants []privacy.TenantID, shared bool) []Statement {
	lock := s.core.retention.lockGuard
	if shared {
		lock = s.core.retention.shareGuard
	}
	slices.Sort(tenants)
	var statements []Statement
	for _, tenant := range slices.Compact(tenants) {
		statements = append(statements,
			Statement{SQL: s.core.retention.makeGuard, Args: []any{string(tenant)}},
			Statement{SQL: lock, Args: []any{string(tenant)}, Each: func(Row) error { return nil }})
	}
	return statements
}

// PlaceHold stores a hold and returns the claims in flight that it covers. See
// retention.HoldStore.
func (s *RetentionStore) PlaceHold(ctx context.Context, hold retention.Hold) ([]retention.Claim, error) {
	if err := hold.Validate(); err != nil {
		return nil, err
	}
	body, err := encoded("hold", hold)
	if err != nil {
		return nil, err
	}
	u := &placeHoldUnit{store: s, hold: &hold, body: body}
	if err := s.work.write(ctx, "place hold", u); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(u.claims, func(c retention.Claim) bool { return !hold.Covers(&c.Record) }), nil
}

type placeHoldUnit struct {
	store *RetentionStore
	hold  *retention.Hold
	body  []byte

	exists bool
	claims []retention.Claim
}

func (u *placeHoldUnit) start() []Statement {
	u.exists, u.claims = false, nil
	tenant := u.hold.Scope.Tenant
	return append(u.store.guards([]privacy.TenantID{tenant}, false), Statement{
		SQL: u.store.core.retention.hold, Args: []any{string(tenant), u.hold.ID},
		Each: func(Row) error {
			u.exists = true
			return nil
		},
	})
}

func (u *placeHoldUnit) next() ([]Statement, bool, error) {
	if u.exists {
		return nil, false, fmt.Errorf("sqlstore: hold: %w", privacy.ErrExists)
	}
	sql := &u.store.core.retention
	tenant := string(u.hold.Scope.Tenant)
	claims := Statement{SQL: sql.claimsOfTenant, Args: []any{tenant}, Each: stored("claim", &u.claims)}
	if tenant == "" {
		claims.SQL, claims.Args = sql.allClaims, nil
	}
	return []Statement{{SQL: sql.insertHold, Args: []any{tenant, u.hold.ID, u.body}}, claims}, true, nil
}

// ReleaseHold sets the last day of a hold. See retention.HoldStore.
func (s *RetentionStore) ReleaseHold(ctx context.Context, tenant privacy.TenantID, id string, on privacy.Date) error {
	return s.work.write(ctx, "release hold", &releaseHoldUnit{sql: &s.core.retention, tenant: string(tenant), id: id, on: on})
}

type releaseHoldUnit struct {
	sql        *retentionSQL
	tenant, id string
	on         privacy.Date

	found []retention.Hold
}

func (u *releaseHoldUnit) start() []Statement {
	u.found = nil
	return []Statement{{SQL: u.sql.lockHold, Args: []any{u.tenant, u.id}, Each: stored("hold", &u.found)}}
}

func (u *releaseHoldUnit) next() ([]Statement, bool, error) {
	if len(u.found) == 0 {
		return nil, false, fmt.Errorf("sqlstore: hold: %w", privacy.ErrNotFound)
	}
	if err := u.found[0].Release(u.on); err != nil {
		return nil, false, err
	}
	body, err := encoded("hold", u.found[0])
	return []Statement{{SQL: u.sql.updateHold, Args: []any{body, u.tenant, u.id}}}, true, err
}

// OpenRequest stores a request and returns the claims in flight on records of its
// subjects. See retention.RequestStore.
func (s *RetentionStore) OpenRequest(ctx context.Context, request retention.Request) ([]retention.Claim, error) {
	if err := request.Validate(); err != nil {
		return nil, err
	}
	u := &openRequestUnit{store: s, request: &request}
	if err := s.work.write(ctx, "open request", u); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(u.claims, func(c retention.Claim) bool {
		return !slices.Contains(request.Subjects, c.Record.Subject)
	}), nil
}

type openRequestUnit struct {
	store   *RetentionStore
	request *retention.Request

	right  privacy.Right
	claims []retention.Claim
}

func (u *openRequestUnit) start() []Statement {
	u.right, u.claims = 0, nil
	tenant := u.request.Tenant
	return append(u.store.guards([]privacy.TenantID{tenant}, false), Statement{
		SQL: u.store.core.retention.requestRight, Args: []any{string(tenant), u.request.ID},
		Each: func(row Row) error {
			var code string
			if err := row.Scan(&code); err != nil {
				return err
			}
			var err error
			u.right, err = storedRight(code)
			return err
		},
	})
}

func (u *openRequestUnit) next() ([]Statement, bool, error) {
	if u.right != 0 && u.right != u.request.Right {
		return nil, false, fmt.Errorf("sqlstore: the request is about another right: %w", privacy.ErrConflict)
	}
	sql := &u.store.core.retention
	tenant := string(u.request.Tenant)
	var statements []Statement
	for _, subject := range u.request.Subjects {
		statements = append(statements, Statement{
			SQL: sql.insertRequest, Args: []any{tenant, string(subject), u.request.ID, u.request.Right.String()},
		})
	}
	return append(statements, Statement{SQL: sql.claimsOfTenant, Args: []any{tenant}, Each: stored("claim", &u.claims)}), true, nil
}

// CloseRequest removes a request. See retention.RequestStore.
func (s *RetentionStore) CloseRequest(ctx context.Context, tenant privacy.TenantID, id string) error {
	var closed int64
	err := s.work.write(ctx, "close request", single(func() []Statement {
		return []Statement{{SQL: s.core.retention.closeRequest, Args: []any{string(tenant), id}, Affected: &closed}}
	}))
	if err == nil && closed == 0 {
		err = fmt.Errorf("sqlstore: request: %w", privacy.ErrNotFound)
	}
	return err
}

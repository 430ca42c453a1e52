package renewal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// Ledger is what an index reads of the ledger's store; every consent.Store is one.
type Ledger interface {
	// Streams is that of consent.LedgerStore.
	Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error)
	// Subjects is that of consent.LedgerStore.
	Subjects(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error)
	// Changes is that of consent.FeedStore.
	Changes(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error)
	// Head is that of consent.FeedStore.
	Head(ctx context.Context) (consent.Cursor, error)
}

// ErrTrimmed reports that the feed was trimmed before the index had read it:
// Rebuild has to make it anew. It matches privacy.ErrConflict.
var ErrTrimmed = fmt.Errorf("renewal: the feed was trimmed: %w", privacy.ErrConflict)

// Index is a projection of the consents in force. It is safe for concurrent use;
// several processes may bring one store up to date.
type Index struct {
	ledger Ledger
	store  Store
}

// New returns an index of a ledger's store in a store. The error matches
// privacy.ErrInvalid if one is nil.
func New(ledger Ledger, store Store) (*Index, error) {
	if ledger == nil || store == nil {
		return nil, fmt.Errorf("renewal: an index needs a ledger and a store: %w", privacy.ErrInvalid)
	}
	return &Index{ledger: ledger, store: store}, nil
}

// page is how many changes or subjects are read at once.
const page = 500

// pause is how long Poll waits for a transaction that hides what came after it.
const pause = 50 * time.Millisecond

// Poll brings the index up to date with every change that was committed before
// the call, and waits as long as a transaction that is still open hides some. The
// error matches ErrTrimmed, or is ctx's or a store's; the index stays where it was
// then, and Poll may be repeated.
func (x *Index) Poll(ctx context.Context) error {
	cursor, err := x.store.Cursor(ctx)
	if err != nil {
		return fmt.Errorf("renewal: %w", err)
	}
	for {
		changes, err := x.ledger.Changes(ctx, cursor, page)
		if err != nil {
			return fmt.Errorf("renewal: %w", err)
		}
		if changes.Reset && cursor != "" {
			return ErrTrimmed
		}
		if err := x.project(ctx, subjectsOf(changes.Changes)); err != nil {
			return err
		}
		stuck := changes.Next == cursor
		if !stuck {
			if err := x.store.SetCursor(ctx, changes.Next); err != nil {
				return fmt.Errorf("renewal: %w", err)
			}
			cursor = changes.Next
		}
		if changes.Complete {
			return nil
		}
		if stuck || len(changes.Changes) == 0 {
			if err := wait(ctx, pause); err != nil {
				return fmt.Errorf("renewal: %w", err)
			}
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// subjectsOf returns the subjects' streams among changes, each once.
func subjectsOf(changes []consent.Change) []consent.StreamKey {
	var keys []consent.StreamKey
	for _, change := range changes {
		if change.Key.Subject != "" {
			keys = append(keys, change.Key)
		}
	}
	slices.SortFunc(keys, func(a, b consent.StreamKey) int {
		if n := strings.Compare(string(a.Tenant), string(b.Tenant)); n != 0 {
			return n
		}
		return strings.Compare(string(a.Subject), string(b.Subject))
	})
	return slices.Compact(keys)
}

// Rebuild makes the index of all given tenants anew, by going through their
// subjects once, and goes on from the present end of the feed: name every tenant.
// It is for the first time on an old ledger, and after ErrTrimmed. The error
// matches privacy.ErrInvalid for a tenant that is not legal, or is a store's.
func (x *Index) Rebuild(ctx context.Context, tenants ...privacy.TenantID) error {
	for _, tenant := range tenants {
		if err := privacy.CheckID("tenant", string(tenant)); err != nil {
			return fmt.Errorf("renewal: %w", err)
		}
	}
	head, err := x.ledger.Head(ctx)
	if err != nil {
		return fmt.Errorf("renewal: %w", err)
	}
	for _, tenant := range tenants {
		if err := x.rebuildTenant(ctx, tenant); err != nil {
			return err
		}
	}
	if err := x.store.SetCursor(ctx, head); err != nil {
		return fmt.Errorf("renewal: %w", err)
	}
	return nil
}

func (x *Index) rebuildTenant(ctx context.Context, tenant privacy.TenantID) error {
	var after privacy.SubjectID
	for {
		subjects, err := x.ledger.Subjects(ctx, tenant, after, page)
		if err != nil {
			return fmt.Errorf("renewal: %w", err)
		}
		keys := make([]consent.StreamKey, len(subjects))
		for i, subject := range subjects {
			keys[i], after = consent.StreamKey{Tenant: tenant, Subject: subject}, subject
		}
		if err := x.project(ctx, keys); err != nil {
			return err
		}
		if len(subjects) < page {
			return nil
		}
	}
}

// project writes the rows of streams as they are now.
func (x *Index) project(ctx context.Context, keys []consent.StreamKey) error {
	if len(keys) == 0 {
		return nil
	}
	streams, err := x.ledger.Streams(ctx, keys)
	if err != nil {
		return fmt.Errorf("renewal: %w", err)
	}
	var faults []error
	for _, stream := range streams {
		state, err := stream.SubjectState()
		if err != nil { // one that cannot be read is asked for nothing
			state = consent.State{Version: stream.Version}
		}
		if err := x.store.Replace(ctx, stream.Key, stream.Version, rowsOf(stream.Key.Subject, &state)); err != nil {
			faults = append(faults, fmt.Errorf("renewal: %w", err))
		}
	}
	return errors.Join(faults...)
}

func rowsOf(subject privacy.SubjectID, state *consent.State) []Row {
	var rows []Row
	for _, purpose := range state.Purposes {
		if purpose.Consent == consent.ConsentGranted {
			rows = append(rows, Row{
				Subject: subject, Purpose: purpose.Purpose, NoticeVersion: purpose.NoticeVersion,
				GivenAt: purpose.ConsentAt, Until: purpose.Until,
			})
		}
	}
	return rows
}

// Due returns the consents that a query asks for. The error matches
// privacy.ErrInvalid for a query without a legal tenant and purpose, a criterion
// or a limit, or is the store's.
func (x *Index) Due(ctx context.Context, query Query) ([]Row, error) {
	legal := query.By == ByNotice || query.By == ByGiven || query.By == ByEnd
	if query.Limit < 1 || !legal {
		return nil, fmt.Errorf("renewal: a query has a criterion and a limit: %w", privacy.ErrInvalid)
	}
	if err := errors.Join(privacy.CheckID("tenant", string(query.Tenant)), privacy.CheckID("purpose", string(query.Purpose))); err != nil {
		return nil, fmt.Errorf("renewal: %w", err)
	}
	rows, err := x.store.Due(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("renewal: %w", err)
	}
	return rows, nil
}

// UnderOlderNotice returns the consents to a purpose that were given under
// notices older than version, a page of them after a row, nil for the first.
func (x *Index) UnderOlderNotice(ctx context.Context, tenant privacy.TenantID, purpose privacy.PurposeID, version uint32, after *Row, limit int) ([]Row, error) {
	return x.Due(ctx, Query{Tenant: tenant, Purpose: purpose, By: ByNotice, Below: int64(version), After: after, Limit: limit})
}

// GivenBefore returns the consents to a purpose that were given before a time.
func (x *Index) GivenBefore(ctx context.Context, tenant privacy.TenantID, purpose privacy.PurposeID, at time.Time, after *Row, limit int) ([]Row, error) {
	return x.Due(ctx, Query{Tenant: tenant, Purpose: purpose, By: ByGiven, Below: at.UnixMicro(), After: after, Limit: limit})
}

// EndingBefore returns the consents to a purpose that end before a time.
func (x *Index) EndingBefore(ctx context.Context, tenant privacy.TenantID, purpose privacy.PurposeID, at time.Time, after *Row, limit int) ([]Row, error) {
	return x.Due(ctx, Query{Tenant: tenant, Purpose: purpose, By: ByEnd, Below: at.UnixMicro(), After: after, Limit: limit})
}

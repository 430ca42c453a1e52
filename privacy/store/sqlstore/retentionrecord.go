package sqlstore

import (
	"context"
	"fmt"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// Record appends to the log of a sweep. See retention.SweepStore.
func (s *RetentionStore) Record(ctx context.Context, sweep string, leases []retention.Lease, items []retention.Item, pending []retention.Notice) error {
	u := &recordItemsUnit{fencing: fencing{store: s, sweep: sweep, leases: sortedLeases(leases)}, items: items, notices: map[retention.Token][]byte{}}
	for i := range pending {
		body, err := encoded("notice", pending[i])
		if err != nil {
			return err
		}
		u.notices[pending[i].Token] = body
	}
	return s.work.write(ctx, "record items", u)
}

// recordItemsUnit locks the sweep, so that its log has no gaps.
type recordItemsUnit struct {
	fencing
	items   []retention.Item
	notices map[retention.Token][]byte

	length int64
	logged map[retention.Token]bool
}

func (u *recordItemsUnit) start() []Statement {
	u.length, u.logged = 0, map[retention.Token]bool{}
	sql := &u.store.core.retention
	statements := append(u.statements(sql.sharing), Statement{
		SQL: sql.lockSweep, Args: []any{u.sweep}, Each: func(row Row) error { return row.Scan(&u.length) },
	})
	return append(statements, u.store.in(sql.loggedIn, "", []any{u.sweep}, u.tokens(), func(row Row) error {
		var token []byte
		if err := row.Scan(&token); err != nil {
			return err
		}
		if len(token) != len(retention.Token{}) {
			return fmt.Errorf("a stored token has %d bytes: %w", len(token), privacy.ErrInvalid)
		}
		u.logged[retention.Token(token)] = true
		return nil
	})...)
}

func (u *recordItemsUnit) tokens() []any {
	tokens := make([]retention.Token, len(u.items))
	for i := range u.items {
		tokens[i] = u.items[i].Token
	}
	return tokenArgs(tokens)
}

func (u *recordItemsUnit) next() ([]Statement, bool, error) {
	shards := make([]retention.Shard, len(u.items))
	for i := range u.items {
		shards[i] = u.items[i].Shard
	}
	if err := u.check(shards); err != nil || len(u.items) == 0 {
		return nil, true, err
	}
	sql := &u.store.core.retention
	statements := u.store.in(sql.endClaimsIn, "", []any{u.sweep}, u.tokens(), nil)
	for _, item := range u.items {
		if u.logged[item.Token] {
			continue
		}
		u.logged[item.Token] = true
		u.length++
		item.Sequence = uint64(u.length)
		insert, err := u.insert(&item)
		if err != nil {
			return nil, false, err
		}
		statements = append(statements, insert...)
	}
	return append(statements, Statement{SQL: sql.lengthen, Args: []any{u.length, u.sweep}}), true, nil
}

func (u *recordItemsUnit) insert(item *retention.Item) ([]Statement, error) {
	body, err := encoded("item", item)
	if err != nil {
		return nil, err
	}
	var action, disposedAt any
	if item.Outcome == retention.Disposed {
		action, disposedAt = item.Action.String(), item.At.UnixMicro()
	}
	sql := &u.store.core.retention
	statements := []Statement{{SQL: sql.insertItem, Args: []any{u.sweep, u.length, item.Token[:], body, action, disposedAt}}}
	if notice, pending := u.notices[item.Token]; pending {
		statements = append(statements, Statement{SQL: sql.insertNotice, Args: []any{u.sweep, item.Token[:], notice}})
	}
	return statements, nil
}

// Notices returns a page of the pending notices of a sweep. See
// retention.NoticeStore.
func (s *RetentionStore) Notices(ctx context.Context, sweep string, after retention.Token, limit int) ([]retention.Notice, error) {
	if limit < 1 {
		return nil, errLimit("notices")
	}
	var notices []retention.Notice
	err := s.readSweep(ctx, "notices", sweep, Statement{
		SQL: s.core.retention.notices, Args: []any{sweep, after[:], int64(limit)}, Each: stored("notice", &notices),
	})
	if err != nil {
		return nil, err
	}
	return notices, nil
}

// Told removes notices. See retention.NoticeStore.
func (s *RetentionStore) Told(ctx context.Context, sweep string, tokens []retention.Token) error {
	u := &toldNoticesUnit{fencing: fencing{store: s, sweep: sweep}, tokens: tokens}
	return s.work.write(ctx, "remove notices", u)
}

type toldNoticesUnit struct {
	fencing
	tokens []retention.Token
}

func (u *toldNoticesUnit) start() []Statement { return u.statements("") }

func (u *toldNoticesUnit) next() ([]Statement, bool, error) {
	if err := u.check(nil); err != nil {
		return nil, false, err
	}
	return u.store.in(u.store.core.retention.toldIn, "", []any{u.sweep}, tokenArgs(u.tokens), nil), true, nil
}

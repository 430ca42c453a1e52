package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// A pass of a sweep follows an index in the order of time and stops where nothing
// is due any more. One leads through the records of all tenants; those of a tenant
// with a period of its own are read by themselves.

// everything is later than any event: nothing needs to have elapsed.
const everything = math.MaxInt64

// ownDue tells before when the events of a tenant's records must lie for one to be
// due, in microseconds. An event that is not there makes nothing due.
type ownDue struct {
	tenant string
	before map[string]int64
}

// latest returns the latest of the times, false if nothing is due.
func (d *ownDue) latest() (int64, bool) {
	latest, found := int64(math.MinInt64), false
	for _, before := range d.before {
		latest, found = max(latest, before), true
	}
	return latest, found
}

// until returns the time before which an event must lie, the earliest of all if
// nothing is due by it.
func (d *ownDue) until(event string) int64 {
	if before, found := d.before[event]; found {
		return before
	}
	return math.MinInt64
}

// ownDues are what a schedule asks for in a category: first that of every tenant
// without an entry of its own, then those of others, in order.
type ownDues []ownDue

func (d ownDues) of(tenant string) *ownDue {
	if i, found := slices.BinarySearchFunc(d[1:], tenant, func(due ownDue, tenant string) int {
		return strings.Compare(due.tenant, tenant)
	}); found {
		return &d[1+i]
	}
	return &d[0]
}

// special reports whether a tenant has an entry of its own.
func (d ownDues) special(tenant string) bool { return d.of(tenant) != &d[0] }

// specialTenants returns who has an entry in any of several, in order.
func specialTenants(dues ...ownDues) []string {
	var tenants []string
	for _, d := range dues {
		for i := range d[1:] {
			tenants = append(tenants, d[1+i].tenant)
		}
	}
	slices.Sort(tenants)
	return slices.Compact(tenants)
}

// ownEvents are those of all our records, so that one rule can be about several kinds
// of them: each has its own, and lacks the others.
var ownEvents = []string{EventLastRecorded, EventRelationshipEnded, EventDecided, EventCaseEnded}

// newDues asks the schedule of a query about records with some of those events.
func newDues(query retention.Query, category privacy.CategoryID, events ...string) (ownDues, error) {
	table := retention.Table{
		Dialect: retention.SQLite, Categories: []privacy.CategoryID{category}, TenantColumn: "tenant", Hidden: true,
		Events: make(map[string]retention.Column, len(ownEvents)),
	}
	for _, event := range ownEvents {
		table.Events[event] = retention.Column{Name: event, Type: retention.ColumnUnixMicros}
	}
	lanes, err := query.Schedule.Lanes(table, query.At)
	if err != nil {
		return nil, err
	}
	byTenant := map[string]map[string]int64{"": {}}
	add := func(tenant privacy.TenantID) map[string]int64 {
		if byTenant[string(tenant)] == nil {
			byTenant[string(tenant)] = map[string]int64{}
		}
		return byTenant[string(tenant)]
	}
	for i := range lanes {
		lane := &lanes[i]
		for _, tenant := range lane.Except {
			add(tenant)
		}
		before := add(lane.Tenant)
		for _, event := range events {
			switch lane.Event.Name {
			case "":
				before[event] = everything
			case event:
				before[event] = latestIn(lane)
			}
		}
	}
	dues := ownDues{{before: byTenant[""]}}
	for _, tenant := range slices.Sorted(maps.Keys(byTenant)) {
		if !maps.Equal(byTenant[tenant], byTenant[""]) {
			dues = append(dues, ownDue{tenant, byTenant[tenant]})
		}
	}
	return dues, nil
}

// latestIn returns the bound of the event that a lane follows, which is the first
// argument of its predicate. One that cannot be read bounds nothing.
func latestIn(lane *retention.Lane) int64 {
	if len(lane.Predicate.Args) > 0 {
		if latest, ok := lane.Predicate.Args[0].(int64); ok {
			return latest
		}
	}
	return everything
}

// ownCursor is the place after a record: that of its lane, and what the lane is in
// the order of.
type ownCursor struct {
	Lane     int    `json:"lane,omitempty"`
	Tenant   string `json:"tenant,omitempty"`
	Key      string `json:"key,omitempty"`
	At       int64  `json:"at,omitempty"`
	Position int64  `json:"position,omitempty"`
}

func parseOwnCursor(text string, lanes int) (ownCursor, error) {
	var at ownCursor
	if text == "" {
		return at, nil
	}
	if err := privacy.DecodeJSON([]byte(text), &at); err != nil || at.Lane < 0 || at.Lane >= lanes {
		return at, fmt.Errorf("sqlstore: not a page of our own records: %w", privacy.ErrInvalid)
	}
	return at, nil
}

// ownLane is a part of the candidates that one index gives in order. Lanes do not
// overlap.
type ownLane struct {
	// next returns the statements that go on after a place, or begin. Their last
	// argument is to be the greatest number of rows.
	next func(after ownCursor, begin bool) []Statement
	// row reads a row: its place and the record, nil if it is no candidate.
	row func(Row) (*retention.Record, ownCursor, error)
}

// readLanes reads a page, from lane to lane until it is full.
func (db *DB) readLanes(ctx context.Context, op string, query retention.Query, lanes []ownLane) (retention.Page, error) {
	at, err := parseOwnCursor(query.After, max(len(lanes), 1))
	if err != nil {
		return retention.Page{}, err
	}
	var page retention.Page
	for ; at.Lane < len(lanes); at = (ownCursor{Lane: at.Lane + 1}) {
		lane := &lanes[at.Lane]
		for _, statement := range lane.next(at, at == ownCursor{Lane: at.Lane}) {
			limit, read, last := query.Limit-len(page.Records), 0, at
			statement.Args = append(statement.Args, int64(limit))
			statement.Each = func(row Row) error {
				record, place, err := lane.row(row)
				if record != nil {
					page.Records = append(page.Records, *record)
				}
				place.Lane = at.Lane
				read, last = read+1, place
				return err
			}
			if err := db.read(ctx, op, statement); err != nil {
				return retention.Page{}, err
			}
			if read == limit {
				next, err := json.Marshal(last)
				page.Next = string(next)
				return page, err
			}
		}
	}
	return page, nil
}

// byTime are the statements for rows in the order of a time: the rest of those of
// one time, and those of later ones. A comparison of the time and the keys at once
// is more than an index of SQLite answers beside the bound.
type byTime struct {
	same, later string
	// floor is the time that all rows are later than.
	floor int64
}

// newByTime returns statements whose first arguments are the columns that lead the
// index, before the time at and the keys.
func newByTime(t *template, query string, lead []string, floor int64, at string, keys ...string) byTime {
	for i, column := range lead {
		query += fmt.Sprintf(" AND %s = $%d", column, i+1)
	}
	n, list := len(lead), strings.Join(keys, ", ")
	placeholders := make([]string, len(keys))
	for i := range keys {
		placeholders[i] = fmt.Sprintf("$%d", n+2+i)
	}
	return byTime{
		same: t.read(fmt.Sprintf("%s AND %s = $%d AND (%s) > (%s) ORDER BY %[4]s LIMIT {unseen}$%[6]d{/unseen}",
			query, at, n+1, list, strings.Join(placeholders, ", "), n+2+len(keys))),
		later: t.read(fmt.Sprintf("%s AND %s > $%d AND %[2]s < $%[4]d ORDER BY %[2]s, %[5]s LIMIT {unseen}$%[6]d{/unseen}",
			query, at, n+1, n+2, list, n+3)),
		floor: floor,
	}
}

// from returns the statements for what comes after the row with a time and keys, or
// for all rows, up to another time: none if that is no later.
func (b byTime) from(begin bool, lead []any, at, before int64, keys ...any) []Statement {
	if begin {
		at = b.floor
	}
	if before <= at {
		return nil
	}
	later := Statement{SQL: b.later, Args: slices.Concat(lead, []any{at, before})}
	if begin {
		return []Statement{later}
	}
	return []Statement{{SQL: b.same, Args: slices.Concat(lead, []any{at}, keys)}, later}
}

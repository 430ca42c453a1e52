package storetest

import (
	"testing"

	"github.com/labelop/privacykit/consent/renewal"
)

// Owing are the queries for who owes a renewed consent to the newsletter since
// Moment or by its first notice, a page of them, by the index that must answer.
func Owing() map[string]renewal.Query {
	query := func(by renewal.Criterion, below int64) renewal.Query {
		return renewal.Query{Tenant: Tenant, Purpose: "newsletter", By: by, Below: below, Limit: 30}
	}
	return map[string]renewal.Query{
		"renewals_notice": query(renewal.ByNotice, 2),
		"renewals_given":  query(renewal.ByGiven, Moment().UnixMicro()),
		"renewals_end":    query(renewal.ByEnd, Moment().UnixMicro()),
	}
}

// AllOwing follows a query to its end and returns how many rows it has.
func AllOwing(t testing.TB, store renewal.Store, query renewal.Query) int {
	t.Helper()
	for n := 0; ; {
		rows, err := store.Due(t.Context(), query)
		Must(t, err)
		n += len(rows)
		if len(rows) < query.Limit {
			return n
		}
		query.After = &rows[len(rows)-1]
	}
}

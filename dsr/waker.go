package dsr

import "context"

// Waker hands wake-ups to a job engine that lives in the same database, so that
// somebody looks at once instead of at the next poll. A store adapter that takes
// one calls it at the end of CaseStore.Update with what is new in Update.Wakes,
// within the transaction: what is rolled back is not enqueued. Tx is the
// adapter's transaction, such as pgx.Tx.
//
// The store stays the truth. A job carries no work of its own: at Wake.RunAt it
// claims what is due, by Runner.RunDue of package fulfilment. For River that is
// InsertTx with ScheduledAt, a queue of its own, and a unique argument of tenant,
// kind and key, so that many wake-ups of one time make one job. An engine that
// loses, delays or repeats a job does no harm.
type Waker[Tx any] interface {
	// Enqueue enqueues a job for each wake-up. An error MUST undo the update.
	Enqueue(ctx context.Context, tx Tx, wakes []Wake) error
}

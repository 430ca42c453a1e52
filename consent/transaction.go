package consent

import "sync"

// touched are the streams that a transaction of the host wrote to.
type touched struct {
	lock sync.Mutex
	keys []StreamKey
}

// Transaction is a Ledger within a transaction of the host.
type Transaction struct {
	*Ledger
}

// Join returns the ledger on store, which an adapter has bound to a transaction
// of the host. What it writes takes effect when the host commits; from the
// first write until Done, the gates of this process answer from the store for
// every stream it touched, because only the host knows when that is.
//
//	tx := ledger.Join(store.WithTx(sqlTx))
//	defer tx.Done()
func (l *Ledger) Join(store LedgerStore) Transaction {
	joined := *l
	joined.store, joined.touched = store, &touched{}
	return Transaction{Ledger: &joined}
}

// Done is called when the host has committed or rolled back. Calling it again
// does nothing.
func (t Transaction) Done() {
	t.touched.lock.Lock()
	defer t.touched.lock.Unlock()
	for _, key := range t.touched.keys {
		t.shared.each(func(c *cache) {
			c.forget(key)
			c.bypass.remove(key)
		})
	}
	t.touched.keys = nil
}

// touch marks the streams of work before they are written.
func (l *Ledger) touch(work []Append) {
	if l.touched == nil {
		return
	}
	l.touched.lock.Lock()
	defer l.touched.lock.Unlock()
	for _, element := range work {
		l.touched.keys = append(l.touched.keys, element.Key)
		l.shared.each(func(c *cache) { c.bypass.add(element.Key) })
	}
}

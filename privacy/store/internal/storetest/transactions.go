package storetest

import (
	"context"

	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// Transact is a host that carries out do in a transaction of its own. It commits if
// do returned nil or a refusal, which must have written nothing, and returns the
// error of do and that of the end of the transaction.
type Transact func(ctx context.Context, do func(tx *sqlstore.Tx) error) error

// calls is a store of kind S each of whose calls is a transaction of a host.
type calls[S any] func(ctx context.Context, do func(S) error) error

func joining[S any](transact Transact, store func(*sqlstore.Tx) S) calls[S] {
	return func(ctx context.Context, do func(S) error) error {
		return transact(ctx, func(tx *sqlstore.Tx) error { return do(store(tx)) })
	}
}

func ask[S, T any](ctx context.Context, c calls[S], call func(S) (T, error)) (result T, err error) {
	err = c(ctx, func(s S) error {
		var refused error
		result, refused = call(s)
		return refused
	})
	return result, err
}

package pgstore_test

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/labelop/privacykit/privacy/store/pgstore"
)

// A host that makes the pool itself has the server bound the transactions of the
// stores on every connection.
func ExampleConfigure() {
	config, err := pgxpool.ParseConfig("postgres://service@db-1.example.com,db-2.example.com/service?lock_timeout=2000")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := pgstore.Configure(config, &pgstore.Options{StatementTimeout: 5 * time.Second}); err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"} {
		fmt.Println(name, config.ConnConfig.RuntimeParams[name])
	}
	fmt.Println("only the primary:", config.ConnConfig.ValidateConnect != nil)
	// pool, err := pgxpool.NewWithConfig(ctx, config)
	// db, err := pgstore.New(ctx, pool, nil)

	// Output:
	// lock_timeout 2000
	// statement_timeout 5000
	// idle_in_transaction_session_timeout 10000
	// only the primary: true
}

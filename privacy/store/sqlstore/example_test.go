package sqlstore_test

import (
	"fmt"
	"strings"

	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// A host with a migration tool of its own takes the schema as SQL.
func ExampleMigrations() {
	migrations, err := sqlstore.Migrations(sqlstore.PostgreSQL, &sqlstore.Options{Schema: "compliance", Prefix: "pk_"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range migrations {
		fmt.Println(m.Version, m.Name, strings.Count(m.SQL, "CREATE TABLE"), "tables")
	}
	// Output:
	// 1 ledger 5 tables
	// 2 decisions 1 tables
	// 3 policies 3 tables
	// 4 retention 8 tables
	// 5 cases 6 tables
	// 6 proof 4 tables
	// 7 suppression 1 tables
	// 8 renewals 3 tables
	// 9 sweeps 0 tables
	// 10 tokens 1 tables
	// 11 open_rights 0 tables
}

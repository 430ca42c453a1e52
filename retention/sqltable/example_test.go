package sqltable_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/netip"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/sqltable"
)

// pool is the host's database; it is not asked here.
var pool = &sql.DB{}

// network leaves of an address the network it is in.
func network(address string) (string, error) {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return "", errors.New("not an address")
	}
	return retention.GeneraliseIP(parsed).Addr().String(), nil
}

// A declaration is enough for a system, and tells which indexes it wants.
func ExampleNew() {
	table := sqltable.Table{
		System: "accounts", Dialect: retention.PostgreSQL, Name: "account",
		Key: "id", TenantColumn: "workspace", SubjectColumn: "id",
		Categories: []privacy.CategoryID{"account"},
		Events: map[string]retention.Column{
			"closed": {Name: "closed_on", Type: retention.ColumnDate},
		},
		DisposedColumn: "anonymised",
		Anonymise: []sqltable.Replacement{
			{Column: "email"},
			{Column: "name", Value: "former customer"},
			{Column: "last_address", Func: network},
		},
	}
	system, err := sqltable.New(pool, table)
	if err != nil {
		panic(err)
	}
	fmt.Println(system.ID)

	indexes, err := table.Indexes()
	if err != nil {
		panic(err)
	}
	for _, statement := range indexes {
		fmt.Println(statement)
	}

	table.Key, table.DisposedColumn = `id" --`, ""
	_, err = sqltable.New(pool, table)
	fmt.Println(err)
	// Output:
	// accounts
	// CREATE INDEX "account_sweep_1" ON "account" ("closed_on", "id") WHERE "anonymised" IS NOT TRUE
	// CREATE INDEX "account_sweep_2" ON "account" ("workspace", "closed_on", "id") WHERE "anonymised" IS NOT TRUE
	// CREATE INDEX "account_sweep_3" ON "account" ("workspace", "id") WHERE "anonymised" IS NOT TRUE
	// 2 problems
	// 	key: a column name consists of ASCII letters, digits and underscores (column_name)
	// 	disposed_column: a row that stays needs a column that says its data is gone (required)
}

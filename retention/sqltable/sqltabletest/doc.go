// Package sqltabletest checks that package sqltable works with a database and its
// driver, on tables that it makes and drops:
//
//	func TestTables(t *testing.T) { sqltabletest.Run(t, pool, retention.PostgreSQL) }
//
// sqltable relies on little, but drivers differ in how they hand over times, numbers
// and NULL. A host with a driver of its own choice runs this once.
//
// The package imports the standard library and this module only.
package sqltabletest

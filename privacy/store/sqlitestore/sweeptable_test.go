package sqlitestore_test

import (
	"testing"

	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/sqltable/sqltabletest"
)

func TestSweptTables(t *testing.T) {
	sqltabletest.Run(t, open(t, nil).SQL(), retention.SQLite)
}

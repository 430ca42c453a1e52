module github.com/labelop/privacykit/privacy/store/faulttest

go 1.26.0

require (
	github.com/anishathalye/porcupine v1.3.1
	github.com/labelop/privacykit v0.0.0
	github.com/labelop/privacykit/privacy/store/sqlitestore v0.0.0
	github.com/ncruces/go-sqlite3 v0.37.0
	github.com/stretchr/testify v1.12.1
	go.uber.org/goleak v1.3.0
	pgregory.net/rapid v1.3.0
)

replace github.com/labelop/privacykit => ../../..

replace github.com/labelop/privacykit/privacy/store/sqlitestore => ../sqlitestore

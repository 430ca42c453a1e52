// Package pgstore keeps everything in PostgreSQL, through pgx.
package pgstore

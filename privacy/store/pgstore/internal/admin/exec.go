package admin

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// Exec connects to the database that url names and runs statements, which may
// be several with semicolons between them.
func Exec(ctx context.Context, url, statements string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.PgConn().Exec(ctx, statements).ReadAll()
	return errors.Join(err, conn.Close(ctx))
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// maxConns bounds the connections of one gateway; what comes beyond waits for its turn.
const maxConns = 16

// DB is an open database. It is safe for concurrent use, also by several processes.
type DB struct {
	sql      *sql.DB
	postgres bool
}

// Open opens the database at a postgres:// (or postgresql://) URL, or else the SQLite file at a path, which is made if it is not
// there, and migrates it. It fails with ErrOpen or ErrNewer.
func Open(ctx context.Context, where string) (*DB, error) {
	d := &DB{postgres: strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://")}
	var err error
	if d.postgres {
		d.sql, err = sql.Open("pgx", where)
	} else {
		d.sql, err = openFile(where)
	}
	if err != nil {
		return nil, d.openError(err)
	}
	d.sql.SetMaxOpenConns(maxConns)
	d.sql.SetMaxIdleConns(maxConns)
	d.sql.SetConnMaxIdleTime(time.Minute)
	if err := d.migrate(ctx); err != nil {
		_ = d.sql.Close()
		if errors.Is(err, ErrNewer) {
			return nil, err
		}
		return nil, d.openError(err)
	}
	return d, nil
}

// openError names the kind of database, not its URL: that may hold a password.
func (d *DB) openError(err error) error {
	kind := "SQLite"
	if d.postgres {
		kind = "PostgreSQL"
	}
	return fmt.Errorf("%w (%s): %w", ErrOpen, kind, err)
}

func openFile(path string) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // SQLite would make it readable for others
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	q := url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)"},
		"_txlock": {"immediate"}, // a transaction that reads before it writes must not find itself out of date
	}
	return sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String())
}

// Close ends all connections.
func (d *DB) Close() error { return d.sql.Close() }

// Shared tells whether several gateways may hold this database at once, so that budgets must be drawn from it.
func (d *DB) Shared() bool { return d.postgres }

// speak turns a statement into the database's own words. Statements are written in PostgreSQL's.
func (d *DB) speak(statement string) string {
	if d.postgres {
		return statement
	}
	return sqliteWords.Replace(statement)
}

var sqliteWords = strings.NewReplacer("LEAST(", "min(", "GREATEST(", "max(", "BYTEA", "BLOB", "UNLOGGED ", "")

// within runs fn in a transaction. Among transactions that name the same topic only one runs at a time, on all gateways.
func (d *DB) within(ctx context.Context, topic string, fn func(tx *sql.Tx) error) error {
	tx, err := d.sql.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing to do after a commit
	if d.postgres {
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, "gotensor gateway "+topic); err != nil {
			return err
		}
	}
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

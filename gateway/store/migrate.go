package store

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations are the steps from an empty database to the present schema. Steps are only ever added. Times are microseconds since
// 1970, 0 for never; levels of buckets are millionths.
var migrations = []string{
	`CREATE TABLE api_keys (
		id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, account TEXT NOT NULL, name TEXT NOT NULL,
		requests BIGINT NOT NULL, tokens BIGINT NOT NULL, concurrent BIGINT NOT NULL,
		created BIGINT NOT NULL, expires BIGINT NOT NULL, revoked BIGINT NOT NULL);
	CREATE INDEX api_keys_account ON api_keys (account);
	CREATE TABLE nonces (nonce TEXT PRIMARY KEY, expires BIGINT NOT NULL);
	CREATE TABLE usage_by_day (
		key_id TEXT NOT NULL, day TEXT NOT NULL, requests BIGINT NOT NULL, tokens_in BIGINT NOT NULL, tokens_out BIGINT NOT NULL,
		PRIMARY KEY (key_id, day));
	CREATE TABLE epochs (netuid BIGINT NOT NULL, height BIGINT NOT NULL, shares BYTEA NOT NULL, PRIMARY KEY (netuid, height))`,
	`CREATE UNLOGGED TABLE buckets (scope TEXT PRIMARY KEY, level BIGINT NOT NULL, at BIGINT NOT NULL, granted BIGINT NOT NULL);
	CREATE UNLOGGED TABLE slots (
		scope TEXT NOT NULL, gateway TEXT NOT NULL, held BIGINT NOT NULL, expires BIGINT NOT NULL, PRIMARY KEY (scope, gateway))`,
}

// migrate brings the schema up to date; gateways that start together take turns.
func (d *DB) migrate(ctx context.Context) error {
	return d.within(ctx, "schema", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)`); err != nil {
			return err
		}
		var at int
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_version`).Scan(&at); err != nil {
			return err
		}
		if at > len(migrations) {
			return fmt.Errorf("%w (it has %d, this program knows %d)", ErrNewer, at, len(migrations))
		}
		for i, step := range migrations[at:] {
			if _, err := tx.ExecContext(ctx, d.speak(step)); err != nil {
				return fmt.Errorf("migration %d: %w", at+i+1, err)
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO schema_version (version) VALUES ($1)`, at+i+1); err != nil {
				return err
			}
		}
		return nil
	})
}

package store

import (
	"context"
	"database/sql"
	"time"
)

// unit is one whole request or token in the millionths that buckets are kept in.
const unit = 1_000_000

// MaxRate bounds what a bucket may give in a minute, so that its arithmetic stays within int64.
const MaxRate = 1_000_000_000

// Draw takes from a bucket that refills by perMinute (1..MaxRate) a minute and holds as much: all of must, even if that leaves it in debt, and
// as much as there is of the rest of want, in whole numbers. It returns what was taken and what is left (negative: the debt). A
// bucket that nobody knew is full.
func (d *DB) Draw(ctx context.Context, scope string, perMinute, must, want int64, now time.Time) (granted, left int64, err error) {
	full := Refill(0, time.Minute, perMinute)
	first, rest := Split(full, must, want)
	err = d.sql.QueryRowContext(ctx, d.speak(drawStatement), scope, rest, micro(now), first, full, perMinute, must*unit, (want-must)*unit).Scan(&granted, &left)
	return granted, Whole(left), err
}

// The level refilled up to now, and what is taken of it beyond what must be, in whole units. See Refill and Split.
const (
	refilled      = `LEAST($5, b.level + LEAST(GREATEST($3 - b.at, 0), 3600000000) * $6 / 60)`
	beyond        = `(LEAST(GREATEST(` + refilled + ` - $7, 0), $8) / 1000000)`
	drawStatement = `INSERT INTO buckets AS b (scope, level, at, granted) VALUES ($1, $2, $3, $4) ON CONFLICT (scope) DO UPDATE SET
		level = ` + refilled + ` - $7 - ` + beyond + ` * 1000000, at = GREATEST(b.at, $3), granted = $7 / 1000000 + ` + beyond + `
		RETURNING granted, level`
)

// Refill is a bucket's level, in millionths, after some time: it never holds more than comes in a minute, and no debt outlives an hour.
func Refill(level int64, passed time.Duration, perMinute int64) int64 {
	passed = min(max(passed, 0), time.Hour) // no debt lasts longer, and no product overflows
	return min(perMinute*unit, level+passed.Microseconds()*perMinute/60)
}

// Split takes must, and up to want as far as there is, from a level in millionths. It returns what was taken in whole units, and the
// level after it.
func Split(level, must, want int64) (granted, rest int64) {
	beyond := min(max(level-must*unit, 0), (want-must)*unit) / unit
	return must + beyond, level - (must+beyond)*unit
}

// Whole turns millionths into whole units, downwards also where they are negative.
func Whole(level int64) int64 {
	if level < 0 {
		return -((-level + unit - 1) / unit)
	}
	return level / unit
}

// Hold says that a gateway needs want of the limit that all gateways together may hold of a scope, until expires. It returns how
// many it got, which replace what it held before; 0 gives all back. A gateway that is gone loses its part when that expires.
func (d *DB) Hold(ctx context.Context, h Holding, limit, want int64, now, expires time.Time) (granted int64, err error) {
	if want <= 0 {
		_, err := d.sql.ExecContext(ctx, `DELETE FROM slots WHERE scope = $1 AND gateway = $2`, h.Scope, h.Gateway)
		return 0, err
	}
	err = d.within(ctx, "slots of "+h.Scope, func(tx *sql.Tx) error {
		var others int64
		row := tx.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(held), 0) AS BIGINT) FROM slots WHERE scope = $1 AND gateway <> $2 AND expires > $3`,
			h.Scope, h.Gateway, micro(now))
		if err := row.Scan(&others); err != nil {
			return err
		}
		granted = min(max(limit-others, 0), want)
		_, err := tx.ExecContext(ctx, `INSERT INTO slots (scope, gateway, held, expires) VALUES ($1, $2, $3, $4)
			ON CONFLICT (scope, gateway) DO UPDATE SET held = excluded.held, expires = excluded.expires`, h.Scope, h.Gateway, granted, micro(expires))
		return err
	})
	return granted, err
}

// Holding names who holds what: one gateway's process, and a key or an account.
type Holding struct{ Scope, Gateway string }

// Sweep forgets what no longer matters: buckets that are full again, and what gone gateways held.
func (d *DB) Sweep(ctx context.Context, now time.Time) error {
	// A debt may take longer than a minute to pay; nobody's is larger than what runs at once, an hour is ample.
	if _, err := d.sql.ExecContext(ctx, `DELETE FROM buckets WHERE (at < $1 AND level >= 0) OR at < $2`,
		micro(now.Add(-time.Minute)), micro(now.Add(-time.Hour))); err != nil {
		return err
	}
	_, err := d.sql.ExecContext(ctx, `DELETE FROM slots WHERE expires <= $1`, micro(now))
	return err
}

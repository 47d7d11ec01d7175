package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
)

// MaxName is the most bytes of a key's name.
const MaxName = 64

// Limits are a key's own, beside those of its account, of which the lower ones hold. 0: none of its own.
type Limits struct {
	Requests   int64 // per minute
	Tokens     int64 // per minute, in and out
	Concurrent int64
}

// Key is an API key without its secret.
type Key struct {
	// ID names the key where its secret must not stand: in lists, logs and usage.
	ID      string
	Hash    [sha256.Size]byte
	Account gotensor.Address // whose bandwidth it uses
	Name    string           // for people, 1..MaxName bytes
	Limits  Limits
	Created time.Time
	Expires time.Time // zero: never
	Revoked time.Time // zero: it is not
}

// NewKey describes the key of a secret. Its ID is the beginning of the secret's hash.
func NewKey(s Secret, account gotensor.Address, name string, now time.Time) Key {
	h := s.Hash()
	return Key{ID: "key_" + hex.EncodeToString(h[:8]), Hash: h, Account: account, Name: name, Created: now}
}

// Live tells whether the key opens anything at a time.
func (k Key) Live(now time.Time) bool {
	return k.Revoked.IsZero() && (k.Expires.IsZero() || now.Before(k.Expires))
}

// CheckName fails with ErrKey unless a name fits: 1 to MaxName bytes of printable UTF-8.
func CheckName(name string) error {
	if name == "" || len(name) > MaxName || !utf8.ValidString(name) {
		return fmt.Errorf("%w: name has %d bytes, want 1 to %d of UTF-8", ErrKey, len(name), MaxName)
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("%w: name holds %q, which does not print", ErrKey, r)
		}
	}
	return nil
}

func (k Key) check() error {
	if err := CheckName(k.Name); err != nil {
		return err
	}
	if k.Account.IsZero() {
		return fmt.Errorf("%w: it has no account", ErrKey)
	}
	if l := k.Limits; l.Requests < 0 || l.Tokens < 0 || l.Concurrent < 0 {
		return fmt.Errorf("%w: limits are requests %d, tokens %d, concurrent %d, want 0 (none) or more", ErrKey, l.Requests, l.Tokens, l.Concurrent)
	}
	return nil
}

// AddKey stores a key. It fails with ErrKey, or with ErrTooMany if its account has most live keys already (0: any number).
func (d *DB) AddKey(ctx context.Context, k Key, most int) error {
	if err := k.check(); err != nil {
		return err
	}
	account := keys.Account(k.Account)
	return d.within(ctx, "keys of "+account, func(tx *sql.Tx) error {
		var live int
		row := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM api_keys WHERE account = $1 AND revoked = 0 AND (expires = 0 OR expires > $2)`,
			account, k.Created.UnixMicro())
		if err := row.Scan(&live); err != nil {
			return err
		}
		if most > 0 && live >= most {
			return fmt.Errorf("%w: %s has %d, the most is %d; revoke one", ErrTooMany, account, live, most)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO api_keys (id, hash, account, name, requests, tokens, concurrent, created, expires, revoked)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			k.ID, hex.EncodeToString(k.Hash[:]), account, k.Name, k.Limits.Requests, k.Limits.Tokens, k.Limits.Concurrent,
			micro(k.Created), micro(k.Expires), micro(k.Revoked))
		return err
	})
}

const keyColumns = `SELECT id, hash, account, name, requests, tokens, concurrent, created, expires, revoked FROM api_keys `

// KeyByHash finds the key of a secret's hash, live or not, or ErrNotFound.
func (d *DB) KeyByHash(ctx context.Context, hash [sha256.Size]byte) (Key, error) {
	k, err := scanKey(d.sql.QueryRowContext(ctx, keyColumns+`WHERE hash = $1`, hex.EncodeToString(hash[:])))
	if errors.Is(err, sql.ErrNoRows) {
		return Key{}, ErrNotFound
	}
	return k, err
}

// Keys lists the keys of an account, or of all for the zero address, oldest first.
func (d *DB) Keys(ctx context.Context, account gotensor.Address) ([]Key, error) {
	where, args := `ORDER BY created, id`, []any(nil)
	if !account.IsZero() {
		where, args = `WHERE account = $1 `+where, []any{keys.Account(account)}
	}
	rows, err := d.sql.QueryContext(ctx, keyColumns+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []Key{}
	for rows.Next() {
		k, err := scanKey(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// Revoke ends a key for good; one that was revoked before keeps its time. It fails with ErrNotFound, also if account is not zero
// and the key is another's.
func (d *DB) Revoke(ctx context.Context, id string, account gotensor.Address, now time.Time) error {
	statement, args := `UPDATE api_keys SET revoked = CASE WHEN revoked = 0 THEN $2 ELSE revoked END WHERE id = $1`, []any{id, micro(now)}
	if !account.IsZero() {
		statement, args = statement+` AND account = $3`, append(args, keys.Account(account))
	}
	result, err := d.sql.ExecContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: %q", ErrNotFound, id)
	}
	return err
}

// UseNonce notes that a sign-in was used; a second time fails with ErrUsed until the note has expired.
func (d *DB) UseNonce(ctx context.Context, nonce string, now, expires time.Time) error {
	if _, err := d.sql.ExecContext(ctx, `DELETE FROM nonces WHERE expires <= $1`, micro(now)); err != nil {
		return err
	}
	result, err := d.sql.ExecContext(ctx, `INSERT INTO nonces (nonce, expires) VALUES ($1, $2) ON CONFLICT (nonce) DO NOTHING`, nonce, micro(expires))
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		err = ErrUsed
	}
	return err
}

func scanKey(row interface{ Scan(dest ...any) error }) (Key, error) {
	var k Key
	var hash, account string
	var created, expires, revoked int64
	if err := row.Scan(&k.ID, &hash, &account, &k.Name, &k.Limits.Requests, &k.Limits.Tokens, &k.Limits.Concurrent, &created, &expires, &revoked); err != nil {
		return Key{}, err
	}
	b, err := hex.DecodeString(hash)
	if err != nil || len(b) != len(k.Hash) {
		return Key{}, fmt.Errorf("stored key %q: hash is damaged", k.ID)
	}
	copy(k.Hash[:], b)
	if k.Account, err = keys.ParseAccount(account); err != nil {
		return Key{}, fmt.Errorf("stored key %q: %w", k.ID, err)
	}
	k.Created, k.Expires, k.Revoked = fromMicro(created), fromMicro(expires), fromMicro(revoked)
	return k, nil
}

func micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicro(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/gotensor/gotensor"
)

// Usage is what one key used in one day.
type Usage struct {
	KeyID    string
	Day      string // UTC, 2006-01-02
	Requests int64
	In, Out  int64 // tokens
}

// AddUsage adds to what is known of each key and day.
func (d *DB) AddUsage(ctx context.Context, more []Usage) error {
	// In one order everywhere, so that gateways that write at once never wait for each other in a circle.
	more = slices.Clone(more)
	slices.SortFunc(more, func(a, b Usage) int {
		return slices.Compare([]string{a.KeyID, a.Day}, []string{b.KeyID, b.Day})
	})
	return d.within(ctx, "usage", func(tx *sql.Tx) error {
		for _, u := range more {
			_, err := tx.ExecContext(ctx, `INSERT INTO usage_by_day AS u (key_id, day, requests, tokens_in, tokens_out) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (key_id, day) DO UPDATE SET requests = u.requests + excluded.requests,
				tokens_in = u.tokens_in + excluded.tokens_in, tokens_out = u.tokens_out + excluded.tokens_out`,
				u.KeyID, u.Day, u.Requests, u.In, u.Out)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Usage lists what was used from a day (2006-01-02, inclusive) on, by day and key.
func (d *DB) Usage(ctx context.Context, from string) ([]Usage, error) {
	rows, err := d.sql.QueryContext(ctx, `SELECT key_id, day, requests, tokens_in, tokens_out FROM usage_by_day WHERE day >= $1 ORDER BY day, key_id`, from)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []Usage{}
	for rows.Next() {
		var u Usage
		if err := rows.Scan(&u.KeyID, &u.Day, &u.Requests, &u.In, &u.Out); err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, rows.Err()
}

// Share is the incentive of one neuron at one epoch, a u16 share of 65535.
type Share struct {
	UID    gotensor.UID
	Hotkey gotensor.Address
	Value  uint16
}

// Epoch is the incentive of a subnet's neurons from one boundary on.
type Epoch struct {
	Height gotensor.Block // of the boundary
	Shares []Share        // by uid; those with nothing may be left out
}

const shareBytes = 2 + 2 + gotensor.AddressLen

// AddEpoch keeps an epoch that is not known yet and forgets all but the newest keep epochs of the subnet.
func (d *DB) AddEpoch(ctx context.Context, netuid gotensor.NetUID, e Epoch, keep int) error {
	packed := make([]byte, 0, len(e.Shares)*shareBytes)
	for _, s := range e.Shares {
		packed = binary.LittleEndian.AppendUint16(packed, uint16(s.UID))
		packed = binary.LittleEndian.AppendUint16(packed, s.Value)
		packed = append(packed, s.Hotkey[:]...)
	}
	return d.within(ctx, fmt.Sprintf("epochs of %d", netuid), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO epochs (netuid, height, shares) VALUES ($1, $2, $3) ON CONFLICT (netuid, height) DO NOTHING`,
			int64(netuid), int64(e.Height), packed)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM epochs WHERE netuid = $1 AND height NOT IN
			(SELECT height FROM epochs WHERE netuid = $1 ORDER BY height DESC LIMIT $2)`, int64(netuid), keep)
		return err
	})
}

// Epochs lists what is kept of a subnet, oldest first.
func (d *DB) Epochs(ctx context.Context, netuid gotensor.NetUID) ([]Epoch, error) {
	rows, err := d.sql.QueryContext(ctx, `SELECT height, shares FROM epochs WHERE netuid = $1 ORDER BY height`, int64(netuid))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []Epoch{}
	for rows.Next() {
		var height int64
		var packed []byte
		if err := rows.Scan(&height, &packed); err != nil {
			return nil, err
		}
		if height < 0 || len(packed)%shareBytes != 0 {
			return nil, fmt.Errorf("stored epoch %d of subnet %d is damaged", height, netuid)
		}
		e := Epoch{Height: gotensor.Block(height)}
		for b := range slices.Chunk(packed, shareBytes) {
			s := Share{UID: gotensor.UID(binary.LittleEndian.Uint16(b)), Value: binary.LittleEndian.Uint16(b[2:])}
			copy(s.Hotkey[:], b[4:])
			e.Shares = append(e.Shares, s)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

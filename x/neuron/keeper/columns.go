package keeper

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"cosmossdk.io/collections"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/neuron/types"
)

// PackedColumns returns the columns of a subnet as they are stored, each with Count entries. Callers do not change them.
func (k *Keeper) PackedColumns(ctx context.Context, netuid gotensor.NetUID) (types.Columns, error) {
	var out types.Columns
	for _, c := range types.AllColumns() {
		b, err := k.column(ctx, netuid, c)
		if err != nil {
			return out, err
		}
		*c.Field(&out) = b
	}
	return out, nil
}

// Columns returns the columns of a subnet, each with Count entries.
func (k *Keeper) Columns(ctx context.Context, netuid gotensor.NetUID) (types.Table, error) {
	n, err := k.Count(ctx, netuid)
	if err != nil {
		return types.Table{}, err
	}
	packed, err := k.PackedColumns(ctx, netuid)
	if err != nil {
		return types.Table{}, err
	}
	return packed.Unpack(n)
}

// SetEpoch stores what an epoch computed. It fails with types.ErrColumns unless every column has Count entries.
func (k *Keeper) SetEpoch(ctx context.Context, netuid gotensor.NetUID, v types.EpochColumns) error {
	n, err := k.Count(ctx, netuid)
	if err != nil {
		return err
	}
	packed, err := v.Pack(n)
	if err != nil {
		return err
	}
	for _, c := range types.AllColumns() {
		if c == types.ColumnAccrued {
			continue
		}
		if err := k.setColumn(ctx, netuid, c, *c.Field(&packed)); err != nil {
			return err
		}
	}
	return nil
}

// Permit tells whether a uid may commit weights, as the latest epoch found. It fails with types.ErrNotFound.
func (k *Keeper) Permit(ctx context.Context, netuid gotensor.NetUID, uid gotensor.UID) (bool, error) {
	b, err := k.column(ctx, netuid, types.ColumnPermit)
	if err != nil {
		return false, err
	}
	if int(uid) >= len(b) {
		return false, fmt.Errorf("uid %d of netuid %d: %w", uid, netuid, types.ErrNotFound)
	}
	return b[uid] == 1, nil
}

// Accrue adds amounts, one per uid, to what the chain owes. It fails with types.ErrColumns on a wrong length and with
// gotensor.ErrOverflow.
func (k *Keeper) Accrue(ctx context.Context, netuid gotensor.NetUID, amounts []gotensor.Rao) error {
	b, err := k.column(ctx, netuid, types.ColumnAccrued)
	if err != nil {
		return err
	}
	owed := types.UnpackRao(b)
	if len(owed) != len(amounts) {
		return fmt.Errorf("%d amounts for %d neurons: %w", len(amounts), len(owed), types.ErrColumns)
	}
	for uid, a := range amounts {
		if owed[uid], err = owed[uid].Add(a); err != nil {
			return fmt.Errorf("accrue for uid %d: %w", uid, err)
		}
	}
	return k.setColumn(ctx, netuid, types.ColumnAccrued, types.PackRao(owed))
}

// TakeAccrued returns what the chain owes to a uid and forgets it: the caller pays. It fails with types.ErrNotFound.
func (k *Keeper) TakeAccrued(ctx context.Context, netuid gotensor.NetUID, uid gotensor.UID) (gotensor.Rao, error) {
	b, err := k.column(ctx, netuid, types.ColumnAccrued)
	if err != nil {
		return 0, err
	}
	at := 8 * int(uid)
	if at >= len(b) {
		return 0, fmt.Errorf("uid %d of netuid %d: %w", uid, netuid, types.ErrNotFound)
	}
	owed := gotensor.Rao(binary.LittleEndian.Uint64(b[at:]))
	if owed == 0 {
		return 0, nil
	}
	b = slices.Clone(b)
	clear(b[at : at+8])
	return owed, k.setColumn(ctx, netuid, types.ColumnAccrued, b)
}

// accrued reads what the chain owes to one uid.
func (k *Keeper) accrued(ctx context.Context, netuid gotensor.NetUID, uid gotensor.UID) (gotensor.Rao, error) {
	b, err := k.column(ctx, netuid, types.ColumnAccrued)
	if err != nil {
		return 0, err
	}
	if at := 8 * int(uid); at < len(b) {
		return gotensor.Rao(binary.LittleEndian.Uint64(b[at:])), nil
	}
	return 0, fmt.Errorf("uid %d of netuid %d: %w", uid, netuid, types.ErrNotFound)
}

func (k *Keeper) column(ctx context.Context, netuid gotensor.NetUID, c types.Column) ([]byte, error) {
	b, err := k.columns.Get(ctx, collections.Join(uint16(netuid), uint16(c)))
	if errors.Is(err, collections.ErrNotFound) {
		return nil, nil
	}
	return b, err
}

func (k *Keeper) setColumn(ctx context.Context, netuid gotensor.NetUID, c types.Column, b []byte) error {
	return k.columns.Set(ctx, collections.Join(uint16(netuid), uint16(c)), b)
}

// zeroColumns makes the entries of a uid zero in every column, growing them by one if the uid is the next one: a newcomer inherits
// nothing.
func (k *Keeper) zeroColumns(ctx context.Context, netuid gotensor.NetUID, uid gotensor.UID) error {
	for _, c := range types.AllColumns() {
		b, err := k.column(ctx, netuid, c)
		if err != nil {
			return err
		}
		w := c.Width()
		at := w * int(uid)
		switch {
		case at > len(b):
			return fmt.Errorf("%s of netuid %d has %d bytes, uid %d is beyond: %w", c, netuid, len(b), uid, types.ErrColumns)
		case at == len(b):
			b = append(slices.Clone(b), make([]byte, w)...)
		default:
			b = slices.Clone(b)
			clear(b[at : at+w])
		}
		if err := k.setColumn(ctx, netuid, c, b); err != nil {
			return err
		}
	}
	return nil
}

package keeper

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/pow"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
)

// spentWork marks the context of the transaction whose ante handler has spent the work of this key.
type spentWork struct{}

// SpendPow checks a registration by work as VerifyPow does and uses the work up, whatever becomes of the message: one proof of work
// carries one transaction, in the pool, in a block, and also if its message fails. The ante handler calls it in place of a fee; the
// message accepts the spent work in the context that is returned, and there only.
func (k *Keeper) SpendPow(ctx sdk.Context, m *types.MsgRegisterPow) (sdk.Context, error) {
	if err := k.VerifyPow(ctx, m); err != nil {
		return ctx, err
	}
	key, err := keyOfWork(m)
	if err != nil {
		return ctx, err
	}
	return ctx.WithValue(spentWork{}, key), k.works.Set(ctx, key)
}

// keyOfWork names the work of a hotkey on a block: it has one for each subnet.
func keyOfWork(m *types.MsgRegisterPow) (workKey, error) {
	hotkey, err := addr.Account(m.Hotkey)
	return collections.Join3(m.BlockHeight, uint16(m.Netuid), hotkey.Bytes()), err
}

// isSpentHere tells whether the work was spent by the ante handler of the transaction that the context belongs to.
func isSpentHere(ctx sdk.Context, key workKey) bool {
	spent, ok := ctx.Value(spentWork{}).(workKey)
	return ok && spent.K1() == key.K1() && spent.K2() == key.K2() && bytes.Equal(spent.K3(), key.K3())
}

// VerifyPow checks a registration by work, by rising cost: its fields, whether the subnet takes it, its block hash, the work itself. It
// changes nothing and does not look for a slot.
//
// Errors: types.ErrInvalidMessage, ErrClosed, ErrTooMany, ErrRegistered, ErrWorkUsed, ErrStale, ErrWork, and x/subnet's ErrNotFound. While
// a transaction waits in the mempool the cap of one block is not looked at.
func (k *Keeper) VerifyPow(ctx context.Context, m *types.MsgRegisterPow) error {
	if err := m.ValidateBasic(); err != nil {
		return err
	}
	netuid := gotensor.NetUID(m.Netuid)
	c := sdk.UnwrapSDKContext(ctx)
	h, err := k.deps.Subnets.Hyperparameters(ctx, netuid)
	if err != nil {
		return err
	}
	a, err := k.admissions.Get(ctx, uint16(netuid))
	if err != nil {
		return err
	}
	if err := closed(a, h, c.BlockHeight(), !c.IsCheckTx()); err != nil {
		return err
	}
	if !h.PowRegistrationAllowed {
		return fmt.Errorf("pow_registration_allowed is false on netuid %d: register by burn: %w", netuid, types.ErrClosed)
	}
	hotkey, coldkey, err := registrationKeys(m.Hotkey, m.Coldkey)
	if err != nil {
		return err
	}
	if err := k.payable(coldkey); err != nil {
		return err
	}
	if err := k.notRegistered(ctx, netuid, hotkey); err != nil {
		return err
	}
	if err := k.unspent(c, m); err != nil {
		return err
	}
	hash, err := k.hashes.Get(ctx, m.BlockHeight)
	if errors.Is(err, collections.ErrNotFound) {
		return fmt.Errorf("block_height is %d, want one of the %d blocks up to %d: work on a newer block: %w",
			m.BlockHeight, types.RingLen, c.BlockHeight(), types.ErrStale)
	}
	if err != nil {
		return err
	}
	challenge := pow.Challenge{ChainID: c.ChainID(), NetUID: netuid, BlockHash: [pow.HashLen]byte(hash), Hotkey: hotkey, Coldkey: coldkey}
	if err := challenge.Verify(m.Nonce, needed(a, m.BlockHeight)); err != nil {
		return fmt.Errorf("nonce %d at difficulty %d: %w: %w", m.Nonce, needed(a, m.BlockHeight), err, types.ErrWork)
	}
	return nil
}

// unspent fails with types.ErrWorkUsed if a transaction before this one used the work up.
func (k *Keeper) unspent(ctx sdk.Context, m *types.MsgRegisterPow) error {
	key, err := keyOfWork(m)
	if err != nil {
		return err
	}
	used, err := k.works.Has(ctx, key)
	if err != nil {
		return err
	}
	if used && !isSpentHere(ctx, key) {
		return fmt.Errorf("hotkey %s used the hash of block %d before: work on a newer block: %w", m.Hotkey, m.BlockHeight, types.ErrWorkUsed)
	}
	return nil
}

// needed is the difficulty that work on a block has to meet: the present one or, if the block is of an earlier interval, the last one where
// that is lower. Work that was begun before an adjustment is not lost by it.
func needed(a types.Admission, blockHeight int64) pow.Difficulty {
	if blockHeight < a.IntervalStart && a.LastDifficulty > 0 {
		return pow.Difficulty(min(a.Difficulty, a.LastDifficulty))
	}
	return pow.Difficulty(a.Difficulty)
}

func registrationKeys(hotkey, coldkey string) (h, c gotensor.Address, err error) {
	if h, err = addr.Account(hotkey); err != nil {
		return h, c, fmt.Errorf("hotkey: %w", err)
	}
	if c, err = addr.Account(coldkey); err != nil {
		return h, c, fmt.Errorf("coldkey: %w", err)
	}
	return h, c, nil
}

func (k *Keeper) notRegistered(ctx context.Context, netuid gotensor.NetUID, hotkey gotensor.Address) error {
	uid, found, err := k.UIDOf(ctx, netuid, hotkey)
	if err != nil {
		return err
	}
	if found {
		return fmt.Errorf("hotkey %s holds uid %d of netuid %d: %w", addr.FormatAccount(hotkey), uid, netuid, types.ErrRegistered)
	}
	return nil
}

package keeper

import (
	"context"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

// newcomer is a registration on its way to a slot.
type newcomer struct {
	netuid          gotensor.NetUID
	hotkey, coldkey gotensor.Address
	admission       types.Admission
	hyper           subnettypes.Hyperparameters
}

// fixedGas charges types.RegisterGas and lets the rest go free: what a registration has to read grows with the subnet, not with what the
// newcomer asks for, and is bounded by types.MaxNeurons.
func fixedGas(ctx context.Context) sdk.Context {
	c := sdk.UnwrapSDKContext(ctx)
	c.GasMeter().ConsumeGas(types.RegisterGas, "registration")
	return c.WithGasMeter(storetypes.NewInfiniteGasMeter())
}

// registerPow takes a slot for a proof of work.
func (k *Keeper) registerPow(ctx sdk.Context, m *types.MsgRegisterPow) (gotensor.UID, error) {
	if err := k.VerifyPow(ctx, m); err != nil {
		return 0, err
	}
	n, err := k.newcomer(ctx, m.Netuid, m.Hotkey, m.Coldkey)
	if err != nil {
		return 0, err
	}
	if err := k.works.Set(ctx, collections.Join3(m.BlockHeight, uint16(n.netuid), n.hotkey.Bytes())); err != nil {
		return 0, err
	}
	difficulty := needed(n.admission, m.BlockHeight)
	n.admission.PowInInterval++
	uid, err := k.takeSlot(ctx, n)
	if err != nil {
		return 0, err
	}
	return uid, ctx.EventManager().EmitTypedEvent(&types.EventRegistered{
		Netuid: m.Netuid, Uid: uint32(uid), Hotkey: m.Hotkey, Coldkey: m.Coldkey, Method: "pow", Difficulty: uint64(difficulty),
	})
}

// registerBurn takes a slot for a price. The hotkey has to agree, or anybody could earn with the work of another's miner.
func (k *Keeper) registerBurn(ctx sdk.Context, m *types.MsgRegisterBurn) (gotensor.UID, gotensor.Rao, error) {
	if err := m.ValidateBasic(); err != nil {
		return 0, 0, err
	}
	n, err := k.newcomer(ctx, m.Netuid, m.Hotkey, m.Coldkey)
	if err != nil {
		return 0, 0, err
	}
	signed := types.RegisterBytes(ctx.ChainID(), n.coldkey, n.netuid)
	if err := verifyHotkey(n.hotkey, m.HotkeyPublicKey, signed, m.HotkeySignature); err != nil {
		return 0, 0, err
	}
	if err := closed(n.admission, n.hyper, ctx.BlockHeight(), true); err != nil {
		return 0, 0, err
	}
	if err := k.notRegistered(ctx, n.netuid, n.hotkey); err != nil {
		return 0, 0, err
	}
	cost := burnPrice(n.admission, n.hyper, ctx.BlockHeight())
	if uint64(cost) > m.MaxPrice {
		return 0, 0, fmt.Errorf("price is %d rao, max_price %d: raise it or wait, the price halves every %d blocks: %w",
			uint64(cost), m.MaxPrice, n.hyper.HalfLifeBlocks(), types.ErrPrice)
	}
	if err := k.burn(ctx, n.coldkey, cost); err != nil {
		return 0, 0, err
	}
	n.admission.BurnPrice, n.admission.PriceHeight = uint64(curve(n.hyper).Jump(cost)), ctx.BlockHeight()
	n.admission.BurnInInterval++
	uid, err := k.takeSlot(ctx, n)
	if err != nil {
		return 0, 0, err
	}
	return uid, cost, ctx.EventManager().EmitTypedEvent(&types.EventRegistered{
		Netuid: m.Netuid, Uid: uint32(uid), Hotkey: m.Hotkey, Coldkey: m.Coldkey, Method: "burn", Paid: uint64(cost),
	})
}

func (k *Keeper) newcomer(ctx sdk.Context, netuid uint32, hotkey, coldkey string) (newcomer, error) {
	n := newcomer{netuid: gotensor.NetUID(netuid)}
	var err error
	if n.hotkey, n.coldkey, err = registrationKeys(hotkey, coldkey); err != nil {
		return n, err
	}
	if err := k.payable(n.coldkey); err != nil {
		return n, err
	}
	if n.hyper, err = k.deps.Subnets.Hyperparameters(ctx, n.netuid); err != nil {
		return n, err
	}
	n.admission, err = k.admissions.Get(ctx, uint16(n.netuid))
	return n, err
}

// payable refuses a coldkey that cannot receive incentive.
func (k *Keeper) payable(coldkey gotensor.Address) error {
	if k.deps.Bank.BlockedAddr(coldkey[:]) {
		return fmt.Errorf("coldkey %s cannot be paid, it is an account of the chain: %w", addr.FormatAccount(coldkey), types.ErrInvalidMessage)
	}
	return nil
}

func (k *Keeper) burn(ctx sdk.Context, from gotensor.Address, cost gotensor.Rao) error {
	coins := sdk.NewCoins(sdk.NewCoin(gotensor.BaseDenom, math.NewIntFromBigInt(cost.Atao())))
	if err := k.deps.Bank.SendCoinsFromAccountToModule(ctx, from[:], types.ModuleName, coins); err != nil {
		return fmt.Errorf("pay %s: %w", cost, err)
	}
	if err := k.deps.Bank.BurnCoins(ctx, types.ModuleName, coins); err != nil {
		return fmt.Errorf("burn %s: %w", cost, err)
	}
	sum, err := k.Burned(ctx)
	if err != nil {
		return err
	}
	if sum, err = sum.Add(cost); err != nil {
		return err
	}
	return k.burned.Set(ctx, uint64(sum))
}

// takeSlot gives a newcomer the next free uid, or that of the neuron that is pruned for it. It fails with types.ErrNoSlot.
func (k *Keeper) takeSlot(ctx sdk.Context, n newcomer) (gotensor.UID, error) {
	taken, err := k.Count(ctx, n.netuid)
	if err != nil {
		return 0, err
	}
	uid := gotensor.UID(taken)
	if taken < int(n.hyper.MaxAllowedUIDs) {
		err = k.counts.Set(ctx, uint16(n.netuid), uint16(taken+1))
	} else {
		uid, err = k.makeRoom(ctx, n)
	}
	if err != nil {
		return 0, err
	}
	if err := k.zeroColumns(ctx, n.netuid, uid); err != nil {
		return 0, err
	}
	count(&n.admission, ctx.BlockHeight())
	if err := k.admissions.Set(ctx, uint16(n.netuid), n.admission); err != nil {
		return 0, err
	}
	if err := k.byHotkey.Set(ctx, collections.Join(uint16(n.netuid), n.hotkey.Bytes()), uint16(uid)); err != nil {
		return 0, err
	}
	k.ensureAccount(ctx, n.hotkey)
	return uid, k.setNeuron(ctx, n.netuid, types.Neuron{
		Uid: uint32(uid), Hotkey: addr.FormatAccount(n.hotkey), Coldkey: addr.FormatAccount(n.coldkey), RegisteredHeight: ctx.BlockHeight(),
	})
}

// ensureAccount lets a hotkey sign: it never holds anything, so nothing else would make its account.
func (k *Keeper) ensureAccount(ctx context.Context, hotkey gotensor.Address) {
	if a := sdk.AccAddress(hotkey.Bytes()); !k.deps.Accounts.HasAccount(ctx, a) {
		k.deps.Accounts.SetAccount(ctx, k.deps.Accounts.NewAccountWithAddress(ctx, a))
	}
}

// makeRoom prunes a neuron and returns its uid.
func (k *Keeper) makeRoom(ctx sdk.Context, n newcomer) (gotensor.UID, error) {
	p, err := k.pruning(ctx, n.netuid, n.hyper)
	if err != nil {
		return 0, err
	}
	uid, ok := p.victim()
	if !ok {
		return 0, fmt.Errorf("all %d neurons of netuid %d are the owner's: %w", len(p.neurons), n.netuid, types.ErrNoSlot)
	}
	return uid, k.remove(ctx, n.netuid, p.neurons[uid])
}

func (k *Keeper) pruning(ctx sdk.Context, netuid gotensor.NetUID, h subnettypes.Hyperparameters) (pruning, error) {
	p := pruning{hyper: h, height: ctx.BlockHeight()}
	var err error
	if p.subnet, err = k.deps.Subnets.Get(ctx, netuid); err != nil {
		return p, err
	}
	if p.neurons, err = k.Neurons(ctx, netuid); err != nil {
		return p, err
	}
	emission, err := k.column(ctx, netuid, types.ColumnEmission)
	if err != nil {
		return p, err
	}
	incentive, err := k.column(ctx, netuid, types.ColumnIncentive)
	if err != nil {
		return p, err
	}
	p.emission, p.incentive = types.UnpackRao(emission), types.UnpackU16(incentive)
	if err := types.ColumnEmission.Check(emission, len(p.neurons)); err != nil {
		return p, err
	}
	return p, types.ColumnIncentive.Check(incentive, len(p.neurons))
}

// remove takes a neuron out of its slot: the hooks pay it and delete what others keep of it, then goes what this module keeps. The slot's
// record and columns are the newcomer's to overwrite.
func (k *Keeper) remove(ctx sdk.Context, netuid gotensor.NetUID, old types.Neuron) error {
	uid := gotensor.UID(old.Uid)
	owed, err := k.accrued(ctx, netuid, uid)
	if err != nil {
		return err
	}
	for _, h := range k.hooks {
		if err := h.BeforeRemoved(ctx, netuid, old); err != nil {
			return fmt.Errorf("remove uid %d of netuid %d: %w", uid, netuid, err)
		}
	}
	left, err := k.accrued(ctx, netuid, uid)
	if err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("uid %d of netuid %d is still owed %d rao: %w", uid, netuid, uint64(left), types.ErrUnpaid)
	}
	hotkey, err := addr.Account(old.Hotkey)
	if err != nil {
		return err
	}
	if err := k.byHotkey.Remove(ctx, collections.Join(uint16(netuid), hotkey.Bytes())); err != nil {
		return err
	}
	for kind := types.KindServe; kind <= types.KindReveal; kind++ {
		if err := k.uses.Remove(ctx, collections.Join3(uint16(netuid), hotkey.Bytes(), kind)); err != nil {
			return err
		}
	}
	return ctx.EventManager().EmitTypedEvent(&types.EventPruned{
		Netuid: uint32(netuid), Uid: old.Uid, Hotkey: old.Hotkey, Coldkey: old.Coldkey, Paid: uint64(owed),
	})
}

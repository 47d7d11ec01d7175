package keeper

import (
	"context"
	"fmt"
	"math/bits"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/issuance"
	"github.com/gotensor/gotensor/x/emission/types"
)

// nanosPerMilli converts the target block time.
const nanosPerMilli = 1_000_000

// BeginBlock mints what the header time since the block before is worth and shares it. It belongs before x/distribution's, which pays
// the producers, and before x/subnet's, whose boundaries empty the pots.
func (k Keeper) BeginBlock(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return fmt.Errorf("read params: %w", err)
	}
	minted, err := k.mint(ctx)
	if err != nil || minted == 0 {
		return err
	}
	parts, rest, err := issuance.Split(minted, issuance.PPM(params.ProducerPpm), issuance.PPM(params.CommunityPpm))
	if err != nil {
		return err
	}
	if producers := parts[0]; producers > 0 {
		if err := k.Bank.SendCoinsFromModuleToModule(ctx, types.ModuleName, k.FeeCollector, coins(producers)); err != nil {
			return fmt.Errorf("pay producers: %w", err)
		}
	}
	if pool := parts[1]; pool > 0 {
		if err := k.payPool(ctx, pool); err != nil {
			return fmt.Errorf("pay community pool: %w", err)
		}
	}
	for _, share := range split(rest, params.SubnetShares) {
		if err := k.fill(ctx, share.netuid, share.amount); err != nil {
			return err
		}
	}
	return nil
}

// mint issues for the time since the last block and returns the amount.
func (k Keeper) mint(ctx context.Context) (gotensor.Rao, error) {
	state, err := k.issuance.Get(ctx)
	if err != nil {
		return 0, fmt.Errorf("read issuance: %w", err)
	}
	now := sdk.UnwrapSDKContext(ctx).BlockTime().UnixNano()
	if state.LastTimeUnixNs == 0 {
		state.LastTimeUnixNs = now
		return 0, k.issuance.Set(ctx, state)
	}
	supply, err := k.supply(ctx)
	if err != nil {
		return 0, err
	}
	minted, next := issuance.Mint(
		issuance.State{Supply: supply, Spare: issuance.Nanos(state.Remainder)},
		issuance.Nanos(now-state.LastTimeUnixNs),
		issuance.Nanos(k.Subnets.TargetBlockMs(ctx))*nanosPerMilli,
	)
	state.Issued += uint64(minted)
	state.Remainder = uint64(next.Spare)
	state.LastTimeUnixNs = max(now, state.LastTimeUnixNs)
	if err := k.issuance.Set(ctx, state); err != nil {
		return 0, err
	}
	if minted == 0 {
		return 0, nil
	}
	if err := k.Bank.MintCoins(ctx, types.ModuleName, coins(minted)); err != nil {
		return 0, fmt.Errorf("mint %s: %w", minted, err)
	}
	return minted, nil
}

// supply returns the TAO in existence in rao, rounded up: slashing burns fractions of a rao.
func (k Keeper) supply(ctx context.Context) (gotensor.Rao, error) {
	whole, rest, err := gotensor.RaoFromAtao(k.Bank.GetSupply(ctx, gotensor.BaseDenom).Amount.BigInt())
	if err != nil {
		return 0, fmt.Errorf("supply: %w", err)
	}
	if rest > 0 {
		whole++
	}
	return whole, nil
}

// share is a subnet's part of what was minted.
type share struct {
	netuid gotensor.NetUID
	amount gotensor.Rao
}

// firstSubnet takes all emission unless the parameters list shares.
const firstSubnet gotensor.NetUID = 1

// split divides what was minted for the subnets in proportion to their weights; the parts add up to the amount, as the first takes what
// rounding leaves.
func split(amount gotensor.Rao, weights []types.SubnetShare) []share {
	if len(weights) == 0 {
		return []share{{firstSubnet, amount}}
	}
	var total uint64
	for _, w := range weights {
		total += uint64(w.Weight)
	}
	shares := make([]share, len(weights))
	rest := amount
	for i, w := range weights {
		// The quotient is at most the amount, since no weight is above the total: nothing overflows.
		high, low := bits.Mul64(uint64(amount), uint64(w.Weight))
		part, _ := bits.Div64(high, low, total)
		shares[i] = share{gotensor.NetUID(w.Netuid), gotensor.Rao(part)}
		rest -= shares[i].amount
	}
	shares[0].amount += rest
	return shares
}

// fill adds newly issued rao to a pot.
func (k Keeper) fill(ctx context.Context, netuid gotensor.NetUID, amount gotensor.Rao) error {
	pot, err := k.Pot(ctx, netuid)
	if err != nil {
		return err
	}
	pending, err := gotensor.Rao(pot.Pending).Add(amount)
	if err != nil {
		return fmt.Errorf("pot of subnet %d: %w", netuid, err)
	}
	pot.Pending = uint64(pending)
	return k.pots.Set(ctx, uint16(netuid), pot)
}

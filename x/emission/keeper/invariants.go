package keeper

import (
	"context"
	"fmt"
	"math/big"

	"cosmossdk.io/math"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
)

// Invariants returns what is wrong with the module's state and with the columns, rows and bonds of every subnet, in words; nothing
// is: an empty slice. Tests call it after every block, a running node at every epoch for the subnet whose epoch it is.
func (k Keeper) Invariants(ctx context.Context) ([]string, error) {
	subnets, err := k.Subnets.All(ctx)
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, subnet := range subnets {
		found, err := k.checkSubnet(ctx, gotensor.NetUID(subnet.Netuid))
		if err != nil {
			return nil, err
		}
		problems = append(problems, found...)
	}
	money, err := k.checkMoney(ctx)
	return append(problems, money...), err
}

// check is what an epoch checks: its own subnet, that the module account covers all, and that nobody else minted.
func (k Keeper) check(ctx context.Context, netuid gotensor.NetUID) ([]string, error) {
	problems, err := k.checkSubnet(ctx, netuid)
	if err != nil {
		return nil, err
	}
	money, err := k.checkMoney(ctx)
	return append(problems, money...), err
}

// checkSubnet checks columns, weights, bonds and the latest report of one subnet.
func (k Keeper) checkSubnet(ctx context.Context, netuid gotensor.NetUID) ([]string, error) {
	problems, err := k.Weights.Check(ctx, netuid)
	if err != nil {
		return nil, err
	}
	if _, err := k.Neurons.Columns(ctx, netuid); err != nil {
		problems = append(problems, fmt.Sprintf("columns of subnet %d: %s", netuid, err))
	}
	report, err := k.Report(ctx, netuid)
	if err != nil {
		return nil, err
	}
	if !report.Balanced() {
		problems = append(problems, fmt.Sprintf("epoch %d of subnet %d: owner %d, incentive %d, dividends %d and carried %d are not the %d drained",
			report.Epoch, netuid, report.Owner, report.Incentive, report.Dividends, report.Carried, report.Drained))
	}
	return problems, nil
}

// checkMoney checks what concerns all subnets: the cover and the supply.
func (k Keeper) checkMoney(ctx context.Context) ([]string, error) {
	problems, err := k.checkCover(ctx)
	if err != nil {
		return nil, err
	}
	supply, err := k.checkSupply(ctx)
	return append(problems, supply...), err
}

// checkSupply checks that nobody minted but this module: there is at most the genesis supply and what was issued, less what
// registrations burned. It is a bound and not an equality, because x/staking burns what it slashes and x/gov the deposits of
// vetoed proposals, and nobody counts these.
func (k Keeper) checkSupply(ctx context.Context) ([]string, error) {
	state, err := k.issuance.Get(ctx)
	if err != nil {
		return nil, err
	}
	burned, err := k.Neurons.Burned(ctx)
	if err != nil {
		return nil, err
	}
	bound, err := state.Bound(burned)
	if err != nil {
		return []string{fmt.Sprintf("issuance: %s", err)}, nil
	}
	if supply := k.Bank.GetSupply(ctx, gotensor.BaseDenom).Amount; supply.GT(bound) {
		return []string{fmt.Sprintf("supply is %s atao, at most %s: %s of genesis, %d rao issued, %d rao burned",
			supply, bound, state.GenesisSupply, state.Issued, burned)}, nil
	}
	return nil, nil
}

// checkCover checks the streams, and that the module account holds what the module owes.
func (k Keeper) checkCover(ctx context.Context) ([]string, error) {
	owed, problems, err := k.owed(ctx)
	if err != nil {
		return nil, err
	}
	balance := k.Bank.GetBalance(ctx, k.Accounts.GetModuleAddress(types.ModuleName), gotensor.BaseDenom).Amount
	if balance.LT(owed) {
		problems = append(problems, fmt.Sprintf("module account holds %s atao and owes %s", balance, owed))
	}
	return problems, nil
}

// owed adds up pots, accrued incentive and unsettled streams of all subnets, in atao.
func (k Keeper) owed(ctx context.Context) (math.Int, []string, error) {
	var problems []string
	sum := new(big.Int)
	add := func(rao uint64) { sum.Add(sum, new(big.Int).SetUint64(rao)) }
	err := k.pots.Walk(ctx, nil, func(_ uint16, pot types.Pot) (bool, error) {
		add(pot.Pending)
		add(pot.Carried)
		return false, nil
	})
	if err != nil {
		return math.Int{}, nil, err
	}
	err = k.streams.Walk(ctx, nil, func(key streamKey, stream types.Stream) (bool, error) {
		if err := stream.Validate(); err != nil {
			problems = append(problems, fmt.Sprintf("stream of %X on subnet %d: %s", key.K1(), key.K2(), err))
			return false, nil
		}
		add(stream.Rest())
		return false, nil
	})
	if err != nil {
		return math.Int{}, nil, err
	}
	subnets, err := k.Subnets.All(ctx)
	if err != nil {
		return math.Int{}, nil, err
	}
	for _, subnet := range subnets {
		columns, err := k.Neurons.Columns(ctx, gotensor.NetUID(subnet.Netuid))
		if err != nil {
			problems = append(problems, fmt.Sprintf("columns of subnet %d: %s", subnet.Netuid, err))
			continue
		}
		for _, amount := range columns.Accrued {
			add(uint64(amount))
		}
	}
	sum.Mul(sum, new(big.Int).SetUint64(gotensor.AtaoPerRao))
	return math.NewIntFromBigInt(sum), problems, nil
}

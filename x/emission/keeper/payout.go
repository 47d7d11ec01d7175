package keeper

import (
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/price"
	"github.com/gotensor/gotensor/x/emission/types"
	"github.com/gotensor/gotensor/x/internal/addr"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	"github.com/gotensor/gotensor/yuma"
)

// payment is who gets what of one pot, in rao.
type payment struct {
	paid      bool // somebody has incentive; without any nobody is paid
	owner     gotensor.Rao
	incentive []gotensor.Rao // per uid
	dividends []gotensor.Rao // per uid, of those with a validator to pay
	emission  []gotensor.Rao // per uid, the sum of both
	// allIncentive and allDividends are the sums over uids; together they are no more than was given.
	allIncentive, allDividends gotensor.Rao
}

// divide takes what the epoch computed as the payment of a pot, after miners' upkeep, which goes to miners: no pay of a validator or the owner
// depends on it, and what its rounding leaves is carried. It fails with types.ErrInvariant if that is more than was given.
func divide(g gathered, out *yuma.Output) (payment, error) {
	n := g.input.N
	p := payment{incentive: make([]gotensor.Rao, n), dividends: make([]gotensor.Rao, n), emission: make([]gotensor.Rao, n)}
	if p.paid = slices.ContainsFunc(out.Incentive, func(x uint16) bool { return x > 0 }); !p.paid {
		return p, nil
	}
	p.owner = g.owner
	rest := g.input.Emission
	earned := price.Upkeep(out.ServerEmission, g.input.Upkeep)
	for uid := range n {
		p.incentive[uid] = earned[uid]
		if g.validators[uid] != nil {
			p.dividends[uid] = out.ValidatorEmission[uid]
		}
		both, err := p.incentive[uid].Add(p.dividends[uid])
		if err != nil {
			return p, types.ErrInvariant.Wrapf("uid %d: %s", uid, err)
		}
		if rest, err = rest.Sub(both); err != nil {
			return p, types.ErrInvariant.Wrapf("the epoch pays more than the %s it was given", g.input.Emission)
		}
		p.emission[uid] = both
		p.allIncentive += p.incentive[uid]
		p.allDividends += p.dividends[uid]
	}
	return p, nil
}

// payOut stores what the epoch computed and pays; it completes the report and the pot, which carries what is not paid.
func (k Keeper) payOut(ctx sdk.Context, j job, g gathered, out *yuma.Output) (types.EpochReport, error) {
	report := j.report
	p, err := divide(g, out)
	if err != nil {
		return report, err
	}
	err = k.Neurons.SetEpoch(ctx, j.netuid, neurontypes.EpochColumns{
		Stake:          g.input.Alpha,
		Consensus:      out.Consensus,
		Incentive:      out.Incentive,
		Dividends:      out.Dividends,
		ValidatorTrust: out.VTrust,
		Permit:         out.Permit,
		Active:         out.Active,
		Emission:       p.emission,
	})
	if err != nil {
		return report, err
	}
	if err := k.Weights.SetBonds(ctx, j.netuid, g.neurons, fromRows(out.Bonds)); err != nil {
		return report, err
	}
	if p.allIncentive > 0 {
		if err := k.Neurons.Accrue(ctx, j.netuid, p.incentive); err != nil {
			return report, err
		}
	}
	if err := k.startStreams(ctx, j, g.validators, p.dividends); err != nil {
		return report, err
	}
	owner := k.payOwner(ctx, g.subnet.Owner, p.owner)

	drained := g.input.Emission + g.owner
	report.Drained, report.Owner = uint64(drained), uint64(owner)
	report.Incentive, report.Dividends = uint64(p.allIncentive), uint64(p.allDividends)
	report.Carried = uint64(drained - owner - p.allIncentive - p.allDividends)
	if p.paid {
		report.PaidEpochs++
	}
	pot := j.pot
	pot.Pending, pot.Carried = 0, report.Carried
	return report, k.conclude(ctx, pot, report)
}

// startStreams begins the dividends of the period that starts now.
func (k Keeper) startStreams(ctx sdk.Context, j job, validators []sdk.ValAddress, dividends []gotensor.Rao) error {
	for uid, amount := range dividends {
		if amount == 0 {
			continue
		}
		operator, err := operatorText(validators[uid])
		if err != nil {
			return err
		}
		err = k.startStream(ctx, validators[uid], types.Stream{
			Validator: operator,
			Netuid:    uint32(j.netuid),
			Total:     uint64(amount),
			Start:     j.report.Height,
			End:       j.clock.NextBoundary,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// payOwner sends the owner's cut and returns what was paid: an owner who cannot receive gets nothing, his part is carried.
func (k Keeper) payOwner(ctx sdk.Context, owner string, amount gotensor.Rao) gotensor.Rao {
	if amount == 0 {
		return 0
	}
	cached, write := ctx.CacheContext()
	coldkey, err := addr.Account(owner)
	if err == nil {
		err = k.payAccount(cached, coldkey[:], amount)
	}
	if err != nil {
		k.logger(ctx).Error("owner's cut could not be paid and is carried", "owner", owner, "amount", amount, "error", err)
		return 0
	}
	write()
	return amount
}

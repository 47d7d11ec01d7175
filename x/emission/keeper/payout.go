package keeper

import (
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
	"github.com/gotensor/gotensor/x/internal/addr"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	"github.com/gotensor/gotensor/yuma"
)

// payment is who gets what of one pot, in rao.
type payment struct {
	owner     gotensor.Rao
	incentive []gotensor.Rao // per uid
	dividends []gotensor.Rao // per uid, of those with a validator to pay
}

// divide takes what the epoch computed as the payment of a pot. An epoch without any incentive pays nobody.
func divide(g gathered, out *yuma.Output) payment {
	n := g.input.N
	p := payment{incentive: make([]gotensor.Rao, n), dividends: make([]gotensor.Rao, n)}
	if !slices.ContainsFunc(out.Incentive, func(x uint16) bool { return x > 0 }) {
		return p
	}
	p.owner = g.owner
	copy(p.incentive, out.ServerEmission)
	for uid, amount := range out.ValidatorEmission {
		if g.validators[uid] != nil {
			p.dividends[uid] = amount
		}
	}
	return p
}

// payOut stores what the epoch computed and pays; it completes the report and the pot, which carries what is not paid.
func (k Keeper) payOut(ctx sdk.Context, j job, g gathered, out *yuma.Output, report *types.EpochReport) error {
	p := divide(g, out)
	columns := neurontypes.EpochColumns{
		Stake:          g.input.Alpha,
		Consensus:      out.Consensus,
		Incentive:      out.Incentive,
		Dividends:      out.Dividends,
		ValidatorTrust: out.VTrust,
		Permit:         out.Permit,
		Active:         out.Active,
		Emission:       make([]gotensor.Rao, g.input.N),
	}
	incentive, dividends, rest := gotensor.Rao(0), gotensor.Rao(0), g.input.Emission
	for uid := range columns.Emission {
		both, err := p.incentive[uid].Add(p.dividends[uid])
		if err != nil {
			return err
		}
		if rest, err = rest.Sub(both); err != nil {
			return types.ErrInvariant.Wrapf("the epoch pays more than the %s it was given", g.input.Emission)
		}
		columns.Emission[uid] = both
		incentive += p.incentive[uid] // no more than the emission, as the line above has shown
		dividends += p.dividends[uid]
	}
	if err := k.Neurons.SetEpoch(ctx, j.netuid, columns); err != nil {
		return err
	}
	if err := k.Weights.SetBonds(ctx, j.netuid, g.neurons, fromRows(out.Bonds)); err != nil {
		return err
	}
	if incentive > 0 {
		if err := k.Neurons.Accrue(ctx, j.netuid, p.incentive); err != nil {
			return err
		}
	}
	if err := k.startStreams(ctx, j, g.validators, p.dividends); err != nil {
		return err
	}
	owner := k.payOwner(ctx, g.subnet.Owner, p.owner)

	drained := g.input.Emission + g.owner
	report.Drained, report.Owner = uint64(drained), uint64(owner)
	report.Incentive, report.Dividends = uint64(incentive), uint64(dividends)
	report.Carried = uint64(drained - owner - incentive - dividends)
	if slices.ContainsFunc(out.Incentive, func(x uint16) bool { return x > 0 }) {
		report.PaidEpochs++
	}
	pot := j.pot
	pot.Pending, pot.Carried = 0, report.Carried
	return k.conclude(ctx, pot, *report)
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

package keeper

import (
	"context"
	"math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/issuance"
	"github.com/gotensor/gotensor/x/emission/types"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
	"github.com/gotensor/gotensor/yuma"
)

// gathered is what an epoch reads of the chain.
type gathered struct {
	subnet     subnettypes.Subnet
	neurons    []neurontypes.Neuron
	validators []sdk.ValAddress // nil where a uid has no stake
	input      yuma.Input
	ownerPPM   uint32
	owner      gotensor.Rao // cut of the subnet's owner, not part of input.Emission
}

// gather reads stake, weights, bonds and hyperparameters of a subnet and takes the owner's cut off the pot. Rows are strictly
// ascending, which x/weights checks as it reads them.
func (k Keeper) gather(ctx context.Context, j job) (gathered, error) {
	var (
		g   gathered
		err error
	)
	if g.subnet, err = k.Subnets.Get(ctx, j.netuid); err != nil {
		return g, err
	}
	if g.neurons, err = k.Neurons.Neurons(ctx, j.netuid); err != nil {
		return g, err
	}
	parameters, err := k.Subnets.Hyperparameters(ctx, j.netuid)
	if err != nil {
		return g, err
	}
	g.input.Params = epochParams(parameters, j.clock.Tempo)
	drained, err := gotensor.Rao(j.pot.Pending).Add(gotensor.Rao(j.pot.Carried))
	if err != nil {
		return g, err
	}
	if g.ownerPPM, err = k.ownerShare(ctx, g.subnet); err != nil {
		return g, err
	}
	parts, _, err := issuance.Split(drained, issuance.PPM(g.ownerPPM))
	if err != nil {
		return g, err
	}
	g.owner = parts[0]
	g.input.N = len(g.neurons)
	g.input.Block = gotensor.Block(uint64(j.report.Height))
	g.input.LastStep = gotensor.Block(uint64(j.from))
	g.input.Emission = drained - g.owner
	g.input.Owner = ownerUID(g.subnet, g.neurons)
	return g, k.gatherNeurons(ctx, j.netuid, &g)
}

// gatherNeurons fills what the input holds per uid.
func (k Keeper) gatherNeurons(ctx context.Context, netuid gotensor.NetUID, g *gathered) error {
	n := len(g.neurons)
	columns, err := k.Neurons.Columns(ctx, netuid)
	if err != nil {
		return err
	}
	g.input.Permit = columns.Permit
	if g.input.Alpha, g.validators, err = k.Neurons.StakeByUID(ctx, netuid, true); err != nil {
		return err
	}
	if len(g.input.Alpha) != n || len(g.validators) != n {
		return types.ErrInput.Wrapf("stake of %d uids by %d validators for %d neurons", len(g.input.Alpha), len(g.validators), n)
	}
	g.input.LastUpdate = make([]gotensor.Block, n)
	g.input.Registered = make([]gotensor.Block, n)
	for uid, neuron := range g.neurons {
		if neuron.LastUpdate < 0 || neuron.RegisteredHeight < 0 {
			return types.ErrInput.Wrapf("uid %d: last_update is %d, registered_height %d, want 0 or more", uid, neuron.LastUpdate, neuron.RegisteredHeight)
		}
		g.input.LastUpdate[uid] = gotensor.Block(uint64(neuron.LastUpdate))
		g.input.Registered[uid] = gotensor.Block(uint64(neuron.RegisteredHeight))
	}
	rows, err := k.Weights.Rows(ctx, netuid, g.neurons)
	if err != nil {
		return err
	}
	bonds, err := k.Weights.Bonds(ctx, netuid, g.neurons)
	if err != nil {
		return err
	}
	g.input.Weights, g.input.Bonds = toRows(rows), toRows(bonds)
	return nil
}

// ownerShare is the owner's part of a pot in millionths; without an owner there is none.
func (k Keeper) ownerShare(ctx context.Context, subnet subnettypes.Subnet) (uint32, error) {
	if subnet.Owner == "" {
		return 0, nil
	}
	params, err := k.params.Get(ctx)
	return params.OwnerPpm, err
}

// ownerUID finds the owner's neuron, nil if there is none.
func ownerUID(subnet subnettypes.Subnet, neurons []neurontypes.Neuron) *uint16 {
	if subnet.OwnerHotkey == "" {
		return nil
	}
	for i, neuron := range neurons {
		if neuron.Hotkey == subnet.OwnerHotkey {
			uid := uint16(i)
			return &uid
		}
	}
	return nil
}

// epochParams converts the hyperparameters that an epoch reads; tempo is the clock's, in blocks.
func epochParams(h subnettypes.Hyperparameters, tempo uint64) yuma.Params {
	return yuma.Params{
		// Only read before the first boundary, when there are no bonds that could be dropped.
		Tempo:              uint16(min(tempo, math.MaxUint16)),
		ActivityCutoff:     gotensor.Block(max(1, h.ActivityCutoffBlocks(tempo))),
		Kappa:              h.Kappa,
		BondsPenalty:       h.BondsPenalty,
		BondsMovingAverage: uint64(h.BondsMovingAverage),
		Yuma3:              h.Yuma3Enabled,
		Liquid: yuma.Liquid{
			Enabled: h.LiquidAlphaEnabled, Low: h.AlphaLow, High: h.AlphaHigh, Steepness: h.AlphaSigmoidSteepness,
		},
		MaxValidators: h.MaxAllowedValidators,
		MinStake:      h.StakeThreshold,
		Upkeep:        h.Upkeep,
	}
}

func toRows(rows [][]weightstypes.Entry) []yuma.Row {
	out := make([]yuma.Row, len(rows))
	for i, entries := range rows {
		row := yuma.Row{UIDs: make([]uint16, len(entries)), Values: make([]uint16, len(entries))}
		for j, e := range entries {
			row.UIDs[j], row.Values[j] = uint16(e.UID), e.Value
		}
		out[i] = row
	}
	return out
}

func fromRows(rows []yuma.Row) [][]weightstypes.Entry {
	out := make([][]weightstypes.Entry, len(rows))
	for i, row := range rows {
		if len(row.UIDs) == 0 {
			continue
		}
		out[i] = make([]weightstypes.Entry, len(row.UIDs))
		for j, uid := range row.UIDs {
			out[i][j] = weightstypes.Entry{UID: gotensor.UID(uid), Value: row.Values[j]}
		}
	}
	return out
}

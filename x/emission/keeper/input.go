package keeper

import (
	"context"
	"encoding/binary"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
	"github.com/gotensor/gotensor/x/internal/addr"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	"github.com/gotensor/gotensor/yuma"
)

// EpochInput is what the epoch of a subnet would read if the next block were its boundary. It branches the state off, lets the clock and
// x/weights cross the boundary there, and gathers as an epoch does. Its work is that of one gathering; nothing is written.
func (s queryServer) EpochInput(ctx context.Context, req *types.QueryEpochInputRequest) (*types.QueryEpochInputResponse, error) {
	netuid, err := types.NetUID(req.Netuid)
	if err != nil {
		return nil, err
	}
	branch, clock, err := s.Subnets.Foresee(ctx, netuid)
	if err != nil {
		return nil, err
	}
	s.crossWeights(branch, netuid, clock)
	pot, err := s.Pot(branch, netuid)
	if err != nil {
		return nil, err
	}
	j := job{netuid: netuid, clock: clock, from: clock.PreviousBoundary, pot: pot, report: types.EpochReport{Height: branch.BlockHeight()}}
	g, err := s.gather(branch, j)
	if err != nil {
		return nil, err
	}
	out := &types.QueryEpochInputResponse{
		Netuid: uint32(netuid), Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), Epoch: clock.Epoch - 1, LastStep: j.from,
		Params: wireParams(&g.input.Params, clock.Tempo), OwnerUid: -1, OwnerPpm: g.ownerPPM, Pot: pot, N: uint32(g.input.N),
		Weights: wireRows(g.input.Weights), Bonds: wireRows(g.input.Bonds),
	}
	if g.input.Owner != nil {
		out.OwnerUid = int32(*g.input.Owner)
	}
	return out, wireColumns(out, &g)
}

// crossWeights lets x/weights do its work of a boundary; as there, what it writes is undone if it fails or panics.
func (s queryServer) crossWeights(branch sdk.Context, netuid gotensor.NetUID, clock subnettypes.Clock) {
	cached, write := branch.CacheContext()
	defer func() {
		if r := recover(); r != nil {
			s.logger(branch).Error("panic in a foreseen boundary", "netuid", netuid, "panic", r)
		}
	}()
	if err := s.Weights.AfterBoundary(cached, netuid, clock, clock.PreviousBoundary); err == nil {
		write()
	}
}

func wireParams(p *yuma.Params, tempo uint64) types.EpochParams {
	return types.EpochParams{
		Tempo: tempo, ActivityCutoff: uint64(p.ActivityCutoff), Kappa: uint32(p.Kappa), BondsPenalty: uint32(p.BondsPenalty),
		BondsMovingAverage: p.BondsMovingAverage, Yuma3Enabled: p.Yuma3, LiquidAlphaEnabled: p.Liquid.Enabled,
		AlphaLow: uint32(p.Liquid.Low), AlphaHigh: uint32(p.Liquid.High), AlphaSigmoidSteepness: int32(p.Liquid.Steepness),
		MaxAllowedValidators: uint32(p.MaxValidators), StakeThreshold: uint64(p.MinStake), Upkeep: uint32(p.Upkeep),
	}
}

// wireColumns packs what the input holds per uid.
func wireColumns(out *types.QueryEpochInputResponse, g *gathered) error {
	for uid := range g.input.N {
		hotkey, err := addr.Account(g.neurons[uid].Hotkey)
		if err != nil {
			return err
		}
		var validator gotensor.Address
		copy(validator[:], g.validators[uid])
		permit := byte(0)
		if g.input.Permit[uid] {
			permit = 1
		}
		out.Hotkeys = append(out.Hotkeys, hotkey[:]...)
		out.Validators = append(out.Validators, validator[:]...)
		out.Stake = binary.LittleEndian.AppendUint64(out.Stake, uint64(g.input.Alpha[uid]))
		out.LastUpdate = binary.LittleEndian.AppendUint64(out.LastUpdate, uint64(g.input.LastUpdate[uid]))
		out.Registered = binary.LittleEndian.AppendUint64(out.Registered, uint64(g.input.Registered[uid]))
		out.Permit = append(out.Permit, permit)
	}
	return nil
}

// wireRows packs the rows that have entries.
func wireRows(rows []yuma.Row) []types.EpochRow {
	var out []types.EpochRow
	for uid, row := range rows {
		if len(row.UIDs) == 0 {
			continue
		}
		r := types.EpochRow{Uid: uint32(uid), Uids: make([]byte, 0, 2*len(row.UIDs)), Values: make([]byte, 0, 2*len(row.UIDs))}
		for k := range row.UIDs {
			r.Uids = binary.LittleEndian.AppendUint16(r.Uids, row.UIDs[k])
			r.Values = binary.LittleEndian.AppendUint16(r.Values, row.Values[k])
		}
		out = append(out, r)
	}
	return out
}

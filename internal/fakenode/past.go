package fakenode

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/price"
	emissiontypes "github.com/gotensor/gotensor/x/emission/types"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
	"github.com/gotensor/gotensor/yuma"
)

// drained is what each played epoch divides, ownerPPM the owner's part of it.
const (
	drained  = 10 * tao
	ownerPPM = 180_000
)

// moment is what the node answers for a height of the past.
type moment struct {
	emission  *emissiontypes.QueryEmissionResponse
	input     *emissiontypes.QueryEpochInputResponse
	metagraph *neurontypes.QueryMetagraphResponse
	bonds     *weightstypes.QueryBondsResponse
}

// Play runs so many epochs as the chain does, from what the neurons hold, and remembers the heights around each boundary; before, if not
// nil, changes the world before each. Afterwards the neurons hold what the last epoch gave, two blocks ago.
func (w *World) Play(epochs int, before func(epoch int)) error {
	w.past = map[int64]moment{}
	for e := range epochs {
		if before != nil {
			before(e)
		}
		boundary := int64(e+1) * (w.Tempo + 1)
		w.Height = boundary - 1
		w.remember()
		in := w.epochInput()
		out, err := yuma.Epoch(in)
		if err != nil {
			return fmt.Errorf("play epoch %d: %w", e, err)
		}
		w.Height = boundary
		w.settle(out, uint64(e))
		w.remember()
	}
	w.Height += 2
	return nil
}

// remember keeps what is asked for at the present height.
func (w *World) remember() {
	n := &Node{world: w}
	ctx, one := context.Background(), uint32(1)
	var m moment
	m.emission, _ = emissionQueries{n}.Emission(ctx, &emissiontypes.QueryEmissionRequest{Netuid: one})
	m.input, _ = emissionQueries{n}.EpochInput(ctx, &emissiontypes.QueryEpochInputRequest{Netuid: one})
	m.metagraph, _ = neuronQueries{n}.Metagraph(ctx, &neurontypes.QueryMetagraphRequest{Netuid: one})
	m.bonds, _ = weightsQueries{n}.Bonds(ctx, &weightstypes.QueryBondsRequest{Netuid: one})
	w.past[w.Height] = m
}

// epochInput is what an epoch at the next height reads.
func (w *World) epochInput() *yuma.Input {
	in := &yuma.Input{N: len(w.Neurons), Block: gotensor.Block(w.Height + 1), LastStep: gotensor.Block(w.clock().LastBoundary), Emission: drained - drained*ownerPPM/1_000_000}
	in.Params = yuma.Params{
		Tempo: uint16(w.Tempo), ActivityCutoff: gotensor.Block(w.Rules.ActivityCutoffBlocks(uint64(w.Tempo))), Kappa: w.Rules.Kappa,
		BondsPenalty: w.Rules.BondsPenalty, BondsMovingAverage: uint64(w.Rules.BondsMovingAverage), Yuma3: w.Rules.Yuma3Enabled,
		Liquid:        yuma.Liquid{Enabled: w.Rules.LiquidAlphaEnabled, Low: w.Rules.AlphaLow, High: w.Rules.AlphaHigh, Steepness: w.Rules.AlphaSigmoidSteepness},
		MaxValidators: w.Rules.MaxAllowedValidators, MinStake: w.Rules.StakeThreshold, Upkeep: w.Rules.Upkeep,
	}
	for _, n := range w.Neurons {
		in.Alpha, in.Permit = append(in.Alpha, n.Stake), append(in.Permit, n.Permit)
		in.LastUpdate, in.Registered = append(in.LastUpdate, gotensor.Block(n.LastUpdate)), append(in.Registered, gotensor.Block(n.Registered))
		in.Weights, in.Bonds = append(in.Weights, rowOf(n.Row)), append(in.Bonds, rowOf(n.Bonds))
	}
	return in
}

func rowOf(entries []weightstypes.Entry) (row yuma.Row) {
	for _, e := range entries {
		row.UIDs, row.Values = append(row.UIDs, uint16(e.UID)), append(row.Values, e.Value)
	}
	return row
}

// settle writes what an epoch computed to the neurons and makes its report.
func (w *World) settle(out *yuma.Output, epoch uint64) {
	incentive := price.Upkeep(out.ServerEmission, w.Rules.Upkeep)
	r := emissiontypes.EpochReport{Netuid: 1, Epoch: epoch, Height: w.Height, Drained: uint64(drained), Owner: uint64(drained * ownerPPM / 1_000_000), PaidEpochs: epoch + 1}
	for uid, n := range w.Neurons {
		n.Consensus, n.Trust, n.Incentive, n.Dividends = out.Consensus[uid], out.VTrust[uid], out.Incentive[uid], out.Dividends[uid]
		n.Permit, n.Active, n.Emission = out.Permit[uid], out.Active[uid], incentive[uid]
		r.Incentive += uint64(incentive[uid])
		if !n.Validator.IsZero() {
			n.Emission += out.ValidatorEmission[uid]
			r.Dividends += uint64(out.ValidatorEmission[uid])
		}
		n.Bonds = nil
		for k, target := range out.Bonds[uid].UIDs {
			n.Bonds = append(n.Bonds, weightstypes.Entry{UID: gotensor.UID(target), Value: out.Bonds[uid].Values[k]})
		}
	}
	r.Carried = r.Drained - r.Owner - r.Incentive - r.Dividends
	w.report = &r
}

// then finds what to answer for the height that a call asks for: nil for the present one.
func (n *Node) then(ctx context.Context) (*moment, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	headers := md.Get("x-cosmos-block-height")
	if len(headers) == 0 {
		return nil, nil //nolint:nilnil // the present
	}
	height, err := strconv.ParseInt(headers[0], 10, 64)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if height == n.world.Height {
		return nil, nil //nolint:nilnil // the present
	}
	// Between two boundaries the moment before stands for what followed: it has the right report.
	for h := height; h > n.world.Pruned && height < n.world.Height; h-- {
		if m, ok := n.world.past[h]; ok {
			return &m, nil
		}
	}
	return nil, status.Errorf(codes.InvalidArgument, "failed to load state at height %d; version does not exist (latest height: %d)", height, n.world.Height)
}

func (q emissionQueries) EpochInput(ctx context.Context, r *emissiontypes.QueryEpochInputRequest) (*emissiontypes.QueryEpochInputResponse, error) {
	m, err := q.then(ctx)
	if err != nil || only(r.Netuid) != nil {
		return nil, cmpErr(err, only(r.Netuid))
	}
	if m != nil {
		return m.input, nil
	}
	w := q.world
	in := w.epochInput()
	out := &emissiontypes.QueryEpochInputResponse{
		Netuid: 1, Height: w.Height, Epoch: w.clock().Epoch, LastStep: int64(in.LastStep), OwnerUid: -1, OwnerPpm: ownerPPM, N: uint32(in.N),
		Params: emissiontypes.EpochParams{
			Tempo: uint64(in.Tempo), ActivityCutoff: uint64(in.ActivityCutoff), Kappa: uint32(in.Kappa), BondsPenalty: uint32(in.BondsPenalty),
			BondsMovingAverage: in.BondsMovingAverage, Yuma3Enabled: in.Yuma3, LiquidAlphaEnabled: in.Liquid.Enabled, AlphaLow: uint32(in.Liquid.Low),
			AlphaHigh: uint32(in.Liquid.High), AlphaSigmoidSteepness: int32(in.Liquid.Steepness), MaxAllowedValidators: uint32(in.MaxValidators), StakeThreshold: uint64(in.MinStake), Upkeep: uint32(in.Upkeep),
		},
		Weights: packRows(in.Weights), Bonds: packRows(in.Bonds),
	}
	for uid, n := range w.Neurons {
		out.Hotkeys, out.Validators = append(out.Hotkeys, n.Hotkey[:]...), append(out.Validators, n.Validator[:]...)
		out.Stake, out.Permit = u64(out.Stake, uint64(in.Alpha[uid])), flag(out.Permit, in.Permit[uid])
		out.LastUpdate, out.Registered = u64(out.LastUpdate, uint64(in.LastUpdate[uid])), u64(out.Registered, uint64(in.Registered[uid]))
	}
	return out, nil
}

// cmpErr is the first error that there is.
func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func packRows(rows []yuma.Row) []emissiontypes.EpochRow {
	var out []emissiontypes.EpochRow
	for uid, row := range rows {
		if len(row.UIDs) == 0 {
			continue
		}
		r := emissiontypes.EpochRow{Uid: uint32(uid)}
		for k := range row.UIDs {
			r.Uids = binary.LittleEndian.AppendUint16(r.Uids, row.UIDs[k])
			r.Values = binary.LittleEndian.AppendUint16(r.Values, row.Values[k])
		}
		out = append(out, r)
	}
	return out
}

// Fail makes the latest epoch that was played one that failed.
func (w *World) Fail(reason string) {
	w.report.Error = reason
	w.report.Owner, w.report.Incentive, w.report.Dividends, w.report.Carried = 0, 0, 0, w.report.Drained
}

// Forge makes the chain remember another incentive of uid 1 for the latest epoch that was played than that epoch gave.
func (w *World) Forge(incentive uint16) {
	binary.LittleEndian.PutUint16(w.past[w.report.Height].metagraph.Columns.Incentive[2:], incentive)
}

package chain

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"google.golang.org/grpc/metadata"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/issuance"
	"github.com/gotensor/gotensor/metagraph"
	"github.com/gotensor/gotensor/price"
	emission "github.com/gotensor/gotensor/x/emission/types"
	subnet "github.com/gotensor/gotensor/x/subnet/types"
	weights "github.com/gotensor/gotensor/x/weights/types"
	"github.com/gotensor/gotensor/yuma"
)

// heightHeader asks a node for the state after a block other than the latest.
const heightHeader = "x-cosmos-block-height"

// At returns a context in which queries are answered from the state after the block at a height, while the node keeps it: afterwards they
// fail with ErrPruned.
func At(ctx context.Context, height gotensor.Block) context.Context {
	return metadata.AppendToOutgoingContext(ctx, heightHeader, strconv.FormatUint(uint64(height), 10))
}

// Epoch is one epoch of a subnet as the chain ran it: what it read, and what the state held after its block.
type Epoch struct {
	NetUID gotensor.NetUID
	Report emission.EpochReport
	// Input is what the epoch read, its emission without the owner's cut.
	Input    yuma.Input
	OwnerCut gotensor.Rao
	// Hotkeys by uid when the epoch ran, and the staking validators behind them, zero for none.
	Hotkeys, Validators []gotensor.Address
	// After is the metagraph after the boundary's block, Bonds what was stored for the next epoch.
	After *metagraph.Metagraph
	Bonds []yuma.Row
	// Slashed are the uids whose stake was cut in the boundary's block, before the epoch read it.
	Slashed []gotensor.UID
	// Replaced are the uids that others took in the boundary's block, after the epoch: the chain no longer tells what it gave to them.
	Replaced []gotensor.UID
}

// Epoch reads an ended epoch of a subnet: number 0, 1, ..., or counted back from the latest, which is -1. It fails with ErrNotEnded,
// with ErrUnpaid if the epoch failed on the chain, and with ErrPruned.
func (c *Client) Epoch(ctx context.Context, netuid gotensor.NetUID, number int64) (*Epoch, error) {
	report, err := c.EpochReport(ctx, netuid, number)
	if err != nil {
		return nil, err
	}
	if report.Error != "" {
		return nil, fmt.Errorf("%w: epoch %d of subnet %d at block %d: %s; nobody was paid, and %s wait for the next epoch",
			ErrUnpaid, report.Epoch, netuid, report.Height, report.Error, gotensor.Rao(report.Carried))
	}
	e := &Epoch{NetUID: netuid, Report: report}
	if err := c.readEpoch(ctx, e); err != nil {
		return nil, fmt.Errorf("epoch %d of subnet %d at block %d: %w", report.Epoch, netuid, report.Height, err)
	}
	return e, nil
}

// EpochReport finds the report of an epoch, which tells the height of its boundary; see Epoch.
func (c *Client) EpochReport(ctx context.Context, netuid gotensor.NetUID, number int64) (emission.EpochReport, error) {
	now, err := c.Emission(ctx, netuid)
	if err != nil {
		return emission.EpochReport{}, err
	}
	latest := now.Latest
	if latest.Height == 0 {
		return latest, fmt.Errorf("%w: subnet %d has had no epoch yet", ErrNotEnded, netuid)
	}
	if number < 0 {
		if number += int64(latest.Epoch) + 1; number < 0 {
			return latest, fmt.Errorf("%w: subnet %d has had %d epochs, 0 to %d", ErrNotFound, netuid, latest.Epoch+1, latest.Epoch)
		}
	}
	switch {
	case uint64(number) > latest.Epoch:
		return latest, fmt.Errorf("%w: epoch %d of subnet %d: the latest is %d", ErrNotEnded, number, netuid, latest.Epoch)
	case uint64(number) == latest.Epoch:
		return latest, nil
	}
	s, err := c.Subnet(ctx, netuid)
	if err != nil {
		return latest, err
	}
	if s.Clock.Tempo > subnet.MaxTempo {
		return latest, fmt.Errorf("%w: tempo of subnet %d is %d blocks, at most %d are possible", ErrBadAnswer, netuid, s.Clock.Tempo, subnet.MaxTempo)
	}
	return c.searchReport(ctx, latest, uint64(number), int64(s.Clock.Tempo)+1)
}

// searchReport finds an earlier epoch's report by bisection over heights. The first guess takes all periods to be equal, which
// they are unless the tempo has changed.
func (c *Client) searchReport(ctx context.Context, latest emission.EpochReport, number uint64, period int64) (emission.EpochReport, error) {
	netuid := gotensor.NetUID(latest.Netuid)
	low, high := int64(0), latest.Height // the boundary is above low and below high
	guess, pruned := latest.Height, error(nil)
	if back := latest.Epoch - number; back < uint64(math.MaxInt64/period) {
		guess -= int64(back) * period
	}
	for high-low > 1 {
		if guess <= low || guess >= high {
			guess = low + (high-low)/2
		}
		r, err := c.Emission(At(ctx, gotensor.Block(guess)), netuid)
		switch {
		case errors.Is(err, ErrPruned):
			low, pruned = guess, err
		case err != nil:
			return latest, err
		case r.Latest.Height == 0 || r.Latest.Epoch < number:
			low = guess
		case r.Latest.Epoch == number:
			return r.Latest, nil
		default:
			high = min(guess, r.Latest.Height)
		}
		guess = 0
	}
	if pruned != nil {
		return latest, fmt.Errorf("epoch %d of subnet %d: %w", number, netuid, pruned)
	}
	return latest, fmt.Errorf("%w: epoch %d of subnet %d left no report", ErrNotFound, number, netuid)
}

// readEpoch reads the state before the boundary's block and that after it.
func (c *Client) readEpoch(ctx context.Context, e *Epoch) error {
	height := gotensor.Block(e.Report.Height)
	before, err := emission.NewQueryClient(c.conn).EpochInput(At(ctx, height-1), &emission.QueryEpochInputRequest{Netuid: uint32(e.NetUID)})
	if err != nil {
		return err
	}
	if err := e.unpack(before); err != nil {
		return err
	}
	parts, rest, err := issuance.Split(gotensor.Rao(e.Report.Drained), issuance.PPM(before.OwnerPpm))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	e.OwnerCut, e.Input.Emission = parts[0], rest
	if e.After, err = c.Metagraph(At(ctx, height), e.NetUID); err != nil {
		return err
	}
	if e.After.N() < e.Input.N {
		return fmt.Errorf("%w: %d uids after the epoch, %d before", ErrBadAnswer, e.After.N(), e.Input.N)
	}
	if err := e.seeStake(height); err != nil {
		return err
	}
	stored, err := c.Bonds(At(ctx, height), e.NetUID)
	if err != nil {
		return err
	}
	return e.seeBonds(stored)
}

// seeBonds unpacks what was stored for the next epoch, one row per uid.
func (e *Epoch) seeBonds(stored []weights.UIDRow) error {
	e.Bonds = make([]yuma.Row, e.After.N())
	for i := range stored {
		uid := int(stored[i].Uid)
		if uid >= e.After.N() || e.Bonds[uid].UIDs != nil {
			return fmt.Errorf("%w: bonds of uid %d, twice or of nobody among %d uids", ErrBadAnswer, uid, e.After.N())
		}
		entries, err := stored[i].Row.Entries(e.After.N())
		if err != nil {
			return fmt.Errorf("%w: bonds of uid %d: %w", ErrBadAnswer, uid, err)
		}
		row := &e.Bonds[uid]
		for _, x := range entries {
			row.UIDs, row.Values = append(row.UIDs, uint16(x.UID)), append(row.Values, x.Value)
		}
	}
	return nil
}

// seeStake replaces the stake before the boundary's block by that which the epoch stored as seen, where it is less: what a block does before
// the epoch can only cut it. Uids that were taken over in that block, after the epoch, keep what they had before.
func (e *Epoch) seeStake(height gotensor.Block) error {
	for n := range e.After.All() {
		uid := int(n.UID)
		switch {
		case uid >= e.Input.N:
		case n.Registered > height, n.Registered < height && n.Hotkey != e.Hotkeys[uid]:
			return fmt.Errorf("%w: uid %d has another hotkey after block %d, registered at %d", ErrBadAnswer, uid, height, n.Registered)
		case n.Registered == height:
			e.Replaced = append(e.Replaced, n.UID)
		case n.EpochStake < e.Input.Alpha[uid]:
			e.Slashed = append(e.Slashed, n.UID)
			e.Input.Alpha[uid] = n.EpochStake
		}
	}
	return nil
}

// unpack reads the packed columns and rows.
func (e *Epoch) unpack(r *emission.QueryEpochInputResponse) error {
	n := int(r.N)
	if r.Height+1 != e.Report.Height || n > yuma.MaxN || r.OwnerUid < -1 || int(r.OwnerUid) >= n || r.LastStep < 0 {
		return fmt.Errorf("%w: the input at height %d has %d uids, owner %d, last step %d", ErrBadAnswer, r.Height, n, r.OwnerUid, r.LastStep)
	}
	for _, c := range []struct {
		name string
		data []byte
		size int
	}{
		{"hotkeys", r.Hotkeys, gotensor.AddressLen},
		{"stake", r.Stake, 8},
		{"validators", r.Validators, gotensor.AddressLen},
		{"last_update", r.LastUpdate, 8},
		{"registered", r.Registered, 8},
		{"permit", r.Permit, 1},
	} {
		if len(c.data) != n*c.size {
			return fmt.Errorf("%w: column %s has %d bytes, want %d for %d uids", ErrBadAnswer, c.name, len(c.data), n*c.size, n)
		}
	}
	in := &e.Input
	in.N, in.Block, in.LastStep = n, gotensor.Block(r.Height+1), gotensor.Block(r.LastStep)
	if r.OwnerUid >= 0 {
		owner := uint16(r.OwnerUid)
		in.Owner = &owner
	}
	in.Alpha, in.LastUpdate, in.Registered, in.Permit = make([]gotensor.Rao, n), make([]gotensor.Block, n), make([]gotensor.Block, n), make([]bool, n)
	e.Hotkeys, e.Validators = make([]gotensor.Address, n), make([]gotensor.Address, n)
	for uid := range n {
		e.Hotkeys[uid], e.Validators[uid] = address(r.Hotkeys, uid), address(r.Validators, uid)
		in.Alpha[uid], in.Permit[uid] = gotensor.Rao(u64(r.Stake, uid)), r.Permit[uid] != 0
		in.LastUpdate[uid], in.Registered[uid] = gotensor.Block(u64(r.LastUpdate, uid)), gotensor.Block(u64(r.Registered, uid))
	}
	var err error
	if in.Params, err = epochParams(&r.Params); err != nil {
		return err
	}
	if in.Weights, err = epochRows("weights", r.Weights, n); err != nil {
		return err
	}
	in.Bonds, err = epochRows("bonds", r.Bonds, n)
	return err
}

// epochParams checks that the parameters fit their types.
func epochParams(p *emission.EpochParams) (yuma.Params, error) {
	for _, x := range []struct {
		name  string
		value int64
		least int64
		most  int64
	}{
		{"kappa", int64(p.Kappa), 0, math.MaxUint16},
		{"bonds_penalty", int64(p.BondsPenalty), 0, math.MaxUint16},
		{"alpha_low", int64(p.AlphaLow), 0, math.MaxUint16},
		{"alpha_high", int64(p.AlphaHigh), 0, math.MaxUint16},
		{"alpha_sigmoid_steepness", int64(p.AlphaSigmoidSteepness), math.MinInt16, math.MaxInt16},
		{"max_allowed_validators", int64(p.MaxAllowedValidators), 0, math.MaxUint16},
		{"upkeep", int64(p.Upkeep), 0, price.MaxUpkeep},
	} {
		if x.value < x.least || x.value > x.most {
			return yuma.Params{}, fmt.Errorf("%w: %s is %d, want %d to %d", ErrBadAnswer, x.name, x.value, x.least, x.most)
		}
	}
	return yuma.Params{
		Tempo: uint16(min(p.Tempo, math.MaxUint16)), ActivityCutoff: gotensor.Block(p.ActivityCutoff), Kappa: uint16(p.Kappa),
		BondsPenalty: uint16(p.BondsPenalty), BondsMovingAverage: p.BondsMovingAverage, Yuma3: p.Yuma3Enabled,
		Liquid: yuma.Liquid{
			Enabled: p.LiquidAlphaEnabled, Low: uint16(p.AlphaLow), High: uint16(p.AlphaHigh), Steepness: int16(p.AlphaSigmoidSteepness),
		},
		MaxValidators: uint16(p.MaxAllowedValidators), MinStake: gotensor.Rao(p.StakeThreshold), Upkeep: uint16(p.Upkeep),
	}, nil
}

// epochRows unpacks rows of uids below n, one per uid.
func epochRows(name string, packed []emission.EpochRow, n int) ([]yuma.Row, error) {
	rows := make([]yuma.Row, n)
	for _, p := range packed {
		count := len(p.Uids) / 2
		if int(p.Uid) >= n || len(p.Uids) != 2*count || len(p.Values) != 2*count || rows[p.Uid].UIDs != nil {
			return nil, fmt.Errorf("%w: %s of uid %d: %d bytes of uids, %d of values, among %d uids", ErrBadAnswer, name, p.Uid, len(p.Uids), len(p.Values), n)
		}
		row := yuma.Row{UIDs: make([]uint16, count), Values: make([]uint16, count)}
		for k := range count {
			row.UIDs[k], row.Values[k] = u16(p.Uids, k), u16(p.Values, k)
			if int(row.UIDs[k]) >= n {
				return nil, fmt.Errorf("%w: %s of uid %d name uid %d of %d", ErrBadAnswer, name, p.Uid, row.UIDs[k], n)
			}
		}
		rows[p.Uid] = row
	}
	return rows, nil
}

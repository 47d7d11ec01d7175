package keeper

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
	"github.com/gotensor/gotensor/yuma"
)

// TestEpochInputIsWhatTheEpochReads asks in the block before each boundary and compares with what the epoch then gets, while rows and stake
// change and reveals are missed; asking changes nothing, which the invariants of the next block would find out.
func TestEpochInputIsWhatTheEpochReads(t *testing.T) {
	var read *yuma.Input
	w := newWorld(t, setting{
		validators: 3, miners: 4, tempo: 9, owner: coldkeyOf(0), shape: func(s *subnettypes.GenesisSubnet) { s.Subnet.OwnerHotkey = hotkeyOf(1) },
		epoch: func(in *yuma.Input) (*yuma.Output, error) {
			read = in
			return yuma.Epoch(in)
		},
	})
	weighed := 0
	for period := range 8 {
		clock, err := w.subnets.Clock(w.ctx, 1)
		require.NoError(t, err)
		rows := w.agreed()
		if period == 3 {
			rows = map[int][]weightstypes.Entry{} // nobody else reveals what was committed
		}
		rows[1] = []weightstypes.Entry{{UID: 3, Value: uint16(1000 * (period + 1))}, {UID: 5, Value: 65535}}
		w.block(func() { w.vote(1, rows) })
		for w.ctx.BlockHeight() < clock.NextBoundary-1 {
			w.block()
		}
		who := w.newDelegator(period, tao(50))
		require.NoError(t, w.delegate(who, period%3, tao(int64(10+period))))
		before := *w.ask(t)
		require.Equal(t, w.ctx.BlockHeight(), before.Height)
		require.Equal(t, clock.Epoch, before.Epoch)
		require.Equal(t, before, *w.ask(t), "asking changes nothing")
		w.block()
		requireSame(t, &before, read)
		require.Equal(t, w.report().Epoch, before.Epoch)
		require.Equal(t, before.Height+1, w.report().Height)
		require.EqualValues(t, types.DefaultParams().OwnerPpm, before.OwnerPpm)
		weighed += len(before.Weights)
	}
	require.Positive(t, weighed)
}

func (w *world) ask(t *testing.T) *types.QueryEpochInputResponse {
	t.Helper()
	out, err := NewQueryServer(w.Keeper).EpochInput(w.ctx, &types.QueryEpochInputRequest{Netuid: 1})
	require.NoError(t, err)
	return out
}

func requireSame(t *testing.T, got *types.QueryEpochInputResponse, in *yuma.Input) {
	t.Helper()
	require.EqualValues(t, in.N, got.N)
	require.EqualValues(t, in.Block, got.Height+1)
	require.EqualValues(t, in.LastStep, got.LastStep)
	require.EqualValues(t, *in.Owner, got.OwnerUid)
	require.Equal(t, wireParams(&in.Params, uint64(in.Tempo)), got.Params)
	require.Equal(t, neurontypes.PackRao(in.Alpha), got.Stake)
	var updated, registered, permit []byte
	for uid := range in.N {
		updated = binary.LittleEndian.AppendUint64(updated, uint64(in.LastUpdate[uid]))
		registered = binary.LittleEndian.AppendUint64(registered, uint64(in.Registered[uid]))
		permit = append(permit, 0)
		if in.Permit[uid] {
			permit[uid] = 1
		}
	}
	require.Equal(t, updated, got.LastUpdate)
	require.Equal(t, registered, got.Registered)
	require.Equal(t, permit, got.Permit)
	require.Equal(t, wireRows(in.Weights), got.Weights)
	require.Equal(t, wireRows(in.Bonds), got.Bonds)
	require.Len(t, got.Hotkeys, in.N*gotensor.AddressLen)
	require.Len(t, got.Validators, in.N*gotensor.AddressLen)
}

func TestEpochInputOfNoSubnet(t *testing.T) {
	w := newWorld(t, setting{validators: 1, tempo: 9})
	_, err := NewQueryServer(w.Keeper).EpochInput(w.ctx, &types.QueryEpochInputRequest{Netuid: 9})
	require.ErrorIs(t, err, subnettypes.ErrNotFound)
	_, err = NewQueryServer(w.Keeper).EpochInput(w.ctx, &types.QueryEpochInputRequest{Netuid: 70_000})
	require.ErrorContains(t, err, "netuid")
}

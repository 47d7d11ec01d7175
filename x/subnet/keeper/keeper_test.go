package keeper_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/subnet/keeper"
	"github.com/gotensor/gotensor/x/subnet/types"
)

var (
	gov   = addr.FormatAccount(gotensor.Address{9})
	owner = addr.FormatAccount(gotensor.Address{1})
	other = addr.FormatAccount(gotensor.Address{2})
)

type fixture struct {
	ctx   sdk.Context
	k     *keeper.Keeper
	hook  *recorder
	msgs  types.MsgServer
	query types.QueryServer
}

// recorder is a hook that remembers what it was told and fails when asked to.
type recorder struct {
	k     *keeper.Keeper
	calls []call
	fail  func(ctx context.Context) error
}

type call struct {
	netuid gotensor.NetUID
	clock  types.Clock
	from   int64
}

func (r *recorder) AfterBoundary(ctx context.Context, netuid gotensor.NetUID, clock types.Clock, from int64) error {
	stored, err := r.k.Clock(ctx, netuid)
	if err != nil {
		return err
	}
	if stored != clock {
		return errors.New("the stored clock has not advanced")
	}
	r.calls = append(r.calls, call{netuid, clock, from})
	if r.fail != nil {
		return r.fail(ctx)
	}
	return nil
}

func newFixture(t *testing.T, g *types.GenesisState) *fixture {
	t.Helper()
	key := storetypes.NewKVStoreKey(types.StoreKey)
	ctx := testutil.DefaultContextWithDB(t, key, storetypes.NewTransientStoreKey("transient")).Ctx
	k := keeper.NewKeeper(runtime.NewKVStoreService(key), codec.NewProtoCodec(codectypes.NewInterfaceRegistry()), gotensor.Address{9})
	f := &fixture{
		ctx: ctx.WithBlockHeight(0).WithChainID("test-1").WithBlockTime(time.UnixMilli(1_700_000_000_123).UTC()),
		k:   k, hook: &recorder{k: k}, msgs: keeper.NewMsgServer(k), query: keeper.NewQueryServer(k),
	}
	k.SetHooks(f.hook)
	require.NoError(t, k.InitGenesis(f.ctx, *g))
	return f
}

// genesis has subnets of tempo 9 blocks, the first with an owner.
func genesis(netuids ...uint32) *types.GenesisState {
	g := types.DefaultGenesis()
	for i, n := range netuids {
		s := types.GenesisSubnet{
			Subnet:          types.Subnet{Netuid: n, Name: "a subnet", Mechanism: "text"},
			Hyperparameters: []types.HyperparameterValue{{Name: "tempo", Value: 18_000}},
		}
		if i == 0 {
			s.Subnet.Owner = owner
		}
		g.Subnets = append(g.Subnets, s)
	}
	return g
}

// to runs the blocks up to a height.
func (f *fixture) to(t *testing.T, height int64) {
	t.Helper()
	for f.ctx.BlockHeight() < height {
		f.ctx = f.ctx.WithBlockHeight(f.ctx.BlockHeight() + 1).WithEventManager(sdk.NewEventManager())
		require.NoError(t, f.k.BeginBlock(f.ctx))
	}
}

func TestReads(t *testing.T) {
	f := newFixture(t, genesis(1, 5))
	s, err := f.k.Get(f.ctx, 5)
	require.NoError(t, err)
	require.Equal(t, uint32(5), s.Netuid)
	all, err := f.k.All(f.ctx)
	require.NoError(t, err)
	require.Len(t, all, 2)
	h, err := f.k.Hyperparameters(f.ctx, 1)
	require.NoError(t, err)
	require.Equal(t, uint64(9), h.TempoBlocks())
	require.Equal(t, uint32(2_000), f.k.TargetBlockMs(f.ctx))
	require.Equal(t, gov, f.k.Authority())

	_, err = f.k.Get(f.ctx, 2)
	require.ErrorIs(t, err, types.ErrNotFound)
	_, err = f.k.Clock(f.ctx, 2)
	require.ErrorIs(t, err, types.ErrNotFound)
	_, err = f.k.Hyperparameters(f.ctx, 2)
	require.ErrorIs(t, err, types.ErrNotFound)
	require.Panics(t, func() { f.k.SetHooks(f.hook) })
}

func TestBoundariesFollowTheSlots(t *testing.T) {
	f := newFixture(t, genesis(1, 5))
	f.to(t, 30)
	require.Equal(t, []call{
		{5, types.Clock{Epoch: 1, LastBoundary: 4, NextBoundary: 14, Tempo: 9}, 0},
		{1, types.Clock{Epoch: 1, LastBoundary: 8, NextBoundary: 18, Tempo: 9}, 0},
		{5, types.Clock{Epoch: 2, LastBoundary: 14, NextBoundary: 24, Tempo: 9, PreviousBoundary: 4}, 4},
		{1, types.Clock{Epoch: 2, LastBoundary: 18, NextBoundary: 28, Tempo: 9, PreviousBoundary: 8}, 8},
		{5, types.Clock{Epoch: 3, LastBoundary: 24, NextBoundary: 34, Tempo: 9, PreviousBoundary: 14}, 14},
		{1, types.Clock{Epoch: 3, LastBoundary: 28, NextBoundary: 38, Tempo: 9, PreviousBoundary: 18}, 18},
	}, f.hook.calls)
}

func TestEpochsPerBlockAreBoundedAndNobodyStarves(t *testing.T) {
	g := genesis(1, 11, 21) // one slot for all: netuid mod 10
	g.Params.MaxEpochsPerBlock = 2
	f := newFixture(t, g)
	f.to(t, 8)
	require.Len(t, f.hook.calls, 2)
	f.to(t, 9)
	require.Len(t, f.hook.calls, 3, "the third waits a block")
	require.Equal(t, gotensor.NetUID(21), f.hook.calls[2].netuid)
	require.Equal(t, int64(18), f.hook.calls[2].clock.NextBoundary, "and is back in its slot afterwards")

	// With tempo 1 and one epoch a block, three subnets are always due: the longest overdue goes first, so all get their turn.
	g = genesis(1, 2, 3)
	g.Params.MaxEpochsPerBlock = 1
	for i := range g.Subnets {
		g.Subnets[i].Hyperparameters[0].Value = 2_000
	}
	f = newFixture(t, g)
	f.to(t, 60)
	n := map[gotensor.NetUID]int{}
	for _, c := range f.hook.calls {
		n[c.netuid]++
	}
	for _, netuid := range []gotensor.NetUID{1, 2, 3} {
		require.InDelta(t, 20, n[netuid], 1, "netuid %d", netuid)
	}
}

func TestFailingHookIsUndoneAndTheClockGoesOn(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("out of cheese") },
		"panic": func() error { panic("out of cheese") },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, genesis(1))
			msgs := f.msgs
			f.hook.fail = func(ctx context.Context) error {
				_, err := msgs.SetHyperparameter(ctx, &types.MsgSetHyperparameter{Sender: gov, Netuid: 1, Name: "kappa", Value: 1})
				require.NoError(t, err)
				return fail()
			}
			f.to(t, 8)
			require.Len(t, f.hook.calls, 1)
			clock, err := f.k.Clock(f.ctx, 1)
			require.NoError(t, err)
			require.Equal(t, uint64(1), clock.Epoch)
			h, err := f.k.Hyperparameters(f.ctx, 1)
			require.NoError(t, err)
			require.Equal(t, uint16(32_767), h.Kappa, "what the hook wrote is undone")
			var reasons []string
			for _, e := range f.ctx.EventManager().Events() {
				require.NotEqual(t, "gotensor.subnet.v1.EventHyperparameterSet", e.Type, "its events are undone")
				if e.Type == "gotensor.subnet.v1.EventEpochFailed" {
					a, _ := e.GetAttribute("reason")
					reasons = append(reasons, a.Value)
				}
			}
			require.Len(t, reasons, 1)
			require.Contains(t, reasons[0], "out of cheese")
			f.to(t, 18)
			require.Len(t, f.hook.calls, 2, "the next boundary comes as ever")
		})
	}
}

func TestTempoActsAfterTheNextBoundary(t *testing.T) {
	f := newFixture(t, genesis(1))
	f.to(t, 10)
	_, err := f.msgs.SetHyperparameter(f.ctx, &types.MsgSetHyperparameter{Sender: owner, Netuid: 1, Name: "tempo", Value: 8_000})
	require.NoError(t, err)
	f.to(t, 23)
	last := f.hook.calls[1:]
	require.Equal(t, int64(18), last[0].clock.LastBoundary, "the old slot still holds")
	require.Equal(t, uint64(4), last[0].clock.Tempo)
	require.Equal(t, int64(23), last[1].clock.LastBoundary)
}

func TestExportImportExport(t *testing.T) {
	g := genesis(1, 5)
	g.Subnets[0].Hyperparameters = append(g.Subnets[0].Hyperparameters, types.HyperparameterValue{Name: "kappa", Value: 32_767})
	f := newFixture(t, g)
	f.to(t, 25)
	for _, m := range []*types.MsgSetHyperparameter{
		{Sender: owner, Netuid: 1, Name: "alpha_high", Value: 60_000},
		{Sender: gov, Netuid: 5, Name: "kappa", Value: 40_000},
		{Sender: gov, Netuid: 5, Name: "tempo", Value: 4_320_000},
	} {
		_, err := f.msgs.SetHyperparameter(f.ctx, m)
		require.NoError(t, err)
	}
	first, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.NoError(t, first.Validate())
	require.Equal(t, []types.HyperparameterValue{{Name: "tempo", Value: 18_000}, {Name: "alpha_high", Value: 60_000}}, first.Subnets[0].Hyperparameters,
		"only what differs from the default, in schema order")
	require.Equal(t, []types.HyperparameterValue{{Name: "kappa", Value: 40_000}}, first.Subnets[1].Hyperparameters)
	again := newFixture(t, first)
	second, err := again.k.ExportGenesis(again.ctx)
	require.NoError(t, err)
	a, err := first.Marshal()
	require.NoError(t, err)
	b, err := second.Marshal()
	require.NoError(t, err)
	require.Equal(t, a, b)

	require.ErrorIs(t, f.k.InitGenesis(f.ctx, types.GenesisState{}), types.ErrInvalidParams)
}

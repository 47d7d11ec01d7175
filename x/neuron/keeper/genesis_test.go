package keeper_test

import (
	"encoding/binary"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

// lived is a chain in which something of every kind is stored.
func lived(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	f.fill(t, 1)
	f.register(t, 2, 40)
	_, err := f.msgs.RegisterPow(f.ctx, f.work(t, 2, 41, f.ctx.BlockHeight()))
	require.NoError(t, err)
	_, err = f.msgs.Serve(f.ctx, endpoint(1))
	require.NoError(t, err)
	f.columns(t, 1, 8, []gotensor.Rao{1, 2, 3, 4, 5, 6, 7, 8})
	h, _ := addr.Account(hotkey(1))
	for kind := types.KindServe; kind <= types.KindReveal; kind++ {
		require.NoError(t, f.k.UseFreeMessage(f.ctx, h, 1, kind))
	}
	require.NoError(t, f.k.SetLastUpdate(f.ctx, 1, 1, 3))
	f.stake.validators[alice], f.stake.validators[bob] = 100, 7
	f.appoint(t, appointment(alice, types.AllSubnets, one))
	f.appoint(t, appointment(bob, 1, two))
	f.to(t, 20)
	f.boundary(1)
	f.appoint(t, appointment(bob, 1, three))
	_, err = f.msgs.GrantBandwidth(f.ctx, f.loan(alice, one, 600_000, 100))
	require.NoError(t, err)
	return f
}

func TestExportImportExport(t *testing.T) {
	f := lived(t)
	first, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.NoError(t, first.Validate())
	for name, n := range map[string]int{
		"subnets": len(first.Subnets), "appointments": len(first.Appointments), "grants": len(first.Grants), "hashes": len(first.BlockHashes),
		"uses": len(first.RateUses), "works": len(first.UsedWorks), "neurons": len(first.Subnets[0].Neurons),
	} {
		require.Positive(t, n, name)
	}
	require.Positive(t, first.Burned)
	asJSON := f.cdc.MustMarshalJSON(first)
	var read types.GenesisState
	f.cdc.MustUnmarshalJSON(asJSON, &read)

	again := bareFixture(t)
	again.subnets.hyper, again.subnets.clocks = f.subnets.hyper, f.subnets.clocks
	maps.Copy(again.stake.validators, f.stake.validators)
	again.ctx = again.ctx.WithBlockHeight(21).WithBlockTime(f.ctx.BlockTime())
	require.NoError(t, again.k.InitGenesis(again.ctx, read))
	second, err := again.k.ExportGenesis(again.ctx)
	require.NoError(t, err)
	require.Equal(t, string(asJSON), string(again.cdc.MustMarshalJSON(second)))
	h, _ := addr.Account(hotkey(5))
	require.True(t, again.accounts[string(h[:])], "imported hotkeys can sign")

	// The imported chain acts alike: both hotkeys of bob's pending swap, the work that was used, the uses that were counted.
	for _, netuid := range []gotensor.NetUID{1, 2} {
		for _, boundary := range []bool{true, false} {
			require.Equal(t, f.stakeOf(t, netuid, boundary), again.stakeOf(t, netuid, boundary))
		}
	}
	for _, x := range []*fixture{f, again} {
		require.ErrorIs(t, x.k.VerifyPow(x.ctx, x.work(t, 2, 41, 10)), types.ErrRegistered)
		one, _ := addr.Account(hotkey(1))
		require.ErrorIs(t, x.k.UseFreeMessage(x.ctx, one, 1, types.KindServe), types.ErrRateLimit)
		_, err := x.msgs.AppointHotkey(x.ctx, appointment(alice, 2, two))
		require.ErrorIs(t, err, types.ErrAppointed, "two acts for bob until three counts")
	}
}

func TestInitGenesisRefuses(t *testing.T) {
	f := bareFixture(t)
	require.ErrorIs(t, f.k.InitGenesis(f.ctx, types.GenesisState{Subnets: []types.GenesisNeurons{{Netuid: 3}}}), subnettypes.ErrNotFound)
	require.ErrorIs(t, f.k.InitGenesis(f.ctx, types.GenesisState{Subnets: []types.GenesisNeurons{{}}}), types.ErrInvalidGenesis)
	n := types.GenesisNeurons{Netuid: 1}
	for i := range byte(9) {
		n.Neurons = append(n.Neurons, types.Neuron{Uid: uint32(i), Hotkey: hotkey(i), Coldkey: coldkey(i)})
	}
	err := f.k.InitGenesis(f.ctx, types.GenesisState{Subnets: []types.GenesisNeurons{n}})
	require.ErrorIs(t, err, types.ErrInvalidGenesis)
	require.ErrorContains(t, err, "9 neurons, max_allowed_uids is 8")
}

func TestMetagraphIsPacked(t *testing.T) {
	f := lived(t)
	q, err := f.query.Metagraph(f.ctx, &types.QueryMetagraphRequest{Netuid: 1})
	require.NoError(t, err)
	require.Equal(t, uint32(8), q.N)
	require.Equal(t, "text", q.Mechanism)
	require.Equal(t, "{}", q.Settings)
	require.Equal(t, uint64(1), q.Epoch)
	require.Equal(t, f.ctx.BlockTime().UnixMilli(), q.TimeUnixMs)
	require.NoError(t, q.Columns.Validate(8))
	h, _ := addr.Account(hotkey(5))
	c, _ := addr.Account(coldkey(5))
	require.Equal(t, h[:], q.Hotkeys[100:120])
	require.Equal(t, c[:], q.Coldkeys[100:120])
	require.Equal(t, uint64(7), binary.LittleEndian.Uint64(q.Registered[40:]), "uid 5 came in block 7")
	require.Equal(t, uint64(3), binary.LittleEndian.Uint64(q.LastUpdate[8:]))
	require.Len(t, q.LiveStake, 64)
	require.Len(t, q.Validators, 160)
	require.Equal(t, uint32(8_001), q.Endpoints[1].Port)
	for _, netuid := range []uint32{0, 3, 70_000} {
		_, err := f.query.Metagraph(f.ctx, &types.QueryMetagraphRequest{Netuid: netuid})
		require.Equal(t, codes.NotFound, status.Code(err))
		_, err = f.query.Registration(f.ctx, &types.QueryRegistrationRequest{Netuid: netuid})
		require.Equal(t, codes.NotFound, status.Code(err))
	}
}

func TestNeuronQuery(t *testing.T) {
	f := stakers(t, types.Appointment{Validator: addr.FormatValidator(alice), Netuid: 65_535, Hotkey: two.String()})
	f.columns(t, 1, 3, []gotensor.Rao{1, 2, 3})
	byKey, err := f.query.Neuron(f.ctx, &types.QueryNeuronRequest{Netuid: 1, Hotkey: two.String()})
	require.NoError(t, err)
	byUID, err := f.query.Neuron(f.ctx, &types.QueryNeuronRequest{Netuid: 1, Uid: 1})
	require.NoError(t, err)
	require.Equal(t, byKey, byUID)
	require.Equal(t, uint64(100), byKey.Stake)
	require.Equal(t, addr.FormatValidator(alice), byKey.Validator)
	require.Equal(t, []uint32{2, 3, 4, 5}, []uint32{byKey.Consensus, byKey.Incentive, byKey.Dividends, byKey.ValidatorTrust})
	require.True(t, byKey.Permit && byKey.Active)
	require.Equal(t, uint64(2), byKey.Emission)
	require.Equal(t, uint64(2), byKey.Accrued)
	plain, err := f.query.Neuron(f.ctx, &types.QueryNeuronRequest{Netuid: 1, Uid: 0})
	require.NoError(t, err)
	require.Zero(t, plain.Stake)
	require.Empty(t, plain.Validator)
	for want, req := range map[codes.Code][]*types.QueryNeuronRequest{
		codes.NotFound:        {{Netuid: 1, Uid: 3}, {Netuid: 1, Uid: 65_537}, {Netuid: 3}, {Netuid: 0}, {Netuid: 1, Hotkey: hotkey(99)}},
		codes.InvalidArgument: {{Netuid: 1, Hotkey: "x"}},
	} {
		for _, r := range req {
			_, err := f.query.Neuron(f.ctx, r)
			require.Equal(t, want, status.Code(err), r)
		}
	}
}

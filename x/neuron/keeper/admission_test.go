package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/pow"
	"github.com/gotensor/gotensor/x/neuron/types"
)

// hard is work for a difficulty that other work does not meet by chance.
func hard(t testing.TB, f *fixture, d pow.Difficulty) *types.MsgRegisterPow {
	t.Helper()
	m := &types.MsgRegisterPow{Hotkey: hotkey(1), Coldkey: coldkey(1), Netuid: 1, BlockHeight: f.ctx.BlockHeight()}
	s, err := pow.Solver{Workers: 1}.Solve(nil, challenge(m), d, 0)
	require.NoError(t, err)
	m.Nonce = s.Nonce
	return m
}

func difficulty(t testing.TB, f *fixture) uint64 {
	t.Helper()
	q, err := f.query.Registration(f.ctx, &types.QueryRegistrationRequest{Netuid: 1})
	require.NoError(t, err)
	return q.Difficulty
}

func TestDifficultyFollowsDemand(t *testing.T) {
	f := newFixture(t)
	require.Equal(t, uint64(16), difficulty(t, f))
	f.to(t, 49)
	require.Equal(t, uint64(16), difficulty(t, f), "the interval is 50 blocks from genesis")
	f.to(t, 50)
	require.Equal(t, uint64(8), difficulty(t, f), "nobody came: half")
	require.Len(t, f.events("EventAdmissionAdjusted"), 2, "one per subnet")
	for i := range byte(8) {
		f.to(t, 51+int64(i))
		_, err := f.msgs.RegisterPow(f.ctx, f.work(t, 1, i, 50))
		require.NoError(t, err)
	}
	f.to(t, 100)
	require.Equal(t, uint64(12), difficulty(t, f), "8 where 4 were wanted: half more")
	q, err := f.query.Registration(f.ctx, &types.QueryRegistrationRequest{Netuid: 1})
	require.NoError(t, err)
	require.Equal(t, uint64(0), q.NetworkHashRate, "8 times 8 hashes in 100 s are less than 1 a second")
	f.to(t, 400)
	require.Equal(t, uint64(4), difficulty(t, f), "never below min_difficulty")
}

func TestHashRate(t *testing.T) {
	f := newFixture(t)
	f.subnets.hyper[1].MinDifficulty = 1 << 20
	f.to(t, 50)
	require.Equal(t, uint64(1<<20), difficulty(t, f))
	_, err := f.msgs.RegisterPow(f.ctx, hard(t, f, 1<<20))
	require.NoError(t, err)
	f.to(t, 100)
	q, err := f.query.Registration(f.ctx, &types.QueryRegistrationRequest{Netuid: 1})
	require.NoError(t, err)
	require.Equal(t, uint64(10_485), q.NetworkHashRate, "2^20 hashes in 50 blocks of 2 s")
}

func TestWorkBegunBeforeAnAdjustmentIsNotLost(t *testing.T) {
	f := newFixture(t)
	f.to(t, 49)
	m := f.work(t, 1, 1, 49)
	f.subnets.hyper[1].MinDifficulty = 1 << 40
	f.to(t, 50)
	require.Equal(t, uint64(1<<40), difficulty(t, f))
	require.NoError(t, f.k.VerifyPow(f.ctx, m), "the difficulty of its block")
	require.ErrorIs(t, f.k.VerifyPow(f.ctx, f.work(t, 1, 1, 50)), types.ErrWork)
}

func TestRingHoldsThirtyBlocks(t *testing.T) {
	f := newFixture(t)
	f.to(t, 45)
	g, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Len(t, g.BlockHashes, 30)
	for i, h := range g.BlockHashes {
		want := blockHash(int64(16 + i))
		require.Equal(t, types.BlockHash{Height: int64(16 + i), Hash: want[:]}, h)
	}
	q, err := f.query.Registration(f.ctx, &types.QueryRegistrationRequest{Netuid: 1})
	require.NoError(t, err)
	require.Equal(t, int64(45), q.Height)
	want := blockHash(45)
	require.Equal(t, want[:], q.BlockHash)
	f.ctx = f.ctx.WithBlockHeight(46).WithHeaderHash(nil)
	require.NoError(t, f.k.BeginBlock(f.ctx), "a block without a hash adds none")
	g, err = f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Len(t, g.BlockHashes, 29)
}

// Each parameter that this module reads changes what it does: the same scenario tells the default from another value.
func TestEveryParameterOfSlotsAndAdmissionHasAnEffect(t *testing.T) {
	type values map[string]int64
	at := func(t *testing.T, set values) (*fixture, *types.QueryRegistrationResponse) {
		t.Helper()
		f := bareFixture(t)
		for name, v := range set {
			require.NoError(t, f.subnets.hyper[1].Set(name, v))
		}
		require.NoError(t, f.k.InitGenesis(f.ctx, *types.DefaultGenesis()))
		f.register(t, 1, 1)
		f.to(t, 60)
		q, err := f.query.Registration(f.ctx, &types.QueryRegistrationRequest{Netuid: 1})
		require.NoError(t, err)
		return f, q
	}
	seen := func(q *types.QueryRegistrationResponse) []uint64 {
		return []uint64{q.Difficulty, q.BurnPrice}
	}
	_, plain := at(t, nil)
	others := values{
		"initial_difficulty": 64, "min_difficulty": 12, "max_difficulty": 5, "adjustment_interval": 20_000, "adjustment_alpha": 500_000,
		"initial_burn": 7_000_000_000, "min_burn": 1_000_000_000, "max_burn": 100_000_000, "burn_half_life": 10_000, "burn_increase_mult": 300,
	}
	for name, v := range others {
		t.Run(name, func(t *testing.T) {
			_, q := at(t, values{name: v})
			require.NotEqual(t, seen(plain), seen(q))
		})
	}
	t.Run("registration_allowed", func(t *testing.T) {
		f, _ := at(t, nil)
		f.subnets.hyper[1].RegistrationAllowed = false
		q, err := f.query.Registration(f.ctx, &types.QueryRegistrationRequest{Netuid: 1})
		require.NoError(t, err)
		require.False(t, q.Open)
		require.Contains(t, q.ClosedBecause, "registration_allowed is false")
	})
	t.Run("pow_registration_allowed", func(t *testing.T) {
		_, q := at(t, values{"pow_registration_allowed": 0})
		require.True(t, plain.PowOpen)
		require.False(t, q.PowOpen)
	})
	t.Run("max_allowed_uids", func(t *testing.T) {
		_, q := at(t, values{"max_allowed_uids": 1})
		require.Equal(t, int32(-1), plain.WouldPrune)
		require.Equal(t, int32(0), q.WouldPrune)
	})
	t.Run("immunity_period", func(t *testing.T) {
		until := func(set values) int64 {
			f, _ := at(t, set)
			q, err := f.query.Neuron(f.ctx, &types.QueryNeuronRequest{Netuid: 1})
			require.NoError(t, err)
			return q.ImmuneUntil
		}
		require.Equal(t, int64(301), until(nil))
		require.Equal(t, int64(401), until(values{"immunity_period": 800_000}))
	})
	// max_registrations_per_block, target_registrations_per_interval: TestLimitsPerBlockAndInterval; min_non_immune_uids,
	// owner_immune_neuron_limit: TestVictim; serving_rate_limit: TestServe.
}

func TestColumnsErrors(t *testing.T) {
	f := newFixture(t)
	f.register(t, 1, 1)
	require.ErrorIs(t, f.k.SetEpoch(f.ctx, 1, types.EpochColumns{}), types.ErrColumns)
	require.ErrorIs(t, f.k.Accrue(f.ctx, 1, nil), types.ErrColumns)
	require.NoError(t, f.k.Accrue(f.ctx, 1, []gotensor.Rao{1 << 63}))
	require.ErrorIs(t, f.k.Accrue(f.ctx, 1, []gotensor.Rao{1 << 63}), gotensor.ErrOverflow)
	for range 2 {
		_, err := f.k.TakeAccrued(f.ctx, 1, 1)
		require.ErrorIs(t, err, types.ErrNotFound)
	}
	got, err := f.k.TakeAccrued(f.ctx, 1, 0)
	require.NoError(t, err)
	require.Equal(t, gotensor.Rao(1<<63), got)
	got, err = f.k.TakeAccrued(f.ctx, 1, 0)
	require.NoError(t, err)
	require.Zero(t, got, "taken once")
	_, err = f.k.Permit(f.ctx, 1, 1)
	require.ErrorIs(t, err, types.ErrNotFound)
	permit, err := f.k.Permit(f.ctx, 1, 0)
	require.NoError(t, err)
	require.False(t, permit)
	require.ErrorIs(t, f.k.SetLastUpdate(f.ctx, 1, 1, 5), types.ErrNotFound)
	v, err := f.k.Columns(f.ctx, 7)
	require.NoError(t, err, "a subnet without neurons has empty columns")
	require.Empty(t, v.Stake)
	require.Panics(t, func() { f.k.SetHooks() })
}

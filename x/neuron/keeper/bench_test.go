package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
)

// full has a subnet of 4,096 neurons, of which 64 have stake.
func full(b *testing.B) *fixture {
	b.Helper()
	f := bareFixture(b)
	f.subnets.hyper[1].MaxAllowedUIDs = types.MaxNeurons
	g := types.DefaultGenesis()
	n := types.GenesisNeurons{Netuid: 1}
	for i := range types.MaxNeurons {
		key := addr.FormatAccount(gotensor.Address{1, byte(i), byte(i >> 8)})
		n.Neurons = append(n.Neurons, types.Neuron{Uid: uint32(i), Hotkey: key, Coldkey: coldkey(1)})
		if i < 64 {
			v := gotensor.Address{2, byte(i)}
			f.stake.validators[v] = gotensor.RaoPerTAO
			g.Appointments = append(g.Appointments, types.Appointment{Validator: addr.FormatValidator(v), Netuid: 65_535, Hotkey: key})
		}
	}
	g.Subnets = append(g.Subnets, n)
	require.NoError(b, f.k.InitGenesis(f.ctx, *g))
	return f
}

func BenchmarkStakeByUID4096(b *testing.B) {
	f := full(b)
	for b.Loop() {
		_, _, err := f.k.StakeByUID(f.ctx, 1, true)
		require.NoError(b, err)
	}
}

func BenchmarkMetagraph4096(b *testing.B) {
	f := full(b)
	for b.Loop() {
		_, err := f.query.Metagraph(f.ctx, &types.QueryMetagraphRequest{Netuid: 1})
		require.NoError(b, err)
	}
}

func BenchmarkRegisterInFullSubnet4096(b *testing.B) {
	f := full(b)
	f.subnets.hyper[1].MinNonImmuneUIDs = 0
	cold, err := addr.Account(coldkey(2))
	require.NoError(b, err)
	f.bank.rao[string(cold[:])] = 1 << 62
	m := burnOf(2, 1, 1<<62)
	for b.Loop() {
		cached, _ := f.ctx.CacheContext()
		_, err := f.msgs.RegisterBurn(cached, m)
		require.NoError(b, err)
	}
}

func BenchmarkTakeAccrued4096(b *testing.B) {
	f := full(b)
	owed := make([]gotensor.Rao, types.MaxNeurons)
	for i := range owed {
		owed[i] = 1
	}
	for b.Loop() {
		cached, _ := f.ctx.CacheContext()
		require.NoError(b, f.k.Accrue(cached, 1, owed))
		for uid := range gotensor.UID(64) {
			_, err := f.k.TakeAccrued(cached, 1, uid)
			require.NoError(b, err)
		}
	}
}

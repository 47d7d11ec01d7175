package keeper_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

func endpoint(i byte) *types.MsgServe {
	return &types.MsgServe{Hotkey: hotkey(i), Netuid: 1, Host: "127.0.0.1", Port: 8_000 + uint32(i), CertificatePin: bytes.Repeat([]byte{i}, 32)}
}

func TestServe(t *testing.T) {
	f := newFixture(t)
	f.subnets.hyper[1].ServingRateLimit = 20_000 // ten blocks
	_, err := f.msgs.Serve(f.ctx, endpoint(1))
	require.ErrorIs(t, err, types.ErrNotRegistered)
	f.register(t, 1, 1)
	_, err = f.msgs.Serve(f.ctx, endpoint(1))
	require.NoError(t, err)
	at := f.ctx.BlockHeight()
	n, err := f.k.NeuronAt(f.ctx, 1, 0)
	require.NoError(t, err)
	require.Equal(t, types.Endpoint{Host: "127.0.0.1", Port: 8_001, CertificatePin: bytes.Repeat([]byte{1}, 32), Height: at}, n.Endpoint)
	require.Len(t, f.events("EventServed"), 1)
	f.to(t, at+9)
	_, err = f.msgs.Serve(f.ctx, endpoint(1))
	require.ErrorIs(t, err, types.ErrRateLimit)
	require.ErrorContains(t, err, "try again at height 12, in 1 blocks")
	f.to(t, at+10)
	_, err = f.msgs.Serve(f.ctx, &types.MsgServe{Hotkey: hotkey(1), Netuid: 1})
	require.NoError(t, err, "an empty endpoint stops serving")
	n, err = f.k.NeuronAt(f.ctx, 1, 0)
	require.NoError(t, err)
	require.Equal(t, types.Endpoint{Height: at + 10}, n.Endpoint)
	_, err = f.msgs.Serve(f.ctx, &types.MsgServe{Hotkey: hotkey(1), Netuid: 3})
	require.ErrorIs(t, err, subnettypes.ErrNotFound)
	_, err = f.msgs.Serve(f.ctx, &types.MsgServe{Hotkey: hotkey(1), Netuid: 1, Host: "localhost"})
	require.ErrorIs(t, err, types.ErrInvalidMessage)
}

func TestFreeMessagesAreCounted(t *testing.T) {
	f := newFixture(t)
	f.subnets.hyper[1].ServingRateLimit = 20_000
	f.register(t, 1, 1)
	h, _ := addr.Account(hotkey(1))
	stranger, _ := addr.Account(hotkey(2))
	use := func(kind uint32) error { return f.k.UseFreeMessage(f.ctx, h, 1, kind) }

	require.ErrorIs(t, f.k.UseFreeMessage(f.ctx, stranger, 1, types.KindServe), types.ErrNotRegistered)
	require.ErrorIs(t, f.k.UseFreeMessage(f.ctx, h, 2, types.KindServe), types.ErrNotRegistered, "a subnet where it is not")
	require.ErrorIs(t, f.k.UseFreeMessage(f.ctx, h, 3, types.KindServe), subnettypes.ErrNotFound)
	require.ErrorIs(t, use(0), types.ErrInvalidMessage)
	require.ErrorIs(t, use(4), types.ErrInvalidMessage)
	for _, kind := range []uint32{types.KindCommit, types.KindReveal} {
		require.ErrorIs(t, use(kind), types.ErrNoPermit)
	}
	f.columns(t, 1, 1, []gotensor.Rao{0})
	for kind, tries := range map[uint32]int{types.KindServe: 1, types.KindCommit: 2, types.KindReveal: 4} {
		for range tries {
			require.NoError(t, use(kind))
		}
		require.ErrorIs(t, use(kind), types.ErrRateLimit, "kind %d", kind)
	}
	require.ErrorContains(t, use(types.KindCommit), "2 of 2 free messages of this kind are used: try again at height 100")
	require.ErrorContains(t, use(types.KindServe), "try again at height 12")
	f.to(t, 11)
	require.ErrorIs(t, use(types.KindServe), types.ErrRateLimit)
	f.to(t, 12)
	require.NoError(t, use(types.KindServe))
	f.to(t, 100)
	f.boundary(1)
	require.NoError(t, use(types.KindCommit), "a new period")
	require.NoError(t, use(types.KindReveal))

	// What is counted in a context that is dropped is not counted: the mempool has a state of its own.
	cached, _ := f.ctx.CacheContext()
	require.NoError(t, f.k.UseFreeMessage(cached, h, 1, types.KindCommit))
	require.NoError(t, use(types.KindCommit))
	require.ErrorIs(t, use(types.KindCommit), types.ErrRateLimit)
}

// TestFreeRevealWithoutPermit: who committed with a permit reveals without a fee, though the boundary in between took the permit.
func TestFreeRevealWithoutPermit(t *testing.T) {
	f := newFixture(t)
	f.register(t, 1, 1)
	h, _ := addr.Account(hotkey(1))
	use := func(kind uint32) error { return f.k.UseFreeMessage(f.ctx, h, 1, kind) }
	permit := func(has bool) {
		require.NoError(t, f.k.SetEpoch(f.ctx, 1, types.EpochColumns{
			Stake: []gotensor.Rao{1}, Consensus: []uint16{0}, Incentive: []uint16{0}, Dividends: []uint16{0}, ValidatorTrust: []uint16{0},
			Permit: []bool{has}, Active: []bool{true}, Emission: []gotensor.Rao{0},
		}))
	}
	permit(true)
	require.NoError(t, use(types.KindCommit))
	permit(false)
	require.ErrorIs(t, use(types.KindReveal), types.ErrNoPermit, "there is nothing to reveal in the period of the commitment")
	f.to(t, 100)
	f.boundary(1)
	for range 4 {
		require.NoError(t, use(types.KindReveal))
	}
	require.ErrorIs(t, use(types.KindReveal), types.ErrRateLimit)
	require.ErrorIs(t, use(types.KindCommit), types.ErrNoPermit)
	f.to(t, 200)
	f.boundary(1)
	require.ErrorIs(t, use(types.KindReveal), types.ErrNoPermit, "one period later it is over")
}

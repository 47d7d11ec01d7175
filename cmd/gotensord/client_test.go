package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/pow"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
)

// TestClient: the typed client registers a fresh key by work on a real node, serves with it and pays for a transfer.
func TestClient(t *testing.T) {
	h := newHome(t)
	h.start()
	h.reach(2)
	c, err := chain.Dial(h.grpc, chain.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	hotkey, err := keys.GenerateKey()
	require.NoError(t, err)
	cold := gotensor.Address{1, 2, 3}
	reg, err := c.Registration(ctx, 1)
	require.NoError(t, err)
	solved, err := pow.Solver{}.Solve(ctx.Done(), pow.Challenge{
		ChainID: "gotensor-test", NetUID: 1, BlockHash: [pow.HashLen]byte(reg.BlockHash), Hotkey: hotkey.Address(), Coldkey: cold,
	}, pow.Difficulty(reg.Difficulty), 0)
	require.NoError(t, err)
	work, err := chain.RegisterPow(&neurontypes.MsgRegisterPow{
		Hotkey: keys.Account(hotkey.Address()), Coldkey: keys.Account(cold), Netuid: 1, BlockHeight: reg.Height, Nonce: solved.Nonce,
	})
	require.NoError(t, err)
	_, err = c.Sender(hotkey).Send(ctx, work)
	require.NoError(t, err)

	serve, err := chain.Serve(&neurontypes.MsgServe{
		Hotkey: keys.Account(hotkey.Address()), Netuid: 1, Host: "127.0.0.1", Port: 8091, CertificatePin: make([]byte, 32),
	})
	require.NoError(t, err)
	_, err = c.Sender(hotkey).Send(ctx, serve)
	require.NoError(t, err)
	n, err := c.Neuron(ctx, 1, hotkey.Address())
	require.NoError(t, err)
	require.EqualValues(t, 8091, n.Neuron.Endpoint.Port)
	require.Equal(t, keys.Account(cold), n.Neuron.Coldkey)
}

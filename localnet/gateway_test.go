package localnet

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/keys"
)

// TestGatewayAddress: network.json names the gateway while there is one, always at the same address.
func TestGatewayAddress(t *testing.T) {
	c, _ := config(t)
	named := func() (url string) {
		p, leave, err := enter(t.Context(), &c)
		require.NoError(t, err)
		leave()
		n, err := chain.FindNetwork(c.Home)
		require.NoError(t, err)
		require.Equal(t, p.Network, n)
		return n.Gateway
	}
	first := named()
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, first)
	c.NoGateway = true
	require.Empty(t, named())
	c.NoGateway = false
	require.Equal(t, first, named())
}

// TestGatewayOfOldHome: a home from before there were gateways gets one.
func TestGatewayOfOldHome(t *testing.T) {
	c, _ := config(t)
	c.NoGateway = true
	p, leave, err := enter(t.Context(), &c)
	require.NoError(t, err)
	leave()
	require.Empty(t, p.Gateway)
	require.NoError(t, os.RemoveAll(walletsIn(c.Home)+"/gateway"))
	c.NoGateway = false
	p, leave, err = enter(t.Context(), &c)
	require.NoError(t, err)
	leave()
	require.NotEmpty(t, p.Gateway)
	_, _, err = c.wallets().HotkeyPublic(gatewayName, "default")
	require.NoError(t, err)

	p.Gateway = "0.0.0.0:80"
	data, err := json.Marshal(p)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(planIn(c.Home), data, 0o600))
	_, _, err = enter(t.Context(), &c)
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, `gateway "0.0.0.0:80", want an address of this machine`)
}

// TestLend: the gateway's hotkey gets bandwidth once, and keeps it in the next run.
func TestLend(t *testing.T) {
	c, log := config(t)
	p, leave, err := enter(t.Context(), &c)
	require.NoError(t, err)
	leave()
	w := fakenode.Sample()
	w.Ticks = true
	stake, err := c.wallets().ColdkeyPublic(p.Validators[0])
	require.NoError(t, err)
	w.Accounts[stake.Address] = &fakenode.Account{Number: 77, Free: gotensor.RaoPerTAO}
	w.Delegations = append(w.Delegations, &fakenode.Delegation{Delegator: stake.Address, Operator: w.Validators[0].Operator, Stake: 1000 * gotensor.RaoPerTAO})
	n, err := fakenode.Start("127.0.0.1:0", w)
	require.NoError(t, err)
	t.Cleanup(n.Stop)
	client, err := chain.Dial(n.Addr(), chain.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	for range 2 {
		c.lendUntilDone(t.Context(), p, client)
	}
	hot, _, err := c.wallets().HotkeyPublic(gatewayName, "default")
	require.NoError(t, err)
	got, err := client.Bandwidth(t.Context(), hot.Address)
	require.NoError(t, err)
	require.Equal(t, 100*gotensor.RaoPerTAO, got, keys.Account(hot.Address))
	require.Equal(t, 1, n.Calls("/cosmos.tx.v1beta1.Service/BroadcastTx"))
	require.Zero(t, log.Count("level=WARN"))
}

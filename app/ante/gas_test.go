package ante_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor/app/ante"
	"github.com/gotensor/gotensor/genesis"
	"github.com/gotensor/gotensor/internal/testnet"
)

// TestCapsSuffice: in the largest subnet, 4,096 neurons, the longest row and a registration that prunes stay within the caps.
func TestCapsSuffice(t *testing.T) {
	const n = 4096
	c := testnet.New(t, spec(func(s *genesis.Spec) {
		sub := &s.Subnets[0]
		sub.Hyperparameters["max_allowed_uids"] = n
		sub.Hyperparameters["immunity_period"] = 22_000
		for len(sub.Neurons) < n {
			hotkey := testnet.NewKey(fmt.Sprint("hotkey ", len(sub.Neurons)))
			sub.Neurons = append(sub.Neurons, genesis.Neuron{Hotkey: hotkey.String(), Coldkey: cold.String()})
		}
	}))
	c.Block()
	c.NextPeriod() // the first epoch gives permits
	values := make([]uint16, n)
	for uid := range values {
		values[uid] = uint16(uid + 1)
	}
	commit, reveal := c.Hide(aliceHot, testnet.Weights(values...))
	res := c.Block(c.Sign(testnet.Tx{Key: aliceHot, Msgs: []sdk.Msg{commit}, Gas: ante.MaxCommitGas})).TxResults[0]
	require.Zero(t, res.Code, "%s", res.Log)
	t.Logf("commit: %d of %d gas", res.GasUsed, ante.MaxCommitGas)
	c.NextPeriod()
	res = c.Block(c.Sign(testnet.Tx{Key: aliceHot, Msgs: []sdk.Msg{reveal}, Gas: ante.MaxRevealGas})).TxResults[0]
	require.Zero(t, res.Code, "%s", res.Log)
	t.Logf("reveal of %d weights: %d of %d gas", n, res.GasUsed, ante.MaxRevealGas)
	c.NextPeriod()
	c.NextPeriod() // nobody is immune any more: they were registered at height 0

	work := c.Sign(testnet.Tx{Key: fresh, Msgs: []sdk.Msg{c.Work(fresh, cold)}, AccountNumber: testnet.Uint(0), Gas: ante.MaxPowGas})
	res = c.Block(work).TxResults[0]
	require.Zero(t, res.Code, "%s", res.Log)
	t.Logf("registration that prunes: %d of %d gas", res.GasUsed, ante.MaxPowGas)
	res = c.Block(c.Sign(testnet.Tx{Key: fresh, Msgs: []sdk.Msg{testnet.Serve(fresh)}, Gas: ante.MaxServeGas})).TxResults[0]
	require.Zero(t, res.Code, "%s", res.Log)
	t.Logf("serve: %d of %d gas", res.GasUsed, ante.MaxServeGas)
}

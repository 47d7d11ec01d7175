package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/testnet"
	neuronkeeper "github.com/gotensor/gotensor/x/neuron/keeper"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
)

// TestStake: the economy sees what is bonded, in rao, for validators and for delegators who lend their bandwidth.
func TestStake(t *testing.T) {
	k := newCast()
	c := testnet.New(t, k.spec())
	c.Block()
	coin := func(rao uint64) sdk.Coin {
		return sdk.NewCoin(gotensor.BaseDenom, math.NewIntFromBigInt(gotensor.Rao(rao).Atao()))
	}
	c.Run(k.holder, stakingtypes.NewMsgDelegate(k.holder.String(), k.alice.Operator().String(), coin(3_000_000_007)))
	c.Run(k.holder, stakingtypes.NewMsgDelegate(k.holder.String(), k.bob.Operator().String(), coin(2_000_000_000)))

	stakes, validators, err := c.Neuron.StakeByUID(c.Context(), testnet.Subnet, false)
	require.NoError(t, err)
	require.Equal(t, []gotensor.Rao{1_003_000_000_007, 502_000_000_000}, stakes)
	require.Equal(t, []sdk.ValAddress{k.alice.Operator(), k.bob.Operator()}, validators)

	signature, err := k.miner1.Private.Sign(neurontypes.GrantBytes(c.ID(), k.holder.Address()))
	require.NoError(t, err)
	c.Run(k.holder, &neurontypes.MsgGrantBandwidth{
		Delegator: k.holder.String(), Hotkey: k.miner1.String(), SharePpm: 500_000, ExpiryUnix: c.Time().Unix() + 3600,
		HotkeyPublicKey: k.miner1.Private.PubKey().Bytes(), HotkeySignature: signature[:64],
	})
	lent := func() uint64 {
		res, err := neuronkeeper.NewQueryServer(c.Neuron).Bandwidth(c.Context(), &neurontypes.QueryBandwidthRequest{Hotkey: k.miner1.String()})
		require.NoError(t, err)
		return res.Stake
	}
	require.EqualValues(t, 2_500_000_003, lent(), "half of all that the holder delegated")
	c.Run(k.holder, stakingtypes.NewMsgUndelegate(k.holder.String(), k.bob.Operator().String(), coin(2_000_000_000)))
	require.EqualValues(t, 1_500_000_003, lent(), "what unbonds counts no more")
}

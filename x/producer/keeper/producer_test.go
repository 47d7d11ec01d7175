package keeper_test

import (
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/genesis"
	"github.com/gotensor/gotensor/internal/testnet"
	"github.com/gotensor/gotensor/x/producer/types"
)

var (
	alice = testnet.NewKey("alice")
	bob   = testnet.NewKey("bob")
	carol = testnet.NewKey("carol")
	whale = testnet.NewKey("whale")
)

// newChain has alice with 1,000 TAO, who produces; bob with 500 and carol with 100, who do as told; and a whale with 10,000 free TAO.
func newChain(t *testing.T, bobProduces, carolProduces bool) *testnet.Chain {
	t.Helper()
	c := testnet.New(t, genesis.Localnet(genesis.LocalnetOptions{
		ChainID: "gotensor-test", GenesisTime: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Accounts: []genesis.Account{{Address: whale.String(), Balance: 10_000 * genesis.OneTAO}},
		Validators: []genesis.Validator{
			alice.Validator(1000*genesis.OneTAO, true, nil),
			bob.Validator(500*genesis.OneTAO, bobProduces, nil),
			carol.Validator(100*genesis.OneTAO, carolProduces, nil),
		},
	}))
	c.Block()
	return c
}

func address(k testnet.Key) string { return testnet.ConsensusAddress(testnet.ConsensusKey(k.Name)) }

func optIn(k testnet.Key) *types.MsgOptIn   { return &types.MsgOptIn{Operator: k.String()} }
func optOut(k testnet.Key) *types.MsgOptOut { return &types.MsgOptOut{Operator: k.String()} }

func coin(tao int64) sdk.Coin {
	return sdk.NewCoin(gotensor.BaseDenom, math.NewInt(tao).Mul(math.NewIntFromBigInt(gotensor.RaoPerTAO.Atao())))
}

// TestHalt: a validator with most of the stake and no node is bonded and votes, but never reaches CometBFT. The harness fails
// the test if a third of CometBFT's power is absent; all keys but alice's are absent here.
func TestHalt(t *testing.T) {
	c := newChain(t, false, false)
	c.Absent[address(whale)], c.Absent[address(bob)] = true, true
	msg, err := stakingtypes.NewMsgCreateValidator(whale.Operator().String(), &ed25519.PubKey{Key: testnet.ConsensusKey("whale")}, coin(5000),
		stakingtypes.Description{Moniker: "whale"},
		stakingtypes.NewCommissionRates(math.LegacyZeroDec(), math.LegacyOneDec(), math.LegacyOneDec()), math.OneInt())
	require.NoError(t, err)
	c.Run(whale, msg)
	c.Blocks(30)

	v, err := c.Staking.GetValidator(c.Context(), whale.Operator())
	require.NoError(t, err)
	require.True(t, v.IsBonded(), "all stake is bonded")
	require.False(t, v.IsJailed(), "who makes no blocks misses none")
	require.Equal(t, map[string]int64{address(alice): 1000}, c.Set())
}

func TestOptInAndOut(t *testing.T) {
	c := newChain(t, false, false)
	require.Equal(t, map[string]int64{address(alice): 1000}, c.Set())

	c.Run(bob, optIn(bob))
	c.Blocks(2)
	require.Equal(t, map[string]int64{address(alice): 1000, address(bob): 500}, c.Set())

	again := c.Try(bob, optIn(bob))
	require.Equal(t, types.ErrAlreadyIn.ABCICode(), again.Code, "%s", again.Log)

	c.Run(whale, stakingtypes.NewMsgDelegate(whale.String(), bob.Operator().String(), coin(250)))
	c.Blocks(2)
	require.EqualValues(t, 750, c.Set()[address(bob)], "power follows stake")

	c.Run(bob, optOut(bob))
	c.Blocks(2)
	require.Equal(t, map[string]int64{address(alice): 1000}, c.Set())
	v, err := c.Staking.GetValidator(c.Context(), bob.Operator())
	require.NoError(t, err)
	require.True(t, v.IsBonded(), "who opts out stays bonded")
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name string
		key  testnet.Key
		msg  sdk.Msg
		want uint32
	}{
		{"opt in without a validator", whale, optIn(whale), types.ErrNotValidator.ABCICode()},
		{"opt out without having opted in", bob, optOut(bob), types.ErrNotIn.ABCICode()},
		{"the last producer opts out", alice, optOut(alice), types.ErrLastProducer.ABCICode()},
		{
			"the last producer takes its stake", alice, stakingtypes.NewMsgUndelegate(alice.String(), alice.Operator().String(), coin(1000)),
			types.ErrLastProducer.ABCICode(),
		},
		{"the last producer moves its stake", alice, stakingtypes.NewMsgBeginRedelegate(alice.String(), alice.Operator().String(),
			bob.Operator().String(), coin(1000)), types.ErrLastProducer.ABCICode()},
		{"parameters by anybody", bob, &types.MsgUpdateParams{Authority: bob.String(), Params: types.DefaultParams()}, types.ErrUnauthorized.ABCICode()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newChain(t, false, false)
			res := c.Try(tt.key, tt.msg)
			require.Equal(t, types.ModuleName, res.Codespace, "%s", res.Log)
			require.Equal(t, tt.want, res.Code, "%s", res.Log)
			require.Equal(t, map[string]int64{address(alice): 1000}, c.Set())
		})
	}
	t.Run("the last producer may take part of its stake", func(t *testing.T) {
		c := newChain(t, false, false)
		c.Run(alice, stakingtypes.NewMsgUndelegate(alice.String(), alice.Operator().String(), coin(400)))
		c.Blocks(2)
		require.Equal(t, map[string]int64{address(alice): 600}, c.Set())
	})
	t.Run("one of two producers may go", func(t *testing.T) {
		c := newChain(t, true, false)
		c.Run(alice, stakingtypes.NewMsgUndelegate(alice.String(), alice.Operator().String(), coin(1000)))
		c.Blocks(2)
		require.Equal(t, map[string]int64{address(bob): 500}, c.Set())
		c.Step = 5 * time.Second // past the unbonding time: x/staking forgets alice
		c.Blocks(30)
		_, err := c.Staking.GetValidator(c.Context(), alice.Operator())
		require.ErrorIs(t, err, stakingtypes.ErrNoValidatorFound)
		in, err := c.Producer.Producers(c.Context())
		require.NoError(t, err)
		require.Len(t, in, 1, "and so does x/producer")
	})
}

// TestJailed: an absent producer is jailed, keeps its stake, leaves CometBFT's set and comes back after MsgUnjail.
func TestJailed(t *testing.T) {
	c := newChain(t, true, true)
	params, err := c.Slashing.GetParams(c.Context())
	require.NoError(t, err)
	c.Absent[address(carol)] = true
	c.Loose = true
	c.Blocks(int(params.SignedBlocksWindow) + 5) // nobody is jailed before a whole window has passed
	c.Loose = false
	v, err := c.Staking.GetValidator(c.Context(), carol.Operator())
	require.NoError(t, err)
	require.True(t, v.IsJailed())
	require.Equal(t, coin(100).Amount.String(), v.Tokens.String(), "downtime does not slash")
	c.Blocks(2)
	require.Equal(t, map[string]int64{address(alice): 1000, address(bob): 500}, c.Set())

	delete(c.Absent, address(carol)) // her node is back
	c.Step = time.Minute
	c.Blocks(2)
	c.Run(carol, slashingtypes.NewMsgUnjail(carol.Operator().String()))
	c.Blocks(2)
	require.EqualValues(t, 100, c.Set()[address(carol)])
}

// TestDoubleSign: a producer that signs two blocks of one height loses 5 % of its stake and its seat for good; the chain goes on.
func TestDoubleSign(t *testing.T) {
	c := newChain(t, true, true)
	c.Blocks(3)
	c.Evidence = []abci.Misbehavior{{
		Type: abci.MisbehaviorType_DUPLICATE_VOTE, Validator: abci.Validator{Address: []byte(address(carol)), Power: 100},
		Height: c.Height() - 1, Time: c.Time().Add(-c.Step), TotalVotingPower: 1600,
	}}
	c.Slashed = coin(5).Amount
	c.Blocks(3)
	require.Equal(t, map[string]int64{address(alice): 1000, address(bob): 500}, c.Set())
	v, err := c.Staking.GetValidator(c.Context(), carol.Operator())
	require.NoError(t, err)
	require.True(t, v.IsJailed())
	require.Equal(t, coin(95).Amount.String(), v.Tokens.String())
	require.NotZero(t, c.Try(carol, slashingtypes.NewMsgUnjail(carol.Operator().String())).Code, "tombstoned")
}

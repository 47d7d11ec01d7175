package app_test

import (
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/testnet"
	producertypes "github.com/gotensor/gotensor/x/producer/types"
)

// signTwice reports that a producer signed two blocks of one height, and books what it loses.
func signTwice(c *testnet.Chain, k testnet.Key) {
	v, err := c.Staking.GetValidator(c.Context(), k.Operator())
	if err != nil {
		panic(err)
	}
	address := testnet.ConsensusAddress(testnet.ConsensusKey(k.Name))
	c.Evidence = []abci.Misbehavior{{
		Type: abci.MisbehaviorType_DUPLICATE_VOTE, Height: c.Height(), Time: c.Time(), TotalVotingPower: c.Set()[address],
		Validator: abci.Validator{Address: []byte(address), Power: c.Set()[address]},
	}}
	c.Slashed = c.Slashed.Add(v.Tokens.QuoRaw(20)) // slash_fraction_double_sign is 5 %
}

func leave(c *testnet.Chain, k testnet.Key) []byte {
	v, err := c.Staking.GetValidator(c.Context(), k.Operator())
	if err != nil {
		panic(err)
	}
	all := stakingtypes.NewMsgUndelegate(k.String(), k.Operator().String(), sdk.NewCoin(gotensor.BaseDenom, v.Tokens))
	return c.Sign(testnet.Tx{Key: k, Msgs: []sdk.Msg{all}, Gas: 2_000_000})
}

// optIn lets a validator produce.
func optIn(c *testnet.Chain, k testnet.Key) []byte {
	return c.Sign(testnet.Tx{Key: k, Msgs: []sdk.Msg{&producertypes.MsgOptIn{Operator: k.String()}}, Gas: 2_000_000})
}

// TestVotesOfTheForgotten: the only producer signed twice and its stake is unbonded, but it goes on making blocks, since nobody else does.
// In the block in which it gets a successor all its stake leaves, and x/staking forgets it at once. Its last votes are still to come.
func TestVotesOfTheForgotten(t *testing.T) {
	k := newCast()
	c := testnet.New(t, k.spec())
	c.Blocks(2)
	signTwice(c, k.alice)
	c.Blocks(125) // a minute of unbonding and some
	v, err := c.Staking.GetValidator(c.Context(), k.alice.Operator())
	require.NoError(t, err)
	require.True(t, v.IsUnbonded())
	require.Len(t, c.Set(), 1, "it still makes the blocks")
	require.Equal(t, producertypes.ErrLastProducer.ABCICode(), c.Block(leave(c, k.alice)).TxResults[0].Code)

	for i, res := range c.Block(optIn(c, k.bob), leave(c, k.alice)).TxResults {
		require.Zero(t, res.Code, "transaction %d: %s", i, res.Log)
	}
	_, err = c.Staking.GetValidator(c.Context(), k.alice.Operator())
	require.ErrorIs(t, err, stakingtypes.ErrNoValidatorFound)
	c.Blocks(5)
	require.Equal(t, map[string]int64{testnet.ConsensusAddress(testnet.ConsensusKey("bob")): 500}, c.Set())
}

// TestEvidenceAgainstTheForgotten: a producer keeps proof of its own double signing to itself until its stake is gone. CometBFT takes the
// evidence for as long as it is young in blocks, though it be old in time; nobody is left to be slashed, and the chain goes on.
func TestEvidenceAgainstTheForgotten(t *testing.T) {
	k := newCast()
	s := k.spec()
	s.Validators[1].Producer = true
	c := testnet.New(t, s)
	c.Blocks(2)
	signTwice(c, k.bob)
	held := c.Evidence
	c.Evidence, c.Slashed = nil, math.ZeroInt()
	require.Zero(t, c.Block(leave(c, k.bob)).TxResults[0].Code)
	c.Blocks(125)
	_, err := c.Staking.GetValidator(c.Context(), k.bob.Operator())
	require.ErrorIs(t, err, stakingtypes.ErrNoValidatorFound)
	c.Evidence = held
	c.Blocks(3)
}

// TestStallLongerThanUnbonding: the chain stands still for longer than stake takes to leave, right after a producer left.
func TestStallLongerThanUnbonding(t *testing.T) {
	k := newCast()
	s := k.spec()
	s.Validators[1].Producer = true
	c := testnet.New(t, s)
	c.Blocks(2)
	require.Zero(t, c.Block(leave(c, k.bob)).TxResults[0].Code)
	step := c.Step
	c.Step = time.Hour
	c.Block()
	c.Step = step
	_, err := c.Staking.GetValidator(c.Context(), k.bob.Operator())
	require.ErrorIs(t, err, stakingtypes.ErrNoValidatorFound)
	c.Blocks(5)
}

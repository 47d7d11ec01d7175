package app_test

import (
	stdmath "math"
	"strings"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/app"
	"github.com/gotensor/gotensor/genesis"
	"github.com/gotensor/gotensor/internal/testnet"
	emissiontypes "github.com/gotensor/gotensor/x/emission/types"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	producertypes "github.com/gotensor/gotensor/x/producer/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
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

// TestExportWithJailedAndUnbonding: the chain moves while one producer is jailed, one has taken half its stake out and a delegation is on its
// way from one to the other. The import goes on past the end of all of them, and the state exports to the same bytes.
func TestExportWithJailedAndUnbonding(t *testing.T) {
	k := newCast()
	s := k.spec()
	s.Validators[1].Producer = true
	s.Validators = append(s.Validators, testnet.NewKey("carol").Validator(100*genesis.OneTAO, true, nil))
	c := testnet.New(t, s)
	c.Blocks(2)
	half := sdk.NewCoin(gotensor.BaseDenom, math.NewIntFromBigInt((100 * gotensor.RaoPerTAO).Atao()))
	c.Run(k.bob, stakingtypes.NewMsgUndelegate(k.bob.String(), k.bob.Operator().String(), half))
	c.Run(k.holder, stakingtypes.NewMsgDelegate(k.holder.String(), k.bob.Operator().String(), half))
	c.Run(k.holder, stakingtypes.NewMsgBeginRedelegate(k.holder.String(), k.bob.Operator().String(), k.alice.Operator().String(), half))
	signTwice(c, testnet.NewKey("carol"))
	c.Blocks(25) // over a boundary
	v, err := c.Staking.GetValidator(c.Context(), testnet.NewKey("carol").Operator())
	require.NoError(t, err)
	require.True(t, v.IsJailed() && v.IsUnbonding())

	first, err := c.Export(nil)
	require.NoError(t, err)
	again := testnet.Reexport(t, c, first)
	require.Equal(t, string(first.AppState), string(again.AppState))
	one, two := testnet.Import(t, c, first), testnet.Import(t, c, first)
	one.Blocks(130)
	two.Blocks(130)
	require.Equal(t, one.AppHash(), two.AppHash())
	v, err = one.Staking.GetValidator(one.Context(), testnet.NewKey("carol").Operator())
	require.NoError(t, err)
	require.True(t, v.IsUnbonded())
	require.Len(t, one.Set(), 2)
}

// TestEveryParameterIsGovernances: nobody but governance changes a module's parameters, whoever it says it is.
func TestEveryParameterIsGovernances(t *testing.T) {
	k := newCast()
	c := testnet.New(t, k.spec())
	c.Block()
	for _, m := range []sdk.Msg{
		&subnettypes.MsgUpdateParams{Authority: k.holder.String(), Params: subnettypes.DefaultParams()},
		&emissiontypes.MsgUpdateParams{Authority: k.holder.String(), Params: emissiontypes.DefaultParams()},
		&emissiontypes.MsgResume{Authority: k.holder.String(), Netuid: 1},
		&producertypes.MsgUpdateParams{Authority: k.holder.String(), Params: producertypes.DefaultParams()},
		&subnettypes.MsgSetHyperparameter{Sender: k.holder.String(), Netuid: 1, Name: "tempo", Value: 20_000},
	} {
		res := c.Try(k.holder, m)
		require.NotZero(t, res.Code, sdk.MsgTypeURL(m))
		require.NotEqual(t, "sdk", res.Codespace, "%s: %s", sdk.MsgTypeURL(m), res.Log)
		exec := authz.NewMsgExec(k.holder.Account(), []sdk.Msg{m})
		require.NotZero(t, c.Try(k.holder, &exec).Code, sdk.MsgTypeURL(m))
	}
}

// TestActivityCutoffCannotStarve: the owner's shortest activity that passes still lets a row that was committed at the first block of a period
// count at the end of the next.
func TestActivityCutoffCannotStarve(t *testing.T) {
	k := newCast()
	s := k.spec()
	s.Subnets[0].Hyperparameters["activity_cutoff_factor"] = 2_099 // 41 blocks of two periods of 21
	_, err := app.Genesis(s)
	require.ErrorIs(t, err, subnettypes.ErrConflict)
	s.Subnets[0].Hyperparameters["activity_cutoff_factor"] = 2_100
	c := testnet.New(t, s)
	c.Block()
	c.Register(k.miner1, k.cold)
	c.NextPeriod()
	commit, reveal := c.Hide(k.aliceHot, testnet.Weights(0, 0, 1))
	c.Run(k.aliceHot, commit)
	c.NextPeriod()
	c.Run(k.aliceHot, reveal)
	c.NextPeriod()
	report, err := c.Emission.Report(c.Context(), testnet.Subnet)
	require.NoError(t, err)
	require.Empty(t, report.Error)
	require.Positive(t, report.Incentive)
}

// TestGenesisModuleAddress: a genesis that gives a module's address to a plain account is refused before a chain panics on it.
func TestGenesisModuleAddress(t *testing.T) {
	k := newCast()
	for _, name := range []string{emissiontypes.ModuleName, neurontypes.ModuleName, stakingtypes.BondedPoolName} {
		s := k.spec()
		s.Accounts = append(s.Accounts, genesis.Account{Address: authtypes.NewModuleAddress(name).String(), Balance: genesis.OneTAO})
		_, err := app.Genesis(s)
		require.ErrorIs(t, err, app.ErrGenesis, name)
		require.ErrorContains(t, err, name)
	}
}

// TestHostileQueries: no question makes a node panic, whatever stands in its fields; each is answered or refused.
func TestHostileQueries(t *testing.T) {
	k := newCast()
	c := testnet.New(t, k.spec())
	play(t, c, k)
	texts := []string{"", "tao1", "\xff\x00", strings.Repeat("x", 1<<16), strings.ToUpper(k.miner1.String()), k.miner1.String(), k.alice.Operator().String()}
	var questions []question
	for _, n := range []uint32{0, 1, 2, stdmath.MaxUint16, stdmath.MaxUint16 + 1, stdmath.MaxUint32} {
		questions = append(questions,
			question{"subnet.v1.Query/Subnet", &subnettypes.QuerySubnetRequest{Netuid: n}},
			question{"subnet.v1.Query/Hyperparameters", &subnettypes.QueryHyperparametersRequest{Netuid: n}},
			question{"neuron.v1.Query/Metagraph", &neurontypes.QueryMetagraphRequest{Netuid: n}},
			question{"neuron.v1.Query/Registration", &neurontypes.QueryRegistrationRequest{Netuid: n}},
			question{"neuron.v1.Query/Neuron", &neurontypes.QueryNeuronRequest{Netuid: 1, Uid: n}},
			question{"weights.v1.Query/Weights", &weightstypes.QueryWeightsRequest{Netuid: n}},
			question{"weights.v1.Query/Bonds", &weightstypes.QueryBondsRequest{Netuid: n}},
			question{"emission.v1.Query/Emission", &emissiontypes.QueryEmissionRequest{Netuid: n}},
		)
		for _, text := range texts {
			questions = append(questions,
				question{"neuron.v1.Query/Neuron", &neurontypes.QueryNeuronRequest{Netuid: n, Hotkey: text}},
				question{"weights.v1.Query/Commitments", &weightstypes.QueryCommitmentsRequest{Netuid: n, Hotkey: text}},
			)
		}
	}
	for _, text := range texts {
		questions = append(questions,
			question{"neuron.v1.Query/Bandwidth", &neurontypes.QueryBandwidthRequest{Hotkey: text}},
			question{"emission.v1.Query/Streams", &emissiontypes.QueryStreamsRequest{Validator: text}},
		)
	}
	answered := 0
	for _, q := range questions {
		data, err := q.ask.Marshal()
		require.NoError(t, err)
		for _, data := range [][]byte{data, append([]byte{0xff}, data...)} {
			res, err := c.Query(t.Context(), &abci.RequestQuery{Path: "/gotensor." + q.path, Data: data})
			require.NoError(t, err)
			require.False(t, res.Codespace == sdkerrors.ErrPanic.Codespace() && res.Code == sdkerrors.ErrPanic.ABCICode(), "%s %+v: %s", q.path, q.ask, res.Log)
			require.NotContains(t, res.Log, "panic", "%s %+v", q.path, q.ask)
			if res.Code == 0 {
				answered++
			}
		}
	}
	require.Greater(t, answered, 10)
}

type question struct {
	path string // after "/gotensor."
	ask  interface{ Marshal() ([]byte, error) }
}

package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	distrkeeper "github.com/cosmos/cosmos-sdk/x/distribution/keeper"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"

	"github.com/gotensor/gotensor/genesis"
	"github.com/gotensor/gotensor/internal/testnet"
)

// cast are the keys of the small chain that the tests of this package play on.
type cast struct {
	alice, bob, holder   testnet.Key // operators of validators, and a holder of TAO
	aliceHot, bobHot     testnet.Key
	miner1, miner2, cold testnet.Key
}

func newCast() cast {
	k := testnet.NewKey
	return cast{
		alice: k("alice"), bob: k("bob"), holder: k("holder"), aliceHot: k("alice-hot"), bobHot: k("bob-hot"),
		miner1: k("miner1"), miner2: k("miner2"), cold: k("cold"),
	}
}

// spec is a chain of two validators, one of which makes the blocks, with periods of 21 blocks and hardly any work.
func (k cast) spec() genesis.Spec {
	return genesis.Localnet(genesis.LocalnetOptions{
		ChainID: "gotensor-test", GenesisTime: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Accounts: []genesis.Account{{Address: k.holder.String(), Balance: 1000 * genesis.OneTAO}},
		Validators: []genesis.Validator{
			k.alice.Validator(1000*genesis.OneTAO, true, &k.aliceHot),
			k.bob.Validator(500*genesis.OneTAO, false, &k.bobHot),
		},
		Hyperparameters: map[string]int64{
			"tempo": 10_000, "immunity_period": 60_000, "min_difficulty": 16, "initial_difficulty": 16, "serving_rate_limit": 2_500,
		},
	})
}

// play registers two miners by work from keys that have no account, lets them serve and both validators weigh them for three
// periods: the first miner twice as much as the second.
func play(t *testing.T, c *testnet.Chain, k cast) {
	t.Helper()
	c.Block()
	require.Nil(t, c.Account.GetAccount(c.Context(), k.miner1.Account()), "the miner has no account yet")
	one, two := c.Register(k.miner1, k.cold), c.Register(k.miner2, k.cold)
	require.EqualValues(t, 2, one)
	require.EqualValues(t, 3, two)
	c.Run(k.miner1, testnet.Serve(k.miner1))
	c.Run(k.miner2, testnet.Serve(k.miner2))
	c.NextPeriod() // the first epoch gives permits
	row := testnet.Weights(0, 0, 40_000, 20_000)
	var reveals []sdk.Msg
	for range 3 {
		for i, key := range []testnet.Key{k.aliceHot, k.bobHot} {
			if len(reveals) > i {
				c.Run(key, reveals[i])
			}
		}
		reveals = reveals[:0]
		for _, key := range []testnet.Key{k.aliceHot, k.bobHot} {
			commit, reveal := c.Hide(key, row)
			c.Run(key, commit)
			reveals = append(reveals, reveal)
		}
		c.NextPeriod()
	}
	c.Blocks(3)
}

func TestScenario(t *testing.T) {
	k := newCast()
	c := testnet.New(t, k.spec())
	play(t, c, k)
	ctx := c.Context()

	report, err := c.Emission.Report(ctx, testnet.Subnet)
	require.NoError(t, err)
	require.Empty(t, report.Error, "epoch failed")
	require.Positive(t, report.Incentive, "the epoch paid")
	require.EqualValues(t, 2, report.PaidEpochs, "the row of period 1 was in force at boundaries 3 and 4")
	require.True(t, report.Balanced())

	table, err := c.Neuron.Columns(ctx, testnet.Subnet)
	require.NoError(t, err)
	require.Greater(t, table.Incentive[2], table.Incentive[3], "more weight earns more")
	require.Positive(t, table.Incentive[3])
	require.Zero(t, table.Incentive[0], "nobody weighed the validators")
	require.Positive(t, c.Balance(k.cold.Account()).Sign(), "the sweep paid the miners' coldkey")
	require.Zero(t, table.Accrued[2]+table.Accrued[3], "the sweep left nothing")

	c.Blocks(60) // dividends flow until the next boundary and are settled every 50 blocks
	q := distrkeeper.NewQuerier(c.Distribution)
	rewards, err := q.DelegationTotalRewards(c.Context(), &distrtypes.QueryDelegationTotalRewardsRequest{DelegatorAddress: k.alice.String()})
	require.NoError(t, err)
	require.False(t, rewards.Total.IsZero(), "dividends reached the validator's delegator")
	before := c.Balance(k.alice.Account())
	c.Run(k.alice, distrtypes.NewMsgWithdrawDelegatorReward(k.alice.String(), k.alice.Operator().String()))
	require.True(t, c.Balance(k.alice.Account()).GT(before), "dividends can be withdrawn")
}

func TestSameBlocksSameHash(t *testing.T) {
	k := newCast()
	var hashes [2][]byte
	for i := range hashes {
		c := testnet.New(t, k.spec())
		play(t, c, k)
		hashes[i] = c.AppHash()
	}
	require.Equal(t, hashes[0], hashes[1])
}

func TestExportImportExport(t *testing.T) {
	k := newCast()
	c := testnet.New(t, k.spec())
	play(t, c, k)
	commit, reveal := c.Hide(k.aliceHot, testnet.Weights(0, 0, 1, 3)) // a commitment is open while the chain moves
	c.Run(k.aliceHot, commit)
	first, err := c.Export(nil)
	require.NoError(t, err)

	one, two := testnet.Import(t, c, first), testnet.Import(t, c, first)
	one.Block()
	two.Block()
	require.Equal(t, one.AppHash(), two.AppHash(), "two imports agree")

	again := testnet.Reexport(t, c, first)
	require.Equal(t, string(first.AppState), string(again.AppState))
	require.Equal(t, first.Validators, again.Validators)
	require.Equal(t, first.ConsensusParams, again.ConsensusParams)

	// The new chain goes on: the next period opens the commitment of the old one and pays.
	one.NextPeriod()
	one.Run(k.aliceHot, reveal)
	one.NextPeriod()
	report, err := one.Emission.Report(one.Context(), testnet.Subnet)
	require.NoError(t, err)
	require.Positive(t, report.Incentive)
}

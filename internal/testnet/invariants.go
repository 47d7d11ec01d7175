package testnet

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/app"
	emissionkeeper "github.com/gotensor/gotensor/x/emission/keeper"
	emissiontypes "github.com/gotensor/gotensor/x/emission/types"
)

// CheckInvariants fails the test unless the whole state is in order: supply = genesis + issued - burned, the module accounts
// cover what they owe, bonds and weights are well-formed, CometBFT knows exactly what x/producer told it.
func (c *Chain) CheckInvariants() {
	c.t.Helper()
	ctx := c.Context()
	problems, err := c.Emission.Invariants(ctx)
	require.NoError(c.t, err)
	require.Empty(c.t, problems, "block %d", c.height)
	c.checkSupply(ctx)
	c.checkStaking(ctx)
	c.checkDistribution(ctx)
	c.checkProducers(ctx)
}

func (c *Chain) checkSupply(ctx sdk.Context) {
	c.t.Helper()
	res, err := emissionkeeper.NewQueryServer(c.Emission).Issuance(ctx, &emissiontypes.QueryIssuanceRequest{})
	require.NoError(c.t, err)
	issued := gotensor.Rao(res.Issued)
	burned, err := c.Neuron.Burned(ctx)
	require.NoError(c.t, err)
	want := c.initial.Amount.Add(atao(issued)).Sub(atao(burned)).Sub(c.Slashed)
	supply := c.Bank.GetSupply(ctx, gotensor.BaseDenom).Amount
	require.Equal(c.t, want.String(), supply.String(), "block %d: supply, genesis %s + issued %d - burned %d rao", c.height, c.initial, issued, burned)
	sum := math.ZeroInt()
	c.Bank.IterateAllBalances(ctx, func(_ sdk.AccAddress, coin sdk.Coin) bool {
		sum = sum.Add(coin.Amount)
		return false
	})
	require.Equal(c.t, supply.String(), sum.String(), "block %d: supply and the sum of all balances", c.height)
}

// checkStaking compares x/staking's pools with its validators and unbonding entries.
func (c *Chain) checkStaking(ctx sdk.Context) {
	c.t.Helper()
	bonded, free := math.ZeroInt(), math.ZeroInt()
	validators, err := c.Staking.GetAllValidators(ctx)
	require.NoError(c.t, err)
	for _, v := range validators {
		if v.IsBonded() {
			bonded = bonded.Add(v.Tokens)
		} else {
			free = free.Add(v.Tokens)
		}
	}
	require.NoError(c.t, c.Staking.IterateUnbondingDelegations(ctx, func(_ int64, u stakingtypes.UnbondingDelegation) bool {
		for _, e := range u.Entries {
			free = free.Add(e.Balance)
		}
		return false
	}))
	pool := func(name string) string { return c.Balance(authtypes.NewModuleAddress(name)).String() }
	require.Equal(c.t, bonded.String(), pool(stakingtypes.BondedPoolName), "block %d: bonded pool", c.height)
	require.Equal(c.t, free.String(), pool(stakingtypes.NotBondedPoolName), "block %d: not bonded pool", c.height)
}

// checkDistribution compares x/distribution's account with what it owes to validators and the community.
func (c *Chain) checkDistribution(ctx sdk.Context) {
	c.t.Helper()
	owed := sdk.DecCoins{}
	c.Distribution.IterateValidatorOutstandingRewards(ctx, func(_ sdk.ValAddress, r distrtypes.ValidatorOutstandingRewards) bool {
		owed = owed.Add(r.Rewards...)
		return false
	})
	pool, err := c.Distribution.FeePool.Get(ctx)
	require.NoError(c.t, err)
	whole, _ := owed.Add(pool.CommunityPool...).TruncateDecimal()
	held := c.Balance(authtypes.NewModuleAddress(distrtypes.ModuleName))
	require.Equal(c.t, whole.AmountOf(gotensor.BaseDenom).String(), held.String(), "block %d: what x/distribution owes and holds", c.height)
}

// checkProducers compares what x/producer told with the set two blocks on.
func (c *Chain) checkProducers(ctx sdk.Context) {
	c.t.Helper()
	powers, err := c.Producer.Powers(ctx)
	require.NoError(c.t, err)
	told := map[string]int64{}
	for _, p := range powers {
		told[ConsensusAddress(p.PubKey)] = p.Power
	}
	require.Equal(c.t, c.sets[c.height+2], told, "block %d: CometBFT's set", c.height)
}

func genesisSupply(t testing.TB, a *app.App, state map[string]json.RawMessage) sdk.Coin {
	t.Helper()
	var g banktypes.GenesisState
	require.NoError(t, a.Codec.UnmarshalJSON(state[banktypes.ModuleName], &g))
	return sdk.NewCoin(gotensor.BaseDenom, g.Supply.AmountOf(gotensor.BaseDenom))
}

func atao(r gotensor.Rao) math.Int { return math.NewIntFromBigInt(r.Atao()) }

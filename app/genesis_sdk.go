package app

import (
	"time"

	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/genesis"
	producertypes "github.com/gotensor/gotensor/x/producer/types"
)

// MaxValidators lets every serious staking validator be bonded: it votes, and its stake cannot hop without delay.
const MaxValidators = 1000

// genesisStaking lists the validators as not bonded yet: x/staking bonds them while it reads them, and its hooks make the records
// that x/slashing and x/distribution keep.
func genesisStaking(s genesis.Spec) (proto.Message, error) {
	p := stakingtypes.DefaultParams()
	p.BondDenom = gotensor.BaseDenom
	p.MaxValidators = MaxValidators
	p.HistoricalEntries = 0
	p.UnbondingTime = s.Unbonding()
	g := &stakingtypes.GenesisState{Params: p, LastTotalPower: math.ZeroInt()}
	for _, v := range s.Validators {
		operator, err := sdk.AccAddressFromBech32(v.Operator)
		if err != nil {
			return nil, err
		}
		key, err := pack(&ed25519.PubKey{Key: v.ConsensusPubKey})
		if err != nil {
			return nil, err
		}
		address := sdk.ValAddress(operator).String()
		shares := math.LegacyNewDecFromInt(atao(v.Stake))
		rate := math.LegacyNewDecWithPrec(int64(v.CommissionPpm), 6)
		g.Validators = append(g.Validators, stakingtypes.Validator{
			OperatorAddress: address, ConsensusPubkey: key, Status: stakingtypes.Unbonded,
			Tokens: atao(v.Stake), DelegatorShares: shares, MinSelfDelegation: math.OneInt(),
			Description: stakingtypes.Description{Moniker: v.Moniker},
			Commission:  stakingtypes.NewCommissionWithTime(rate, math.LegacyOneDec(), math.LegacyNewDecWithPrec(1, 2), s.GenesisTime.UTC()),
		})
		g.Delegations = append(g.Delegations, stakingtypes.Delegation{DelegatorAddress: v.Operator, ValidatorAddress: address, Shares: shares})
	}
	return g, nil
}

// genesisSlashing: who is absent for half of a window of ten minutes is jailed and keeps its stake; who signs twice loses 5 %.
func genesisSlashing(s genesis.Spec) (proto.Message, error) {
	g := slashingtypes.DefaultGenesisState()
	window := int64(10*time.Minute/time.Millisecond) / int64(s.TargetBlockMs)
	g.Params = slashingtypes.NewParams(max(20, window), math.LegacyNewDecWithPrec(5, 1), time.Minute,
		math.LegacyNewDecWithPrec(5, 2), math.LegacyZeroDec())
	return g, nil
}

// genesisDistribution takes no tax: the community's share is cut from issuance by x/emission.
func genesisDistribution(genesis.Spec) (proto.Message, error) {
	g := distrtypes.DefaultGenesisState()
	g.Params.CommunityTax = math.LegacyZeroDec()
	return g, nil
}

// Deposits that put a proposal to the vote.
const (
	minDeposit          = 10 * genesis.OneTAO
	minExpeditedDeposit = 50 * genesis.OneTAO
)

func genesisGov(s genesis.Spec) (proto.Message, error) {
	g := govv1.DefaultGenesisState()
	voting, expedited := s.Voting(), s.Voting()/2
	g.Params.MinDeposit, g.Params.ExpeditedMinDeposit = coins(minDeposit), coins(minExpeditedDeposit)
	g.Params.VotingPeriod, g.Params.MaxDepositPeriod, g.Params.ExpeditedVotingPeriod = &voting, &voting, &expedited
	return g, nil
}

func genesisProducers(s genesis.Spec) (proto.Message, error) {
	g := producertypes.DefaultGenesis()
	for _, v := range s.Validators {
		if !v.Producer {
			continue
		}
		operator, err := sdk.AccAddressFromBech32(v.Operator)
		if err != nil {
			return nil, err
		}
		g.Producers = append(g.Producers, producertypes.Producer{Validator: sdk.ValAddress(operator).String()})
	}
	return g, nil
}

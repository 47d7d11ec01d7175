package chain

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	distributionv1beta1 "cosmossdk.io/api/cosmos/distribution/v1beta1"
	stakingv1beta1 "cosmossdk.io/api/cosmos/staking/v1beta1"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
)

// Validator is a staking validator: somebody to whom TAO can be delegated.
type Validator struct {
	Operator gotensor.Address
	Moniker  string
	Stake    gotensor.Rao // all that is delegated to it
	TakePPM  uint32       // commission on dividends, parts per million
	Bonded   bool         // it counts
	Jailed   bool
}

// Validator reads a staking validator, or ErrNotFound.
func (c *Client) Validator(ctx context.Context, operator gotensor.Address) (Validator, error) {
	r, err := stakingv1beta1.NewQueryClient(c.conn).Validator(ctx, &stakingv1beta1.QueryValidatorRequest{ValidatorAddr: keys.Operator(operator)})
	if err != nil {
		return Validator{}, fmt.Errorf("validator %s: %w", keys.Operator(operator), err)
	}
	return validatorOf(r.GetValidator())
}

func validatorOf(v *stakingv1beta1.Validator) (Validator, error) {
	operator, err := keys.ParseOperator(v.GetOperatorAddress())
	if err != nil {
		return Validator{}, fmt.Errorf("%w: validator %q: %w", ErrBadAnswer, v.GetOperatorAddress(), err)
	}
	stake, err := raoOf(v.GetTokens())
	if err != nil {
		return Validator{}, fmt.Errorf("tokens of validator %s: %w", v.GetOperatorAddress(), err)
	}
	rate, ok := new(big.Int).SetString(v.GetCommission().GetCommissionRates().GetRate(), 10)
	if !ok || rate.Sign() < 0 || rate.Cmp(big.NewInt(decUnit)) > 0 {
		return Validator{}, fmt.Errorf("%w: commission %q of validator %s, want a share of 1 with 18 decimals",
			ErrBadAnswer, v.GetCommission().GetCommissionRates().GetRate(), v.GetOperatorAddress())
	}
	return Validator{
		Operator: operator, Moniker: v.GetDescription().GetMoniker(), Stake: stake, TakePPM: uint32(rate.Quo(rate, big.NewInt(decPerPPM)).Uint64()),
		Bonded: v.GetStatus() == stakingv1beta1.BondStatus_BOND_STATUS_BONDED, Jailed: v.GetJailed(),
	}, nil
}

// Delegation is what one account has staked with one validator.
type Delegation struct {
	Operator gotensor.Address
	Stake    gotensor.Rao
	Earned   gotensor.Rao // dividends that can be claimed now
}

// Delegations lists the stake of an account by validator, in the chain's order.
func (c *Client) Delegations(ctx context.Context, delegator gotensor.Address) ([]Delegation, error) {
	account := keys.Account(delegator)
	r, err := stakingv1beta1.NewQueryClient(c.conn).DelegatorDelegations(ctx, &stakingv1beta1.QueryDelegatorDelegationsRequest{DelegatorAddr: account})
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("stake of %s: %w", account, err)
	}
	earned := map[string]gotensor.Rao{}
	if len(r.GetDelegationResponses()) > 0 {
		if earned, err = c.earned(ctx, account); err != nil {
			return nil, err
		}
	}
	var out []Delegation
	for _, d := range r.GetDelegationResponses() {
		operator, err := keys.ParseOperator(d.GetDelegation().GetValidatorAddress())
		if err != nil {
			return nil, fmt.Errorf("stake of %s: %w: %w", account, ErrBadAnswer, err)
		}
		stake, err := raoOf(d.GetBalance().GetAmount())
		if err != nil {
			return nil, fmt.Errorf("stake of %s: %w", account, err)
		}
		out = append(out, Delegation{Operator: operator, Stake: stake, Earned: earned[d.GetDelegation().GetValidatorAddress()]})
	}
	return out, nil
}

func (c *Client) earned(ctx context.Context, account string) (map[string]gotensor.Rao, error) {
	r, err := distributionv1beta1.NewQueryClient(c.conn).DelegationTotalRewards(ctx, &distributionv1beta1.QueryDelegationTotalRewardsRequest{DelegatorAddress: account})
	if err != nil {
		return nil, fmt.Errorf("dividends of %s: %w", account, err)
	}
	out := map[string]gotensor.Rao{}
	for _, reward := range r.GetRewards() {
		for _, coin := range reward.GetReward() {
			if coin.GetDenom() != gotensor.BaseDenom {
				continue
			}
			if out[reward.GetValidatorAddress()], err = raoOfDec(coin.GetAmount()); err != nil {
				return nil, fmt.Errorf("dividends of %s: %w", account, err)
			}
		}
	}
	return out, nil
}

// Unbonding is stake on its way back to an account.
type Unbonding struct {
	Operator gotensor.Address
	Amount   gotensor.Rao
	Free     time.Time
}

// Unbondings lists the stake that an account took back and that is not free yet.
func (c *Client) Unbondings(ctx context.Context, delegator gotensor.Address) ([]Unbonding, error) {
	account := keys.Account(delegator)
	r, err := stakingv1beta1.NewQueryClient(c.conn).DelegatorUnbondingDelegations(ctx, &stakingv1beta1.QueryDelegatorUnbondingDelegationsRequest{DelegatorAddr: account})
	if err != nil {
		return nil, fmt.Errorf("unbonding of %s: %w", account, err)
	}
	var out []Unbonding
	for _, u := range r.GetUnbondingResponses() {
		operator, err := keys.ParseOperator(u.GetValidatorAddress())
		if err != nil {
			return nil, fmt.Errorf("unbonding of %s: %w: %w", account, ErrBadAnswer, err)
		}
		for _, e := range u.GetEntries() {
			amount, err := raoOf(e.GetBalance())
			if err != nil {
				return nil, fmt.Errorf("unbonding of %s: %w", account, err)
			}
			out = append(out, Unbonding{Operator: operator, Amount: amount, Free: e.GetCompletionTime().AsTime()})
		}
	}
	return out, nil
}

// raoOf reads an integer amount of atao and drops what is less than a rao.
func raoOf(atao string) (gotensor.Rao, error) {
	n, ok := new(big.Int).SetString(atao, 10)
	if !ok {
		return 0, fmt.Errorf("%w: amount %q", ErrBadAnswer, atao)
	}
	rao, _, err := gotensor.RaoFromAtao(n)
	return rao, err
}

// decPerPPM is one part per million, and decUnit one, in the SDK's decimals, which travel as integers with 18 places.
const (
	decPerPPM = 1_000_000_000_000
	decUnit   = 1_000_000_000_000_000_000
)

// raoOfDec reads a decimal amount of atao.
func raoOfDec(dec string) (gotensor.Rao, error) {
	n, ok := new(big.Int).SetString(dec, 10)
	if !ok {
		return 0, fmt.Errorf("%w: decimal amount %q", ErrBadAnswer, dec)
	}
	rao, _, err := gotensor.RaoFromAtao(n.Quo(n, big.NewInt(decUnit)))
	return rao, err
}

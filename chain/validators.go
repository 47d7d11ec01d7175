package chain

import (
	"context"
	"errors"
	"fmt"
	"time"

	basequeryv1beta1 "cosmossdk.io/api/cosmos/base/query/v1beta1"
	distributionv1beta1 "cosmossdk.io/api/cosmos/distribution/v1beta1"
	stakingv1beta1 "cosmossdk.io/api/cosmos/staking/v1beta1"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
)

// validatorsPage is how many validators one answer holds; maxValidatorPages bounds what a node can make us read.
const validatorsPage, maxValidatorPages = 500, 100

// Validators lists all staking validators, bonded or not, in the chain's order.
func (c *Client) Validators(ctx context.Context) ([]Validator, error) {
	var out []Validator
	var next []byte
	for range maxValidatorPages {
		r, err := stakingv1beta1.NewQueryClient(c.conn).Validators(ctx, &stakingv1beta1.QueryValidatorsRequest{
			Pagination: &basequeryv1beta1.PageRequest{Key: next, Limit: validatorsPage},
		})
		if err != nil {
			return nil, fmt.Errorf("staking validators: %w", err)
		}
		for _, v := range r.GetValidators() {
			validator, err := validatorOf(v)
			if err != nil {
				return nil, err
			}
			out = append(out, validator)
		}
		if next = r.GetPagination().GetNextKey(); len(next) == 0 {
			return out, nil
		}
	}
	return nil, fmt.Errorf("%w: more than %d staking validators", ErrBadAnswer, validatorsPage*maxValidatorPages)
}

// UnbondingTime is how long stake that was taken back is on its way.
func (c *Client) UnbondingTime(ctx context.Context) (time.Duration, error) {
	r, err := stakingv1beta1.NewQueryClient(c.conn).Params(ctx, &stakingv1beta1.QueryParamsRequest{})
	if err != nil {
		return 0, fmt.Errorf("unbonding time: %w", err)
	}
	return r.GetParams().GetUnbondingTime().AsDuration(), nil
}

// Commission is the take that an account can claim as operator of a staking validator; 0 for any other account.
func (c *Client) Commission(ctx context.Context, operator gotensor.Address) (gotensor.Rao, error) {
	if _, err := c.Validator(ctx, operator); err != nil {
		if errors.Is(err, ErrNotFound) {
			return 0, nil
		}
		return 0, err
	}
	r, err := distributionv1beta1.NewQueryClient(c.conn).ValidatorCommission(ctx, &distributionv1beta1.QueryValidatorCommissionRequest{
		ValidatorAddress: keys.Operator(operator),
	})
	if err != nil {
		return 0, fmt.Errorf("take of %s: %w", keys.Operator(operator), err)
	}
	for _, coin := range r.GetCommission().GetCommission() {
		if coin.GetDenom() == gotensor.BaseDenom {
			return raoOfDec(coin.GetAmount())
		}
	}
	return 0, nil
}

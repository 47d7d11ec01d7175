package types

import (
	"math"

	errorsmod "cosmossdk.io/errors"

	"github.com/gotensor/gotensor"
)

// Bounds of the parameters.
const (
	maxPPM            = 1_000_000
	maxSweepPerBlock  = 1024
	maxSettleInterval = 10_000
	maxSubnetShares   = 1024
	maxSubnetWeight   = 1_000_000
)

// DefaultParams gives 5 % of issuance to producers and 2 % to the community pool, 18 % of a subnet's part to its owner, pays at
// most 64 neurons a block and settles all dividends every 50 blocks.
func DefaultParams() Params {
	return Params{ProducerPpm: 50_000, CommunityPpm: 20_000, OwnerPpm: 180_000, SweepPerBlock: 64, SettleInterval: 50}
}

// Validate checks the ranges; it fails with ErrField.
func (p Params) Validate() error {
	if sum := uint64(p.ProducerPpm) + uint64(p.CommunityPpm); sum > maxPPM {
		return errorsmod.Wrapf(ErrField, "producer_ppm %d and community_ppm %d add up to %d, at most %d", p.ProducerPpm, p.CommunityPpm, sum, maxPPM)
	}
	if p.OwnerPpm > maxPPM {
		return errorsmod.Wrapf(ErrField, "owner_ppm is %d, want 0 to %d", p.OwnerPpm, maxPPM)
	}
	if p.SweepPerBlock == 0 || p.SweepPerBlock > maxSweepPerBlock {
		return errorsmod.Wrapf(ErrField, "sweep_per_block is %d, want 1 to %d", p.SweepPerBlock, maxSweepPerBlock)
	}
	if p.SettleInterval == 0 || p.SettleInterval > maxSettleInterval {
		return errorsmod.Wrapf(ErrField, "settle_interval is %d, want 1 to %d", p.SettleInterval, maxSettleInterval)
	}
	return p.validateShares()
}

func (p Params) validateShares() error {
	if n := len(p.SubnetShares); n > maxSubnetShares {
		return errorsmod.Wrapf(ErrField, "subnet_shares: %d of them, at most %d", n, maxSubnetShares)
	}
	for i, s := range p.SubnetShares {
		if _, err := NetUID(s.Netuid); err != nil {
			return errorsmod.Wrapf(err, "subnet_shares[%d]", i)
		}
		if s.Weight == 0 || s.Weight > maxSubnetWeight {
			return errorsmod.Wrapf(ErrField, "subnet_shares[%d]: weight is %d, want 1 to %d", i, s.Weight, maxSubnetWeight)
		}
		if i > 0 && s.Netuid <= p.SubnetShares[i-1].Netuid {
			return errorsmod.Wrapf(ErrField, "subnet_shares[%d]: netuid %d twice or out of order", i, s.Netuid)
		}
	}
	return nil
}

// NetUID converts a netuid field; it fails with ErrField unless it is 1 to 65534.
func NetUID(value uint32) (gotensor.NetUID, error) {
	if value == 0 || value >= math.MaxUint16 {
		return 0, errorsmod.Wrapf(ErrField, "netuid is %d, want 1 to %d", value, math.MaxUint16-1)
	}
	return gotensor.NetUID(value), nil
}

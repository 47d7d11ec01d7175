package yuma

import "github.com/gotensor/gotensor"

// Output is what an epoch computes. Every slice has one element per uid. Shares are floors of 65535ths; a share that is computed
// as a fraction of a sum therefore adds up to a little less than 65535.
type Output struct {
	// Active tells who updated within the activity cutoff.
	Active []bool
	// Permit tells who has a validator permit for the next epoch.
	Permit []bool
	// StakeWeight is the share of all stake, active or not.
	StakeWeight []uint16
	// Consensus is the weight that a kappa majority of stake supports.
	Consensus []uint16
	// VTrust is the part of a validator's row that remains after clipping.
	VTrust []uint16
	// Incentive is the miner's share, Dividends the validator's; each adds up to one.
	Incentive, Dividends []uint16
	// ServerEmission and ValidatorEmission divide Input.Emission by incentive and dividends, half each but for rounding; CombinedEmission
	// is computed from their sum and may exceed it by a rounding. Each is at full precision (32 fraction bits), rounded
	// down. Without any incentive and dividends the validators get all, by stake.
	ServerEmission, ValidatorEmission, CombinedEmission []gotensor.Rao
	// TotalStake is the stake that was seen, alpha plus weighted TAO, before any filter.
	TotalStake []gotensor.Rao
	// Bonds are the new bonds of those with a permit, see Params.Yuma3 for their scale; they are the next epoch's Input.Bonds.
	Bonds []Row
}

// resize gives every slice n elements; bonds rows keep their memory but are emptied.
func (out *Output) resize(n int) {
	for _, s := range []*[]bool{&out.Active, &out.Permit} {
		*s = sized(*s, n)
	}
	for _, s := range []*[]uint16{&out.StakeWeight, &out.Consensus, &out.VTrust, &out.Incentive, &out.Dividends} {
		*s = sized(*s, n)
	}
	for _, s := range []*[]gotensor.Rao{&out.ServerEmission, &out.ValidatorEmission, &out.CombinedEmission, &out.TotalStake} {
		*s = sized(*s, n)
	}
	out.Bonds = sized(out.Bonds, n)
	for i := range out.Bonds {
		row := &out.Bonds[i]
		row.UIDs, row.Values = row.UIDs[:0], row.Values[:0]
	}
}

// sized returns s with n elements, in the same memory if that suffices; the elements are whatever was there.
func sized[T any](s []T, n int) []T {
	if s == nil || cap(s) < n {
		grown := make([]T, n)
		copy(grown, s[:cap(s)])
		return grown
	}
	return s[:n]
}

// zeroed returns s with n zero elements.
func zeroed[T any](s []T, n int) []T {
	s = sized(s, n)
	clear(s)
	return s
}

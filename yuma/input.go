package yuma

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/gotensor/gotensor"
)

// MaxN is the most uids a subnet can have here: up to it no sum of 16-bit weights or bonds leaves the range of the arithmetic.
const MaxN = 1 << 15

// maxBondsMovingAverage is the least moving average, in millionths, whose conversion the reference leaves to chance under Yuma3.
const maxBondsMovingAverage = 1_000_000 << 31

// Row is a sparse row of a matrix over uids: UIDs[k] has the value Values[k], every other uid has none. A uid appears at most once.
// The order is that in which a validator sent the row. It need not ascend, and the epoch keeps it: an explicit zero and the
// order both have effects under liquid alpha, see Params.
type Row struct {
	UIDs   []uint16
	Values []uint16
}

// Liquid are the parameters of liquid alpha, which sets the speed of each bond's moving average by how far the weight is from consensus.
type Liquid struct {
	Enabled bool
	// Low and High bound alpha, as shares of 65535.
	Low, High uint16
	// Steepness of the sigmoid between them, in hundredths; negative turns it around.
	Steepness int16
}

// Params are the hyperparameters that the epoch reads.
type Params struct {
	// Tempo is the number of blocks between epochs; it only matters for the bonds of new neurons while Input.LastStep is 0.
	Tempo uint16
	// ActivityCutoff is the number of blocks after its last update for which a neuron counts as active.
	ActivityCutoff gotensor.Block
	// Kappa is the share of stake, of 65535, that must support a weight.
	Kappa uint16
	// BondsPenalty is the share, of 65535, to which weights above consensus are cut down where bonds are concerned: 0 not at
	// all, 65535 to consensus.
	BondsPenalty uint16
	// BondsMovingAverage is the part of the old bonds that stays, in millionths. Values above a million are defined, if
	// odd; under Yuma3 it is below 2^31 millions.
	BondsMovingAverage uint64
	// Yuma3 selects Yuma3 bonds: absolute, in 0..65535 per bond, moved by weights. Otherwise bonds are classic: relative to the
	// largest of their column, moved by weights times stake.
	Yuma3 bool
	// Liquid is only read under Yuma3. With it a bond to a uid that the validator no longer lists vanishes at once, while
	// an explicit weight of zero lets it decay; without it, it decays in both cases.
	Liquid Liquid
	// MaxValidators is the number of permits, beside the owner's.
	MaxValidators uint16
	// MinStake is the least total stake, in rao, that counts; the owner's counts always.
	MinStake gotensor.Rao
	// TAOWeight is what a rao of TAO stake counts beside one of alpha stake, as a share of 2^64 - 1.
	TAOWeight uint64
	// Upkeep is not read by the epoch: it is what the chain takes off Output.ServerEmission afterwards, in thousandths of the largest one (price.Upkeep).
	// It is here so that whoever replays an epoch has all its rules in one place.
	Upkeep uint16
}

// Commit is a commitment to weights that has not been revealed.
type Commit struct {
	UID   uint16
	Epoch uint64
	Block gotensor.Block
}

// CommitReveal masks weights by their commitments: a weight is dropped if its target registered after the block of the validator's
// earliest commitment that has not expired. One made in epoch e has expired once CurrentEpoch > e + RevealPeriod.
type CommitReveal struct {
	Enabled      bool
	RevealPeriod uint64
	CurrentEpoch uint64
	// Commits are queues, in the order of commitment per uid: only the first that has not expired counts.
	Commits []Commit
	// Timelocked commitments count all.
	Timelocked []Commit
}

// Input is the state of a subnet that an epoch reads. Slices over uids have N elements unless said otherwise. The epoch does not
// change it.
type Input struct {
	Params
	// N is the number of uids, 0..MaxN.
	N int
	// Block is the current height.
	Block gotensor.Block
	// LastStep is the height of the last epoch that succeeded, 0 if unknown: bonds to neurons that registered after it are dropped.
	LastStep gotensor.Block
	// Owner is the uid of the subnet's owner, nil if it has none. It always has a permit, and its self-weight counts.
	Owner *uint16
	// Emission is the amount to divide.
	Emission gotensor.Rao
	// Alpha and TAO are the two kinds of stake per uid. TAO may be nil for none. The weighted sum of all is below 2^63 rao.
	Alpha, TAO []gotensor.Rao
	// LastUpdate is the height at which each uid last set weights. Missing elements are 0, elements from N on are ignored.
	LastUpdate []gotensor.Block
	// Registered is the height at which each uid was registered.
	Registered []gotensor.Block
	// Permit tells who had a validator permit after the last epoch.
	Permit []bool
	// Weights are the validators' rows, in any scale: a row is divided by its sum. Bonds are those of the last Output. Entries
	// of uids from N on count for nothing.
	Weights, Bonds []Row
	// CommitReveal is the mask of the reference's commit-reveal scheme. Where rows are revealed before they count it is off.
	CommitReveal CommitReveal
}

// order notes which rows ascend.
type order struct {
	weights, bonds []bool
	seen           []uint32 // scratch: the stamp of the last unsorted row that named a uid
	stamp          uint32   // of the last unsorted row
}

// validate checks shapes and ranges, and fills the order.
func (in *Input) validate(o *order) error {
	if in.N < 0 || in.N > MaxN {
		return fmt.Errorf("%w: N is %d, want 0..%d", ErrRange, in.N, MaxN)
	}
	if in.Owner != nil && int(*in.Owner) >= in.N {
		return fmt.Errorf("%w: Owner is uid %d, want one below N = %d, or nil", ErrRange, *in.Owner, in.N)
	}
	if in.Yuma3 && in.BondsMovingAverage >= maxBondsMovingAverage {
		return fmt.Errorf("%w: BondsMovingAverage is %d millionths, want less than %d with Yuma3",
			ErrRange, in.BondsMovingAverage, uint64(maxBondsMovingAverage))
	}
	for _, field := range []struct {
		name string
		got  int
	}{
		{"Alpha", len(in.Alpha)},
		{"Registered", len(in.Registered)},
		{"Permit", len(in.Permit)},
		{"Weights", len(in.Weights)},
		{"Bonds", len(in.Bonds)},
	} {
		if field.got != in.N {
			return fmt.Errorf("%w: %s has %d elements, want N = %d", ErrShape, field.name, field.got, in.N)
		}
	}
	if in.TAO != nil && len(in.TAO) != in.N {
		return fmt.Errorf("%w: TAO has %d elements, want N = %d, or nil", ErrShape, len(in.TAO), in.N)
	}
	o.weights, o.bonds = sized(o.weights, in.N), sized(o.bonds, in.N)
	if err := validateRows("Weights", in.Weights, o.weights, o); err != nil {
		return err
	}
	return validateRows("Bonds", in.Bonds, o.bonds, o)
}

// validateRows checks rows and tells which ascend.
func validateRows(field string, rows []Row, ascend []bool, o *order) error {
	o.stamp = 0
	for i, row := range rows {
		if len(row.UIDs) != len(row.Values) {
			return fmt.Errorf("%w: %s[%d] has %d UIDs and %d Values", ErrShape, field, i, len(row.UIDs), len(row.Values))
		}
		ascend[i] = row.ascends()
		if ascend[i] {
			continue
		}
		if uid, twice := o.repeats(row); twice {
			return fmt.Errorf("%w: %s[%d] names uid %d twice, name it once", ErrDuplicate, field, i, uid)
		}
	}
	return nil
}

// repeats returns a uid that an unsorted row names twice, if there is one.
func (o *order) repeats(row Row) (uint16, bool) {
	if o.stamp == 0 {
		o.seen = zeroed(o.seen, 1<<16)
	}
	o.stamp++
	for _, uid := range row.UIDs {
		if o.seen[uid] == o.stamp {
			return uid, true
		}
		o.seen[uid] = o.stamp
	}
	return 0, false
}

// ascends tells whether the row's uids ascend strictly.
func (r Row) ascends() bool {
	last := -1
	for _, uid := range r.UIDs {
		if int(uid) <= last {
			return false
		}
		last = int(uid)
	}
	return true
}

// lastUpdate returns the height of uid's last update, 0 where the slice is short.
func (in *Input) lastUpdate(uid int) gotensor.Block {
	if uid < len(in.LastUpdate) {
		return in.LastUpdate[uid]
	}
	return 0
}

// owns tells whether uid is the owner's.
func (in *Input) owns(uid int) bool { return in.Owner != nil && int(*in.Owner) == uid }

// addSaturating returns a + b, at most 2^64 - 1.
func addSaturating(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return math.MaxUint64
	}
	return sum
}

package types

import (
	"math/bits"

	errorsmod "cosmossdk.io/errors"

	"github.com/gotensor/gotensor/x/internal/addr"
)

// Earned returns what the stream has earned up to and including a height, in rao: floor(total * (height - start) / (end - start)), from 0
// before the first block to total at the last.
func (s Stream) Earned(height int64) uint64 {
	switch {
	case height <= s.Start:
		return 0
	case height >= s.End:
		return s.Total
	}
	// The share is below one, so the quotient fits.
	hi, lo := bits.Mul64(s.Total, uint64(height-s.Start))
	earned, _ := bits.Div64(hi, lo, uint64(s.End-s.Start))
	return earned
}

// Due returns what was earned up to a height and is not settled yet, in rao.
func (s Stream) Due(height int64) uint64 {
	earned := s.Earned(height)
	if earned < s.Settled {
		return 0
	}
	return earned - s.Settled
}

// Rest returns all that the stream still owes, in rao, whenever it is earned.
func (s Stream) Rest() uint64 { return s.Total - s.Settled }

// Validate checks the amounts and heights; it fails with ErrField.
func (s Stream) Validate() error {
	if _, err := NetUID(s.Netuid); err != nil {
		return err
	}
	if _, err := addr.Validator(s.Validator); err != nil {
		return errorsmod.Wrapf(ErrField, "validator: %s", err)
	}
	if s.Start < 0 || s.End <= s.Start {
		return errorsmod.Wrapf(ErrField, "start is %d and end %d, want 0 <= start < end", s.Start, s.End)
	}
	if s.Settled > s.Total {
		return errorsmod.Wrapf(ErrField, "settled is %d, more than the total of %d", s.Settled, s.Total)
	}
	return nil
}

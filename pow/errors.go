package pow

import "errors"

var (
	// ErrChallenge is returned for a challenge that cannot be encoded.
	ErrChallenge = errors.New("invalid proof-of-work challenge")
	// ErrDifficulty is returned for a difficulty of zero.
	ErrDifficulty = errors.New("difficulty is 0, want 1 or more")
	// ErrUnsolved is returned by Verify for a nonce whose seal is above the target.
	ErrUnsolved = errors.New("seal does not meet the difficulty")
	// ErrStopped is returned by a search that was told to stop.
	ErrStopped = errors.New("proof-of-work search stopped")
	// ErrAdjustment is returned for an adjustment whose parameters contradict each other.
	ErrAdjustment = errors.New("invalid difficulty adjustment")
)

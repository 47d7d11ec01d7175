package score

import "errors"

// Errors of this package; each is wrapped with the name of the field, its value and what is wanted.
var (
	// ErrSettings says that a setting is out of range.
	ErrSettings = errors.New("invalid scoring setting")
	// ErrItem says that an item or a round cannot be scored.
	ErrItem = errors.New("invalid item")
	// ErrReference says that the reference model gave something that is not a probability.
	ErrReference = errors.New("reference model is not usable")
	// ErrColumns says that the packed form of an answer contradicts itself, so nothing can be decoded.
	ErrColumns = errors.New("undecodable answer")
	// ErrScores says that gains are not finite, not in range or not of one shape.
	ErrScores = errors.New("invalid scores")
	// ErrState says that a stored board is damaged or of another version.
	ErrState = errors.New("invalid scoring state")

	// ErrNoWeights says that nobody has a positive weight, so none are set.
	ErrNoWeights = errors.New("no weights to set")
	// ErrBadWeight says that a weight is negative, NaN or infinite, or uids and weights do not belong together.
	ErrBadWeight = errors.New("invalid weight")
	// ErrEqualWeights says that all weights are equal, which is far more often a fault than a judgement.
	ErrEqualWeights = errors.New("all weights are equal")
	// ErrTooFew says that the chain's limits want more neurons with a positive weight.
	ErrTooFew = errors.New("too few positive weights")
)

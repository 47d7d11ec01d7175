package ngram

import "errors"

var (
	// ErrOrder says that an order is not within 1..MaxOrder.
	ErrOrder = errors.New("invalid order")
	// ErrText says that a training text is too short or too long.
	ErrText = errors.New("invalid training text")
	// ErrFile says that a model file is damaged, of another version or of another text.
	ErrFile = errors.New("unusable model file")
)

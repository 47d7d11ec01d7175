package explain

import "errors"

var (
	// ErrUID is returned for a uid that the epoch did not have.
	ErrUID = errors.New("no such uid in this epoch")
	// ErrWhatIf is returned for a change that cannot be made.
	ErrWhatIf = errors.New("what-if")
)

// Package codes lets clients tell errors apart. CometBFT's results carry a codespace and a code; the SDK finds them only in errors
// that its own package wrapped, while modules here wrap their sentinels in Go's way, with %w. Of closes the gap, wherever an error
// leaves a module: before the ante handler (ValidateBasic), in it, and in message servers.
package codes

import (
	"errors"
	"strings"

	errorsmod "cosmossdk.io/errors"
)

// Of returns an error that the SDK finds the code of, with the same words; nil stays nil.
func Of(err error) error {
	if err == nil {
		return nil
	}
	if space, _, _ := errorsmod.ABCIInfo(err, false); space != errorsmod.UndefinedCodespace {
		return err
	}
	var sentinel *errorsmod.Error
	if !errors.As(err, &sentinel) {
		return err
	}
	return errorsmod.Wrap(sentinel, strings.TrimSuffix(err.Error(), ": "+sentinel.Error()))
}

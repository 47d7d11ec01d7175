package types

import errorsmod "cosmossdk.io/errors"

// Errors of the module; a code is never given to another error.
var (
	ErrField         = errorsmod.Register(ModuleName, 2, "invalid field")
	ErrRow           = errorsmod.Register(ModuleName, 3, "invalid row of weights")
	ErrNotRegistered = errorsmod.Register(ModuleName, 4, "hotkey is not registered")
	ErrNoPermit      = errorsmod.Register(ModuleName, 5, "hotkey has no permit to set weights")
	ErrPeriod        = errorsmod.Register(ModuleName, 6, "wrong period")
	ErrCommitted     = errorsmod.Register(ModuleName, 7, "already committed in this period")
	ErrNotCommitted  = errorsmod.Register(ModuleName, 8, "no such commitment")
	ErrRevealed      = errorsmod.Register(ModuleName, 9, "already revealed")
	ErrMismatch      = errorsmod.Register(ModuleName, 10, "row and salt do not match the commitment")
	ErrGenesis       = errorsmod.Register(ModuleName, 11, "invalid genesis")
)

package types

import errorsmod "cosmossdk.io/errors"

// Errors of the module; a code is never given to another error.
var (
	ErrField     = errorsmod.Register(ModuleName, 2, "invalid field")
	ErrAuthority = errorsmod.Register(ModuleName, 3, "only governance may do this")
	ErrHalted    = errorsmod.Register(ModuleName, 4, "payouts of the subnet are halted")
	ErrNotHalted = errorsmod.Register(ModuleName, 5, "payouts of the subnet are not halted")
	ErrInvariant = errorsmod.Register(ModuleName, 6, "invariant broken")
	ErrInput     = errorsmod.Register(ModuleName, 7, "state is unfit for an epoch")
	ErrPanic     = errorsmod.Register(ModuleName, 8, "the epoch panicked, the node's log has the details")
	ErrGenesis   = errorsmod.Register(ModuleName, 9, "invalid genesis")
)

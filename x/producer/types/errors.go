package types

import errorsmod "cosmossdk.io/errors"

// Errors of the module; codes are never reused.
var (
	ErrParams         = errorsmod.Register(ModuleName, 2, "invalid producer parameters")
	ErrNotValidator   = errorsmod.Register(ModuleName, 3, "not a staking validator")
	ErrNotBonded      = errorsmod.Register(ModuleName, 4, "validator is not bonded")
	ErrAlreadyIn      = errorsmod.Register(ModuleName, 5, "validator already produces blocks")
	ErrNotIn          = errorsmod.Register(ModuleName, 6, "validator does not produce blocks")
	ErrLastProducer   = errorsmod.Register(ModuleName, 7, "the last producer cannot leave")
	ErrGenesis        = errorsmod.Register(ModuleName, 8, "invalid producer genesis")
	ErrUnauthorized   = errorsmod.Register(ModuleName, 9, "only governance may do this")
	ErrConsensusKey   = errorsmod.Register(ModuleName, 10, "consensus key is not ed25519")
	ErrValidatorEmpty = errorsmod.Register(ModuleName, 11, "validator set would be empty")
)

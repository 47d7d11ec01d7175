package types

import "cosmossdk.io/errors"

// Errors of the module; a code is never used again for something else.
var (
	// ErrNotFound: the subnet does not exist.
	ErrNotFound = errors.Register(ModuleName, 2, "subnet not found")
	// ErrUnknownParameter: the schema has no hyperparameter of that name.
	ErrUnknownParameter = errors.Register(ModuleName, 3, "unknown hyperparameter")
	// ErrOutOfRange: the value is outside the range of the schema.
	ErrOutOfRange = errors.Register(ModuleName, 4, "hyperparameter out of range")
	// ErrConflict: the value contradicts another hyperparameter.
	ErrConflict = errors.Register(ModuleName, 5, "hyperparameters contradict each other")
	// ErrUnauthorized: the sender may not change this.
	ErrUnauthorized = errors.Register(ModuleName, 6, "not allowed to change this")
	// ErrCooldown: the hyperparameter was changed too recently.
	ErrCooldown = errors.Register(ModuleName, 7, "changed too recently")
	// ErrInvalidParams: the module's settings are out of range.
	ErrInvalidParams = errors.Register(ModuleName, 8, "invalid params")
	// ErrInvalidGenesis: the genesis state contradicts itself.
	ErrInvalidGenesis = errors.Register(ModuleName, 9, "invalid genesis")
	// ErrInvalidSubnet: a field of the subnet is out of range.
	ErrInvalidSubnet = errors.Register(ModuleName, 10, "invalid subnet")
	// ErrInvalidMessage: a field of a message is malformed.
	ErrInvalidMessage = errors.Register(ModuleName, 11, "invalid message")
)

package types

import "cosmossdk.io/errors"

// Errors of the module; a code is never used again for something else.
var (
	// ErrNotFound: no neuron has that uid or hotkey.
	ErrNotFound = errors.Register(ModuleName, 2, "neuron not found")
	// ErrInvalidMessage: a field of a message is malformed.
	ErrInvalidMessage = errors.Register(ModuleName, 3, "invalid message")
	// ErrClosed: the subnet does not take registrations of this kind.
	ErrClosed = errors.Register(ModuleName, 4, "registration is closed")
	// ErrRegistered: the hotkey holds a uid already.
	ErrRegistered = errors.Register(ModuleName, 5, "hotkey is registered already")
	// ErrTooMany: the block or the interval has had all the registrations that it may have.
	ErrTooMany = errors.Register(ModuleName, 6, "too many registrations")
	// ErrNoSlot: every neuron is exempt from pruning.
	ErrNoSlot = errors.Register(ModuleName, 7, "no slot can be freed")
	// ErrStale: the block hash of the work has left the ring, or was never in it.
	ErrStale = errors.Register(ModuleName, 8, "block hash of the work is not recent")
	// ErrWork: the work does not meet the difficulty.
	ErrWork = errors.Register(ModuleName, 9, "proof of work does not meet the difficulty")
	// ErrWorkUsed: a hotkey gets one registration out of one block hash.
	ErrWorkUsed = errors.Register(ModuleName, 10, "proof of work was used already")
	// ErrPrice: the price is above what the sender pays at most.
	ErrPrice = errors.Register(ModuleName, 11, "registration costs more than max_price")
	// ErrNotRegistered: the hotkey holds no uid of the subnet.
	ErrNotRegistered = errors.Register(ModuleName, 12, "hotkey is not registered")
	// ErrRateLimit: the hotkey has used up its messages for now.
	ErrRateLimit = errors.Register(ModuleName, 13, "too soon")
	// ErrNoPermit: the neuron may not commit weights.
	ErrNoPermit = errors.Register(ModuleName, 14, "neuron has no validator permit")
	// ErrSignature: the hotkey's signature does not fit.
	ErrSignature = errors.Register(ModuleName, 15, "hotkey's signature does not fit")
	// ErrPending: the latest appointment is not yet in force.
	ErrPending = errors.Register(ModuleName, 16, "latest appointment is not yet in force")
	// ErrAppointed: the hotkey acts for another validator.
	ErrAppointed = errors.Register(ModuleName, 17, "hotkey acts for another validator")
	// ErrGrant: a limit on grants is exceeded.
	ErrGrant = errors.Register(ModuleName, 18, "grant exceeds a limit")
	// ErrColumns: packed columns are malformed.
	ErrColumns = errors.Register(ModuleName, 19, "malformed columns")
	// ErrInvalidGenesis: the genesis state contradicts itself.
	ErrInvalidGenesis = errors.Register(ModuleName, 20, "invalid genesis")
	// ErrUnpaid: a neuron was to be removed while the chain still owes it.
	ErrUnpaid = errors.Register(ModuleName, 21, "accrued incentive is not paid")
	// ErrNotValidator: the operator has no staking validator.
	ErrNotValidator = errors.Register(ModuleName, 22, "not a staking validator")
)

package types

import "cosmossdk.io/collections"

const (
	// ModuleName names the module and its account, which burns what registrations pay.
	ModuleName = "neuron"
	// StoreKey names its store.
	StoreKey = ModuleName
)

// Prefixes of the store.
var (
	// NeuronsKey | netuid u16 BE | uid u16 BE -> Neuron
	NeuronsKey = collections.NewPrefix(0)
	// ByHotkeyKey | netuid u16 BE | hotkey 20 -> uid u16
	ByHotkeyKey = collections.NewPrefix(1)
	// CountsKey | netuid u16 BE -> number of neurons u16
	CountsKey = collections.NewPrefix(2)
	// ColumnsKey | netuid u16 BE | Column u8 -> packed values, n entries
	ColumnsKey = collections.NewPrefix(3)
	// AdmissionsKey | netuid u16 BE -> Admission
	AdmissionsKey = collections.NewPrefix(4)
	// AppointmentsKey | validator 20 | netuid u16 BE -> Appointment
	AppointmentsKey = collections.NewPrefix(5)
	// AppointedKey | hotkey 20 | netuid u16 BE -> validator 20; may name one whose appointment has moved on
	AppointedKey = collections.NewPrefix(6)
	// GrantsKey | delegator 20 | hotkey 20 -> Grant
	GrantsKey = collections.NewPrefix(7)
	// GranteesKey | hotkey 20 | delegator 20 -> nothing
	GranteesKey = collections.NewPrefix(8)
	// BlockHashesKey | height i64 -> hash 32
	BlockHashesKey = collections.NewPrefix(9)
	// UsedWorksKey | height i64 | netuid u16 BE | hotkey 20 -> nothing
	UsedWorksKey = collections.NewPrefix(10)
	// RateUsesKey | netuid u16 BE | hotkey 20 | kind u8 -> RateUse
	RateUsesKey = collections.NewPrefix(11)
	// BurnedKey -> rao u64
	BurnedKey = collections.NewPrefix(12)
)

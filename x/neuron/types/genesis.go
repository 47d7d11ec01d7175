package types

import (
	"bytes"
	"fmt"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
)

// Bounds of the state.
const (
	// RingLen is how many recent block hashes a proof of work may refer to.
	RingLen = 30
	// HashLen is the length of a block hash.
	HashLen = 32
	// MaxGrantsByDelegator and MaxGrantsToHotkey bound the loops over grants.
	MaxGrantsByDelegator = 64
	MaxGrantsToHotkey    = 256
	// RegisterGas is what a registration costs in gas, whatever it has to look through: the slots of a subnet are bounded.
	RegisterGas = 150_000
)

// Kinds of messages that go without a fee.
const (
	KindServe  uint32 = 1
	KindCommit uint32 = 2
	KindReveal uint32 = 3
)

// DefaultGenesis has no neuron.
func DefaultGenesis() *GenesisState { return &GenesisState{} }

// Validate fails with ErrInvalidGenesis or with the error of the part at fault, naming the field.
func (g GenesisState) Validate() error {
	var last uint32
	for i, s := range g.Subnets {
		if s.Netuid <= last || s.Netuid >= uint32(AllSubnets) {
			return fmt.Errorf("subnets[%d]: netuid %d follows %d, want ascending, 1..65534: %w", i, s.Netuid, last, ErrInvalidGenesis)
		}
		last = s.Netuid
		if err := s.Validate(); err != nil {
			return fmt.Errorf("subnets[%d]: %w", i, err)
		}
	}
	if err := validateAppointments(g.Appointments); err != nil {
		return err
	}
	if err := validateGrants(g.Grants); err != nil {
		return err
	}
	if err := validateWorks(g.BlockHashes, g.UsedWorks); err != nil {
		return err
	}
	return validateUses(g.RateUses)
}

// Validate checks the neurons of one subnet.
func (s GenesisNeurons) Validate() error {
	if len(s.Neurons) > MaxNeurons {
		return fmt.Errorf("%d neurons, want at most %d: %w", len(s.Neurons), MaxNeurons, ErrInvalidGenesis)
	}
	seen := make(map[string]bool, len(s.Neurons))
	for i, n := range s.Neurons {
		if n.Uid != uint32(i) {
			return fmt.Errorf("neurons[%d]: uid is %d, want %d: %w", i, n.Uid, i, ErrInvalidGenesis)
		}
		if err := checkKeys(n.Hotkey, n.Coldkey); err != nil {
			return fmt.Errorf("neurons[%d]: %w", i, err)
		}
		if seen[n.Hotkey] {
			return fmt.Errorf("neurons[%d]: hotkey %s holds two uids: %w", i, n.Hotkey, ErrInvalidGenesis)
		}
		seen[n.Hotkey] = true
		if n.RegisteredHeight < 0 || n.LastUpdate < 0 || n.Endpoint.Height < 0 {
			return fmt.Errorf("neurons[%d]: heights are %d, %d, %d, want 0 or more: %w",
				i, n.RegisteredHeight, n.LastUpdate, n.Endpoint.Height, ErrInvalidGenesis)
		}
		if err := n.Endpoint.Validate(); err != nil {
			return fmt.Errorf("neurons[%d].endpoint: %w", i, err)
		}
	}
	if !s.Columns.isEmpty() {
		if err := s.Columns.Validate(len(s.Neurons)); err != nil {
			return fmt.Errorf("columns: %w", err)
		}
	}
	a := s.Admission
	if a.Difficulty == 0 {
		if a != (Admission{}) {
			return fmt.Errorf("admission: difficulty is 0 but other fields are set: set all or none: %w", ErrInvalidGenesis)
		}
		return nil
	}
	if a.BurnPrice == 0 || a.PriceHeight < 0 || a.IntervalStart < 0 || a.Block < 0 || a.LastIntervalMs < 0 {
		return fmt.Errorf("admission: burn_price %d, price_height %d, interval_start %d, block %d, last_interval_ms %d: want the first above 0, none below: %w",
			a.BurnPrice, a.PriceHeight, a.IntervalStart, a.Block, a.LastIntervalMs, ErrInvalidGenesis)
	}
	return nil
}

func (p *Columns) isEmpty() bool {
	for _, c := range AllColumns() {
		if len(*c.Field(p)) != 0 {
			return false
		}
	}
	return true
}

func validateAppointments(all []Appointment) error {
	type key struct {
		validator string
		netuid    uint32
	}
	seen := make(map[key]bool, len(all))
	owner := make(map[string]string, len(all))
	for i, a := range all {
		if _, err := addr.Validator(a.Validator); err != nil {
			return fmt.Errorf("appointments[%d]: validator: %w: %w", i, err, ErrInvalidGenesis)
		}
		if a.Netuid < 1 || a.Netuid > uint32(AllSubnets) {
			return fmt.Errorf("appointments[%d]: netuid is %d, want 1..65535: %w", i, a.Netuid, ErrInvalidGenesis)
		}
		if seen[key{a.Validator, a.Netuid}] {
			return fmt.Errorf("appointments[%d]: %s appoints twice on netuid %d: %w", i, a.Validator, a.Netuid, ErrInvalidGenesis)
		}
		seen[key{a.Validator, a.Netuid}] = true
		if a.Height < 0 {
			return fmt.Errorf("appointments[%d]: height is %d, want 0 or more: %w", i, a.Height, ErrInvalidGenesis)
		}
		for _, f := range []struct{ name, hotkey string }{{"hotkey", a.Hotkey}, {"previous_hotkey", a.PreviousHotkey}} {
			if f.hotkey == "" {
				continue
			}
			if _, err := account(f.name, f.hotkey); err != nil {
				return fmt.Errorf("appointments[%d]: %w", i, err)
			}
		}
		if a.Hotkey == "" {
			continue
		}
		if v, ok := owner[a.Hotkey]; ok && v != a.Validator {
			return fmt.Errorf("appointments[%d]: hotkey %s acts for %s and %s, want one: %w", i, a.Hotkey, v, a.Validator, ErrInvalidGenesis)
		}
		owner[a.Hotkey] = a.Validator
	}
	return nil
}

func validateGrants(all []Grant) error {
	type key struct{ delegator, hotkey string }
	seen := make(map[key]bool, len(all))
	shares := make(map[string]uint64, len(all))
	by, to := make(map[string]int), make(map[string]int)
	for i, g := range all {
		for _, f := range []struct{ name, value string }{{"delegator", g.Delegator}, {"hotkey", g.Hotkey}} {
			if _, err := account(f.name, f.value); err != nil {
				return fmt.Errorf("grants[%d]: %w", i, err)
			}
		}
		if seen[key{g.Delegator, g.Hotkey}] {
			return fmt.Errorf("grants[%d]: %s grants to %s twice: %w", i, g.Delegator, g.Hotkey, ErrInvalidGenesis)
		}
		seen[key{g.Delegator, g.Hotkey}] = true
		if g.SharePpm < 1 || g.SharePpm > MaxShare || g.ExpiryUnix < 1 {
			return fmt.Errorf("grants[%d]: share_ppm is %d, expiry_unix %d, want 1..%d and 1 or more: %w", i, g.SharePpm, g.ExpiryUnix, MaxShare, ErrInvalidGenesis)
		}
		shares[g.Delegator] += uint64(g.SharePpm)
		if shares[g.Delegator] > MaxShare {
			return fmt.Errorf("grants[%d]: %s grants %d ppm in all, want at most %d: %w", i, g.Delegator, shares[g.Delegator], MaxShare, ErrInvalidGenesis)
		}
		by[g.Delegator]++
		to[g.Hotkey]++
		if by[g.Delegator] > MaxGrantsByDelegator || to[g.Hotkey] > MaxGrantsToHotkey {
			return fmt.Errorf("grants[%d]: %d grants by %s, %d to %s, want at most %d and %d: %w",
				i, by[g.Delegator], g.Delegator, to[g.Hotkey], g.Hotkey, MaxGrantsByDelegator, MaxGrantsToHotkey, ErrInvalidGenesis)
		}
	}
	return nil
}

func validateWorks(ring []BlockHash, used []UsedWork) error {
	if len(ring) > RingLen {
		return fmt.Errorf("%d block_hashes, want at most %d: %w", len(ring), RingLen, ErrInvalidGenesis)
	}
	inRing := make(map[int64]bool, len(ring))
	last := int64(0)
	for i, h := range ring {
		if h.Height <= last {
			return fmt.Errorf("block_hashes[%d]: height %d follows %d, want ascending: %w", i, h.Height, last, ErrInvalidGenesis)
		}
		last = h.Height
		inRing[last] = true
		if len(h.Hash) != HashLen {
			return fmt.Errorf("block_hashes[%d]: hash has %d bytes, want %d: %w", i, len(h.Hash), HashLen, ErrInvalidGenesis)
		}
	}
	for i, u := range used {
		if !inRing[u.BlockHeight] {
			return fmt.Errorf("used_works[%d]: block_height %d is not in block_hashes: %w", i, u.BlockHeight, ErrInvalidGenesis)
		}
		hotkey, err := account("hotkey", u.Hotkey)
		if err == nil {
			err = checkNetUID(u.Netuid)
		}
		if err != nil {
			return fmt.Errorf("used_works[%d]: %w", i, err)
		}
		if i > 0 {
			p := used[i-1]
			before, _ := addr.Account(p.Hotkey)
			if !worksAscend(p, u, before, hotkey) {
				return fmt.Errorf("used_works[%d]: not in order of block_height, netuid, hotkey: %w", i, ErrInvalidGenesis)
			}
		}
	}
	return nil
}

func worksAscend(a, b UsedWork, ha, hb gotensor.Address) bool {
	if a.BlockHeight != b.BlockHeight {
		return a.BlockHeight < b.BlockHeight
	}
	if a.Netuid != b.Netuid {
		return a.Netuid < b.Netuid
	}
	return bytes.Compare(ha[:], hb[:]) < 0
}

func validateUses(all []RateUse) error {
	type key struct {
		netuid uint32
		hotkey string
		kind   uint32
	}
	seen := make(map[key]bool, len(all))
	for i, u := range all {
		if _, err := account("hotkey", u.Hotkey); err != nil {
			return fmt.Errorf("rate_uses[%d]: %w", i, err)
		}
		if err := checkNetUID(u.Netuid); err != nil {
			return fmt.Errorf("rate_uses[%d]: %w", i, err)
		}
		if u.Kind < KindServe || u.Kind > KindReveal || u.Window < 0 || u.Used < 1 {
			return fmt.Errorf("rate_uses[%d]: kind %d, window %d, used %d: want 1..3, 0 or more, 1 or more: %w", i, u.Kind, u.Window, u.Used, ErrInvalidGenesis)
		}
		k := key{u.Netuid, u.Hotkey, u.Kind}
		if seen[k] {
			return fmt.Errorf("rate_uses[%d]: kind %d of %s on netuid %d is there twice: %w", i, u.Kind, u.Hotkey, u.Netuid, ErrInvalidGenesis)
		}
		seen[k] = true
	}
	return nil
}

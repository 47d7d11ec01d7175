package metagraph

import (
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"time"

	"github.com/gotensor/gotensor"
)

// ErrShape is returned by New for neurons that do not form a subnet.
var ErrShape = errors.New("neurons do not form a metagraph")

// Endpoint is where a neuron serves. The zero value means that it does not.
type Endpoint struct {
	Addr netip.AddrPort // address and port to dial
	Pin  [32]byte       // SHA-256 of the certificate's SubjectPublicKeyInfo
}

// Serves tells whether the neuron published an endpoint.
func (e Endpoint) Serves() bool { return e.Addr.IsValid() && e.Addr.Port() != 0 }

// Neuron is one slot of a subnet. Shares are u16 fractions of 65535.
type Neuron struct {
	UID        gotensor.UID
	Hotkey     gotensor.Address
	Coldkey    gotensor.Address
	Registered gotensor.Block // height of registration: with the hotkey it names this tenure of the uid
	LastUpdate gotensor.Block // height of the commitment whose weights are in force; 0: none

	Stake      gotensor.Rao     // behind the hotkey now
	EpochStake gotensor.Rao     // that the latest epoch saw
	Validator  gotensor.Address // operator of the staking validator behind the hotkey; zero: none

	Consensus uint16
	Incentive uint16
	Dividends uint16
	Trust     uint16 // validator trust
	Permit    bool   // may commit weights
	Active    bool   // its weights were recent enough

	Emission gotensor.Rao // of the latest epoch, incentive and dividends together
	Accrued  gotensor.Rao // incentive not yet paid out

	Endpoint Endpoint
}

// Info is what holds for the subnet as a whole.
type Info struct {
	NetUID       gotensor.NetUID
	Height       gotensor.Block
	Time         time.Time // header time of that block
	Epoch        uint64    // number of the present period
	LastBoundary gotensor.Block
	NextBoundary gotensor.Block
	Tempo        gotensor.Block
	Mechanism    string
	Settings     string // the mechanism's own, JSON
}

// Metagraph is an immutable snapshot. Make one with New.
type Metagraph struct {
	Info
	neurons []Neuron
	hotkeys map[gotensor.Address]gotensor.UID
}

// New makes a snapshot of neurons, which must stand at the index of their uid and have distinct hotkeys; else ErrShape. The
// slice is copied.
func New(info Info, neurons []Neuron) (*Metagraph, error) {
	m := &Metagraph{Info: info, neurons: make([]Neuron, len(neurons)), hotkeys: make(map[gotensor.Address]gotensor.UID, len(neurons))}
	copy(m.neurons, neurons)
	for i := range m.neurons {
		n := &m.neurons[i]
		if int(n.UID) != i {
			return nil, fmt.Errorf("%w: neuron %d has uid %d", ErrShape, i, n.UID)
		}
		if other, taken := m.hotkeys[n.Hotkey]; taken {
			return nil, fmt.Errorf("%w: uid %d and %d have the hotkey %s", ErrShape, other, n.UID, n.Hotkey)
		}
		m.hotkeys[n.Hotkey] = n.UID
	}
	return m, nil
}

// N is the number of uids.
func (m *Metagraph) N() int { return len(m.neurons) }

// At returns the neuron of a uid, if there is one.
func (m *Metagraph) At(uid gotensor.UID) (Neuron, bool) {
	if int(uid) >= len(m.neurons) {
		return Neuron{}, false
	}
	return m.neurons[uid], true
}

// ByHotkey returns the neuron of a hotkey, if it is registered.
func (m *Metagraph) ByHotkey(hotkey gotensor.Address) (Neuron, bool) {
	uid, ok := m.hotkeys[hotkey]
	if !ok {
		return Neuron{}, false
	}
	return m.neurons[uid], true
}

// All yields the neurons in order of uid.
func (m *Metagraph) All() iter.Seq[Neuron] {
	return func(yield func(Neuron) bool) {
		for _, n := range m.neurons {
			if !yield(n) {
				return
			}
		}
	}
}

package metagraph

import "github.com/gotensor/gotensor"

// Change is how one uid differs between two snapshots.
type Change struct {
	UID gotensor.UID
	// Replaced is true where another registration holds the uid, or where it is new: what was known about it is void.
	Replaced bool
	// Moved is true where the endpoint or its certificate changed.
	Moved bool
	// Weighed is true where a value of the epoch, the stake or the weights changed.
	Weighed bool
}

// Diff lists the uids of m that differ from an older snapshot of the same subnet, in order; a nil old means that all are new.
// A uid never disappears while a subnet lives: slots are only taken over.
func (m *Metagraph) Diff(old *Metagraph) []Change {
	var out []Change
	for _, now := range m.neurons {
		if old == nil || int(now.UID) >= old.N() {
			out = append(out, Change{UID: now.UID, Replaced: true})
			continue
		}
		was := old.neurons[now.UID]
		c := Change{UID: now.UID}
		c.Replaced = was.Hotkey != now.Hotkey || was.Registered != now.Registered
		c.Moved = was.Endpoint != now.Endpoint
		was.Endpoint, was.Hotkey, was.Registered = now.Endpoint, now.Hotkey, now.Registered
		c.Weighed = was != now
		if c.Replaced || c.Moved || c.Weighed {
			out = append(out, c)
		}
	}
	return out
}

package axon

import (
	"maps"
	"math"
	"sync/atomic"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/metagraph"
)

// Snapshot is a Callers over the latest metagraph. The zero value knows nobody. Whoever follows the chain calls Set; lookups
// never wait for it.
type Snapshot struct {
	current atomic.Pointer[standing]
}

type standing struct {
	graph  *metagraph.Metagraph
	grants map[gotensor.Address]gotensor.Rao
}

// Set replaces the snapshot. Grants, which may be nil, is bandwidth in rao lent to keys, added to the stake that a key has as a
// neuron.
func (s *Snapshot) Set(graph *metagraph.Metagraph, grants map[gotensor.Address]gotensor.Rao) {
	s.current.Store(&standing{graph: graph, grants: maps.Clone(grants)})
}

// Lookup implements Callers.
func (s *Snapshot) Lookup(addr gotensor.Address) (Caller, bool) {
	now := s.current.Load()
	if now == nil {
		return Caller{}, false
	}
	grant, granted := now.grants[addr]
	c := Caller{Weight: uint64(grant)}
	if now.graph == nil {
		return c, granted
	}
	n, registered := now.graph.ByHotkey(addr)
	if registered {
		c.Registered, c.Validator = true, n.Permit
		if sum, err := n.Stake.Add(grant); err == nil {
			c.Weight = uint64(sum)
		} else {
			c.Weight = math.MaxUint64
		}
	}
	return c, granted || registered
}

package miner

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/chain"
)

const (
	// bandwidthFor is how long a looked-up bandwidth holds, and nothingFor how long it does if there was none: who is about to stake or
	// was just lent some should not wait for long.
	bandwidthFor, nothingFor = 5 * time.Minute, 20 * time.Second
	// maxStrangers bounds the keys whose bandwidth is remembered, and maxWanted those that wait to be looked up.
	maxStrangers, maxWanted = 4096, 256
)

// callers tells the axon who asks: neurons from the metagraph, anybody else from a cache of bandwidths that is filled in the
// background. Nobody's call waits for the chain: a stranger is unknown at first and may come again.
type callers struct {
	neurons axon.Snapshot
	wanted  chan gotensor.Address // nil: nobody asks for the bandwidth of strangers

	mu        sync.RWMutex
	strangers map[gotensor.Address]stranger
}

type stranger struct {
	weight uint64
	until  time.Time
}

// newCallers looks strangers up only under the policy that asks for their bandwidth.
func newCallers(p axon.Policy) *callers {
	c := &callers{strangers: map[gotensor.Address]stranger{}}
	if p == axon.PolicyBandwidth {
		c.wanted = make(chan gotensor.Address, maxWanted)
	}
	return c
}

// Lookup implements axon.Callers. A neuron's weight is the stake behind it and what was lent to its key.
func (c *callers) Lookup(addr gotensor.Address) (axon.Caller, bool) {
	caller, neuron := c.neurons.Lookup(addr)
	if c.wanted == nil {
		return caller, neuron
	}
	c.mu.RLock()
	s, known := c.strangers[addr]
	c.mu.RUnlock()
	if !known || time.Now().After(s.until) {
		select {
		case c.wanted <- addr:
		default: // many strangers at once: this one is looked up when it comes again
		}
	}
	caller.Pending = !known
	if sum := caller.Weight + s.weight; sum >= s.weight {
		caller.Weight = sum
	}
	return caller, neuron || s.weight > 0
}

// lookUp fills the cache until ctx ends.
func (c *callers) lookUp(ctx context.Context, node *chain.Client) error {
	for {
		var addr gotensor.Address
		select {
		case <-ctx.Done():
			return ctx.Err()
		case addr = <-c.wanted:
		}
		c.mu.RLock()
		s, known := c.strangers[addr]
		c.mu.RUnlock()
		if known && time.Now().Before(s.until) {
			continue
		}
		stake, err := node.Bandwidth(ctx, addr)
		if err != nil && !errors.Is(err, chain.ErrNotFound) {
			continue // asked again when the caller comes again
		}
		holds := bandwidthFor
		if stake == 0 {
			holds = nothingFor
		}
		c.remember(addr, stranger{weight: uint64(stake), until: time.Now().Add(holds)})
	}
}

// remember keeps what was found. Keys cost nothing: when there is no room, those without bandwidth go first, then the one
// with the least.
func (c *callers) remember(addr gotensor.Address, s stranger) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.strangers[addr]; !known && len(c.strangers) >= maxStrangers {
		now := time.Now()
		maps.DeleteFunc(c.strangers, func(_ gotensor.Address, old stranger) bool { return old.weight == 0 || now.After(old.until) })
		if len(c.strangers) >= maxStrangers {
			lightest, weight := addr, s.weight
			for a, old := range c.strangers {
				if old.weight < weight {
					lightest, weight = a, old.weight
				}
			}
			if lightest == addr {
				return
			}
			delete(c.strangers, lightest)
		}
	}
	c.strangers[addr] = s
}

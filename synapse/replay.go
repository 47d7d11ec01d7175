package synapse

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	// replayMax bounds the proofs remembered per generation. Checking that many signatures takes half a minute of a core, so
	// a flood meets the processor before it meets this bound.
	replayMax = 1 << 17
	// replayPeriod is the length of a generation: a proof dated now + MaxSkew stays valid for 2 x MaxSkew.
	replayPeriod = uint64(2 * MaxSkew / time.Second)
)

// replays remembers dated proofs in two generations, so that forgetting costs nothing: an entry lives between one and two
// periods, longer than its proof is valid.
type replays struct {
	mu       sync.Mutex
	max      int
	rotated  uint64 // unix seconds of the last rotation
	now, old map[[16]byte]struct{}
}

func newReplays(maxEntries int) *replays {
	return &replays{max: maxEntries, now: map[[16]byte]struct{}{}, old: map[[16]byte]struct{}{}}
}

// use records a proof at this unix time; ErrProofReplayed if it was recorded before, ErrProofBusy if there is no room.
func (r *replays) use(p *proof, unix uint64) error {
	sum := sha256.Sum256(append(p.key[:], p.nonce[:]...))
	id := [16]byte(sum[:16])
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rotate(unix)
	_, inNow := r.now[id]
	_, inOld := r.old[id]
	if inNow || inOld {
		return ErrProofReplayed
	}
	if len(r.now) >= r.max {
		return ErrProofBusy
	}
	r.now[id] = struct{}{}
	return nil
}

func (r *replays) rotate(unix uint64) {
	if unix < r.rotated+replayPeriod {
		return
	}
	if unix >= r.rotated+2*replayPeriod {
		clear(r.now) // nothing was recorded for a whole generation
	}
	r.old, r.now = r.now, r.old
	clear(r.now)
	r.rotated = unix
}

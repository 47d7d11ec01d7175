package pow

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/sha3"
)

// batch is how many nonces a worker tries before it looks whether to stop: about a millisecond.
const batch = 4096

// Solver searches for nonces. The zero value uses every core.
type Solver struct {
	// Workers is the number of goroutines that hash; 0 means one for each core that Go may use.
	Workers int
	// Progress, if set, is told the hashes done so far, every few thousand of them, one call at a time, from a worker's
	// goroutine. A slow callback holds up one worker.
	Progress func(hashes uint64)
}

// Solution is a nonce that solves a challenge.
type Solution struct {
	Nonce uint64
	Seal  Seal
	// Hashes is how many nonces were tried, by all workers.
	Hashes uint64
}

// Solve tries the nonces start, start+1, ... (after 2^64-1 comes 0) until one solves the challenge at a difficulty or stop is closed; a nil
// stop never stops. With one worker the solution is the first one; several workers search side by side, and the
// first to find one wins. All workers have ended when it
// returns. It fails with ErrStopped, ErrDifficulty or ErrChallenge.
func (s Solver) Solve(stop <-chan struct{}, c Challenge, d Difficulty, start uint64) (Solution, error) {
	if d == 0 {
		return Solution{}, ErrDifficulty
	}
	if err := c.Validate(); err != nil {
		return Solution{}, err
	}
	workers := s.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	hashers := make([]*hasher, workers)
	for i := range hashers {
		h, err := newHasher(c.prefix())
		if err != nil {
			return Solution{}, err
		}
		hashers[i] = h
	}
	run := search{stop: stop, goal: targetOf(d), start: start, progress: s.Progress, found: make(chan Solution, 1)}
	var wg sync.WaitGroup
	for _, h := range hashers {
		wg.Go(func() { run.work(h) })
	}
	wg.Wait()
	select {
	case solution := <-run.found:
		solution.Hashes = run.hashes.Load()
		return solution, nil
	default:
		return Solution{}, fmt.Errorf("after %d hashes: %w", run.hashes.Load(), ErrStopped)
	}
}

// search is what the workers of one Solve share.
type search struct {
	stop     <-chan struct{}
	goal     target
	start    uint64
	progress func(uint64)

	next      atomic.Uint64 // nonces handed out so far, counted from start
	hashes    atomic.Uint64
	done      atomic.Bool
	reporting sync.Mutex
	found     chan Solution // holds the first solution
}

func (r *search) work(h *hasher) {
	for !r.done.Load() {
		select {
		case <-r.stop:
			return
		default:
		}
		first := r.start + r.next.Add(batch) - batch
		tried, solved := h.try(first, &r.goal)
		r.hashes.Add(tried)
		if solved {
			r.done.Store(true)
			select {
			case r.found <- Solution{Nonce: first + tried - 1, Seal: h.seal}:
			default: // another worker was first
			}
			return
		}
		r.report()
	}
}

func (r *search) report() {
	if r.progress == nil || !r.reporting.TryLock() {
		return
	}
	defer r.reporting.Unlock()
	r.progress(r.hashes.Load())
}

// hasher computes the seals of one challenge without allocating: it takes up SHA-256 where the prefix left it, so that a nonce
// costs one SHA-256 block (two if the nonce lies across a block's end) and one Keccak permutation.
type hasher struct {
	midstate []byte
	inner    resumable
	outer    sponge
	nonce    [nonceLen]byte
	sum      [sha256.Size]byte
	seal     Seal
}

type resumable interface {
	hash.Hash
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

// sponge is a hash whose digest can be read without the copy of its state that Sum makes.
type sponge interface {
	hash.Hash
	io.Reader
}

func newHasher(prefix []byte) (*hasher, error) {
	inner, ok := sha256.New().(resumable)
	if !ok {
		return nil, errors.New("sha256 does not save its state")
	}
	outer, ok := sha3.NewLegacyKeccak256().(sponge)
	if !ok {
		return nil, errors.New("keccak256 cannot be read from")
	}
	inner.Write(prefix)
	midstate, err := inner.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("save the state of sha256: %w", err)
	}
	// A state that loads once loads always, so that the search need not look at the error.
	if err := inner.UnmarshalBinary(midstate); err != nil {
		return nil, fmt.Errorf("load the state of sha256: %w", err)
	}
	return &hasher{midstate: midstate, inner: inner, outer: outer}, nil
}

// try hashes up to batch nonces from first on and stops behind the first that meets the goal; its seal is then in h.seal.
func (h *hasher) try(first uint64, goal *target) (tried uint64, solved bool) {
	if wide {
		return h.tryWide(first, goal)
	}
	return h.tryEach(first, goal)
}

func (h *hasher) tryEach(first uint64, goal *target) (tried uint64, solved bool) {
	for tried < batch {
		h.hash(first + tried)
		tried++
		if binary.BigEndian.Uint64(h.seal[:]) <= goal[0] && goal.admits(&h.seal) {
			return tried, true
		}
	}
	return tried, false
}

// hash leaves the seal of a nonce in h.seal.
func (h *hasher) hash(nonce uint64) {
	h.hashInner(nonce)
	h.outer.Reset()
	h.outer.Write(h.sum[:])
	_, _ = h.outer.Read(h.seal[:])
}

// hashInner leaves the SHA-256 hash of the message with a nonce in h.sum.
func (h *hasher) hashInner(nonce uint64) {
	_ = h.inner.UnmarshalBinary(h.midstate)
	binary.LittleEndian.PutUint64(h.nonce[:], nonce)
	h.inner.Write(h.nonce[:])
	h.inner.Sum(h.sum[:0])
}

package miner

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/pow"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
)

// workFor is how long to work on one block hash. The chain knows the last 30, so even at half a second a block the work arrives
// in time. Nothing is lost by starting anew: every hash has the same chance.
const workFor = 8 * time.Second

// After a refusal the chain gets a moment before it is asked again; that many refusals are more than bad luck.
const afterRefusal, mostRefusals = 200 * time.Millisecond, 10

// longest is the greatest time that Work.Expected gives: what takes longer does not end.
const longest = 100 * 365 * 24 * time.Hour

// Work is how a registration by proof of work goes.
type Work struct {
	Difficulty uint64        // hashes that are expected
	Hashes     uint64        // done so far, over all block hashes
	Rate       float64       // hashes per second
	Expected   time.Duration // until half of all searches of this rate have ended
	Done       bool          // solved and taken by the chain
	UID        gotensor.UID  // valid when Done
}

// register takes a uid by proof of work.
func (m *miner) register(ctx context.Context) error {
	if m.cfg.NoRegister {
		return fmt.Errorf("%w: %s on subnet %d", ErrNotRegistered, keys.Account(m.cfg.Key.Address()), m.cfg.NetUID)
	}
	err := Register(ctx, Registration{
		Chain: m.cfg.Chain, Key: m.cfg.Key, Coldkey: m.cfg.Coldkey, NetUID: m.cfg.NetUID, Progress: m.cfg.Progress,
	})
	if err != nil {
		return err
	}
	now, err := m.cfg.Chain.Status(ctx)
	m.since = now.Height
	return err
}

// Registration is what Register needs. All but Progress is required.
type Registration struct {
	Chain    *chain.Client
	Key      keys.PrivateKey // the hotkey; it may own nothing and have no account
	Coldkey  gotensor.Address
	NetUID   gotensor.NetUID
	Progress func(Work)
}

// Register searches for a proof of work on all cores until the hotkey has a uid, or ctx ends, or registration is closed
// (ErrClosed, and why). A proof that comes too late, or that a rise of the difficulty has overtaken, is searched anew. A hotkey
// that has a uid already, or gets one in another way meanwhile, is registered as well, unless another coldkey is paid for it
// (ErrColdkey).
func Register(ctx context.Context, r Registration) error {
	status, err := r.Chain.Status(ctx)
	if err != nil {
		return err
	}
	s := search{Registration: r, chainID: status.ChainID, began: time.Now()}
	for {
		if done, err := s.registered(ctx); done || err != nil {
			return err
		}
		q, err := r.Chain.Registration(ctx, r.NetUID)
		if err != nil {
			return err
		}
		if !q.Open || !q.PowOpen {
			return fmt.Errorf("%w: %w: subnet %d takes none by work now: %s", ErrNotRegistered, ErrClosed, r.NetUID, q.ClosedBecause)
		}
		nonce, err := s.solve(ctx, q)
		if errors.Is(err, pow.ErrStopped) && ctx.Err() == nil {
			continue // the block hash grows old
		}
		if err != nil {
			return err
		}
		err = s.submit(ctx, q, nonce)
		var refused *chain.TxError
		if errors.As(err, &refused) {
			// Overtaken by another newcomer, a new difficulty or a full block: what the chain says next decides.
			if err := wait.Sleep(ctx, afterRefusal); err != nil {
				return err
			}
			if s.refusals++; s.refusals < mostRefusals {
				continue
			}
		}
		if err != nil {
			return err
		}
	}
}

// registered tells whether the hotkey has a uid, and says so if it has. It fails with ErrColdkey.
func (s *search) registered(ctx context.Context) (bool, error) {
	n, err := s.Chain.Neuron(ctx, s.NetUID, s.Key.Address())
	switch {
	case errors.Is(err, chain.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case n.Neuron.Coldkey != keys.Account(s.Coldkey):
		return false, otherColdkey(s.NetUID, n.Neuron.Coldkey, s.Coldkey)
	}
	s.tell(Work{Difficulty: s.difficulty, Hashes: s.before, Done: true, UID: gotensor.UID(n.Neuron.Uid)})
	return true, nil
}

// otherColdkey is the error where the work of this hotkey would pay a coldkey that was not asked for.
func otherColdkey(netuid gotensor.NetUID, paid string, ours gotensor.Address) error {
	return fmt.Errorf("%w: subnet %d pays %s, you gave %s: give that coldkey if the pay shall go there, or use another hotkey",
		ErrColdkey, netuid, paid, keys.Account(ours))
}

type search struct {
	Registration
	chainID    string
	began      time.Time
	difficulty uint64 // of the latest search
	before     uint64 // hashes done on earlier block hashes
	refusals   int
}

// solve searches on one block hash for a while.
func (s *search) solve(ctx context.Context, q *neuron.QueryRegistrationResponse) (uint64, error) {
	c := pow.Challenge{ChainID: s.chainID, NetUID: s.NetUID, Hotkey: s.Key.Address(), Coldkey: s.Coldkey}
	if len(q.BlockHash) != pow.HashLen {
		return 0, fmt.Errorf("%w: block hash of %d bytes", chain.ErrBadAnswer, len(q.BlockHash))
	}
	copy(c.BlockHash[:], q.BlockHash)
	s.difficulty = q.Difficulty
	wctx, cancel := context.WithTimeout(ctx, workFor)
	defer cancel()
	done := uint64(0)
	solver := pow.Solver{Progress: func(hashes uint64) {
		done = hashes
		s.tell(Work{Difficulty: q.Difficulty, Hashes: s.before + hashes})
	}}
	// A random start keeps two processes with one key from doing the same work.
	found, err := solver.Solve(wctx.Done(), c, pow.Difficulty(q.Difficulty), rand.Uint64())
	s.before += max(done, found.Hashes)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	return found.Nonce, err
}

func (s *search) submit(ctx context.Context, q *neuron.QueryRegistrationResponse, nonce uint64) error {
	msg, err := chain.RegisterPow(&neuron.MsgRegisterPow{
		Hotkey: keys.Account(s.Key.Address()), Coldkey: keys.Account(s.Coldkey), Netuid: uint32(s.NetUID), BlockHeight: q.Height, Nonce: nonce,
	})
	if err != nil {
		return err
	}
	if _, err := s.Chain.Sender(s.Key).Send(ctx, msg); err != nil {
		return fmt.Errorf("register by proof of work: %w", err)
	}
	return nil
}

func (s *search) tell(w Work) {
	if s.Progress == nil {
		return
	}
	if seconds := time.Since(s.began).Seconds(); seconds > 0 {
		w.Rate = float64(w.Hashes) / seconds
	}
	if w.Rate > 0 {
		// The search forgets: half of all searches take ln 2 of the expected hashes from now on.
		const ln2 = 0.693
		w.Expected = time.Duration(min(ln2*float64(w.Difficulty)/w.Rate, longest.Seconds()) * float64(time.Second))
	}
	s.Progress(w)
}

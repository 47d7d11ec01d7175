package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// side is one of the two ways whose speed is compared, and what was measured of it so far.
type side struct {
	conn        grpc.ClientConnInterface
	query       *wrapperspb.BytesValue
	concurrency int

	took    latencies // of the answers
	answers atomic.Uint64
	failed  failure

	elapsed              time.Duration
	clientCPU, serverCPU time.Duration
	wire                 uint64
}

func newSide(conn grpc.ClientConnInterface, payload, concurrency int) *side {
	return &side{conn: conn, query: newQuery(payload), concurrency: concurrency, took: newLatencies()}
}

// rate is answers per second.
func (s *side) rate() float64 {
	if s.elapsed <= 0 {
		return 0
	}
	return float64(s.answers.Load()) / s.elapsed.Seconds()
}

// each divides by the number of answers.
func (s *side) each(total float64) float64 {
	if n := s.answers.Load(); n > 0 {
		return total / float64(n)
	}
	return 0
}

// slice drives the side for a while and adds up what that cost both processes.
func (s *side) slice(ctx context.Context, p *peer, d time.Duration) error {
	served, err := p.usage()
	if err != nil {
		return err
	}
	used, err := cpuTime()
	if err != nil {
		return err
	}
	s.drive(ctx, d)
	if err := ctx.Err(); err != nil {
		return err
	}
	usedNow, err := cpuTime()
	if err != nil {
		return err
	}
	servedNow, err := p.usage()
	if err != nil {
		return err
	}
	s.clientCPU += usedNow - used
	s.serverCPU += servedNow.CPU - served.CPU
	s.wire += servedNow.Wire - served.Wire
	return nil
}

// drive lets all askers ask for d; the time until the last answer counts too.
func (s *side) drive(ctx context.Context, d time.Duration) {
	began := time.Now()
	end := began.Add(d)
	var askers sync.WaitGroup
	for asker := range s.concurrency {
		askers.Go(func() {
			for now := time.Now(); now.Before(end) && ctx.Err() == nil; {
				now = s.ask(ctx, asker, now)
			}
		})
	}
	askers.Wait()
	s.elapsed += time.Since(began)
}

// ask makes one query and returns when it ended.
func (s *side) ask(ctx context.Context, asker int, began time.Time) time.Time {
	res, err := echo(ctx, s.conn, s.query)
	now := time.Now()
	if err == nil && len(res.GetValue()) != len(s.query.GetValue()) {
		err = fmt.Errorf("an echo of %d bytes came back with %d", len(s.query.GetValue()), len(res.GetValue()))
	}
	if err != nil {
		s.failed.add(err)
		return now
	}
	s.answers.Add(1)
	s.took.record(asker, now.Sub(began))
	return now
}

package route

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/metagraph"
)

// ErrConfig is returned by New for a Config that cannot work.
var ErrConfig = errors.New("route configuration")

// Config describes a Router. NetUID, Follow and Dial are required; every other zero value means its default.
type Config struct {
	NetUID gotensor.NetUID
	// Follow calls fn with each new snapshot of the subnet until ctx ends, and waits for a node that does not answer:
	// chain.Client.Follow for one netuid.
	Follow func(ctx context.Context, fn func(*metagraph.Metagraph) error) error
	// Dial connects to a neuron: dendrite.Client.To.
	Dial func(dendrite.Target) grpc.ClientConnInterface
	// SnapshotFile keeps the newest snapshot, so that a gateway that starts while no node answers serves all the same; empty: none.
	SnapshotFile string
	// SaveEvery bounds how often SnapshotFile is written (30 s).
	SaveEvery time.Duration
	// HedgeAfter is how long a neuron of which little is known may take before a second one is asked too (1 s). Of the others
	// it is known how long they take.
	HedgeAfter time.Duration
	// HedgeShare is the most hedges per call on average, 0..1 (0.1); negative: no hedges.
	HedgeShare float64
	// FirstPieceTimeout is how long one neuron may take to the first piece (12 s), StallTimeout how long between two pieces (15 s).
	FirstPieceTimeout, StallTimeout time.Duration
	// Patience is how long a call waits while neurons that would do have no room (5 s); negative: it fails at once, as where all are down.
	Patience time.Duration
	// MaxTries is how many neurons may fail one call after they had begun to work on it (3). Those that cannot be reached or
	// have no room do not count: up to 16 are asked in all.
	MaxTries int
	// MaxRunning bounds the answers under way from one neuron (1024).
	MaxRunning int
	// RefreshEvery is how often neurons are asked what they can do (5 min), RefreshParallel how many at a time (64).
	RefreshEvery    time.Duration
	RefreshParallel int
	// Rand is uniform in [0, 1); it is called by many goroutines (rand.Float64).
	Rand func() float64
	Log  *slog.Logger // nil: silent
}

// The least time after which a neuron is called slow.
const leastHedge = 200 * time.Millisecond

func (c *Config) check() error {
	switch {
	case c.NetUID == 0:
		return fmt.Errorf("%w: NetUID is 0, subnets count from 1", ErrConfig)
	case c.Follow == nil:
		return fmt.Errorf("%w: Follow is nil, must be chain.Client.Follow for the subnet", ErrConfig)
	case c.Dial == nil:
		return fmt.Errorf("%w: Dial is nil, must be dendrite.Client.To", ErrConfig)
	case c.HedgeShare > 1:
		return fmt.Errorf("%w: HedgeShare is %v, must be at most 1: one hedge per call", ErrConfig, c.HedgeShare)
	}
	for _, f := range []struct {
		name  string
		value time.Duration
	}{
		{"SaveEvery", c.SaveEvery},
		{"HedgeAfter", c.HedgeAfter},
		{"FirstPieceTimeout", c.FirstPieceTimeout},
		{"StallTimeout", c.StallTimeout},
		{"RefreshEvery", c.RefreshEvery},
	} {
		if f.value < 0 {
			return fmt.Errorf("%w: %s is %v, must be positive, or 0 for the default", ErrConfig, f.name, f.value)
		}
	}
	for _, f := range []struct {
		name  string
		value int
	}{{"MaxTries", c.MaxTries}, {"MaxRunning", c.MaxRunning}, {"RefreshParallel", c.RefreshParallel}} {
		if f.value < 0 {
			return fmt.Errorf("%w: %s is %d, must be positive, or 0 for the default", ErrConfig, f.name, f.value)
		}
	}
	def(&c.SaveEvery, 30*time.Second)
	def(&c.HedgeAfter, time.Second)
	def(&c.HedgeShare, 0.1)
	def(&c.FirstPieceTimeout, 12*time.Second)
	def(&c.StallTimeout, 15*time.Second)
	def(&c.Patience, 5*time.Second)
	def(&c.MaxTries, 3)
	def(&c.MaxRunning, 1024)
	def(&c.RefreshEvery, 5*time.Minute)
	def(&c.RefreshParallel, 64)
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

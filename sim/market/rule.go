package market

import (
	"math"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/price"
)

const (
	blockSeconds  = 2
	blocksPerDay  = 24 * 3600 / blockSeconds
	blocksPerHour = 3600 / blockSeconds
	// interval is x/subnet's adjustment_interval and perInterval three times its target_registrations_per_interval.
	interval    = 1200 / blockSeconds
	perInterval = 3 * 2
)

// rule is how a subnet sells slots, at most one in a block.
type rule interface {
	// price in TAO in a block; blocks are asked for in ascending order.
	price(block int) float64
	// open tells whether the cap of the interval leaves a slot in the block.
	open(block int) bool
	// sold hears that the slot of a block was sold.
	sold(block int)
}

// curve is the chain's: package price, and the cap of the interval as x/neuron counts it.
type curve struct {
	price.Curve
	last          gotensor.Rao
	at            int
	start, inside int
}

func newCurve(halfLifeMinutes, factor, start float64) *curve {
	return &curve{
		Curve: price.Curve{
			Min: 500_000, Max: 1_000_000 * gotensor.RaoPerTAO,
			HalfLife: gotensor.Block(math.Round(halfLifeMinutes * 60 / blockSeconds)), Factor: uint32(math.Round(factor * price.One)),
		},
		last: gotensor.Rao(start * float64(gotensor.RaoPerTAO)),
	}
}

func (c *curve) now(block int) gotensor.Rao { return c.After(c.last, gotensor.Block(block-c.at)) }

func (c *curve) price(block int) float64 { return float64(c.now(block)) / float64(gotensor.RaoPerTAO) }

func (c *curve) open(block int) bool {
	if block-c.start >= interval {
		c.start, c.inside = block-block%interval, 0
	}
	return c.inside < perInterval
}

func (c *curve) sold(block int) {
	c.last, c.at = c.Jump(c.now(block)), block
	c.inside++
}

// window is the rule of the peers' first years: the price stands for an interval and then moves by x (n + target) / (2 target)
// for n slots sold, at most three times the target. With steady set it never moves.
type window struct {
	tao    float64
	length int
	target int
	steady bool
	start  int
	inside int
}

func (w *window) price(block int) float64 {
	for block-w.start >= w.length {
		if !w.steady {
			w.tao = max(w.tao*float64(w.inside+w.target)/float64(2*w.target), 0.0005)
		}
		w.start, w.inside = w.start+w.length, 0
	}
	return w.tao
}

func (w *window) open(int) bool { return w.inside < 3*w.target }

func (w *window) sold(int) { w.inside++ }

// flow is how many slots a day a curve sells while its price neither rises nor falls in the long run: each sale raises it by
// log2(factor) half-lives.
func flow(halfLifeMinutes, factor float64) float64 {
	return 24 * 60 / (halfLifeMinutes * math.Log2(factor))
}

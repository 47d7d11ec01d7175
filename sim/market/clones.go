package market

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gotensor/gotensor/price"
	"github.com/gotensor/gotensor/sim"
)

// Clones is the experiment: one owner serves one model under many uids, each with noise of its own, so that nobody sees that they are
// copies. What a clone earns, as a share of an honest pay, comes from experiment text-copies.
type Clones struct {
	Seed      uint64    `json:"seed" help:"seed of all chance"`
	Days      []float64 `json:"days" help:"days after the farm's start at which its pay is compared with its costs, ascending"`
	Warmup    int       `json:"warmup" help:"days before the farm comes"`
	Slots     int       `json:"slots" help:"slots of the subnet"`
	Pot       float64   `json:"pot" help:"TAO for miners per epoch"`
	ClonePay  float64   `json:"clone_pay" help:"what a clone is paid before upkeep, as a share of its model's pay; in text-copies normal noise gets 0.69, noise that clones agree upon 0.83"`
	Noise     float64   `json:"noise" help:"relative standard deviation of the pay of equals in one epoch"`
	Spread    float64   `json:"spread" help:"standard deviation of honest models' gain over its mean; pay goes with the square"`
	Few       int       `json:"few" help:"honest miners of the subnet with room"`
	FewADay   float64   `json:"few_a_day" help:"honest newcomers a day there"`
	FullADay  float64   `json:"full_a_day" help:"honest newcomers a day of the full subnet"`
	StayDays  float64   `json:"stay_days" help:"days after which an honest miner leaves, on average"`
	Horizon   float64   `json:"horizon" help:"days of pay that somebody is ready to pay for beforehand, if nobody takes the slot"`
	Counts    []int     `json:"counts" help:"clones that a farm registers at once"`
	Upkeep    int       `json:"upkeep" help:"thousandths of the best pay that each uid pays an epoch: what the numbers are about"`
	Upkeeps   []int     `json:"upkeeps" help:"the same, compared"`
	ClonePays []float64 `json:"clone_pays" help:"clone_pay, compared with upkeeps"`
}

// DefaultClones has the worst noisy clone known, and the upkeep under which it earns less than it costs.
func DefaultClones() *Clones {
	return &Clones{
		Seed: 1, Days: []float64{1, 7, 30, 90}, Warmup: 10, Slots: 256, Pot: 137, ClonePay: 0.83, Noise: 0.03, Spread: 0.1, Few: 40, FewADay: 0.7,
		FullADay: 40, StayDays: 60, Horizon: 30, Counts: []int{1, 10, 50, 200}, Upkeep: 970,
		Upkeeps: []int{0, 300, 400, 500, 600, 700, 800, 850, 900, 925, 950, 970}, ClonePays: []float64{0.3, 0.55, 0.69, 0.75, 0.8, 0.83},
	}
}

// Validate fails with sim.ErrConfig.
func (c *Clones) Validate() error {
	if !slices.IsSorted(c.Days) {
		return fmt.Errorf("%w: days is %v, want ascending", sim.ErrConfig, c.Days)
	}
	return cmp.Or(
		sim.Within("days", 0.1, 365, c.Days...),
		sim.Within("warmup", 1, 100, float64(c.Warmup)),
		sim.Within("slots", 16, 4096, float64(c.Slots)),
		sim.Within("pot", 0.01, 1e6, c.Pot),
		sim.Within("clone_pay", 0.01, 1, c.ClonePay),
		sim.Within("noise", 0, 0.5, c.Noise),
		sim.Within("spread", 0, 0.5, c.Spread),
		sim.Within("few", 2, float64(c.Slots-1), float64(c.Few)),
		sim.Within("few_a_day", 0, 1000, c.FewADay),
		sim.Within("full_a_day", 0, 1000, c.FullADay),
		sim.Within("stay_days", 1, 1e6, c.StayDays),
		sim.Within("horizon", 0.1, 1e6, c.Horizon),
		sim.Within("counts", 1, 4096, floats(c.Counts)...),
		sim.Within("upkeep", 0, price.MaxUpkeep, float64(c.Upkeep)),
		sim.Within("upkeeps", 0, price.MaxUpkeep, floats(c.Upkeeps)...),
		sim.Within("clone_pays", 0.01, 1, c.ClonePays...),
	)
}

func floats(of []int) []float64 {
	out := make([]float64, len(of))
	for i, x := range of {
		out[i] = float64(x)
	}
	return out
}

// terms are what a subnet asks of those who hold slots.
type terms struct {
	name   string
	upkeep int     // thousandths of the best pay, each epoch
	floor  float64 // the price is never below that many times the best pay of an epoch
	lease  int     // epochs after which a registration is to be paid again; 0: never
	factor float64 // what a registration multiplies the price by; 0: the chain's
	most   float64 // highest price, TAO; 0: the chain's
}

// tactic is how a farm registers clones.
type tactic struct {
	name    string
	farms   int
	count   int  // clones of each farm
	patient bool // waits until the price is near its floor
	again   bool // registers anew what was pruned
	wise    bool // counts what the rule leaves, and what clones take from each other; others believe in clone_pay
}

func (c *Clones) tactics() []tactic {
	var out []tactic
	for _, n := range c.Counts {
		out = append(out, tactic{name: fmt.Sprint(n, " at once"), farms: 1, count: n})
	}
	most := c.Counts[len(c.Counts)-1]
	return append(out,
		c.trickle(),
		tactic{name: "again", farms: 1, count: max(1, most/4), again: true},
		tactic{name: "five farms", farms: 5, count: c.Slots, again: true},
		tactic{name: "five wise farms", farms: 5, count: c.Slots, again: true, wise: true},
	)
}

// trickle is a farm that waits for the lowest price.
func (c *Clones) trickle() tactic {
	return tactic{name: "trickle", farms: 1, count: c.Counts[len(c.Counts)-1], patient: true}
}

// Package catalog lists every experiment of package sim, for those who offer or run them all: `gotensor sim`, the tests that
// hold them to their bounds, and docs/paper.
//
// Start at All.
package catalog

import (
	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/sim/arena"
	"github.com/gotensor/gotensor/sim/economy"
	"github.com/gotensor/gotensor/sim/market"
	"github.com/gotensor/gotensor/sim/retention"
	"github.com/gotensor/gotensor/sim/scoring"
	"github.com/gotensor/gotensor/sim/tune"
)

// All returns the experiments with their default parameters, in the order of the paper. The caller may change them.
func All() []sim.Experiment {
	return []sim.Experiment{
		retention.Default(), retention.DefaultPublished(),
		arena.NewCabal(), arena.NewCopying(), arena.NewWithheld(), arena.NewUnder(),
		arena.NewHopping(), arena.NewBribery(), arena.NewAbsent(), arena.NewRootCabal(),
		market.Default(), market.DefaultClones(),
		economy.DefaultRules(),
		economy.DefaultSupply(),
		tune.Default(),
		scoring.DefaultTwoFaced(),
		scoring.DefaultOrder(), scoring.DefaultBoasting(), scoring.DefaultMemoriser(), scoring.DefaultAbstain(), scoring.DefaultCopies(), scoring.DefaultRelay(),
		scoring.DefaultModels(),
	}
}

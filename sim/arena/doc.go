// Package arena plays attacks on consensus over many epochs: validators with stake judge miners whose quality moves, commit and
// reveal by the chain's rules, and the network's own epoch (package yuma) pays.
//
// A period of World.Step runs in this order:
//
//	change    Config.Change may alter stake, quality, registrations; then Config.Move moves the quality of miners
//	measure   each validator gets its own noisy measure of each miner
//	reveal    who committed in the period before may reveal: first the prompt, then the late, who see what the prompt revealed; by uid
//	commit    each validator with a permit may commit to a row; it sees everything revealed so far
//	boundary  a commitment that was not revealed is dealt with by Config.Missed; the epoch pays by the rows in force
//
// So a row counts a period after it was decided, and its age is that of its commitment. With Config.Open there are no
// commitments: rows are set in the open and count at once, the late see those of the prompt. Uids 0..V-1 are the validators'
// (Config.Seats), V..N-1 the miners'. Stake is in rao, quality in any unit: the fair pay of a miner is its share of all quality.
//
// An attack is a Strategy in some seats. A validator that pays its own miner alone:
//
//	type selfish struct{ arena.Prompt } // Prompt reveals whatever it committed
//
//	func (selfish) Row(v *arena.View, row []float64) bool {
//		clear(row)             // one weight per uid, in any scale
//		row[v.First+3] = 1     // View.First is the uid of the first miner
//		return true            // false: commit nothing this period
//	}
//
//	w, err := arena.New(arena.Config{
//		Params:  arena.DefaultParams(),
//		Seats:   append(arena.Seats(30, 1000*arena.TAO, arena.Honest{}), arena.Seat{Stake: 9000 * arena.TAO, Strategy: selfish{}}),
//		Quality: arena.Levels(64, 1, 3), Noise: 0.2, Seed: 1,
//	})
//	err = w.Run(ctx, 100)
//	w.Past.Dividends(0, 100, []int{30}) // its share of all dividends over the epochs 0 to 99
//
// Everything follows from Config.Seed. Each validator's noise has a stream of its own, so two worlds that differ in a strategy see
// the same noise and can be compared without chance between them.
//
// Start at Config, New and World.Run; attacks are in the other files, one Experiment each.
package arena

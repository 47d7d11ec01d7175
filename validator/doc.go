// Package validator is the role that judges: it asks miners round after round, remembers how useful they were, and puts its
// judgement on the chain by commit and reveal.
//
// Two loops share nothing but the latest row of weights. The judging loop (rounds.go) takes a snapshot of the metagraph, asks
// the neurons that serve through a dendrite, saves the judge's state and works the row out. The weights loop (weights.go) looks
// at each new block: it reveals what was committed in the period before, and in the second half of a period it commits to the
// latest row. Salts are on disk before a commitment leaves, so a validator that is killed at any moment goes on where it was. What
// the chain refuses for good is given up for the period. One validator works in a home: a second one is refused.
//
// The role knows nothing of what is judged: that is a mechanism.Judge. It needs the hotkey alone; Prepare, which makes the
// staking validator and appoints the hotkey, is the only place that takes the coldkey.
//
// Start at Run.
package validator

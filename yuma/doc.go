// Package yuma is the epoch of a subnet: it turns what validators say about miners, and the stake behind them, into pay.
//
// An epoch is a pure function of its Input. Its stages run in this order:
//
//	stake      a neuron's rao become its share of all stake; only permitted, active stake has a say
//	permits    the largest stakes get the permits that count in the next epoch
//	weights    rows without permit, self-weights and weights set before their target registered are dropped; each row is made to sum to one
//	consensus  per uid the weight that a kappa majority of stake supports, a stake-weighted median; weights above it are clipped.
//	           vtrust is what remains of a validator's row, incentive a miner's share of the clipped, stake-weighted sum
//	bonds      a moving average of each validator's weights: who backed a miner early holds more of it. Classic and Yuma3 differ
//	           in scale and memory; with Yuma3, liquid alpha sets the average's speed per bond
//	shares     dividends are the incentive of the miners a validator is bonded to; emission is divided by incentive and dividends
//
// The result equals, bit for bit, what the production epoch of subtensor computes (commit 14bc6f9 of 2026-06-30, one mechanism), roundings
// and oddities included: package fixed holds the arithmetic, test/vectors/yuma the proof. The mathematics is that of the Yuma
// consensus paper of the same project.
//
// Epoch computes one epoch. A Workspace computes many without allocating; it belongs to one goroutine. Nothing here uses clocks, randomness,
// floating point or the order of a map, so that all nodes agree.
//
// Most of the time goes into divisions, which multiplications by reciprocals replace, and into passes over rows: fixed.Reciprocal, transpose.go
// and classic.go say how they are kept short. The tests compare with an epoch that is written down without any of that.
//
// Start at Epoch, Input and Output.
package yuma

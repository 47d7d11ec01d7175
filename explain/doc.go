// Package explain answers why a neuron earned what it earned: it computes an epoch once more, from what the chain read, and takes the
// result apart for one uid.
//
//	Run       replays an epoch; Replay.Check compares it with what the chain stored
//	Account   the terms behind one uid's pay: who weighed it, what was clipped, bonds, dividends, places among peers
//	Compare   what changed since the epoch before, split by cause
//	Apply     the same epoch with other parameters, weights or stakes: what if
//	Figures   charts of an account
//
// Terms are the epoch's own fixed-point numbers, traced by package yuma, not estimates: the terms of a sum add up to it, and each result
// is the chain's to the bit. Pay itself is rounded down once, at the end; where it is divided among those it came from, the parts
// are in proportion to their terms, and the largest takes the rao that rounding leaves, so that they too add up.
//
// The package is pure: it reads no clock, no network and no file. Start at Run.
package explain

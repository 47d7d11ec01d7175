// Package score judges the answers of text miners: how many nats an answer gains over the validator's own reference model.
//
// A round asks every miner the same items. An item is a context and a hidden continuation (the truth) of 16 bytes. An answer
// lists candidate continuations, as bytes, with the probability that each is the longest one listed with which the text goes
// on, and a floor: the probability that none is. Honest probabilities are a miner's best answer, whatever its tokenizer.
//
// Flow of a round:
//
//	Answer.Begin, Add, End (or Load)    check one answer to one item as it arrives; the first failure is its Verdict
//	NewScorer(settings, reference)      once per validator
//	Scorer.Round(items, replies)        the Gain of every reply on every item
//	Board.Observe(scores...)            of all groups asked: moving means by miner and stratum, copies, silence; what is shown, not paid
//	Board.Weights(keys)                 shares of the pay
//	Row(uids, weights, limits)          what the chain takes, or an error that says why no weights are set
//	Board.Encode, LoadBoard             the board survives a restart
//
// Miners use Split and Disjoint to turn what a model says into a list that always passes the checks.
//
// Everything is pure: no clock, no randomness, no I/O. Logarithms are natural, sums run in list order, floats are 64 bit.
// Start at Scorer.Round; the rule itself is in gain.go. The rule of November 2022 is in the sub-package compat.
package score

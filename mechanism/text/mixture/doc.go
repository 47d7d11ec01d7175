// Package mixture makes several miners of text one model: the network writes together, each miner with the weight of what the chain
// pays it.
//
// Flow: Mixture.Generate picks the neurons that earn most, asks all of them at each step how the text goes on (Predict), mixes their
// answers by Mix, draws a phrase by Sampling and goes on behind it. Mixture.Step is one such step for people to look at.
//
// Mix is the pure part. Miners answer with lists of byte strings of their own, so that one knows "the" where another knows "t" and "th";
// the same probability means 'the text goes on with this and with nothing longer of my list'. So each answer cuts the
// possible continuations into events. In the mixture an event of one miner is cut further where the others' lists are finer, in the
// proportions in which these others believe: a miner says how probable its event is, and leaves to the others what happens within it.
// The result has one event for each string that anybody lists, and keeps every miner's probability of every own event.
//
// Start at Mix and New. docs/mixture.md has what it is worth.
package mixture

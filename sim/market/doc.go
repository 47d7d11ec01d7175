// Package market plays the market for slots: bots that watch every block against people who look now and then, under the
// chain's burn price (package price, with the caps of x/neuron), under prices that are fixed for a while, and under proof
// of work (the adjustment of package pow).
//
// Both sides come with wishes: somebody wants one slot, it is worth so much to him, and after some days he gives up.
// Wishes of people and of bots are alike in all but how often their owners look; so whatever bots gain, they gain by
// looking.
//
// Clones plays farms of noisy clones of one model against what their slots cost: under the chain's price, steeper or indexed ones, leases, and upkeep.
//
// Start at Game and Default, and at Clones and DefaultClones.
package market

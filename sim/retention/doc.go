// Package retention plays the two-team game of the Yuma consensus paper: how much an honest majority must agree on to keep its
// share of the emission against a cabal that pays only itself.
//
// Start at Game, Default and Map.
package retention

// Package sim plays the network's games: what honest majorities keep, what attacks earn. It runs the very consensus that the chain
// runs (package yuma) on made-up participants, from a seed: the same numbers on every machine.
//
// Start at Retention.
package sim

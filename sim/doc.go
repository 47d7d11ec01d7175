// Package sim plays the network's games: what honest majorities keep, what attacks earn, what incentive makes. It runs the very
// consensus, prices and scoring that the chain and the validators run (packages yuma, price, mechanism/text/score) on made-up
// participants, from a seed: the same numbers on every machine.
//
// Each game is an Experiment in a package below: retention (the two-team map), arena (attacks on consensus over time), scoring
// (attacks on what validators pay for), economy (what adaptive miners make of a rule), tune (search for hyperparameters). Package
// catalog lists them all; `gotensor sim` and docs/paper run what it lists. What an experiment found is a Report: numbers with
// their bounds, tables, figures.
//
// Start at Experiment and Report.
package sim

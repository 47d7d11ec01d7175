// Package tune searches the hyperparameters of a subnet for what its owner wants of it, under attack.
//
// Flow:
//
//	Point         a subnet's hyperparameters                                           (space.go)
//	measure       what they are worth: the games of sim/retention and sim/arena        (measure.go)
//	Search.Run    a Latin hypercube over the ranges, then steps around the best points (search.go)
//	front         the points that no other one beats in everything that is wanted      (pareto.go)
//
// The result names a recommended point in the units of the chain's schema, and where the chain's defaults stand.
//
// Start at Search.
package tune

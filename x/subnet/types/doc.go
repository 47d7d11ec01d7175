// Package types holds the wire types, the schema of hyperparameters and the pure rules of module subnet.
//
// Start at Schema, the one table of hyperparameters; Hyperparameters is its typed form, Clock.Advance the epoch clock.
package types

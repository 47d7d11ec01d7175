// Package types holds the wire types and the pure rules of module neuron: packed columns, message and genesis validation, and the
// bytes that hotkeys sign.
//
// Start at Columns and Table, their packed and their typed form; AppointBytes, GrantBytes and RegisterBytes are signed by
// hotkeys.
package types

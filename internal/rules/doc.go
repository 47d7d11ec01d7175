// Package rules holds the tests that keep the house in order: which room may import which, that each package says what it is,
// that consensus code has neither floats nor map iteration, and that files stay small. It has no code of its own.
//
// Start at TestImports, whose table is the layering of doc.go in the root.
package rules

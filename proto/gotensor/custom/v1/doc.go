// Package customv1 holds the wire types of the custom mechanism: the name of an operation and JSON go in, JSON comes out. All but this
// file comes from custom.proto; start at CustomClient.
package customv1

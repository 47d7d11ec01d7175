// Package textv1 holds the wire types of the text mechanism: contexts go in, distributions over byte strings come out.
// All but this file comes from text.proto; start at TextClient, and at Prediction for what its numbers mean.
package textv1

// Package axonv1 holds the wire types of what every neuron answers, whatever it serves: who it is and within which limits.
// All but this file comes from axon.proto; start at AxonClient.
package axonv1

// Package bench measures how many queries a second pass between neurons, how long they take and what they cost.
//
// There are two measurements. Loopback needs no chain: it drives an echo on an axon in another process of this machine through a
// dendrite, with proofs on, beside the same echo on plain grpc-go, in alternating slices of one run, so that whatever else the
// machine does hits both alike. Run asks the neurons of a real network in the name of one or several keys at once and tells
// answers, timeouts and refusals apart; what a query is comes from the caller (Config.Call), since this package knows no mechanism.
//
// Both are closed loops: so many askers each wait for one answer before they ask again. A slow neuron is therefore asked less often,
// and percentiles are those of the queries that were made.
//
// Start at Loopback and Run.
package bench

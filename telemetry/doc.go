// Package telemetry is how operators see what a process does: metrics for Prometheus, profiles, and traces for OpenTelemetry. Nothing
// of it is on unless it is asked for, and nothing of it holds prompts, keys or network addresses.
//
// Metrics: Registry makes the registry of a process; Axon and Dendrite turn the counters of those rooms into metrics, and each role adds
// its own collector (miner, validator, gateway, gateway/route). Names are gotensor_<room>_<what>_<unit>; docs/observability.md lists all of
// them, and a test compares that list with what registries gather. Labels come from small fixed sets, methods, or uids. Serve offers them
// at /metrics of an address of its own, and with Config.Pprof profiles at /debug/pprof/.
//
// Traces: StartTraces sets up export by OTLP if the environment names a collector, and gives a provider for the first step of a query
// and handlers for axon and dendrite, which carry W3C's traceparent from neuron to neuron. The steps themselves are marked by
// package internal/span. What others wish to have traced is followed at a limited rate.
//
// Start at Serve and StartTraces.
package telemetry

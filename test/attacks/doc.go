// Package attacks proves the scoring of texts against miners that cheat, on a real network: the chain, validators and miners as processes, and
// attacker, a program that an attacker could write. `make attacks` runs it and prints who earned what; docs/attacks-live.md explains the table.
//
// Flow: network_test.go lays a chain out and runs its processes, cast_test.go says who plays what, attacks_test.go lets them play and
// asks for the promises, table_test.go reads and shows what came of it. GOTENSOR_ATTACKS_OUT names a file for the figures as JSON.
package attacks

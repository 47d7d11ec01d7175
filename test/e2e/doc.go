// Package e2e proves the whole network on real processes over real TCP: a node, validators and miners that `gotensor localnet`
// starts, a miner that joins from outside, and the commands that people type. Nothing in it is simulated.
//
//	make test-e2e
//
// builds both binaries and runs it with the build tag e2e; it takes some minutes. GOTENSOR_BUILD names another folder that holds
// gotensor and gotensord.
//
// One network lives through the whole test, in three runs of one home:
//
//  1. until two epochs have paid (income_test.go);
//  2. with people at work: commands, a newcomer, a miner that falls silent, a validator and the node killed without warning
//     (commands_test.go, newcomer_test.go, crash_test.go), ended by Ctrl-C;
//  3. once more, to see that it goes on where it was (restart_test.go).
//
// A second network is used through its gateway, as applications do, while miners are killed, strangers flood one of them and the chain's
// node stands still (gateway_test.go, flood_test.go). `make soak` keeps a thousand streams running through a third (soak_test.go). In a
// fourth, of `make economy`, owners of miners follow their profit (economy_test.go).
//
// Start at TestNetwork in network_test.go and TestGateway in gateway_test.go. Every wait is bounded, and everything that was started is stopped, also after a failure.
package e2e

// Package pow is registration by proof of work: the seal, its check, a solver for all cores, and the difficulty that keeps the rate of
// registrations near a target.
//
// A newcomer that owns nothing pays for a slot with work. It builds a Challenge from the chain, the subnet, a recent block and its two
// keys, searches for a nonce with a Solver, and sends the nonce; the chain checks it with Challenge.Verify. The chain moves the difficulty
// by Adjustment at the end of each interval. HashRate turns difficulty into the work of the network, and GPUs into cards of a known kind.
//
// The bytes:
//
//	message = len(Tag) u8 | Tag | len(chain id) u8 | chain id | netuid u16 LE | block hash 32 | hotkey 20 | coldkey 20 | nonce u64 LE
//	seal    = keccak256(sha256(message))
//
// A seal solves a difficulty d when, read as a big-endian integer, it is at most floor((2^256-1)/d), so that d hashes are expected.
// Everything but the nonce comes first, so that a solver hashes it once; on processors with AVX-512 it also computes eight outer hashes
// side by side. Both keys are in it, so that nobody can hand in the
// seal of another. keccak256 is the original padding, as Ethereum uses it, not SHA3-256.
//
// Start at Challenge; the solver is Solver.Solve.
package pow

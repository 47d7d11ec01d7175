//go:build e2e

package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
)

// suite is the network under test, and what its steps have seen of it.
type suite struct {
	root *testing.T // of TestNetwork: what outlives a step belongs to it
	bin  string     // folder of the binaries
	home string     // of the network

	network chain.Network
	node    *chain.Client
	wallets *keys.Store

	after   struct{ first, second state } // what each run said at its end
	second  *program                      // the localnet of the second run
	resumed uint64                        // epoch in which it began
	guest   *program                      // the miner from outside
	spent   money                         // what the commands burned
}

// TestNetwork runs its steps in order; later ones rest on what earlier ones left behind, so the first that fails ends it.
func TestNetwork(t *testing.T) {
	s := newSuite(t)
	step := func(name string, f func(*testing.T, *suite)) {
		t.Helper()
		require.True(t, t.Run(name, func(t *testing.T) { f(t, s) }), "the rest needs this step")
	}
	step("first run", firstRun)
	s.second = s.start(t, "--silent-after", "1s")
	s.connect(t)
	step("goes on", goesOn)
	step("newcomer starts", newcomerStarts)
	step("commands", commands)
	step("validator killed", validatorKilled)
	step("silent miner", silentMiner)
	step("newcomer earns", newcomerEarns)
	step("claim", claim)
	step("supply", supplyConserved)
	step("node killed", nodeKilled)
	step("supply after the crash", supplyConserved)
	step("newcomer leaves", newcomerLeaves)
	step("ctrl-c", ctrlC)
	step("started again", startedAgain)
}

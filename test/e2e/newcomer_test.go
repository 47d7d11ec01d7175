//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/keys"
)

// newcomerStarts runs the command of the documentation in a folder where nothing is: no wallet, no TAO, no account.
func newcomerStarts(t *testing.T, s *suite) {
	t.Helper()
	folder := filepath.Join(filepath.Dir(s.home), "newcomer")
	require.NoError(t, os.MkdirAll(folder, 0o700))
	// It lives longer than this step: the next ones look at what becomes of it.
	s.guest = s.launch(s.root, "newcomer", []string{"HOME=" + folder, "GOTENSOR_WALLETS=", "GOTENSOR_NETWORK="},
		"miner", "run", "--network", s.home, "--wallet", "me", "--wallet-path", folder)
}

// guestHotkey of the miner from outside.
func (s *suite) guestHotkey(t *testing.T) string {
	t.Helper()
	store := keys.NewStore(filepath.Join(filepath.Dir(s.home), "newcomer"))
	hotkey, _, err := store.HotkeyPublic("me", "default")
	require.NoError(t, err)
	return keys.Account(hotkey.Address)
}

// newcomerEarns waits until the newcomer has been paid, in an account that nobody gave anything.
func newcomerEarns(t *testing.T, s *suite) {
	t.Helper()
	hotkey := s.guestHotkey(t)
	eventually(t, epochs, "the newcomer earns", func() error {
		n, g, err := s.neuron(t, hotkey)
		if err != nil {
			return err
		}
		if n.Incentive == 0 {
			return fmt.Errorf("uid %d has no incentive in epoch %d, and serves at %s", n.UID, g.Epoch, n.Endpoint.Addr)
		}
		return nil
	})
	n, _, err := s.neuron(t, hotkey)
	require.NoError(t, err)
	eventually(t, soon, "the sweep pays the newcomer", func() error {
		free, err := s.node.Balance(t.Context(), n.Coldkey)
		if err == nil && free.Sign() == 0 {
			err = fmt.Errorf("balance %s", free)
		}
		return err
	})
}

// newcomerLeaves stops the newcomer as Ctrl-C in its terminal does.
func newcomerLeaves(t *testing.T, s *suite) {
	t.Helper()
	s.guest.signal(t, os.Interrupt)
	s.guest.wait(t, stopWithin)
	said, err := os.ReadFile(s.guest.log)
	require.NoError(t, err)
	assert.Contains(t, string(said), "registered by proof of work")
}

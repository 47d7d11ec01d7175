//go:build e2e

package e2e

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// supplyConserved reads all money at one height: what everybody holds adds up to the supply, and the supply is that of genesis and
// what was issued since, less what was burned, as the node tells them. To the atao.
func supplyConserved(t *testing.T, s *suite) {
	t.Helper()
	status, err := s.node.Status(t.Context())
	require.NoError(t, err)
	b := s.booksAt(t, uint64(status.Height))
	t.Run("what everybody holds", func(t *testing.T) {
		sum := new(money)
		for _, held := range b.holders {
			sum.Add(sum, amount(t, held))
		}
		assert.Greater(t, len(b.holders), 10)
		assert.Equal(t, b.supply, sum.String(), "at block %d", b.height)
	})
	t.Run("genesis, issued and burned", func(t *testing.T) {
		require.NotZero(t, b.issued)
		require.NotZero(t, b.burned, "something was burned before")
		assert.Equal(t, s.spent.String(), atao(b.burned).String(), "what the commands paid is what the chain counts")
		want := genesisSupply(t, s)
		assert.Equal(t, want.String(), b.genesis, "the chain remembers its genesis")
		want.Add(want, atao(b.issued)).Sub(want, atao(b.burned))
		assert.Equal(t, want.String(), b.supply, "at block %d", b.height)
		assert.Equal(t, b.supply, b.stated, "two modules tell one supply")
	})
}

// genesisSupply adds up what the genesis file gives to everybody.
func genesisSupply(t *testing.T, s *suite) *money {
	t.Helper()
	var g struct {
		State struct {
			Bank struct {
				Balances []struct {
					Coins []struct{ Denom, Amount string }
				}
			}
		} `json:"app_state"`
	}
	require.NoError(t, readJSON(filepath.Join(s.home, "node", "config", "genesis.json"), &g))
	sum := new(money)
	for _, b := range g.State.Bank.Balances {
		for _, c := range b.Coins {
			require.Equal(t, "atao", c.Denom)
			sum.Add(sum, amount(t, c.Amount))
		}
	}
	require.Positive(t, sum.Sign())
	return sum
}

package types

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// The README's table of parameters is that of the code.
func TestReadmeParams(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	p := DefaultParams()
	for _, row := range []struct {
		name, limits string
		value        uint32
	}{
		{"producer_ppm", "0..1000000, together with community_ppm", p.ProducerPpm},
		{"community_ppm", "0..1000000, together with producer_ppm", p.CommunityPpm},
		{"owner_ppm", fmt.Sprintf("0..%d", maxPPM), p.OwnerPpm},
		{"sweep_per_block", fmt.Sprintf("1..%d", maxSweepPerBlock), p.SweepPerBlock},
		{"settle_interval", fmt.Sprintf("1..%d", maxSettleInterval), p.SettleInterval},
	} {
		require.Contains(t, string(text), fmt.Sprintf("| `%s` | %d | %s |", row.name, row.value, row.limits))
	}
}

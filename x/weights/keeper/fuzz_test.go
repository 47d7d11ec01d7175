package keeper

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/x/weights/types"
)

// FuzzPeriods: a commitment in any block of a period is revealed in exactly the blocks of the next one, from the block of its first
// boundary to the last before the second; and whatever is not revealed by then is reported once.
func FuzzPeriods(f *testing.F) {
	f.Add(uint8(5), uint8(0), uint8(6))  // commit in the boundary's block, reveal in the first of the next period
	f.Add(uint8(5), uint8(0), uint8(11)) // reveal in the last block
	f.Add(uint8(5), uint8(5), uint8(7))  // commit in the last block, reveal one too late
	f.Add(uint8(5), uint8(5), uint8(0))  // reveal in the block of the commitment
	f.Add(uint8(1), uint8(1), uint8(1))  // the shortest tempo
	f.Fuzz(func(t *testing.T, tempo, offset, wait uint8) {
		period := int64(tempo%20) + 2
		c := start(t, 2, uint64(period-1))
		c.until(1)
		for range int64(offset) % period {
			c.next()
		}
		h := c.hide(0, 1, 1)
		require.NoError(t, c.commit(h))
		boundary := c.clock.NextBoundary
		missed := 0
		for range int64(wait) % (3 * period) {
			c.next()
			missed += len(c.events(missedEvent))
		}
		height := c.ctx.BlockHeight()
		err := c.reveal(h)
		if height >= boundary && height < boundary+period {
			require.NoError(t, err)
			require.Len(t, c.rowsInForce()[0], 1)
		} else {
			require.ErrorIs(t, err, types.ErrPeriod)
			require.Empty(t, c.rowsInForce()[0])
		}
		for c.clock.Epoch < 4 {
			c.next()
			missed += len(c.events(missedEvent))
		}
		if err == nil {
			require.Zero(t, missed)
		} else {
			require.Equal(t, 1, missed)
		}
	})
}

package types

import "github.com/gotensor/gotensor"

// NextSlot is the smallest height h above a height with (h + netuid + 1) mod (tempo + 1) = 0: subnets of one tempo take their
// turns in different blocks. Source: the epoch slots of subtensor.
func NextSlot(netuid gotensor.NetUID, above int64, tempo uint64) int64 {
	period := tempo + 1
	over := (uint64(above) + 1 + uint64(netuid) + 1) % period
	h := above + 1
	if over > 0 {
		h += int64(period - over) // period is at most a week in blocks of 100 ms, plus one
	}
	return h
}

// StartClock is the clock of a subnet that begins at a height, 0 for genesis: its first boundary is the first slot from then on.
func StartClock(netuid gotensor.NetUID, height int64, tempo uint64) Clock {
	return Clock{NextBoundary: NextSlot(netuid, max(height-1, 0), tempo), Tempo: tempo}
}

// Due tells whether a boundary is to be crossed at a height.
func (c Clock) Due(height int64) bool { return height >= c.NextBoundary }

// Advance is the clock after a boundary at a height: the next period, with the tempo that holds from now on.
func (c Clock) Advance(netuid gotensor.NetUID, height int64, tempo uint64) Clock {
	return Clock{
		Epoch:            c.Epoch + 1,
		LastBoundary:     height,
		NextBoundary:     NextSlot(netuid, height, tempo),
		Tempo:            tempo,
		PreviousBoundary: c.LastBoundary,
	}
}

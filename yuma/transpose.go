package yuma

import (
	"slices"

	"github.com/gotensor/gotensor/fixed"
)

// Medians are of columns, weights come in rows. Turning all of them around at once would write to as many places as there are columns, each
// in a cache line of its own, and read everything back from far away. So it is done for a block of columns at a time, whose votes stay in
// the processor's second cache and the lines that are being written in the first.

// ballot is what is left of a voter's row, ascending, when the blocks before the current one are done.
type ballot struct {
	uids []uint16
	vals []fixed.I32F32
}

// blockVotes is how many votes a block has room for unless that is too few for minBlock columns: 256 KiB of them.
const (
	blockVotes = 1 << 15
	minBlock   = 16
	maxBlock   = 256
)

// gap is the number of votes left free between columns, a cache line. Without it columns of as many votes as a power of two would
// begin at addresses that a cache keeps in the same few places.
const gap = 8

// blocks returns the room for a column and the number of columns in a block, and makes that room.
func (c *consensus) blocks() (stride, width int) {
	stride = len(c.say) + gap
	width = min(max(blockVotes/stride, minBlock), maxBlock)
	c.votes, c.next = sized(c.votes, stride*width), sized(c.next, width)
	return stride, width
}

// collect makes a ballot of each row with a say.
func (c *consensus) collect(stake []fixed.I32F32, w *matrix, ascend []bool) {
	c.ballots = c.ballots[:0]
	c.sorted.reset(len(stake))
	for i, s := range stake {
		if s > 0 && !ascend[i] {
			c.sort(w.row(i))
		}
	}
	unsorted := 0
	for i, s := range stake {
		if s <= 0 {
			continue
		}
		var b ballot
		if ascend[i] {
			b.uids, b.vals = w.row(i)
		} else {
			b.uids, b.vals = c.sorted.row(unsorted)
			unsorted++
		}
		c.ballots = append(c.ballots, b)
	}
}

// sort appends a row to the sorted ones.
func (c *consensus) sort(uids []uint16, vals []fixed.I32F32) {
	c.pairs = c.pairs[:0]
	for k, uid := range uids {
		c.pairs = append(c.pairs, uint64(uid)<<48|uint64(vals[k])) // shares have 33 bits
	}
	slices.Sort(c.pairs)
	for _, p := range c.pairs {
		c.sorted.push(uint16(p>>48), fixed.I32F32(p&(1<<48-1)))
	}
	c.sorted.endRow()
}

// transpose sorts the votes for uids from first on, count of them, by column; every ballot must have been read up to first.
func (c *consensus) transpose(first, count, stride int) {
	next, votes := c.next[:count], c.votes
	for j := range next {
		next[j] = j * stride
	}
	for voter := range c.ballots {
		b := &c.ballots[voter]
		here := b.before(first + count)
		vals := b.vals[:here]
		for k, uid := range b.uids[:here] {
			column := &next[int(uid)-first]
			votes[*column] = newVote(vals[k], uint16(voter))
			*column++
		}
		b.uids, b.vals = b.uids[here:], b.vals[here:]
	}
}

// before returns how many uids of the ballot are below limit.
func (b *ballot) before(limit int) int {
	k, _ := slices.BinarySearchFunc(b.uids[:min(len(b.uids), maxBlock)], limit, func(uid uint16, limit int) int { return int(uid) - limit })
	return k
}

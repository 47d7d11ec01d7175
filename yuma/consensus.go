package yuma

import (
	"math"

	"github.com/gotensor/gotensor/fixed"
)

// vote is one voter's weight for a uid: the weight, in [0, 1], above the voter's number in 16 bits. Eight bytes rather than weight and
// stake side by side, since votes are what an epoch moves most.
type vote uint64

func newVote(score fixed.I32F32, voter uint16) vote { return vote(score)<<16 | vote(voter) }

func (v vote) score() fixed.I32F32 { return fixed.I32F32(v >> 16) }

// consensus finds the weight of each uid that a majority of stake supports.
type consensus struct {
	median  []fixed.I32F32 // the result, per uid
	stake   []fixed.I32F32 // scratch: per row, stake with a say, renormalised; 0 without
	say     []fixed.I32F32 // per voter, a row with a say: its stake
	sum     fixed.I32F32   // of stake, a little below one
	ballots []ballot       // per voter
	sorted  matrix         // rows of voters that did not ascend
	pairs   []uint64       // scratch to sort a row
	votes   []vote         // the votes of a block of columns, column by column
	next    []int          // where in votes the next vote of a column of the block goes
	spare   []vote         // scratch for one column
}

// compute finds the stake-weighted median of each of w's columns, where a row without an entry scores zero; ascend tells which rows are
// sorted. Let minority be the sum of stake less the majority: the median is the smallest score such that the stake of all scores up to
// it exceeds the minority, or the largest score if none does. That is what the reference's quickselect returns.
func (c *consensus) compute(stake []fixed.I32F32, w *matrix, ascend []bool, columns int, majority fixed.I32F32) {
	c.median = sized(c.median, columns)
	c.rate(stake)
	c.collect(stake, w, ascend)
	c.spare = sized(c.spare, len(c.say))
	minority := c.sum.Sub(majority)
	stride, width := c.blocks()
	for first := 0; first < len(c.median); first += width {
		medians := c.median[first:min(first+width, len(c.median))]
		c.transpose(first, len(medians), stride)
		for j := range medians {
			medians[j] = c.column(c.votes[j*stride:c.next[j]], minority)
		}
	}
}

// rate keeps the positive stakes and normalises them once more.
func (c *consensus) rate(stake []fixed.I32F32) {
	c.stake = sized(c.stake, len(stake))
	for i, s := range stake {
		c.stake[i] = max(s, 0)
	}
	normalise(c.stake)
	c.sum = sum(c.stake)
	c.say = c.say[:0]
	for i, s := range stake {
		if s > 0 {
			c.say = append(c.say, c.stake[i])
		}
	}
}

// column returns the median of one column; it permutes the votes.
func (c *consensus) column(votes []vote, minority fixed.I32F32) fixed.I32F32 {
	if len(votes) < len(c.say) { // some score zero for want of an entry
		silent := c.sum
		for _, v := range votes {
			silent -= c.say[uint16(v)]
		}
		if silent > minority {
			return 0
		}
		minority -= silent
	}
	return c.selectScore(votes, minority)
}

// selectScore returns the smallest score, 0 or more, such that the stake of all votes up to it exceeds the minority; the
// largest score if there is none, and 0 without votes. It overwrites the votes and as many of spare.
func (c *consensus) selectScore(votes []vote, minority fixed.I32F32) fixed.I32F32 {
	var largest fixed.I32F32
	spare := c.spare
	for len(votes) > 0 {
		pivot := medianOfThree(votes[0].score(), votes[len(votes)/2].score(), votes[len(votes)-1].score())
		below, above, stakeBelow, stakeUpTo := partition(votes, spare, c.say, pivot)
		switch {
		case minority < stakeBelow && below > 0:
			votes = votes[:below]
		case minority < stakeUpTo:
			return pivot
		default:
			largest = pivot
			minority -= stakeUpTo
			votes, spare = spare[:above], votes
		}
	}
	return largest
}

// partition moves the votes below the pivot to the front of votes and those above it to spare, and returns their numbers, the stake below
// the pivot and that up to it. Every vote is written to both places and counted by masks, since a processor cannot foresee which way
// a comparison goes.
func partition(votes, spare []vote, say []fixed.I32F32, pivot fixed.I32F32) (below, above int, stakeBelow, stakeUpTo fixed.I32F32) {
	spare = spare[:len(votes)]
	first, last := int64(newVote(pivot, 0)), int64(newVote(pivot, math.MaxUint16))
	for _, v := range votes {
		votes[below], spare[above] = v, v
		less, more := (int64(v)-first)>>63, (last-int64(v))>>63 // -1 for yes, 0 for no
		below -= int(less)
		above -= int(more)
		stake := say[uint16(v)]
		stakeBelow += stake & fixed.I32F32(less)
		stakeUpTo += stake &^ fixed.I32F32(more)
	}
	return below, above, stakeBelow, stakeUpTo
}

// medianOfThree returns the middle one of three scores.
func medianOfThree(a, b, c fixed.I32F32) fixed.I32F32 {
	return max(min(a, b), min(max(a, b), c))
}

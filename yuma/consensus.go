package yuma

import "github.com/gotensor/gotensor/fixed"

// vote is one validator's weight for a uid and the stake behind it.
type vote struct{ score, stake fixed.I32F32 }

// consensus finds the weight of each uid that a majority of stake supports.
type consensus struct {
	median []fixed.I32F32 // the result, per uid
	stake  []fixed.I32F32 // per row: stake with a say, renormalised; 0 without
	voters int            // rows with a say
	sum    fixed.I32F32   // of stake, a little below one
	votes  []vote         // entries of rows with a say, column by column
	spare  []vote         // scratch for one column
	start  []int          // column j's votes are start[j] .. start[j+1]
}

// compute finds the stake-weighted median of each of w's columns, where a row without an entry scores zero. Let minority be the
// sum of stake less the majority: the median is the smallest score such that the stake of all scores up to it exceeds the
// minority, or the largest score if none does. That is what the reference's quickselect returns.
func (c *consensus) compute(stake []fixed.I32F32, w *matrix, columns int, majority fixed.I32F32) {
	c.median = sized(c.median, columns)
	c.rate(stake)
	c.transpose(stake, w)
	c.spare = sized(c.spare, c.voters)
	minority := c.sum.Sub(majority)
	for j := range c.median {
		c.median[j] = c.column(c.votes[c.start[j]:c.start[j+1]], minority)
	}
}

// rate keeps the positive stakes and normalises them once more.
func (c *consensus) rate(stake []fixed.I32F32) {
	c.stake = sized(c.stake, len(stake))
	c.voters = 0
	for i, s := range stake {
		c.stake[i] = max(s, 0)
		if s > 0 {
			c.voters++
		}
	}
	normalise(c.stake)
	c.sum = sum(c.stake)
}

// transpose sorts the entries of rows with a say by column.
func (c *consensus) transpose(stake []fixed.I32F32, w *matrix) {
	c.start = zeroed(c.start, len(c.median)+2)
	total := 0
	for i, s := range stake {
		if s <= 0 {
			continue
		}
		uids, _ := w.row(i)
		total += len(uids)
		for _, uid := range uids {
			c.start[int(uid)+2]++
		}
	}
	for j := 2; j < len(c.start); j++ {
		c.start[j] += c.start[j-1]
	}
	c.votes = sized(c.votes, total)
	next := c.start[1:] // next free place of each column; when all are filled, next[j] is the end of column j
	for i, s := range stake {
		if s <= 0 {
			continue
		}
		uids, vals := w.row(i)
		for k, uid := range uids {
			c.votes[next[uid]] = vote{score: vals[k], stake: c.stake[i]}
			next[uid]++
		}
	}
}

// column returns the median of one column; it permutes the votes.
func (c *consensus) column(votes []vote, minority fixed.I32F32) fixed.I32F32 {
	if len(votes) < c.voters { // some score zero for want of an entry
		silent := c.sum
		for _, v := range votes {
			silent -= v.stake
		}
		if silent > minority {
			return 0
		}
		return selectScore(votes, c.spare, minority-silent)
	}
	return selectScore(votes, c.spare, minority)
}

// selectScore returns the smallest score, 0 or more, such that the stake of all votes up to it exceeds the minority; the
// largest score if there is none, and 0 without votes. It overwrites the votes and as many of spare.
func selectScore(votes, spare []vote, minority fixed.I32F32) fixed.I32F32 {
	var largest fixed.I32F32
	for len(votes) > 0 {
		pivot := medianOfThree(votes[0].score, votes[len(votes)/2].score, votes[len(votes)-1].score)
		below, above, stakeBelow, stakeUpTo := partition(votes, spare, pivot)
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
// the pivot and that up to it. Scores are not negative. Every vote is written to both places and counted by masks, since a processor
// cannot foresee which way a comparison goes.
func partition(votes, spare []vote, pivot fixed.I32F32) (below, above int, stakeBelow, stakeUpTo fixed.I32F32) {
	spare = spare[:len(votes)]
	for _, v := range votes {
		votes[below], spare[above] = v, v
		less, more := (v.score-pivot)>>63, (pivot-v.score)>>63 // -1 for yes, 0 for no
		below -= int(less)
		above -= int(more)
		stakeBelow += v.stake & less
		stakeUpTo += v.stake &^ more
	}
	return below, above, stakeBelow, stakeUpTo
}

// medianOfThree returns the middle one of three scores.
func medianOfThree(a, b, c fixed.I32F32) fixed.I32F32 {
	return max(min(a, b), min(max(a, b), c))
}

package arena

import (
	"math"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/yuma"
)

// Past are the outputs of epochs, one row per epoch, one element per uid. Dividend and Incentive sum to one in an epoch that paid and
// are zero in one that did not: where no miner has any incentive the chain pays nobody.
type Past struct {
	First     int         // uid of the first miner
	Dividend  [][]float64 // of all dividends
	Incentive [][]float64 // of all incentive
	Consensus [][]float64 // weight that consensus supports
	VTrust    [][]float64 // part of a validator's row that was not clipped
	Fair      [][]float64 // per uid, a miner's share of all quality
}

// Len is the number of epochs.
func (p *Past) Len() int { return len(p.Dividend) }

func (p *Past) add(quality []float64, out *yuma.Output) {
	n := len(out.VTrust)
	block := make([]float64, 5*n)
	part := func(k int) []float64 { return block[k*n : (k+1)*n : (k+1)*n] }
	dividend, incentive, consensus, vtrust, fair := part(0), part(1), part(2), part(3), part(4)
	if share(incentive, out.ServerEmission) {
		share(dividend, out.ValidatorEmission)
	}
	sum := 0.0
	for _, q := range quality {
		sum += q
	}
	for uid := range n {
		consensus[uid], vtrust[uid] = float64(out.Consensus[uid])/math.MaxUint16, float64(out.VTrust[uid])/math.MaxUint16
		if uid >= p.First && sum > 0 {
			fair[uid] = quality[uid-p.First] / sum
		}
	}
	p.Dividend, p.Incentive = append(p.Dividend, dividend), append(p.Incentive, incentive)
	p.Consensus, p.VTrust, p.Fair = append(p.Consensus, consensus), append(p.VTrust, vtrust), append(p.Fair, fair)
}

// share writes parts of their sum, false if it is zero.
func share(to []float64, from []gotensor.Rao) bool {
	sum := gotensor.Rao(0)
	for _, x := range from {
		sum += x
	}
	if sum == 0 {
		return false
	}
	for uid, x := range from {
		to[uid] = float64(x) / float64(sum)
	}
	return true
}

// Dividends is a group's share of all dividends of the epochs from..to-1, each epoch counting the same; 0 if none of them paid.
func (p *Past) Dividends(from, to int, uids []int) float64 { return mean(p.Dividend[from:to], uids) }

// Incentives is a group's share of all incentive, likewise.
func (p *Past) Incentives(from, to int, uids []int) float64 { return mean(p.Incentive[from:to], uids) }

// Emission is a group's share of what both sides earned: half dividends, half incentive.
func (p *Past) Emission(from, to int, uids []int) float64 {
	return (p.Dividends(from, to, uids) + p.Incentives(from, to, uids)) / 2
}

func mean(rows [][]float64, uids []int) float64 {
	got, all := 0.0, 0.0
	for _, row := range rows {
		for _, uid := range uids {
			got += row[uid]
		}
		for _, x := range row {
			all += x
		}
	}
	if all == 0 {
		return 0
	}
	return got / all
}

// Error is half the distance between the miners' incentive and their fair shares, summed over miners: the share of the pay that went
// to the wrong ones, 0 to 1, mean over the epochs from..to-1.
func (p *Past) Error(from, to int) float64 {
	sum := 0.0
	for e := from; e < to; e++ {
		for uid, x := range p.Incentive[e] {
			sum += math.Abs(x-p.Fair[e][uid]) / 2
		}
	}
	return sum / float64(max(1, to-from))
}

// PerStake is what a group earned in dividends per rao against what another did: 1 is equal.
func (w *World) PerStake(from, to int, group, against []int) float64 {
	a, b := w.StakeShare(group), w.StakeShare(against)
	return w.Past.Dividends(from, to, group) / a * b / w.Past.Dividends(from, to, against)
}

// StakeShare is a group's share of all stake now.
func (w *World) StakeShare(uids []int) float64 {
	got, all := 0.0, 0.0
	for _, x := range w.in.Alpha {
		all += float64(x)
	}
	for _, uid := range uids {
		got += float64(w.in.Alpha[uid])
	}
	return got / all
}

// UIDs lists from..to-1.
func UIDs(from, to int) []int {
	out := make([]int, 0, to-from)
	for uid := from; uid < to; uid++ {
		out = append(out, uid)
	}
	return out
}

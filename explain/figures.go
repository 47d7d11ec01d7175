package explain

import (
	"fmt"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/figure"
)

// mostBars is how many bars a chart has; what remains is one bar.
const mostBars = 12

// Figures are charts of an account: a miner's pay by validator, a validator's by miner, each only where there is any.
func Figures(a *Account, epoch uint64) []*figure.Figure {
	var out []*figure.Figure
	if a.Incentive > 0 {
		b := bars{}
		for _, v := range a.Miner.Votes {
			b.add(v.UID, v.Pay)
		}
		out = append(out, b.figure("incentive", fmt.Sprintf("Incentive of uid %d in epoch %d, by validator", a.UID, epoch), "validator"))
	}
	if a.Dividends > 0 {
		b := bars{}
		for _, t := range a.Validator.Targets {
			b.add(t.UID, t.Pay)
		}
		out = append(out, b.figure("dividends", fmt.Sprintf("Dividends of uid %d in epoch %d, by miner", a.UID, epoch), "miner"))
	}
	return out
}

// Past is what a uid got in one epoch, incentive and dividends together.
type Past struct {
	Epoch uint64
	Pay   gotensor.Rao
}

// History is the chart of a uid's pay over epochs.
func History(uid uint16, past []Past) *figure.Figure {
	zero, s := 0.0, figure.Series{Kind: figure.Line}
	for _, p := range past {
		s.X, s.Y = append(s.X, float64(p.Epoch)), append(s.Y, p.Pay.TAO())
	}
	return &figure.Figure{
		Name: "history", Title: fmt.Sprintf("Pay of uid %d by epoch", uid), Caption: "Incentive and dividends together.", X: "epoch", Y: "pay (TAO)",
		MinY: &zero, Series: []figure.Series{s},
	}
}

// bars are amounts by uid, the largest first.
type bars struct {
	uids []uint16
	tao  []float64
	rest float64
}

func (b *bars) add(uid uint16, pay gotensor.Rao) {
	switch {
	case pay == 0:
	case len(b.uids) < mostBars:
		b.uids, b.tao = append(b.uids, uid), append(b.tao, pay.TAO())
	default:
		b.rest += pay.TAO()
	}
}

func (b *bars) figure(name, title, by string) *figure.Figure {
	zero := 0.0
	f := &figure.Figure{
		Name: name, Title: title, Caption: "The bars add up to the pay.", X: by + " (uid)", Y: "pay (TAO)", MinY: &zero,
		Series: []figure.Series{{Kind: figure.Bars}},
	}
	s := &f.Series[0]
	for k, uid := range b.uids {
		f.Names = append(f.Names, fmt.Sprint(uid))
		s.X, s.Y = append(s.X, float64(k)), append(s.Y, b.tao[k])
	}
	if b.rest > 0 {
		f.Names = append(f.Names, "others")
		s.X, s.Y = append(s.X, float64(len(b.uids))), append(s.Y, b.rest)
	}
	return f
}

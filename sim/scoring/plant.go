package scoring

import (
	"bytes"
	"slices"

	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
)

// list reads an answer back.
func list(a *score.Answer) []model.Candidate {
	out := make([]model.Candidate, a.Len())
	for i := range out {
		c, p := a.Candidate(i)
		out[i] = model.Candidate{Text: slices.Clone(c), P: p}
	}
	return out
}

// plant puts the beginning of a text in the place of the least likely candidate, with a probability that costs nothing: a claim to have
// known it.
func plant(w *twoFaces, _ []byte, a *score.Answer, text []byte) *score.Answer {
	const share = 1e-6
	all, floor := list(a), a.Floor()*(1-share)
	least := 0
	for i := range all {
		if all[i].P < all[least].P {
			least = i
		}
	}
	for i := range all {
		all[i].P *= 1 - share
	}
	own := text[:score.MaxLen]
	at, there := slices.BinarySearchFunc(all, own, func(c model.Candidate, text []byte) int { return bytes.Compare(c.Text, text) })
	switch {
	case there || len(all) == 0:
		return a
	case at > least:
		at--
	}
	floor += all[least].P
	all = slices.Delete(all, least, least+1)
	return score.NewAnswer(&w.rule, slices.Insert(all, at, model.Candidate{Text: own, P: share}), floor)
}

// raise makes the candidate that a text begins with three times as likely as the reference has it, at the cost of all others.
func raise(w *twoFaces, context []byte, a *score.Answer, text []byte) *score.Answer {
	const times = 3
	all, hit := list(a), -1
	for i := range all {
		if bytes.HasPrefix(text, all[i].Text) {
			hit = i // ascending order: the longest comes last
		}
	}
	if hit < 0 {
		return a
	}
	reference := w.reference.Prob(context, all[hit].Text)
	for i := range all {
		if i != hit && bytes.HasPrefix(all[i].Text, all[hit].Text) {
			reference -= w.reference.Prob(context, all[i].Text) // about: some extend each other
		}
	}
	want := min(times*reference, 0.5)
	if want <= all[hit].P {
		return a
	}
	rest := (1 - want) / (1 - all[hit].P)
	for i := range all {
		all[i].P *= rest
	}
	all[hit].P = want
	return score.NewAnswer(&w.rule, all, a.Floor()*rest)
}

package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/explain"
)

// causeText says a cause in words.
var causeText = map[explain.Cause]string{
	explain.CausePot:    "the pot: what there was to divide",
	explain.CauseRules:  "hyperparameters of the subnet",
	explain.CauseStake:  "stakes, permits and who is active",
	explain.CauseVotes:  "what validators give to this uid",
	explain.CauseOthers: "what validators give to the others",
	explain.CauseRow:    "its own weights",
	explain.CauseBonds:  "bonds from the epochs before",
}

// whyText says in words why a weight counts for nothing.
var whyText = map[explain.Why]string{
	explain.Counts:     "",
	explain.NoPermit:   "no permit",
	explain.Self:       "weighs itself",
	explain.Newer:      "uid registered after the commitment",
	explain.Inactive:   "inactive",
	explain.NoStake:    "no stake",
	explain.NoRow:      "no weights in force",
	explain.NotNamed:   "not named",
	explain.NoAgreeing: "a minority alone",
}

func (v *explainView) print(p *page) {
	a := v.Account
	p.linef("%s", p.bold(fmt.Sprintf("uid %d of subnet %d earned %s in epoch %d (block %d)", v.UID, v.NetUID, taoText(a.Incentive+a.Dividends), v.Epoch, v.Height)))
	v.printReplay(p)
	v.printChange(p)
	v.printWhatIf(p)
	if a.Miner.Rank > 0 || hasVote(a.Miner.Votes) || a.Validator.RaoStake == 0 {
		v.printMiner(p)
	}
	if a.Validator.RaoStake > 0 || a.Validator.Permit || len(a.Validator.Targets) > 0 {
		v.printValidator(p)
	}
	for _, c := range v.Charts {
		p.linef("chart: %s", c)
	}
}

func hasVote(votes []explain.Vote) bool {
	for _, x := range votes {
		if x.Raw > 0 {
			return true
		}
	}
	return false
}

func (v *explainView) printReplay(p *page) {
	a := v.Account
	switch {
	case v.Replayed && len(v.Replaced) > 0:
		p.linef("replayed to the bit: yes, but for uids that changed hands (%d)", len(v.Replaced))
	case v.Replayed:
		p.linef("replayed to the bit: yes")
	default:
		p.linef("%s", p.bold("replayed to the bit: no"))
	}
	for _, d := range v.Differences {
		of := fmt.Sprintf(" of uid %d", d.UID)
		if strings.HasPrefix(d.Column, "all_") {
			of = ""
		}
		p.linef("  %s%s: replayed %s, on the chain %s", d.Column, of, d.Replayed, d.Stored)
	}
	for _, uid := range v.Slashed {
		p.linef("  uid %d lost stake in the block of the boundary, before the epoch saw it", uid)
	}
	for _, uid := range v.Replaced {
		p.linef("  uid %d changed hands in the block of the boundary: it is not compared", uid)
	}
	if !a.Paid {
		p.linef("Nobody had any incentive in this epoch, so nobody was paid: all of %s waits for the next.", taoText(v.Drained))
	}
}

// printChange says what changed since the epoch before.
func (v *explainView) printChange(p *page) {
	c := v.Change
	switch {
	case c == nil:
		p.linef("no comparison with the epoch before: %s", v.ChangeUnknown)
		return
	case c.Newcomer:
		p.linef("it was not registered in epoch %d", v.before)
		return
	case c.Before == c.After:
		p.linef("as much as in epoch %d", v.before)
	default:
		percent := ""
		if c.Before > 0 {
			percent = fmt.Sprintf(", %+.1f %%", 100*(c.After.TAO()/c.Before.TAO()-1))
		}
		p.linef("%s since epoch %d, which paid %s%s:", p.bold(signed(int64(c.After)-int64(c.Before))), v.before, taoText(c.Before), percent)
	}
	for _, e := range c.Causes {
		detail := ""
		if e.Cause == explain.CauseVotes {
			detail = votesText(c.Votes, 3)
		}
		p.linef("  %s  %s%s", signed(e.Rao), causeText[e.Cause], detail)
	}
	if c.PlaceBefore != c.PlaceAfter && c.PlaceBefore.Place > 0 && c.PlaceAfter.Place > 0 {
		p.linef("  place among miners: %d of %d before, now %d of %d", c.PlaceBefore.Place, c.PlaceBefore.Of, c.PlaceAfter.Place, c.PlaceAfter.Of)
	}
}

// votesText names the votes that changed the most.
func votesText(votes []explain.VoteChange, most int) string {
	var out []string
	for _, x := range votes {
		if x.WeightBefore == x.WeightAfter {
			continue
		}
		if len(out) == most {
			out = append(out, "...")
			break
		}
		out = append(out, fmt.Sprintf("uid %d from %s to %s", x.UID, exact(x.WeightBefore), exact(x.WeightAfter)))
	}
	if len(out) == 0 {
		return ""
	}
	return ": " + strings.Join(out, ", ")
}

func (v *explainView) printWhatIf(p *page) {
	w := v.WhatIf
	if w == nil {
		return
	}
	before, after := v.Account.Incentive+v.Account.Dividends, w.Account.Incentive+w.Account.Dividends
	p.linef("%s", p.bold(fmt.Sprintf("with %s: %s instead of %s (%s)", strings.Join(w.Changes, ", "), taoText(after), taoText(before), signed(int64(after)-int64(before)))))
	if !w.Account.Paid {
		p.linef("  nobody would have any incentive, and nobody would be paid")
	}
	t := grid{columns: []column{num("UID"), num("PAID"), num("WOULD GET"), num("CHANGE")}}
	for _, list := range [][]explain.Mover{w.Winners, w.Losers} {
		for _, m := range list {
			t.add(strconv.Itoa(int(m.UID)), taoShort(m.Before), taoShort(m.After), signed(int64(m.After)-int64(m.Before)))
		}
	}
	if len(t.rows) > 0 {
		p.table(t)
	}
}

func (v *explainView) printMiner(p *page) {
	m := v.Account.Miner
	p.linef("")
	p.linef("%s %s", p.bold("As a miner:"), taoText(v.Account.Incentive))
	p.facts(
		fact{"incentive", fmt.Sprintf("%s of all, %s", exact(m.Incentive), placeText(m.Place, "miners"))},
		fact{"rank", fmt.Sprintf("%s of %s: the sum of say x counted below", exact(m.Rank), exact(m.AllRanks))},
		fact{"consensus", fmt.Sprintf("%s of a row is the most that a majority of stake supports; more is cut", exact(m.Consensus))},
		fact{"ahead", neighbourText(m.Above, v.Account.Incentive)},
		fact{"behind", neighbourText(m.Below, v.Account.Incentive)},
	)
	if u := m.Upkeep; u != nil {
		p.linef("It earned %s before upkeep and paid %s of it (the rent is %s, %.1f %% of the largest); of what all paid it got %s back.",
			taoText(u.Earned), taoText(u.Paid), taoText(u.Rent), float64(u.Rate)/10, taoText(u.Back))
	}
	t := grid{columns: []column{num("VALIDATOR"), num("SAY"), num("SENT"), num("WEIGHT"), num("COUNTED"), num("CUT"), num("PART"), num("PAY"), col("NOTE")}}
	for _, x := range m.Votes[:min(v.top, len(m.Votes))] {
		t.add(strconv.Itoa(int(x.UID)), exact(x.Say), strconv.FormatFloat(x.Raw, 'f', 4, 64), exact(x.Weight), exact(x.Clipped), exact(x.Cut), exact(x.Part),
			taoShort(x.Pay), whyText[x.Why])
	}
	if len(t.rows) == 0 {
		p.linef("Nobody weighed it, and nobody has a say.")
		return
	}
	p.table(t)
	more(p, len(m.Votes)-v.top, "validators")
}

func (v *explainView) printValidator(p *page) {
	x := v.Account.Validator
	p.linef("")
	p.linef("%s %s", p.bold("As a validator:"), taoText(v.Account.Dividends))
	worth := "the sum of incentive x column below"
	if x.Yuma3 {
		worth += ", times its say"
	}
	p.facts(
		fact{"stake", fmt.Sprintf("%s, %s of all, %s", taoText(x.RaoStake), exact(x.Stake), placeText(x.Place, "with stake"))},
		fact{"say", fmt.Sprintf("%s of the stake with a permit that is active", exact(x.Say))},
		fact{"permit", permitText(&x)},
		fact{"active", activeText(&x)},
		fact{"trust", fmt.Sprintf("%s of its row is left by consensus", exact(x.Trust))},
		fact{"dividends", fmt.Sprintf("%s of all = %s / %s", exact(x.Dividends), exact(x.Worth), exact(x.AllWorths))},
		fact{"worth", fmt.Sprintf("%s: %s", exact(x.Worth), worth)},
	)
	if !x.Funded && x.Dividends > 0 {
		p.linef("No staking validator stands behind it: its dividends are not paid but carried.")
	}
	t := grid{columns: []column{
		num("MINER"), num("SENT"), num("WEIGHT"), num("CONSENSUS"), num("CUT"), num("OLD BOND"), num("BOND"), num("COLUMN"), num("INCENTIVE"),
		num("PART"), num("PAY"), col("NOTE"),
	}}
	for _, y := range x.Targets[:min(v.top, len(x.Targets))] {
		t.add(strconv.Itoa(int(y.UID)), strconv.FormatFloat(y.Raw, 'f', 4, 64), exact(y.Weight), exact(y.Consensus), exact(y.Cut), exact(y.OldBond), exact(y.Bond),
			exact(y.Column), exact(y.Incentive), exact(y.Part), taoShort(y.Pay), whyText[y.Why])
	}
	if len(t.rows) > 0 {
		p.table(t)
	}
	more(p, len(x.Targets)-v.top, "miners")
}

func permitText(x *explain.Validator) string {
	now, next := "none in this epoch", "none for the next"
	if x.Permit {
		now = "yes in this epoch"
	}
	switch {
	case x.Owner:
		next = "always, as the owner's hotkey"
	case x.NextPermit:
		next = fmt.Sprintf("yes for the next: among the %d largest stakes", x.Permits)
	case x.BelowThreshold:
		next = fmt.Sprintf("none for the next: less stake than %s", taoText(x.Threshold))
	case x.Stake > 0:
		next = fmt.Sprintf("none for the next: not among the %d largest stakes", x.Permits)
	}
	return now + ", " + next
}

func activeText(x *explain.Validator) string {
	said := "no, it never set weights"
	switch {
	case x.Active:
		said = fmt.Sprintf("yes, its row is of block %d", x.LastUpdate)
	case x.LastUpdate > 0:
		said = fmt.Sprintf("no, its row is of block %d", x.LastUpdate)
	}
	return fmt.Sprintf("%s; a row stays active for %d blocks", said, x.Cutoff)
}

func placeText(x explain.Place, of string) string {
	if x.Place == 0 {
		return fmt.Sprintf("no place among %d %s", x.Of, of)
	}
	return fmt.Sprintf("place %d of %d %s", x.Place, x.Of, of)
}

// neighbourText says who is one place away and by how much.
func neighbourText(n *explain.Neighbour, own gotensor.Rao) string {
	if n == nil {
		return "nobody"
	}
	return fmt.Sprintf("uid %d with %s (%s)", n.UID, taoText(n.Pay), signed(int64(n.Pay)-int64(own)))
}

func more(p *page, n int, of string) {
	if n > 0 {
		p.linef("%d more %s: --top shows more, --json all", n, of)
	}
}

// exact prints a share.
func exact(s explain.Share) string { return strconv.FormatFloat(s.Float(), 'f', 4, 64) }

// signed prints a difference in rao as TAO.
func signed(rao int64) string {
	if rao < 0 {
		return "-" + taoText(gotensor.Rao(-rao))
	}
	return "+" + taoText(gotensor.Rao(rao))
}

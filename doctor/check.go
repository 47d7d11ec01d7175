package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
)

// check is one thing to look at. judge is pure.
type check struct {
	role  Role
	name  string
	judge func(f *Facts) Check
}

// checks stand in the order in which people read them: what breaks most comes first.
var checks = slices.Concat(generalChecks, minerChecks, validatorChecks, gatewayChecks)

// Judge looks at the facts: every general check, and those of the roles in Facts.
func Judge(f *Facts) Report {
	r := Report{ChainID: f.Network.ChainID, NetUID: f.NetUID, Roles: []Role{}, Checks: []Check{}}
	r.Roles = append(r.Roles, f.Roles...)
	if f.Status.known() {
		r.ChainID, r.Height = f.Status.Value.ChainID, f.Status.Value.Height
	}
	if !f.Hotkey.IsZero() {
		r.Hotkey = keys.Account(f.Hotkey)
	}
	if n, found := f.me(); found {
		r.UID = &n.UID
	}
	for _, c := range checks {
		if c.role != General && !slices.Contains(f.Roles, c.role) {
			continue
		}
		out := c.judge(f)
		out.Role, out.Name = c.role, c.name
		r.Checks = append(r.Checks, out)
	}
	return r
}

// me is the hotkey's neuron in the snapshot.
func (f *Facts) me() (metagraph.Neuron, bool) {
	if !f.Graph.known() || f.Hotkey.IsZero() {
		return metagraph.Neuron{}, false
	}
	return f.Graph.Value.ByHotkey(f.Hotkey)
}

// now is the local clock when the node was heard, or the zero time.
func (f *Facts) now() time.Time { return f.Status.Value.Heard }

// blocks says how long some blocks take.
func (f *Facts) blocks(n int64) string {
	unit := "blocks"
	if n == 1 {
		unit = "block"
	}
	if target := f.Status.Value.TargetBlock; target > 0 {
		return fmt.Sprintf("%d %s (about %s)", n, unit, span(time.Duration(n)*target))
	}
	return fmt.Sprintf("%d %s", n, unit)
}

// unknown is the finding where a fact that others stand on is not there.
func unknown(what string, why error) Check { return skip("%s is not known: %v", what, why) }

// unregistered is the finding of checks that need a uid.
func (f *Facts) unregistered() Check {
	if !f.Graph.known() {
		return unknown("the subnet's state", f.Graph.why())
	}
	return skip("the hotkey has no uid")
}

// span prints a time span in at most two units.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return max(d, 0).Round(time.Millisecond).String()
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	case d < time.Hour:
		return two(int64(d/time.Minute), "m", int64(d%time.Minute/time.Second), "s")
	case d < day:
		return two(int64(d/time.Hour), "h", int64(d%time.Hour/time.Minute), "m")
	default:
		return two(int64(d/day), "d", int64(d%day/time.Hour), "h")
	}
}

func two(a int64, unitA string, b int64, unitB string) string {
	if b == 0 {
		return fmt.Sprintf("%d%s", a, unitA)
	}
	return fmt.Sprintf("%d%s%d%s", a, unitA, b, unitB)
}

// tao prints an amount with four decimals.
func tao(r gotensor.Rao) string { return strconv.FormatFloat(r.TAO(), 'f', 4, 64) + " TAO" }

// size prints bytes.
func size(n uint64) string {
	const unit = 1000
	switch {
	case n >= unit*unit*unit:
		return fmt.Sprintf("%.1f GB", float64(n)/(unit*unit*unit))
	default:
		return fmt.Sprintf("%.1f MB", float64(n)/(unit*unit))
	}
}

// ms prints milliseconds, which come from others as numbers.
func ms(x float64) string {
	return span(time.Duration(min(max(x, 0), 1e9) * float64(time.Millisecond)))
}

// many writes "1 thing" or "n things".
func many(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

package doctor

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	// keyFull is the part of a key's own limit at which it is worth a word; keySoon how long before its end.
	keyFull = 0.8
	keySoon = 7 * day
	// slowPiece is a first piece that people notice.
	slowPiece = 2 * time.Second
)

var gatewayChecks = []check{
	{Gateway, "healthz", checkHealth},
	{Gateway, "readyz", checkReady},
	{Gateway, "snapshot", checkSnapshot},
	{Gateway, "miners", checkMinersUp},
	{Gateway, "first piece", checkFirstPiece},
	{Gateway, "store", checkStore},
	{Gateway, "API keys", checkKeys},
	{Gateway, "admission", checkAdmission},
}

func checkHealth(f *Facts) Check {
	g := f.Gateway
	switch {
	case g.URL == "":
		return fail("no gateway runs in %s", g.Home).next("start it with `gotensor gateway run`, or name it with --url")
	case !g.Health.known():
		return fail("%s does not answer: %v", g.URL, g.Health.why()).next("is it running, and is the URL right?")
	case g.Health.Value.Code != http.StatusOK:
		return fail("%s answers %d", g.URL, g.Health.Value.Code).next("is that a gateway, and is the proxy before it right?")
	default:
		return ok("%s answers in %s", g.URL, span(g.Health.Value.Took))
	}
}

func checkReady(f *Facts) Check {
	r := f.Gateway.Ready
	switch {
	case !r.known():
		return unknown("whether it is ready", r.why())
	case !r.Value.Ready:
		return fail("not ready: %s", orDash(r.Value.Why)).next("see the checks of snapshot and miners")
	default:
		return ok("ready, %s", many(len(r.Value.Subnets), "subnet"))
	}
}

func checkSnapshot(f *Facts) Check {
	r := f.Gateway.Ready
	if !r.known() {
		return unknown("its snapshot", r.why())
	}
	i := slices.IndexFunc(r.Value.Subnets, func(s SubnetReady) bool { return s.NetUID == f.NetUID })
	if i < 0 {
		return fail("it does not offer subnet %d", f.NetUID).next("start it with --netuid %d", f.NetUID)
	}
	s := r.Value.Subnets[i]
	age, target := time.Duration(s.AgeMs)*time.Millisecond, f.Status.Value.TargetBlock
	seen := fmt.Sprintf("block %d, %s old", s.Height, span(age))
	switch {
	case s.Height == 0:
		return fail("none yet").next("its node does not answer: check its --network")
	case age > max(stuckBlocks*target, stuckAtLeast):
		return fail("%s", seen).next("it goes on with what it knows, but sees no new miners: check its node")
	case age > max(lateBlocks*target, lateAtLeast):
		return warn("%s", seen).next("check its node")
	default:
		return ok("%s", seen)
	}
}

func checkMinersUp(f *Facts) Check {
	n := f.Gateway.Neurons
	if !n.known() {
		return unknown("what it knows of miners", n.why())
	}
	up, serve := 0, 0
	for _, x := range n.Value {
		if x.Serves {
			serve++
			if x.State == "up" {
				up++
			}
		}
	}
	seen := fmt.Sprintf("%d of %s that serve are up", up, many(serve, "neuron"))
	switch {
	case serve == 0:
		return fail("no neuron of the subnet serves").next("wait for miners, or start one")
	case up == 0:
		return fail("%s", seen).next("see the check of admission, and whether this machine may connect out")
	case 2*up < serve:
		return warn("%s", seen).next("see the check of admission; `gotensor query --all TEXT` tells why each refuses")
	default:
		return ok("%s", seen)
	}
}

// checkFirstPiece goes by the moving means that the gateway keeps of each neuron.
func checkFirstPiece(f *Facts) Check {
	n := f.Gateway.Neurons
	if !n.known() {
		return unknown("what it knows of miners", n.why())
	}
	var all []float64
	for _, x := range n.Value {
		if x.State == "up" && x.LatencyMs > 0 {
			all = append(all, x.LatencyMs)
		}
	}
	if len(all) == 0 {
		return skip("no answers so far")
	}
	slices.Sort(all)
	p50 := all[(len(all)-1)/2]
	seen := fmt.Sprintf("%s at the median of %s", ms(p50), many(len(all), "neuron"))
	if p50 > float64(slowPiece.Milliseconds()) {
		return warn("%s", seen).next("miners are slow or far away: `gotensor bench query` measures them one by one")
	}
	return ok("%s", seen)
}

func checkStore(f *Facts) Check {
	s := f.Gateway.Store
	if !s.known() {
		return fail("%v", s.why()).next("name the gateway's folder with --home or its database with --store")
	}
	if s.Value.Shared {
		return ok("PostgreSQL answers, shared by all gateways that use it")
	}
	return ok("a file in %s, for this gateway alone", f.Gateway.Home)
}

func checkKeys(f *Facts) Check {
	s := f.Gateway.Store
	if !s.known() {
		return unknown("its keys", s.why())
	}
	var words []string
	bounded := 0
	for _, k := range s.Value.Keys {
		if k.Limit > 0 {
			bounded++
			if k.PerMinute >= keyFull*float64(k.Limit) {
				words = append(words, fmt.Sprintf("%s (%s) made %.1f requests a minute today of its %d", k.ID, k.Name, k.PerMinute, k.Limit))
			}
		}
		if left := k.Expires.Sub(f.now()); !k.Expires.IsZero() && !f.now().IsZero() && left < keySoon {
			words = append(words, fmt.Sprintf("%s (%s) ends in %s", k.ID, k.Name, span(left)))
		}
	}
	if len(words) > 0 {
		return warn("%s", strings.Join(words, "; ")).next("make a key with a higher limit or a longer life: `gotensor gateway key create`")
	}
	if len(s.Value.Keys) == 0 {
		return ok("no live keys")
	}
	return ok("%s, of which %d with a limit of their own; none is near it by today's mean, nor near its end", many(len(s.Value.Keys), "live key"), bounded)
}

// checkAdmission says whom of the miners' policies the gateway's hotkey passes: with a permit all, with a uid all but the strictest, with
// bandwidth those that take keys with stake, as miners do unless told otherwise.
func checkAdmission(f *Facts) Check {
	n, registered := f.me()
	b := f.Gateway.Bandwidth
	switch {
	case registered && n.Permit:
		return ok("uid %d with a validator's permit: every miner admits it", n.UID)
	case b.known() && b.Value > 0:
		return ok("%s of bandwidth: miners admit it by default, under overload in proportion to that", tao(b.Value))
	case registered:
		return warn("uid %d without bandwidth: miners admit it, but serve it last", n.UID).next("lend it bandwidth with the coldkey: `gotensor stake lend`")
	case !b.known():
		return unknown("its bandwidth", b.why())
	default:
		return fail("no uid and no bandwidth: miners refuse it by default").next("stake with the coldkey and lend the hotkey bandwidth: `gotensor stake add`, `gotensor stake lend`")
	}
}

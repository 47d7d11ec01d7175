package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
)

// Bounds of a miner's checks.
const (
	// statusLate and statusGone are ages of status.json, which a miner writes after each block.
	statusLate, statusGone = time.Minute, 10 * time.Minute
	// certificateSoon is how long before its end a certificate is worth a word.
	certificateSoon = 30 * 24 * time.Hour
	// pruneSoon is how long an uid should last.
	pruneSoon = 24 * time.Hour
	// leastWindow is how long registrations must have been counted to say anything about their rate.
	leastWindow = time.Hour
	day         = 24 * time.Hour
)

var minerChecks = []check{
	{Miner, "process", checkMinerProcess},
	{Miner, "endpoint", checkEndpoint},
	{Miner, "address", checkAddress},
	{Miner, "certificate", checkCertificate},
	{Miner, "reachable from here", checkDial},
	{Miner, "reachable from outside", checkOutside},
	{Miner, "speed", checkSpeed},
	{Miner, "uid", checkPruning},
	{Miner, "pay", checkPay},
}

func checkMinerProcess(f *Facts) Check {
	s := f.Miner.Status
	if !s.known() {
		return warn("no status of a running miner in %s: %v", f.Miner.Home, s.why()).next("start it with `gotensor miner run`, or name its folder with --home")
	}
	if s.Value.Hotkey != keys.Account(f.Hotkey) {
		return fail("the miner in %s runs hotkey %s, not this one", f.Miner.Home, s.Value.Hotkey).next("name the right --hotkey or --home")
	}
	age := f.now().Sub(s.Value.Time)
	seen := fmt.Sprintf("%s, %d served, %d refused, %d failed; wrote its status %s ago", s.Value.Model, s.Value.Served, s.Value.Refused, s.Value.Failed, span(age))
	switch {
	case f.now().IsZero():
		return skip("%s runs as %s; how lately is not known, as the node does not answer", f.Miner.Home, s.Value.Model)
	case age > statusGone:
		return fail("%s", seen).next("it does not run or its node is away: start it with `gotensor miner run`, look at its log")
	case age > max(statusLate, lateBlocks*f.Status.Value.TargetBlock):
		return warn("%s", seen).next("it should write with each block: look at its log")
	case s.Value.Failed > s.Value.Served:
		return warn("%s", seen).next("more calls fail than succeed: look at the model's server")
	default:
		return ok("%s", seen)
	}
}

func checkEndpoint(f *Facts) Check {
	n, found := f.me()
	if !found {
		return f.unregistered()
	}
	if !n.Endpoint.Serves() {
		return fail("the chain lists no endpoint for uid %d", n.UID).next("a running miner publishes it by itself: `gotensor miner run`")
	}
	c := f.Miner.Certificate
	switch {
	case !c.known():
		return skip("%s is published; it cannot be compared with the certificate in %s: %v", n.Endpoint.Addr, f.Miner.Home, c.why()).
			next("name the miner's folder with --home")
	case c.Value.Pin != n.Endpoint.Pin:
		return fail("the chain lists another certificate key for %s than that in %s: callers will refuse it", n.Endpoint.Addr, c.Value.Path).
			next("start the miner with this home, it publishes anew; or bring the old axon.pem back")
	default:
		return ok("%s is published with the key of %s", n.Endpoint.Addr, c.Value.Path)
	}
}

// cgnat is where providers put customers behind one address (RFC 6598).
var cgnat = netip.MustParsePrefix("100.64.0.0/10")

// inside tells whether an address means something only on its own network.
func inside(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() || cgnat.Contains(a)
}

// public says why a network is thought to be on the internet; empty: nothing says so.
func public(f *Facts) string {
	if host, _, err := net.SplitHostPort(f.Network.GRPC); err == nil {
		if ip, err := netip.ParseAddr(host); err == nil && !inside(ip) {
			return "its node is at " + host
		}
	}
	n := 0
	for x := range f.Graph.Value.All() {
		if x.Endpoint.Serves() && x.Hotkey != f.Hotkey && !inside(x.Endpoint.Addr.Addr()) {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return many(n, "other neuron") + " with a public address"
}

func checkAddress(f *Facts) Check {
	n, found := f.me()
	switch {
	case !found:
		return f.unregistered()
	case !n.Endpoint.Serves():
		return skip("the chain lists no endpoint")
	case !inside(n.Endpoint.Addr.Addr()):
		return ok("%s is a public address", n.Endpoint.Addr.Addr())
	}
	why := public(f)
	if why == "" {
		return ok("%s is of a private network or this machine, as fits a network without public addresses", n.Endpoint.Addr.Addr())
	}
	return fail("%s is reachable from its own network alone, but this chain is public: %s", n.Endpoint.Addr.Addr(), why).
		next("start the miner with --announce and the address that others see, and forward its port")
}

func checkCertificate(f *Facts) Check {
	c := f.Miner.Certificate
	if !c.known() {
		return warn("%s has no usable certificate: %v", f.Miner.Home, c.why()).next("a miner makes it at its first start; name its folder with --home")
	}
	if f.now().IsZero() {
		return skip("valid until %s", c.Value.NotAfter.UTC().Format(time.DateOnly))
	}
	switch left := c.Value.NotAfter.Sub(f.now()); {
	case left <= 0:
		return fail("%s ended %s ago", c.Value.Path, span(-left)).next("move it away and start the miner again: it makes and publishes another")
	case left < certificateSoon:
		return warn("%s ends in %s", c.Value.Path, span(left)).next("move it away and start the miner again: it makes and publishes another")
	default:
		return ok("valid until %s", c.Value.NotAfter.UTC().Format(time.DateOnly))
	}
}

func checkDial(f *Facts) Check {
	n, found := f.me()
	switch {
	case !found:
		return f.unregistered()
	case !n.Endpoint.Serves():
		return skip("the chain lists no endpoint")
	}
	at := n.Endpoint.Addr
	d := f.Miner.Dial
	switch {
	case d.known():
	case errors.Is(d.why(), dendrite.ErrPin):
		return fail("something answers at %s, but with another certificate key than the chain lists", at).
			next("another program has the port, or the miner runs with another home: `gotensor miner run` with the right one publishes anew")
	case errors.Is(d.why(), dendrite.ErrNotPermitted):
		return ok("%s answers with the right certificate key; its policy does not admit %s", at, caller(f))
	case errors.Is(d.why(), dendrite.ErrOverloaded):
		return warn("%s answers with the right certificate key, but has no room for another call", at).next("raise the model's parallel slots, or take a quicker one")
	case f.Miner.Outside.known() && f.Miner.Outside.Value.Up && !f.Miner.Outside.Value.Local:
		return warn("%s cannot be reached from here, but from %s: %v", at, f.Miner.From, d.why()).
			next("nothing, if your router does not lead its own public address back inside")
	default:
		return fail("nothing usable answers at %s: %v", at, d.why()).next("is the miner running, the port open, and forwarded to this machine?")
	}
	v := d.Value
	if v.Hotkey != keys.Account(f.Hotkey) || v.NetUID != f.NetUID {
		return fail("%s answers as %s of subnet %d, not as this hotkey", at, orDash(v.Hotkey), v.NetUID).
			next("the wrong miner runs with this certificate: give each hotkey a --home of its own")
	}
	able := "no capabilities beyond the least"
	if len(v.Capabilities) > 0 {
		able = "capabilities " + strings.Join(v.Capabilities, ", ")
	}
	return ok("%s answers with the right key in %s: %s, version %s, %s", at, span(v.Took), orDash(v.Model), orDash(v.Version), able)
}

func caller(f *Facts) string {
	if f.Signs {
		return "its own hotkey"
	}
	return "a key without stake (the hotkey could not be opened)"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func checkOutside(f *Facts) Check {
	if f.Miner.From == "" {
		return skip("nobody outside was asked: what this machine reaches says nothing about firewalls between it and others").
			next("--from URL lets a gateway on another machine look")
	}
	o := f.Miner.Outside
	if !o.known() {
		return skip("%s did not look: %v", f.Miner.From, o.why()).next("name a gateway that offers this subnet")
	}
	if !o.Value.Up {
		return fail("%s does not reach it: %s", f.Miner.From, o.Value.Error).next("open the port in the firewall and forward it; --announce must be the address that others see")
	}
	if o.Value.Local {
		return skip("%s reaches it in %s, but runs on this machine or network: that says nothing about others", f.Miner.From, ms(o.Value.LatencyMs)).
			next("--from URL of a gateway on another machine")
	}
	return ok("%s reaches it in %s", f.Miner.From, ms(o.Value.LatencyMs))
}

func checkSpeed(f *Facts) Check {
	s := f.Miner.Speed
	if !s.known() {
		switch why := s.why(); {
		case errors.Is(why, dendrite.ErrNotPermitted):
			return skip("its policy does not admit %s", caller(f))
		case errors.Is(why, ErrNotAsked):
			return skip("not asked, since the endpoint did not answer or the mechanism has no such question")
		default:
			return fail("a question as validators ask it failed: %v", why).next("look at the model's server and the miner's log: such rounds earn nothing")
		}
	}
	v := s.Value
	seen := fmt.Sprintf("%s in %s of %s", v.What, span(v.Took), span(v.Deadline))
	if v.Sealed {
		seen = fmt.Sprintf("%s sealed in %s of %s", v.What, span(v.Took), span(v.Deadline))
	}
	switch {
	case v.Took >= v.Deadline:
		return fail("%s", seen).next("answers come too late to count: take a smaller model, a quicker machine, or more parallel slots")
	case v.Took > v.Deadline/2:
		return warn("%s", seen).next("several validators ask at once: take a smaller model, a quicker machine, or more parallel slots")
	default:
		return ok("%s", seen)
	}
}

// ahead counts who would be pruned before a neuron: those outside immunity with less emission, or as much and longer here.
func ahead(m *metagraph.Metagraph, me metagraph.Neuron, immunity uint64) int {
	n := 0
	for x := range m.All() {
		if x.UID == me.UID || uint64(m.Height) < uint64(x.Registered)+immunity {
			continue
		}
		if cmp.Or(cmp.Compare(x.Emission, me.Emission), cmp.Compare(x.Registered, me.Registered), cmp.Compare(x.UID, me.UID)) < 0 {
			n++
		}
	}
	return n
}

// arrivals is how many of the neurons came within the latest day, or since the chain began, and how long that is. Those that came and
// went within it are not seen: the true rate is at least this.
func arrivals(m *metagraph.Metagraph, target time.Duration) (int, time.Duration) {
	window := gotensor.Block(day / max(target, time.Millisecond))
	window = min(window, m.Height)
	n := 0
	for x := range m.All() {
		if x.Registered > m.Height-window && x.Registered > 0 {
			n++
		}
	}
	return n, time.Duration(window) * target
}

func checkPruning(f *Facts) Check {
	me, found := f.me()
	if !found {
		return f.unregistered()
	}
	if !f.Rules.known() || !f.Status.known() || !f.Neuron.known() {
		return skip("the rules are not known: %v", errors.Join(f.Rules.why(), f.Neuron.why()))
	}
	m, rules := f.Graph.Value, f.Rules.Value
	rank := ahead(m, me, rules.ImmunityBlocks())
	free := max(int(rules.MaxAllowedUIDs)-m.N(), 0)
	came, within := arrivals(m, f.Status.Value.TargetBlock)
	seen := fmt.Sprintf("uid %d, %s and %s before it, %s in the last %s", me.UID, many(free, "free slot"), many(rank, "neuron"), many(came, "registration"), span(within))
	immune := f.Neuron.Value.ImmuneUntil - int64(m.Height)
	if immune > 0 {
		return ok("%s; immune for %s", seen, f.blocks(immune))
	}
	seen += "; not immune"
	if r := f.Registration; r.known() && free == 0 && r.Value.WouldPrune == int32(me.UID) {
		return warn("%s; the next registration takes it", seen).next("a better model earns more than others; a new hotkey begins with immunity")
	}
	if came == 0 || within < leastWindow {
		return ok("%s", seen)
	}
	left := within / time.Duration(came) * time.Duration(rank+free+1)
	seen += fmt.Sprintf("; at that rate, and with this pay, it lasts about %s", span(left))
	if left < pruneSoon {
		return warn("%s", seen).next("a better model earns more than others; a new hotkey begins with immunity")
	}
	return ok("%s", seen)
}

func checkPay(f *Facts) Check {
	me, found := f.me()
	if !found {
		return f.unregistered()
	}
	m := f.Graph.Value
	seen := fmt.Sprintf("%s in the latest period, incentive %.4f, %s accrued and not yet paid out", tao(me.Emission), float64(me.Incentive)/65535, tao(me.Accrued))
	switch {
	case me.Emission > 0 || me.Incentive > 0:
		return ok("%s", seen)
	case me.Permit:
		return ok("%s; it has a validator's permit", seen)
	case me.Registered >= m.LastBoundary:
		return ok("%s; it is new in this period", seen)
	case judges(m) == 0:
		return warn("%s; no validator has weights in force", seen).next("nobody is paid until validators reveal weights")
	default:
		return warn("%s", seen).next("`gotensor weights show` tells which validators give it weight; `gotensor query --uid %d TEXT` what it answers", me.UID)
	}
}

// judges counts validators whose weights count.
func judges(m *metagraph.Metagraph) int {
	n := 0
	for x := range m.All() {
		if x.Permit && x.Active {
			n++
		}
	}
	return n
}

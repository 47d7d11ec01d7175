package doctor

import (
	"fmt"
	"strings"
	"time"

	"github.com/gotensor/gotensor/keys"
)

// Bounds of the general checks.
const (
	// lateBlocks and stuckBlocks are ages of the newest block in target block times; a block is not called late before lateAtLeast.
	lateBlocks, stuckBlocks = 10, 50
	lateAtLeast             = 20 * time.Second
	stuckAtLeast            = 2 * time.Minute
	// A dated proof is refused at 30 s (synapse.MaxSkew), so that a clock is wrong from there and doubtful from a third of that.
	skewWarn, skewFail = 10 * time.Second, 30 * time.Second
	// diskWarn and diskFail are free bytes.
	diskWarn, diskFail = 5 << 30, 500 << 20
	// An axon takes 4096 connections (axon.Config.MaxConns), and a gateway about as many; the rest is for files and the node's.
	descriptorsWanted, descriptorsLeast = 4096 + 256, 1024
)

var generalChecks = []check{
	{General, "node", checkNode},
	{General, "peers", checkPeers},
	{General, "chain id", checkChainID},
	{General, "clock", checkClock},
	{General, "subnet", checkSubnet},
	{General, "wallet", checkWallet},
	{General, "disk", checkDisk},
	{General, "descriptors", checkDescriptors},
	{General, "registration", checkRegistration},
}

// age is how old the newest block was when the answer came.
func (m Moment) age() time.Duration { return m.Heard.Sub(m.Time) }

func checkNode(f *Facts) Check {
	if !f.Status.known() {
		return fail("the node at %s does not answer: %v", f.Network.GRPC, f.Status.why()).
			next("start the node, or name another with --network")
	}
	s := f.Status.Value
	seen := fmt.Sprintf("block %d, %s old, blocks are meant to take %s; answered in %s", s.Height, span(s.age()), span(s.TargetBlock), span(s.Heard.Sub(s.Asked)))
	switch {
	case s.age() > max(stuckBlocks*s.TargetBlock, stuckAtLeast):
		return fail("%s", seen).next("the node is behind or its chain stands still: look at its log and its peers, or name another with --network")
	case s.age() > max(lateBlocks*s.TargetBlock, lateAtLeast):
		return warn("%s", seen).next("look again in a minute; if the age grows, the node is behind")
	default:
		return ok("%s", seen)
	}
}

func checkPeers(f *Facts) Check {
	if f.Network.RPC == "" {
		return skip("the network is named by its gRPC port alone, which does not tell the node's peers")
	}
	if !f.Peers.known() {
		return skip("%s does not tell the node's peers: %v", f.Network.RPC, f.Peers.why())
	}
	p := f.Peers.Value
	switch {
	case p.CatchingUp:
		return fail("the node is catching up with the chain, %s", many(p.Count, "peer")).next("wait until it has caught up")
	case p.Count == 0:
		return warn("the node has no peers").next("fine where it is the only node of a network; else check its persistent_peers and its port")
	default:
		return ok("%s, not catching up", many(p.Count, "peer"))
	}
}

func checkChainID(f *Facts) Check {
	switch {
	case !f.Status.known():
		return unknown("the chain's id", f.Status.why())
	case f.Network.ChainID == "":
		return ok("%s (the network was named by address: nothing to compare it with)", f.Status.Value.ChainID)
	case f.Network.ChainID != f.Status.Value.ChainID:
		return fail("the node is of chain %q, the network's file says %q", f.Status.Value.ChainID, f.Network.ChainID).
			next("name the right network: proofs for one chain are worth nothing on another")
	default:
		return ok("%s, as the network's file says", f.Status.Value.ChainID)
	}
}

// checkClock goes by the newest block's header, which is between one block and the node's delay old: a clock that is behind is seen to
// a block's time, one that is ahead only as far as the block is not just late. A node that is behind hides a clock that is ahead.
func checkClock(f *Facts) Check {
	if !f.Status.known() {
		return unknown("the chain's time", f.Status.why())
	}
	s := f.Status.Value
	// Header time is the median of the votes for the block before, so that about two blocks lie between it and now.
	usual := 2 * s.TargetBlock
	skew := s.age() - usual
	bounds := fmt.Sprintf("by the newest block's header, to about %s", span(max(usual, time.Second)))
	switch {
	case s.age() < -skewFail:
		return fail("the local clock is %s behind the chain (%s)", span(-s.age()), bounds).next("set the clock: run an NTP client")
	case s.age() < -skewWarn:
		return warn("the local clock is %s behind the chain (%s)", span(-s.age()), bounds).next("set the clock: run an NTP client")
	case skew > max(stuckBlocks*s.TargetBlock, stuckAtLeast):
		return skip("the newest block is %s old: a chain that stands still and a clock that is ahead look alike", span(s.age())).
			next("check the clock by NTP")
	case skew > max(skewFail, lateBlocks*s.TargetBlock):
		return warn("the local clock is up to %s ahead of the chain (%s)", span(skew), bounds).
			next("check the clock by NTP; if it is right, blocks are late")
	default:
		return ok("within %s of the chain (%s)", span(max(skew.Abs(), usual, time.Second)), bounds)
	}
}

func checkSubnet(f *Facts) Check {
	if !f.Graph.known() {
		return fail("subnet %d: %v", f.NetUID, f.Graph.why()).next("`gotensor subnet list` shows which there are")
	}
	m := f.Graph.Value
	return ok("subnet %d, mechanism %s, %s, period %d ends in %s", m.NetUID, m.Mechanism, many(m.N(), "neuron"), m.Epoch, f.blocks(int64(m.NextBoundary)-int64(m.Height)))
}

func checkWallet(f *Facts) Check {
	var open []string
	for _, x := range f.Files.Value {
		if x.Mode.Perm()&0o077 != 0 {
			open = append(open, fmt.Sprintf("%s (%04o)", x.Path, x.Mode.Perm()))
		}
	}
	switch {
	case len(open) > 0:
		return fail("others on this machine may use %s", strings.Join(open, ", ")).next("chmod 600 these files, and take a new hotkey if somebody may have read it")
	case f.Wallet != nil:
		return fail("%v", f.Wallet).next("name the wallet with --wallet and --hotkey; `gotensor wallet list` shows what there is")
	case !f.Files.known():
		return fail("key files: %v", f.Files.why()).next("check the folder of wallets (--wallet-path)")
	default:
		return ok("%s with secrets, for their owner alone", many(len(f.Files.Value), "file"))
	}
}

func checkDisk(f *Facts) Check {
	if !f.Disks.known() || len(f.Disks.Value) == 0 {
		return skip("no folder to look at: %v", f.Disks.why())
	}
	worst := f.Disks.Value[0]
	for _, d := range f.Disks.Value[1:] {
		if d.Free < worst.Free {
			worst = d
		}
	}
	seen := fmt.Sprintf("%s free of %s at %s", size(worst.Free), size(worst.Total), worst.Path)
	switch {
	case worst.Free < diskFail:
		return fail("%s", seen).next("make room: a role that cannot write stops, and a validator that cannot save its salt cannot commit")
	case worst.Free < diskWarn:
		return warn("%s", seen).next("make room before it is below %s", size(diskFail))
	default:
		return ok("%s", seen)
	}
}

func checkDescriptors(f *Facts) Check {
	if !f.Descriptors.known() {
		return skip("the limit is not known: %v", f.Descriptors.why())
	}
	// Go raises the soft limit to the hard one at the start of a program.
	d := f.Descriptors.Value
	most := max(d.Soft, d.Hard)
	seen := fmt.Sprintf("%d (hard limit of this shell), an axon with all its connections needs %d", most, descriptorsWanted)
	switch {
	case most < descriptorsLeast:
		return fail("%s", seen).next("ulimit -n %d, or LimitNOFILE in the service's unit", descriptorsWanted)
	case most < descriptorsWanted:
		return warn("%s", seen).next("ulimit -n %d, or LimitNOFILE in the service's unit", descriptorsWanted)
	default:
		return ok("%s", seen)
	}
}

func checkRegistration(f *Facts) Check {
	if f.Hotkey.IsZero() {
		return skip("no hotkey to look for")
	}
	if !f.Graph.known() {
		return unknown("the subnet's state", f.Graph.why())
	}
	if n, found := f.me(); found {
		return ok("uid %d since block %d, coldkey %s", n.UID, n.Registered, keys.Account(n.Coldkey))
	}
	seen := fmt.Sprintf("hotkey %s has no uid on subnet %d", keys.Account(f.Hotkey), f.NetUID)
	if !needsUID(f.Roles) {
		return ok("%s, and none of its roles needs one", seen)
	}
	how := "`gotensor miner run` or `gotensor subnet register` takes one"
	if r := f.Registration; r.known() && r.Value.ClosedBecause != "" {
		how = "registration is closed: " + r.Value.ClosedBecause
	}
	return fail("%s", seen).next("%s", how)
}

// needsUID tells whether a hotkey with these roles has to be registered: a gateway alone does not.
func needsUID(roles []Role) bool {
	for _, r := range roles {
		if r != Gateway {
			return true
		}
	}
	return len(roles) == 0
}

package doctor

import (
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
	subnet "github.com/gotensor/gotensor/x/subnet/types"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

const tao1 = gotensor.RaoPerTAO

var (
	clock  = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	me     = fakenode.Addr("miner-1")
	other  = fakenode.Addr("miner-2")
	north  = fakenode.Addr("north")
	errOff = errors.New("connection refused")
	away   = chain.ErrUnreachable
)

// patient is what facts are made of; neurons and info become the metagraph.
type patient struct {
	Facts
	info    metagraph.Info
	neurons []metagraph.Neuron
}

func (p *patient) facts(t *testing.T) *Facts {
	t.Helper()
	if p.Graph.Asked && p.Graph.Err == nil {
		m, err := metagraph.New(p.info, p.neurons)
		require.NoError(t, err)
		p.Graph = Know(m)
	}
	return &p.Facts
}

// self is the neuron that is looked at.
func (p *patient) self() *metagraph.Neuron { return &p.neurons[1] }

// well is a neuron that mines and judges and runs a gateway, and all of it is as it should be.
func well() *patient {
	rules := subnet.DefaultHyperparameters(2000)
	at := netip.MustParseAddrPort
	p := &patient{
		info: metagraph.Info{
			NetUID: 1, Height: 100_000, Time: clock.Add(-2 * time.Second), Epoch: 46, LastBoundary: 99_000, NextBoundary: 101_161, Tempo: 2160, Mechanism: "text",
		},
		neurons: []metagraph.Neuron{
			{Hotkey: fakenode.Addr("a"), Registered: 10, Trust: 60_000, Stake: 50 * tao1, Permit: true, Active: true, LastUpdate: 98_500},
			{
				Hotkey: me, Coldkey: fakenode.Addr("alice"), Registered: 10, Trust: 61_000, Stake: 100 * tao1, Validator: north, Permit: true, Active: true,
				LastUpdate: 98_500, Incentive: 30_000, Emission: 3 * tao1, Accrued: tao1 / 2, Endpoint: metagraph.Endpoint{Addr: at("203.0.113.7:8091"), Pin: [32]byte{1}},
			},
			{Hotkey: other, Registered: 20, Emission: tao1, Endpoint: metagraph.Endpoint{Addr: at("198.51.100.2:8091"), Pin: [32]byte{2}}},
			{Hotkey: fakenode.Addr("b"), Registered: 20, Trust: 62_000, Stake: tao1, Permit: true, Active: true},
			{Hotkey: fakenode.Addr("c"), Registered: 90_000, Trust: 63_000, Stake: tao1, Permit: true, Active: true},
		},
		Facts: Facts{
			Roles: []Role{Miner, Validator, Gateway}, NetUID: 1, Hotkey: me, Signs: true,
			Network: chain.Network{ChainID: "net-1", GRPC: "node.example:9090", RPC: "http://node.example:26657"},
			Status: Know(Moment{
				Status: chain.Status{ChainID: "net-1", Height: 100_000, Time: clock.Add(-3 * time.Second), TargetBlock: 2 * time.Second},
				Asked:  clock.Add(-5 * time.Millisecond), Heard: clock,
			}),
			Peers: Know(Peers{Count: 12}), Graph: Know[*metagraph.Metagraph](nil), Rules: Know(rules),
			Registration: Know(&neuron.QueryRegistrationResponse{WouldPrune: -1}),
			Neuron:       Know(&neuron.QueryNeuronResponse{ImmuneUntil: 24_490}),
			Files:        Know([]File{{"w/coldkey", 0o600}, {"w/hotkeys/default", 0o600}}),
			Disks:        Know([]Disk{{"/home", 200 << 30, 400 << 30}}),
			Descriptors:  Know(Descriptors{1024, 524_288}),
			Miner: MinerFacts{
				Home: "/home/miner", From: "https://gw.example", Certificate: Know(Certificate{"/home/miner/axon.pem", [32]byte{1}, clock.AddDate(90, 0, 0)}),
				Status:  Know(MinerStatus{Hotkey: keys.Account(me), Model: "ngram-7", Time: clock.Add(-2 * time.Second), Served: 900, Refused: 3, Failed: 1}),
				Dial:    Know(Dial{Took: 31 * time.Millisecond, Hotkey: keys.Account(me), NetUID: 1, Model: "ngram-7", Version: "0.2.0", Capabilities: []string{"generate"}}),
				Speed:   Know(Speed{What: "32 contexts of 256 bytes", Took: 1200 * time.Millisecond, Deadline: 12 * time.Second}),
				Outside: Know(Probe{Up: true, LatencyMs: 48}),
			},
			Validator: ValidatorFacts{
				Home:         "/home/validator",
				Status:       Know(ValidatorStatus{Hotkey: keys.Account(me), Time: clock.Add(-40 * time.Second), Round: 700, MinRounds: 10}),
				Saved:        Know([]Commitment{{44, true, true}, {45, true, true}, {46, false, false}}),
				Commitments:  Know([]weights.Commitment{{Epoch: 45, Height: 98_500, Revealed: true}}),
				Appointments: Know([]neuron.Appointment{{Validator: keys.Operator(north), Netuid: 65535, Hotkey: keys.Account(me)}}),
				Staking:      Know(chain.Validator{Operator: north, Moniker: "north", Stake: 100 * tao1, Bonded: true}),
				Unbonding:    Know([]chain.Unbonding{}), Risk: Know("not at risk: it does not produce blocks"),
			},
			Gateway: GatewayFacts{
				Home: "/home/gateway", URL: "http://127.0.0.1:8080", Health: Know(Health{200, 2 * time.Millisecond}),
				Ready:     Know(Ready{Ready: true, Subnets: []SubnetReady{{NetUID: 1, Height: 100_000, AgeMs: 2500, Up: 2}}}),
				Neurons:   Know([]NeuronView{{true, "up", 120}, {true, "up", 80}, {Serves: false}}),
				Store:     Know(Store{Keys: []KeyUse{{ID: "key_1", Name: "laptop", Limit: 60, PerMinute: 3}, {ID: "key_2", Name: "server"}}}),
				Bandwidth: Know(20 * tao1),
			},
		},
	}
	for i := range p.neurons {
		p.neurons[i].UID = gotensor.UID(i)
	}
	return p
}

func TestNothingIsWrongWithOneWhoIsWell(t *testing.T) {
	r := Judge(well().facts(t))
	require.Len(t, r.Checks, len(checks))
	for _, c := range r.Checks {
		assert.Equal(t, OK, c.State, "%s %s: %s", c.Role, c.Name, c.Seen)
		assert.Empty(t, c.Next, c.Name)
	}
	require.Equal(t, "net-1", r.ChainID)
	require.EqualValues(t, 1, *r.UID)
	require.Equal(t, keys.Account(me), r.Hotkey)
}

// finding is one thing wrong, and what one check makes of it.
type finding struct {
	name  string
	role  Role
	check string
	harm  func(p *patient)
	state State
	seen  string // a part
	next  string // a part; empty: nothing to be done
}

func look(t *testing.T, findings []finding) {
	t.Helper()
	covered := map[string]bool{}
	for _, x := range findings {
		covered[string(x.role)+" "+x.check] = true
		t.Run(string(x.role)+"/"+x.check+"/"+x.name, func(t *testing.T) {
			p := well()
			x.harm(p)
			for _, c := range Judge(p.facts(t)).Checks {
				if c.Role != x.role || c.Name != x.check {
					continue
				}
				require.Equal(t, x.state, c.State, c.Seen)
				require.Contains(t, c.Seen, x.seen)
				if x.next == "" {
					require.Empty(t, c.Next)
				} else {
					require.Contains(t, c.Next, x.next)
				}
				return
			}
			require.Fail(t, "there is no such check")
		})
	}
	for _, c := range checks {
		if c.role == findings[0].role {
			require.True(t, covered[string(c.role)+" "+c.name], "nothing harms %q", c.name)
		}
	}
}

func TestGeneral(t *testing.T) {
	look(t, []finding{
		{"away", General, "node", func(p *patient) { p.Status = Miss[Moment](away) }, Fail, "node.example:9090 does not answer", "--network"},
		{"late", General, "node", func(p *patient) { p.Status.Value.Time = clock.Add(-25 * time.Second) }, Warn, "25.0s old", "in a minute"},
		{"stuck", General, "node", func(p *patient) { p.Status.Value.Time = clock.Add(-3 * time.Minute) }, Fail, "3m old", "stands still"},
		{"slow chain", General, "node", func(p *patient) {
			p.Status.Value.Time, p.Status.Value.TargetBlock = clock.Add(-100*time.Second), 12*time.Second
		}, OK, "1m40s old", ""},
		{"by address", General, "peers", func(p *patient) { p.Network.RPC = "" }, Skip, "gRPC port alone", ""},
		{"closed", General, "peers", func(p *patient) { p.Peers = Miss[Peers](errOff) }, Skip, "refused", ""},
		{"alone", General, "peers", func(p *patient) { p.Peers.Value.Count = 0 }, Warn, "no peers", "persistent_peers"},
		{"catching up", General, "peers", func(p *patient) { p.Peers.Value.CatchingUp = true }, Fail, "catching up", "wait"},
		{"other", General, "chain id", func(p *patient) { p.Network.ChainID = "net-2" }, Fail, `"net-1", the network's file says "net-2"`, "right network"},
		{"by address", General, "chain id", func(p *patient) { p.Network.ChainID = "" }, OK, "nothing to compare", ""},
		{"away", General, "chain id", func(p *patient) { p.Status = Miss[Moment](away) }, Skip, "not known", ""},
		{"behind", General, "clock", func(p *patient) { p.Status.Value.Time = clock.Add(15 * time.Second) }, Warn, "15.0s behind", "NTP"},
		{"far behind", General, "clock", func(p *patient) { p.Status.Value.Time = clock.Add(2 * time.Minute) }, Fail, "2m behind", "NTP"},
		{"ahead", General, "clock", func(p *patient) { p.Status.Value.Time = clock.Add(-40 * time.Second) }, Warn, "up to 36.0s ahead", "NTP"},
		{"or stuck", General, "clock", func(p *patient) { p.Status.Value.Time = clock.Add(-time.Hour) }, Skip, "look alike", "NTP"},
		{"away", General, "clock", func(p *patient) { p.Status = Miss[Moment](away) }, Skip, "not known", ""},
		{"none", General, "subnet", func(p *patient) { p.Graph = Miss[*metagraph.Metagraph](chain.ErrNotFound) }, Fail, "subnet 1: not found", "subnet list"},
		{"no wallet", General, "wallet", func(p *patient) { p.Wallet = keys.ErrNotFound }, Fail, "key not found", "wallet list"},
		{"open", General, "wallet", func(p *patient) { p.Files.Value[1].Mode = 0o644 }, Fail, "w/hotkeys/default (0644)", "chmod 600"},
		{"group", General, "wallet", func(p *patient) { p.Files.Value[0].Mode = 0o640 }, Fail, "w/coldkey (0640)", "chmod 600"},
		{"unreadable", General, "wallet", func(p *patient) { p.Files = Miss[[]File](os.ErrPermission) }, Fail, "permission denied", "--wallet-path"},
		{"low", General, "disk", func(p *patient) { p.Disks.Value = append(p.Disks.Value, Disk{"/x", 2e9, 9e9}) }, Warn, "2.0 GB free of 9.0 GB at /x", "make room"},
		{"full", General, "disk", func(p *patient) { p.Disks.Value[0].Free = 3e6 }, Fail, "3.0 MB free", "make room"},
		{"unknown", General, "disk", func(p *patient) { p.Disks = Miss[[]Disk](ErrSlow) }, Skip, "no answer in time", ""},
		{"few", General, "descriptors", func(p *patient) { p.Descriptors.Value = Descriptors{1024, 4096} }, Warn, "4096 (hard limit of this shell), an axon with all its connections needs 4352", "ulimit -n 4352"},
		{"very few", General, "descriptors", func(p *patient) { p.Descriptors.Value = Descriptors{256, 256} }, Fail, "256", "ulimit -n 4352"},
		{"unknown", General, "descriptors", func(p *patient) { p.Descriptors = Miss[Descriptors](errOff) }, Skip, "refused", ""},
		{"none", General, "registration", func(p *patient) { p.Hotkey = fakenode.Addr("nobody") }, Fail, "has no uid on subnet 1", "miner run"},
		{"closed", General, "registration", func(p *patient) {
			p.Hotkey, p.Registration = fakenode.Addr("nobody"), Know(&neuron.QueryRegistrationResponse{ClosedBecause: "it is full"})
		}, Fail, "has no uid", "registration is closed: it is full"},
		{"gateway", General, "registration", func(p *patient) { p.Hotkey, p.Roles = fakenode.Addr("nobody"), []Role{Gateway} }, OK, "none of its roles needs one", ""},
		{"no hotkey", General, "registration", func(p *patient) { p.Hotkey = gotensor.Address{} }, Skip, "no hotkey", ""},
		{"away", General, "registration", func(p *patient) { p.Graph = Miss[*metagraph.Metagraph](away) }, Skip, "not known", ""},
	})
}

func TestMiner(t *testing.T) {
	nobody := func(p *patient) { p.Hotkey = fakenode.Addr("nobody") }
	dials := func(err error) func(*patient) {
		return func(p *patient) {
			p.Miner.Dial, p.Miner.Outside, p.Miner.From = Miss[Dial](&dendrite.Error{Kind: err}), Fact[Probe]{}, ""
		}
	}
	speed := func(took time.Duration) func(*patient) {
		return func(p *patient) { p.Miner.Speed.Value.Took = took }
	}
	look(t, []finding{
		{"never", Miner, "process", func(p *patient) { p.Miner.Status = Miss[MinerStatus](os.ErrNotExist) }, Warn, "/home/miner: file does not exist", "miner run"},
		{"other", Miner, "process", func(p *patient) { p.Miner.Status.Value.Hotkey = "tao1x" }, Fail, "tao1x, not this one", "--home"},
		{"late", Miner, "process", func(p *patient) { p.Miner.Status.Value.Time = clock.Add(-3 * time.Minute) }, Warn, "3m ago", "log"},
		{"gone", Miner, "process", func(p *patient) { p.Miner.Status.Value.Time = clock.Add(-26 * time.Hour) }, Fail, "1d2h ago", "miner run"},
		{"failing", Miner, "process", func(p *patient) { p.Miner.Status.Value.Failed = 901 }, Warn, "901 failed", "model's server"},
		{"no clock", Miner, "process", func(p *patient) { p.Status = Miss[Moment](away) }, Skip, "how lately", ""},
		{"none", Miner, "endpoint", func(p *patient) { p.self().Endpoint = metagraph.Endpoint{} }, Fail, "no endpoint for uid 1", "miner run"},
		{"other key", Miner, "endpoint", func(p *patient) { p.Miner.Certificate.Value.Pin = [32]byte{9} }, Fail, "another certificate key", "axon.pem"},
		{"other home", Miner, "endpoint", func(p *patient) { p.Miner.Certificate = Miss[Certificate](os.ErrNotExist) }, Skip, "cannot be compared", "--home"},
		{"unregistered", Miner, "endpoint", nobody, Skip, "no uid", ""},
		{"private", Miner, "address", func(p *patient) { p.self().Endpoint.Addr = netip.MustParseAddrPort("192.168.1.5:8091") }, Fail, "this chain is public: 1 other neuron with a public address", "--announce"},
		{"loopback", Miner, "address", func(p *patient) { p.self().Endpoint.Addr = netip.MustParseAddrPort("127.0.0.1:8091") }, Fail, "127.0.0.1", "--announce"},
		{"carrier's", Miner, "address", func(p *patient) { p.self().Endpoint.Addr = netip.MustParseAddrPort("100.64.3.2:8091") }, Fail, "100.64.3.2", "--announce"},
		{"mapped", Miner, "address", func(p *patient) { p.self().Endpoint.Addr = netip.MustParseAddrPort("[::ffff:10.0.0.1]:8091") }, Fail, "10.0.0.1", "--announce"},
		{"public node", Miner, "address", func(p *patient) {
			p.self().Endpoint.Addr, p.neurons[2].Endpoint, p.Network.GRPC = netip.MustParseAddrPort("10.0.0.1:1"), metagraph.Endpoint{}, "203.0.113.1:9090"
		}, Fail, "its node is at 203.0.113.1", "--announce"},
		{"local network", Miner, "address", func(p *patient) {
			p.self().Endpoint.Addr, p.neurons[2].Endpoint, p.Network.GRPC = netip.MustParseAddrPort("127.0.0.1:1"), metagraph.Endpoint{}, "127.0.0.1:9090"
		}, OK, "as fits a network without public addresses", ""},
		{"none", Miner, "address", func(p *patient) { p.self().Endpoint = metagraph.Endpoint{} }, Skip, "no endpoint", ""},
		{"none", Miner, "certificate", func(p *patient) { p.Miner.Certificate = Miss[Certificate](os.ErrNotExist) }, Warn, "no usable certificate", "--home"},
		{"ended", Miner, "certificate", func(p *patient) { p.Miner.Certificate.Value.NotAfter = clock.Add(-time.Hour) }, Fail, "ended 1h ago", "move it away"},
		{"ends", Miner, "certificate", func(p *patient) { p.Miner.Certificate.Value.NotAfter = clock.Add(49 * time.Hour) }, Warn, "ends in 2d1h", "move it away"},
		{"no clock", Miner, "certificate", func(p *patient) { p.Status = Miss[Moment](away) }, Skip, "2116-05-01", ""},
		{"down", Miner, "reachable from here", dials(dendrite.ErrUnreachable), Fail, "nothing usable answers at 203.0.113.7:8091", "forwarded"},
		{"other key", Miner, "reachable from here", dials(dendrite.ErrPin), Fail, "another certificate key", "another program"},
		{"policy", Miner, "reachable from here", dials(dendrite.ErrNotPermitted), OK, "does not admit its own hotkey", ""},
		{"throwaway", Miner, "reachable from here", func(p *patient) { dials(dendrite.ErrNotPermitted)(p); p.Signs = false }, OK, "a key without stake", ""},
		{"busy", Miner, "reachable from here", dials(dendrite.ErrOverloaded), Warn, "no room", "slots"},
		{"hairpin", Miner, "reachable from here", func(p *patient) { p.Miner.Dial = Miss[Dial](&dendrite.Error{Kind: dendrite.ErrUnreachable}) }, Warn, "but from https://gw.example", "router"},
		{"local gateway", Miner, "reachable from here", func(p *patient) {
			p.Miner.Dial, p.Miner.Outside.Value.Local = Miss[Dial](&dendrite.Error{Kind: dendrite.ErrUnreachable}), true
		}, Fail, "nothing usable", "port"},
		{"other neuron", Miner, "reachable from here", func(p *patient) { p.Miner.Dial.Value.Hotkey = "tao1z" }, Fail, "answers as tao1z of subnet 1", "--home"},
		{"other subnet", Miner, "reachable from here", func(p *patient) { p.Miner.Dial.Value.NetUID = 3 }, Fail, "of subnet 3", "--home"},
		{"nobody asked", Miner, "reachable from outside", func(p *patient) { p.Miner.From = "" }, Skip, "nobody outside was asked", "--from"},
		{"no answer", Miner, "reachable from outside", func(p *patient) { p.Miner.Outside = Miss[Probe](ErrSlow) }, Skip, "did not look", "gateway"},
		{"closed", Miner, "reachable from outside", func(p *patient) { p.Miner.Outside.Value = Probe{Error: "unreachable"} }, Fail, "does not reach it: unreachable", "firewall"},
		{"same machine", Miner, "reachable from outside", func(p *patient) { p.Miner.Outside.Value.Local = true }, Skip, "says nothing about others", "another machine"},
		{"slow", Miner, "speed", speed(7 * time.Second), Warn, "7.0s of 12.0s", "smaller model"},
		{"half is in time", Miner, "speed", speed(6 * time.Second), OK, "6.0s of 12.0s", ""},
		{"too slow", Miner, "speed", speed(12 * time.Second), Fail, "12.0s of 12.0s", "too late"},
		{"broken", Miner, "speed", func(p *patient) { p.Miner.Speed = Miss[Speed](&dendrite.Error{Kind: dendrite.ErrFailed}) }, Fail, "failed", "model's server"},
		{"policy", Miner, "speed", func(p *patient) { p.Miner.Speed = Miss[Speed](&dendrite.Error{Kind: dendrite.ErrNotPermitted}) }, Skip, "policy", ""},
		{"not asked", Miner, "speed", func(p *patient) { p.Miner.Speed = Fact[Speed]{} }, Skip, "not asked", ""},
		{"immune", Miner, "uid", func(p *patient) { p.Neuron.Value.ImmuneUntil = 100_900 }, OK, "immune for 900 blocks (about 30m)", ""},
		{"next", Miner, "uid", func(p *patient) { full(p); p.Registration.Value.WouldPrune = 1 }, Warn, "the next registration takes it", "better model"},
		{"soon", Miner, "uid", func(p *patient) {
			full(p)
			p.self().Emission = 0
			for i := range p.neurons[2:] {
				p.neurons[i+2].Registered = 99_000
			}
		}, Warn, "0 free slots and 1 neuron before it, 3 registrations in the last 1d; not immune; at that rate, and with this pay, it lasts about 16h", "better model"},
		{"young chain", Miner, "uid", func(p *patient) {
			full(p)
			p.info.Height, p.info.LastBoundary, p.info.NextBoundary, p.Neuron.Value.ImmuneUntil = 100, 90, 2000, 50
		}, OK, "5 registrations in the last 3m20s; not immune", ""},
		{"unknown", Miner, "uid", func(p *patient) { p.Rules = Miss[subnet.Hyperparameters](away) }, Skip, "does not answer", ""},
		{"unpaid", Miner, "pay", func(p *patient) { unpaid(p) }, Warn, "0.0000 TAO in the latest period", "weights show"},
		{"new", Miner, "pay", func(p *patient) { unpaid(p); p.self().Registered = 99_500 }, OK, "new in this period", ""},
		{"validator", Miner, "pay", func(p *patient) { unpaid(p); p.self().Permit = true }, OK, "permit", ""},
		{"nobody judges", Miner, "pay", func(p *patient) {
			unpaid(p)
			for i := range p.neurons {
				p.neurons[i].Active = false
			}
		}, Warn, "no validator has weights in force", "reveal"},
	})
}

func full(p *patient)   { p.Rules.Value.MaxAllowedUIDs = 5 }
func unpaid(p *patient) { n := p.self(); n.Emission, n.Incentive, n.Permit = 0, 0, false }

func TestValidator(t *testing.T) {
	status := func(f func(*ValidatorStatus)) func(*patient) {
		return func(p *patient) { f(&p.Validator.Status.Value) }
	}
	orphan := func(p *patient) { p.self().Validator = gotensor.Address{} }
	look(t, []finding{
		{"never", Validator, "process", func(p *patient) { p.Validator.Status = Miss[ValidatorStatus](os.ErrNotExist) }, Warn, "/home/validator", "validator run"},
		{"other", Validator, "process", status(func(s *ValidatorStatus) { s.Hotkey = "tao1x" }), Fail, "tao1x, not this one", "--home"},
		{"late", Validator, "process", status(func(s *ValidatorStatus) { s.Time = clock.Add(-6 * time.Minute) }), Warn, "6m ago", "log"},
		{"gone", Validator, "process", status(func(s *ValidatorStatus) { s.Time = clock.Add(-time.Hour) }), Fail, "1h ago", "validator run"},
		{"waits", Validator, "process", status(func(s *ValidatorStatus) { s.Waiting = "no permit" }), Warn, "it waits: no permit", "metagraph"},
		{"warms up", Validator, "process", status(func(s *ValidatorStatus) { s.WarmingUp, s.Round = true, 3 }), OK, "it commits after 10 rounds", ""},
		{"no clock", Validator, "process", func(p *patient) { p.Status = Miss[Moment](away) }, Skip, "how lately", ""},
		{"none", Validator, "stake", func(p *patient) { p.self().Stake = 0 }, Fail, "no stake", "--stake"},
		{"too little", Validator, "stake", func(p *patient) { p.Rules.Value.StakeThreshold = 200 * tao1 }, Fail, "less than the 200.0000 TAO", "stake add"},
		{"none", Validator, "appointment", func(p *patient) { orphan(p); p.Validator.Appointments.Value = nil }, Fail, "no staking validator has appointed", "--stake"},
		{"of another subnet", Validator, "appointment", func(p *patient) { orphan(p); p.Validator.Appointments.Value[0].Netuid = 2 }, Fail, "no staking validator has appointed", "--stake"},
		{"without stake", Validator, "appointment", orphan, Fail, "no stake that counts", "staking validator"},
		{"not yet", Validator, "appointment", func(p *patient) { orphan(p); p.Validator.Appointments.Value[0].Height = 99_500 }, Warn, "counts from block 103322 on, in 3322 blocks (about 1h50m)", "wait"},
		{"unknown", Validator, "appointment", func(p *patient) { orphan(p); p.Validator.Appointments = Miss[[]neuron.Appointment](away) }, Skip, "not known", ""},
		{"jailed", Validator, "staking validator", func(p *patient) { p.Validator.Staking.Value.Jailed = true }, Fail, "north is jailed", "unjail"},
		{"unbonded", Validator, "staking validator", func(p *patient) { p.Validator.Staking.Value.Bonded = false }, Fail, "not bonded", "1 TAO"},
		{"leaves", Validator, "staking validator", func(p *patient) {
			p.Validator.Unbonding.Value = []chain.Unbonding{{Operator: north, Amount: 5 * tao1}, {Operator: me, Amount: tao1}}
		}, Warn, "takes back 5.0000 TAO", "meant"},
		{"unknown", Validator, "staking validator", func(p *patient) { p.Validator.Staking = Fact[chain.Validator]{} }, Skip, "not asked", ""},
		{"without stake", Validator, "permit", func(p *patient) { p.self().Permit, p.self().Stake = false, 0 }, Fail, "lack of stake", "appointment"},
		{"not among the largest", Validator, "permit", func(p *patient) { p.self().Permit = false }, Warn, "no permit", "the next in 1161 blocks"},
		{"inactive", Validator, "weights", func(p *patient) { p.self().LastUpdate = 100 }, Fail, "committed at block 100", "do not count"},
		{"old", Validator, "weights", func(p *patient) { p.self().LastUpdate = 76_000 }, Warn, "24000 blocks (about 13h20m) ago; they count for 30000 blocks", "log"},
		{"none", Validator, "weights", func(p *patient) { p.self().LastUpdate = 0 }, Warn, "none in force", "two periods"},
		{"no right", Validator, "weights", func(p *patient) { p.self().LastUpdate, p.self().Permit = 0, false }, Skip, "no permit", ""},
		{"unknown", Validator, "weights", func(p *patient) { p.Rules = Miss[subnet.Hyperparameters](away) }, Skip, "not known", ""},
		{"made", Validator, "commitment", func(p *patient) {
			p.Validator.Commitments.Value = append(p.Validator.Commitments.Value, weights.Commitment{Epoch: 46, Height: 99_990})
		}, OK, "made at block 99990 in period 46", ""},
		{"late", Validator, "commitment", func(p *patient) { p.info.LastBoundary = 92_000 }, Warn, "none yet in period 46, of which 87 % are over", "second half"},
		{"warming up", Validator, "commitment", func(p *patient) {
			p.info.LastBoundary, p.Validator.Status.Value.WarmingUp, p.Validator.Status.Value.Round = 92_000, true, 4
		}, OK, "4 rounds of 10", ""},
		{"no right", Validator, "commitment", func(p *patient) { p.self().Permit = false }, Skip, "no permit", ""},
		{"unknown", Validator, "commitment", func(p *patient) { p.Validator.Commitments = Miss[[]weights.Commitment](away) }, Skip, "not known", ""},
		{"missed on chain", Validator, "reveals", func(p *patient) {
			p.Validator.Commitments.Value = append(p.Validator.Commitments.Value, weights.Commitment{Epoch: 44})
		}, Warn, "missed in period 44", "salts"},
		{"missed on disk", Validator, "reveals", func(p *patient) {
			p.Validator.Saved.Value = []Commitment{{9, true, false}, {43, true, false}, {12, false, false}}
		}, Warn, "missed in period 9, 43:", "salts"},
		{"the chain knows better", Validator, "reveals", func(p *patient) { p.Validator.Saved.Value[1].Revealed = false }, OK, "none missed", ""},
		{"due", Validator, "reveals", func(p *patient) { p.Validator.Commitments.Value[0].Revealed = false }, OK, "that of period 45 comes now", ""},
		{"overdue", Validator, "reveals", func(p *patient) {
			p.Validator.Commitments.Value[0].Revealed, p.info.LastBoundary = false, 98_000
		}, Warn, "not revealed yet, and 63 % of the period", "come early"},
		{"unknown", Validator, "reveals", func(p *patient) {
			p.Validator.Commitments, p.Validator.Saved = Miss[[]weights.Commitment](away), Fact[[]Commitment]{}
		}, Skip, "not known", ""},
		{"lowest of four", Validator, "trust", func(p *patient) { p.self().Trust = 100 }, Warn, "0.0015, more than 0 of 4 active validators", "judges unlike"},
		{"equals", Validator, "trust", func(p *patient) {
			for i := range p.neurons {
				p.neurons[i].Trust = 65535
			}
		}, OK, "1.0000", ""},
		{"few", Validator, "trust", func(p *patient) { p.self().Trust, p.neurons[3].Active = 100, false }, OK, "0 of 3", ""},
		{"none", Validator, "trust", func(p *patient) { p.self().LastUpdate = 0 }, Skip, "no weights", ""},
		{"produces", Validator, "risk", func(p *patient) { p.Validator.Risk = Know("at risk: it produces blocks") }, Warn, "at risk", "one machine"},
		{"unknown", Validator, "risk", func(p *patient) { p.Validator.Risk = Know("unknown: away") }, Skip, "unknown", ""},
		{"not asked", Validator, "risk", func(p *patient) { p.Validator.Risk = Fact[string]{} }, Skip, "not asked", ""},
	})
}

func TestGateway(t *testing.T) {
	ready := func(f func(*Ready)) func(*patient) { return func(p *patient) { f(&p.Gateway.Ready.Value) } }
	key := func(k KeyUse) func(*patient) {
		return func(p *patient) { p.Gateway.Store.Value.Keys = append(p.Gateway.Store.Value.Keys, k) }
	}
	stranger := func(p *patient) { p.Hotkey = fakenode.Addr("nobody") }
	look(t, []finding{
		{"none", Gateway, "healthz", func(p *patient) { p.Gateway.URL = "" }, Fail, "no gateway runs in /home/gateway", "--url"},
		{"down", Gateway, "healthz", func(p *patient) { p.Gateway.Health = Miss[Health](errOff) }, Fail, "does not answer", "running"},
		{"other", Gateway, "healthz", func(p *patient) { p.Gateway.Health.Value.Code = 404 }, Fail, "answers 404", "proxy"},
		{"not", Gateway, "readyz", ready(func(r *Ready) { r.Ready, r.Why = false, "no neuron is up" }), Fail, "no neuron is up", "snapshot"},
		{"unknown", Gateway, "readyz", func(p *patient) { p.Gateway.Ready = Miss[Ready](errOff) }, Skip, "not known", ""},
		{"old", Gateway, "snapshot", ready(func(r *Ready) { r.Subnets[0].AgeMs = 30_000 }), Warn, "30.0s old", "node"},
		{"very old", Gateway, "snapshot", ready(func(r *Ready) { r.Subnets[0].AgeMs = 3_600_000 }), Fail, "1h old", "node"},
		{"none", Gateway, "snapshot", ready(func(r *Ready) { r.Subnets[0].Height = 0 }), Fail, "none yet", "--network"},
		{"not offered", Gateway, "snapshot", ready(func(r *Ready) { r.Subnets[0].NetUID = 2 }), Fail, "does not offer subnet 1", "--netuid 1"},
		{"unknown", Gateway, "snapshot", func(p *patient) { p.Gateway.Ready = Miss[Ready](errOff) }, Skip, "not known", ""},
		{"most down", Gateway, "miners", func(p *patient) {
			p.Gateway.Neurons.Value = []NeuronView{{true, "up", 1}, {true, "down", 0}, {true, "unknown", 0}}
		}, Warn, "1 of 3 neurons", "query --all"},
		{"all down", Gateway, "miners", func(p *patient) { p.Gateway.Neurons.Value = []NeuronView{{true, "down", 0}} }, Fail, "0 of 1 neuron", "admission"},
		{"none", Gateway, "miners", func(p *patient) { p.Gateway.Neurons.Value = nil }, Fail, "no neuron", "wait"},
		{"slow", Gateway, "first piece", func(p *patient) {
			p.Gateway.Neurons.Value = []NeuronView{{true, "up", 9000}, {true, "up", 2500}, {true, "up", 10}, {true, "down", 1}}
		}, Warn, "2.5s at the median of 3 neurons", "bench query"},
		{"none", Gateway, "first piece", func(p *patient) { p.Gateway.Neurons.Value = nil }, Skip, "no answers", ""},
		{"down", Gateway, "store", func(p *patient) { p.Gateway.Store = Miss[Store](errOff) }, Fail, "refused", "--store"},
		{"shared", Gateway, "store", func(p *patient) { p.Gateway.Store.Value.Shared = true }, OK, "PostgreSQL", ""},
		{"full", Gateway, "API keys", key(KeyUse{ID: "key_3", Name: "bot", Limit: 10, PerMinute: 8.5}), Warn, "key_3 (bot) made 8.5 requests a minute today of its 10", "key create"},
		{"ends", Gateway, "API keys", key(KeyUse{ID: "key_4", Name: "demo", Expires: clock.Add(25 * time.Hour)}), Warn, "key_4 (demo) ends in 1d1h", "longer life"},
		{"unknown", Gateway, "API keys", func(p *patient) { p.Gateway.Store = Miss[Store](errOff) }, Skip, "not known", ""},
		{"no keys", Gateway, "API keys", func(p *patient) { p.Gateway.Store.Value.Keys = nil }, OK, "no live keys", ""},
		{"refused", Gateway, "admission", func(p *patient) { stranger(p); p.Gateway.Bandwidth = Know[gotensor.Rao](0) }, Fail, "miners refuse it", "stake lend"},
		{"by bandwidth", Gateway, "admission", stranger, OK, "20.0000 TAO of bandwidth", ""},
		{"by uid", Gateway, "admission", func(p *patient) { p.self().Permit, p.Gateway.Bandwidth = false, Know[gotensor.Rao](0) }, Warn, "serve it last", "stake lend"},
		{"unknown", Gateway, "admission", func(p *patient) { stranger(p); p.Gateway.Bandwidth = Miss[gotensor.Rao](away) }, Skip, "not known", ""},
	})
}

// A node that is away leaves nothing for the others to go by: none may panic, and none may be well for lack of facts.
func TestWithoutFacts(t *testing.T) {
	r := Judge(&Facts{Roles: []Role{Miner, Validator, Gateway}})
	require.Len(t, r.Checks, len(checks))
	for _, c := range r.Checks {
		assert.NotEqual(t, OK, c.State, "%s %s: %s", c.Role, c.Name, c.Seen)
	}
	require.Nil(t, r.UID)
}

func TestRoles(t *testing.T) {
	for name, x := range map[string]struct {
		harm func(p *patient)
		want []Role
	}{
		"all":              {func(*patient) {}, []Role{Miner, Validator, Gateway}},
		"fresh miner":      {func(p *patient) { bare(p) }, []Role{Miner}},
		"gateway with uid": {func(p *patient) { bare(p); p.Gateway.URL = "http://x" }, []Role{Gateway}},
		"validator":        {func(p *patient) { bare(p); p.self().Permit = true }, []Role{Validator}},
		"by its home":      {func(p *patient) { bare(p); p.Hotkey = north; p.Miner.Status = Know(MinerStatus{}) }, []Role{Miner}},
		"nobody":           {func(p *patient) { bare(p); p.Hotkey = north }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := well()
			x.harm(p)
			require.Equal(t, x.want, roles(p.facts(t)))
		})
	}
}

// bare takes all signs of roles away.
func bare(p *patient) {
	n := p.self()
	n.Endpoint, n.Validator, n.Permit = metagraph.Endpoint{}, gotensor.Address{}, false
	p.Miner.Status, p.Validator.Status, p.Gateway.URL = Fact[MinerStatus]{}, Fact[ValidatorStatus]{}, ""
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "0s", 1500 * time.Microsecond: "2ms", 900 * time.Millisecond: "900ms", 1500 * time.Millisecond: "1.5s", time.Minute: "1m", 61 * time.Second: "1m1s",
		time.Hour: "1h", 90 * time.Minute: "1h30m", 24 * time.Hour: "1d", 49 * time.Hour: "2d1h",
	} {
		require.Equal(t, want, span(d), d)
	}
}

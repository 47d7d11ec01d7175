package doctor

import (
	"errors"
	"net/netip"
	"os"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/metagraph"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
	subnet "github.com/gotensor/gotensor/x/subnet/types"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

var (
	// ErrSlow stands for an answer that did not come in time.
	ErrSlow = errors.New("no answer in time")
	// ErrNotAsked stands for what was not asked, since something before it failed or it does not apply.
	ErrNotAsked = errors.New("not asked")
)

// Fact is one answer, or why there is none. The zero value was not asked.
type Fact[T any] struct {
	Value T
	Err   error
	Asked bool
}

// Know makes a fact that is known.
func Know[T any](v T) Fact[T] { return Fact[T]{Value: v, Asked: true} }

// Miss makes a fact that is not known.
func Miss[T any](err error) Fact[T] { return Fact[T]{Err: err, Asked: true} }

// known is true where Value holds.
func (f Fact[T]) known() bool { return f.Asked && f.Err == nil }

// why is the reason for what is not known.
func (f Fact[T]) why() error {
	if !f.Asked {
		return ErrNotAsked
	}
	return f.Err
}

// Facts are all that checks go by.
type Facts struct {
	Roles   []Role
	Network chain.Network // as it was named
	NetUID  gotensor.NetUID
	Hotkey  gotensor.Address
	// Wallet is nil if the wallet's hotkey could be read; Signs tells whether it could be opened, so that calls carried its proof.
	Wallet error
	Signs  bool

	Status       Fact[Moment]
	Peers        Fact[Peers]
	Graph        Fact[*metagraph.Metagraph]
	Rules        Fact[subnet.Hyperparameters]
	Registration Fact[*neuron.QueryRegistrationResponse]
	Neuron       Fact[*neuron.QueryNeuronResponse]

	Files       Fact[[]File]
	Disks       Fact[[]Disk]
	Descriptors Fact[Descriptors]

	Miner     MinerFacts
	Validator ValidatorFacts
	Gateway   GatewayFacts
}

// Moment is where the chain stands and when we heard it.
type Moment struct {
	chain.Status
	Asked, Heard time.Time // local clock
}

// Peers is what the node's own interface tells, where the network's file names it.
type Peers struct {
	Count      int
	CatchingUp bool
}

// File is a file with secrets.
type File struct {
	Path string
	Mode os.FileMode
}

// Disk is the space where a folder lies.
type Disk struct {
	Path        string
	Free, Total uint64 // bytes
}

// Descriptors is how many files and connections a process may have open.
type Descriptors struct{ Soft, Hard uint64 }

// MinerFacts are those of a miner.
type MinerFacts struct {
	Home        string
	Certificate Fact[Certificate]
	Status      Fact[MinerStatus]
	Dial        Fact[Dial]  // the published endpoint, from here
	Speed       Fact[Speed] // a question as validators ask it
	From        string      // gateway that was asked to look, as given
	Outside     Fact[Probe] // what it saw
}

// Certificate is that of the miner's home.
type Certificate struct {
	Path     string
	Pin      [32]byte
	NotAfter time.Time
}

// MinerStatus is what of a miner's status.json is looked at.
type MinerStatus struct {
	Hotkey    string    `json:"hotkey"`
	Model     string    `json:"model"`
	Endpoint  string    `json:"endpoint"`
	Time      time.Time `json:"time"`
	Published bool      `json:"published"`
	Served    uint64    `json:"served"`
	Refused   uint64    `json:"refused"`
	Failed    uint64    `json:"failed"`
}

// Dial is what answered at an endpoint.
type Dial struct {
	Addr         netip.AddrPort
	Took         time.Duration // handshake, proof and answer
	Hotkey       string
	NetUID       gotensor.NetUID
	Mechanism    string
	Model        string
	Version      string
	Capabilities []string
}

// Speed is how a question of the subnet's size went.
type Speed struct {
	What     string // what was asked, for people: "32 contexts of 256 bytes"
	Took     time.Duration
	Deadline time.Duration // of what was taken the time of
	Sealed   bool          // Took is up to the seal, by which validators know that the answer was made in time
}

// Probe is what a gateway saw of a neuron, as its /api/probe gives it.
type Probe struct {
	Up        bool    `json:"up"`
	LatencyMs float64 `json:"latency_ms"`
	Error     string  `json:"error"`
	Local     bool    `json:"-"` // the gateway is on this machine
}

// ValidatorFacts are those of a validator.
type ValidatorFacts struct {
	Home         string
	Status       Fact[ValidatorStatus]
	Saved        Fact[[]Commitment] // of the home
	Commitments  Fact[[]weights.Commitment]
	Appointments Fact[[]neuron.Appointment]
	Staking      Fact[chain.Validator]
	Unbonding    Fact[[]chain.Unbonding] // of the operator's own account
	Risk         Fact[string]
}

// ValidatorStatus is what of a validator's status.json is looked at.
type ValidatorStatus struct {
	Hotkey    string    `json:"hotkey"`
	Time      time.Time `json:"time"`
	Round     int       `json:"round"`
	MinRounds int       `json:"min_rounds"`
	WarmingUp bool      `json:"warming_up"`
	Waiting   string    `json:"waiting"`
}

// Commitment is what of a validator's commitments.json is looked at.
type Commitment struct {
	Epoch    uint64 `json:"epoch"`
	Sent     bool   `json:"sent"`
	Revealed bool   `json:"revealed"`
}

// GatewayFacts are those of a gateway.
type GatewayFacts struct {
	Home, URL string
	Health    Fact[Health]
	Ready     Fact[Ready]
	Neurons   Fact[[]NeuronView]
	Store     Fact[Store]
	Bandwidth Fact[gotensor.Rao]
}

// Health is the answer of /healthz.
type Health struct {
	Code int
	Took time.Duration
}

// Ready is the answer of /readyz.
type Ready struct {
	Ready   bool          `json:"ready"`
	Why     string        `json:"why"`
	Subnets []SubnetReady `json:"subnets"`
}

// SubnetReady is one subnet in it.
type SubnetReady struct {
	NetUID gotensor.NetUID `json:"netuid"`
	Height gotensor.Block  `json:"height"`
	AgeMs  int64           `json:"age_ms"`
	Up     int             `json:"up"`
}

// NeuronView is what of a gateway's metagraph is looked at.
type NeuronView struct {
	Serves    bool    `json:"serves"`
	State     string  `json:"state"`
	LatencyMs float64 `json:"latency_ms"`
}

// Store is what a gateway's store holds.
type Store struct {
	Shared bool
	Keys   []KeyUse // that are live
}

// KeyUse is how close an API key is to its end.
type KeyUse struct {
	ID, Name  string
	Limit     int64   // requests per minute of its own; 0: its account's, which is not known here
	PerMinute float64 // mean of today (UTC)
	Expires   time.Time
}

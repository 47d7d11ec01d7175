package fakenode

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/price"
	emissiontypes "github.com/gotensor/gotensor/x/emission/types"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// World is all that the node knows. Edit changes it while the node runs.
type World struct {
	ChainID  string
	Height   int64
	Began    time.Time // header time of block 0
	TargetMs uint32
	// Ticks lets every question for the status or the metagraph make a block, so that who waits for one gets it.
	Ticks bool

	Accounts      map[gotensor.Address]*Account
	Validators    []*Validator
	Delegations   []*Delegation
	Unbondings    []*Unbonding
	UnbondingTime time.Duration
	GasPrice      string // as in the node's app.toml

	Name, Mechanism, Settings string
	Tempo                     int64
	Rules                     subnettypes.Hyperparameters
	Neurons                   []*Neuron
	// Appointments come on top of those that the neurons' Validator stands for.
	Appointments []neurontypes.Appointment
	// Grants are loans of bandwidth.
	Grants     []neurontypes.Grant
	PaidEpochs uint64
	BurnPrice  gotensor.Rao
	// PriceHeight is when the price was BurnPrice; from there it falls as the rules say. 0: it stays.
	PriceHeight int64
	Difficulty  uint64
	Closed      string // why no registration is taken; empty: open
	// Pruned is the highest height whose state is gone, of those that Play remembers.
	Pruned int64

	past   map[int64]moment
	report *emissiontypes.EpochReport // of the latest epoch that was played
}

// Account is one account of the bank.
type Account struct {
	Number, Sequence uint64
	Waiting          uint64 // transactions of its in the mempool, which the sequence that is reported does not count
	Free             gotensor.Rao
}

// Validator is a staking validator.
type Validator struct {
	Operator   gotensor.Address
	Moniker    string
	Stake      gotensor.Rao
	TakePPM    uint32
	Jailed     bool
	Producer   bool // it produces blocks
	Commission gotensor.Rao
}

// Delegation is stake with a validator and what it earned.
type Delegation struct {
	Delegator, Operator gotensor.Address
	Stake, Earned       gotensor.Rao
}

// Unbonding is stake on its way back.
type Unbonding struct {
	Delegator, Operator gotensor.Address
	Amount              gotensor.Rao
	Free                time.Time
}

// Neuron is one uid.
type Neuron struct {
	Hotkey, Coldkey, Validator             gotensor.Address
	Registered, LastUpdate                 int64
	Stake, Emission, Accrued               gotensor.Rao
	Trust, Consensus, Incentive, Dividends uint16
	Permit, Active                         bool // Active: as an epoch that was played found
	Endpoint                               neurontypes.Endpoint
	Row, Bonds                             []weightstypes.Entry
	Commitments                            []weightstypes.Commitment
}

// Key is the key of a name, the same in every run. It is worth nothing.
func Key(name string) keys.PrivateKey {
	seed := sha256.Sum256([]byte("gotensor fake node " + name))
	k, err := keys.NewPrivateKey(seed[:])
	if err != nil {
		panic(fmt.Sprintf("fake key %q: %v", name, err)) // one in 2^127
	}
	return k
}

// Addr is the address of the key of a name.
func Addr(name string) gotensor.Address { return Key(name).Address() }

const tao = gotensor.RaoPerTAO

// Sample is a small world: subnet 1 with the validator "judge" (uid 0, stake of the staking validator "north") and three miners
// (uids 1 to 3), of which none serves; the account "alice" with 100 TAO free and 10 staked with north; "south" is jailed.
func Sample() *World {
	w := &World{
		ChainID: "fake-1", Height: 12, Began: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), TargetMs: 100,
		Accounts: map[gotensor.Address]*Account{}, UnbondingTime: time.Minute, GasPrice: "0atao",
		Name: "first", Mechanism: "text", Tempo: 9, Rules: rules(), BurnPrice: tao / 2, Difficulty: 1000, PaidEpochs: 1,
	}
	w.Accounts[Addr("alice")] = &Account{Number: 7, Free: 100 * tao}
	w.Accounts[Addr("judge")] = &Account{Number: 8}
	w.Validators = []*Validator{
		{Operator: Addr("north"), Moniker: "north", Stake: 1010 * tao, TakePPM: 180_000, Commission: 3 * tao},
		{Operator: Addr("south"), Moniker: "south", Stake: 50 * tao, TakePPM: 50_000, Jailed: true},
	}
	w.Delegations = []*Delegation{
		{Delegator: Addr("north"), Operator: Addr("north"), Stake: 1000 * tao, Earned: tao},
		{Delegator: Addr("alice"), Operator: Addr("north"), Stake: 10 * tao, Earned: tao / 4},
	}
	w.Unbondings = []*Unbonding{{Delegator: Addr("alice"), Operator: Addr("north"), Amount: tao, Free: w.timeOf(600)}}
	w.Neurons = []*Neuron{
		{
			Hotkey: Addr("judge"), Coldkey: Addr("north"), Validator: Addr("north"), Stake: 1010 * tao, Permit: true, LastUpdate: 5,
			Trust: 65535, Dividends: 65535, Emission: 2 * tao,
			Row: []weightstypes.Entry{{UID: 1, Value: 65535}, {UID: 2, Value: 21845}}, Bonds: []weightstypes.Entry{{UID: 1, Value: 65535}},
		},
		{Hotkey: Addr("miner-1"), Coldkey: Addr("alice"), Registered: 1, Consensus: 49151, Incentive: 49151, Emission: 3 * tao / 2, Accrued: tao / 10},
		{Hotkey: Addr("miner-2"), Coldkey: Addr("bob"), Registered: 2, Consensus: 16384, Incentive: 16384, Emission: tao / 2},
		{Hotkey: Addr("miner-3"), Coldkey: Addr("bob"), Registered: 3},
	}
	return w
}

// rules are the defaults of the schema.
func rules() subnettypes.Hyperparameters {
	h := subnettypes.Hyperparameters{TargetBlockMs: 100}
	for _, p := range subnettypes.Schema() {
		if err := h.Set(p.Name, p.DefaultValue); err != nil {
			panic(fmt.Sprintf("default of %s: %v", p.Name, err))
		}
	}
	return h
}

// clock is the epoch clock: boundaries are the heights that tempo+1 divides.
func (w *World) clock() subnettypes.Clock {
	period := w.Tempo + 1
	epoch := w.Height / period
	return subnettypes.Clock{
		Epoch: uint64(epoch), LastBoundary: epoch * period, NextBoundary: (epoch + 1) * period, Tempo: uint64(w.Tempo), PreviousBoundary: max(0, epoch-1) * period,
	}
}

// price is what a registration by burn costs.
func (w *World) price() gotensor.Rao {
	if w.PriceHeight == 0 {
		return w.BurnPrice
	}
	c := price.Curve{Min: w.Rules.MinBurn, Max: w.Rules.MaxBurn, HalfLife: gotensor.Block(w.Rules.HalfLifeBlocks())}
	return c.After(w.BurnPrice, gotensor.Block(max(w.Height-w.PriceHeight, 0)))
}

// blockHash is the hash of a block, which proofs of work are bound to.
func (w *World) blockHash(height int64) [32]byte {
	return sha256.Sum256(binary.LittleEndian.AppendUint64([]byte(w.ChainID), uint64(height)))
}

// account finds or makes an account.
func (w *World) account(a gotensor.Address) *Account {
	x, ok := w.Accounts[a]
	if !ok {
		x = &Account{Number: uint64(len(w.Accounts)) + 100}
		w.Accounts[a] = x
	}
	return x
}

func (w *World) validator(operator gotensor.Address) (*Validator, bool) {
	for _, v := range w.Validators {
		if v.Operator == operator {
			return v, true
		}
	}
	return nil, false
}

func (w *World) neuron(hotkey gotensor.Address) (int, *Neuron, bool) {
	for uid, n := range w.Neurons {
		if n.Hotkey == hotkey {
			return uid, n, true
		}
	}
	return 0, nil, false
}

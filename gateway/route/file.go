package route

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/home"
	"github.com/gotensor/gotensor/metagraph"
)

// ErrSnapshot says that a snapshot file does not hold a metagraph of the subnet.
var ErrSnapshot = errors.New("not a snapshot of the metagraph")

const (
	snapshotVersion  = 1
	mostSnapshotSize = 64 << 20
	mostNeurons      = 65536
)

// saved is a metagraph as the file holds it.
type saved struct {
	Version int            `json:"version"`
	Info    metagraph.Info `json:"info"`
	Neurons []savedNeuron  `json:"neurons"`
}

// savedNeuron is metagraph.Neuron without its uid, which is the place in the list. Addresses and pins are hexadecimal.
type savedNeuron struct {
	Hotkey     string         `json:"hotkey"`
	Coldkey    string         `json:"coldkey"`
	Validator  string         `json:"validator,omitempty"`
	Registered gotensor.Block `json:"registered"`
	LastUpdate gotensor.Block `json:"last_update"`
	Stake      gotensor.Rao   `json:"stake_rao"`
	EpochStake gotensor.Rao   `json:"epoch_stake_rao"`
	Emission   gotensor.Rao   `json:"emission_rao"`
	Accrued    gotensor.Rao   `json:"accrued_rao"`
	Consensus  uint16         `json:"consensus"`
	Incentive  uint16         `json:"incentive"`
	Dividends  uint16         `json:"dividends"`
	Trust      uint16         `json:"trust"`
	Permit     bool           `json:"permit"`
	Active     bool           `json:"active"`
	Addr       string         `json:"addr,omitempty"`
	Pin        string         `json:"pin,omitempty"`
}

// encode is the content of the file.
func encode(g *metagraph.Metagraph) ([]byte, error) {
	s := saved{Version: snapshotVersion, Info: g.Info, Neurons: make([]savedNeuron, 0, g.N())}
	for n := range g.All() {
		out := savedNeuron{
			Hotkey: hex.EncodeToString(n.Hotkey[:]), Coldkey: hex.EncodeToString(n.Coldkey[:]), Registered: n.Registered, LastUpdate: n.LastUpdate,
			Stake: n.Stake, EpochStake: n.EpochStake, Emission: n.Emission, Accrued: n.Accrued,
			Consensus: n.Consensus, Incentive: n.Incentive, Dividends: n.Dividends, Trust: n.Trust, Permit: n.Permit, Active: n.Active,
		}
		if !n.Validator.IsZero() {
			out.Validator = hex.EncodeToString(n.Validator[:])
		}
		if n.Endpoint.Serves() {
			out.Addr, out.Pin = n.Endpoint.Addr.String(), hex.EncodeToString(n.Endpoint.Pin[:])
		}
		s.Neurons = append(s.Neurons, out)
	}
	return json.Marshal(s)
}

// decode reads the content of a file, or ErrSnapshot.
func decode(data []byte, netuid gotensor.NetUID) (*metagraph.Metagraph, error) {
	var s saved
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	switch {
	case s.Version != snapshotVersion:
		return nil, fmt.Errorf("%w: version is %d, must be %d", ErrSnapshot, s.Version, snapshotVersion)
	case s.Info.NetUID != netuid:
		return nil, fmt.Errorf("%w: it is of subnet %d, must be of %d", ErrSnapshot, s.Info.NetUID, netuid)
	case len(s.Neurons) > mostNeurons:
		return nil, fmt.Errorf("%w: %d neurons, a subnet has at most %d", ErrSnapshot, len(s.Neurons), mostNeurons)
	}
	neurons := make([]metagraph.Neuron, len(s.Neurons))
	for i := range s.Neurons {
		var err error
		if neurons[i], err = s.Neurons[i].neuron(gotensor.UID(i)); err != nil {
			return nil, fmt.Errorf("%w: uid %d: %w", ErrSnapshot, i, err)
		}
	}
	g, err := metagraph.New(s.Info, neurons)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return g, nil
}

func (s *savedNeuron) neuron(uid gotensor.UID) (metagraph.Neuron, error) {
	n := metagraph.Neuron{
		UID: uid, Registered: s.Registered, LastUpdate: s.LastUpdate,
		Stake: s.Stake, EpochStake: s.EpochStake, Emission: s.Emission, Accrued: s.Accrued,
		Consensus: s.Consensus, Incentive: s.Incentive, Dividends: s.Dividends, Trust: s.Trust, Permit: s.Permit, Active: s.Active,
	}
	fields := []struct {
		name, value string
		to          []byte
		optional    bool
	}{
		{"hotkey", s.Hotkey, n.Hotkey[:], false},
		{"coldkey", s.Coldkey, n.Coldkey[:], false},
		{"validator", s.Validator, n.Validator[:], true},
		{"pin", s.Pin, n.Endpoint.Pin[:], s.Addr == ""},
	}
	for _, f := range fields {
		if f.value == "" && f.optional {
			continue
		}
		if len(f.value) != 2*len(f.to) {
			return n, fmt.Errorf("%s has %d digits, must have %d", f.name, len(f.value), 2*len(f.to))
		}
		if _, err := hex.Decode(f.to, []byte(f.value)); err != nil {
			return n, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if s.Addr == "" {
		if s.Pin != "" {
			return n, errors.New("pin stands without addr")
		}
		return n, nil
	}
	var err error
	if n.Endpoint.Addr, err = netip.ParseAddrPort(s.Addr); err != nil {
		return n, fmt.Errorf("addr: %w", err)
	}
	if !n.Endpoint.Serves() {
		return n, fmt.Errorf("addr %s: port is 0, must be 1 to 65535", s.Addr)
	}
	return n, nil
}

// load reads a snapshot file; nil without an error where there is none.
func load(path string, netuid gotensor.NetUID) (*metagraph.Metagraph, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // a first start has none
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, mostSnapshotSize))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return decode(data, netuid)
}

// keep writes the newest snapshot now and then, and once more at the end.
func (r *Router) keep(ctx context.Context) error {
	var kept *metagraph.Metagraph
	broken := false
	save := func() {
		g := r.Metagraph()
		if g == nil || g == kept {
			return
		}
		data, err := encode(g)
		if err == nil {
			err = home.Write(r.cfg.SnapshotFile, data, 0o600)
		}
		if err != nil && !broken {
			r.log.Warn("the snapshot of the metagraph was not written, trying on", "err", err)
		}
		if broken = err != nil; !broken {
			kept = g
		}
	}
	defer save()
	first := time.NewTimer(min(time.Second, r.cfg.SaveEvery)) // soon after the start, in case it ends soon
	defer first.Stop()
	tick := time.NewTicker(r.cfg.SaveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-first.C:
		case <-tick.C:
		}
		save()
	}
}

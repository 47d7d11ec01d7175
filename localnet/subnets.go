package localnet

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/genesis"
	"github.com/gotensor/gotensor/internal/port"
	"github.com/gotensor/gotensor/mechanism/custom"
)

// second is the subnet that is about what plug-ins say.
const second gotensor.NetUID = 2

// firstWeight and secondWeight are how the two share emission.
const firstWeight, secondWeight = 3, 1

// limits are what the second subnet's miners can: numbers of so many bits, of 60 that are asked for. As the plug-in names itself.
func limits() []int { return []int{64, 44, 24} }

// onSecond names what belongs to a validator's second process.
func onSecond(name string) string { return name + "-subnet-2" }

// planSecond adds the miners of the second subnet.
func (p *plan) planSecond(c *Config) {
	if c.Subnets < 2 {
		return
	}
	for i, limit := range limits() {
		p.Plugins = append(p.Plugins, minerPlan{Wallet: fmt.Sprintf("miner-subnet-2-%d", i+1), Model: fmt.Sprintf("rho-%d", limit)})
	}
}

// everyMiner of all subnets.
func (p *plan) everyMiner() []minerPlan { return slices.Concat(p.Miners, p.Plugins) }

// ofSecond is the plan as the second subnet has it.
func (p *plan) ofSecond() *plan {
	out := *p
	out.Miners, out.Plugins = p.Plugins, nil
	return &out
}

// addSecond puts the second subnet into a new chain. Its validators are those of the first, with the same stake and hotkeys.
func addSecond(spec *genesis.Spec, slow bool) error {
	s := custom.DefaultSettings()
	s.DeadlineMs, s.RoundMs = 900, 1_000
	if slow {
		s.DeadlineMs, s.RoundMs = 3_000, 5_000
	}
	settings, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	first := &spec.Subnets[0]
	first.EmissionWeight = firstWeight
	spec.Subnets = append(spec.Subnets, genesis.Subnet{
		NetUID: second, Name: "factor", Mechanism: custom.Name, Settings: settings, Hyperparameters: first.Hyperparameters,
		Neurons: slices.Clone(first.Neurons), EmissionWeight: secondWeight,
	})
	return nil
}

// secondRoles are the processes of the second subnet: every validator again, the miners, and a plug-in for each of them.
func (c *Config) secondRoles(p *plan) ([]*process, error) {
	if len(p.Plugins) == 0 {
		return nil, nil
	}
	ports, err := port.Free(len(p.Validators) + len(p.Plugins))
	if err != nil {
		return nil, err
	}
	netuid := strconv.Itoa(int(second))
	var out []*process
	add := func(wallet, name, role string, args ...string) {
		at := ports[0]
		ports = ports[1:]
		plugin := append(slices.Clone(c.Plugin[1:]), "--port", at[len("127.0.0.1:"):])
		out = append(out,
			&process{name: "plugin-" + name, path: c.Plugin[0], args: append(plugin, args...), home: c.Home, log: c.Log},
			c.roleOf(wallet, name, role, "run", "--netuid", netuid, "--plugin", "http://"+at))
	}
	for _, name := range p.Validators {
		add(name, onSecond(name), "validator")
	}
	for i, m := range p.Plugins {
		add(m.Wallet, m.Wallet, "miner", "--limit", strconv.Itoa(limits()[i%len(limits())]))
	}
	return out, nil
}

// lookSecond adds the second subnet to what is seen of the first.
func (w *watcher) lookSecond(ctx context.Context, client *chain.Client, s *State) error {
	if w.second == nil {
		return nil
	}
	m, err := client.Metagraph(ctx, second)
	if err != nil {
		return err
	}
	other, err := w.second.look(ctx, m)
	if err != nil {
		return err
	}
	other.Gateway = "" // said once
	s.Subnets = []State{other}
	return nil
}

// paid is the least number of epochs that have paid on any of the subnets.
func (s State) paid() uint64 {
	n := s.PaidEpochs
	for _, other := range s.Subnets {
		n = min(n, other.PaidEpochs)
	}
	return n
}

// newWatchers watches all subnets.
func newWatchers(c *Config, p *plan, client *chain.Client) (*watcher, error) {
	w, err := newWatcher(c, p, client)
	if err != nil || len(p.Plugins) == 0 {
		return w, err
	}
	w.second, err = newWatcher(c, p.ofSecond(), client)
	if err == nil {
		w.second.folder = onSecond
	}
	return w, err
}

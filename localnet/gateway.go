package localnet

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/port"
	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/keys"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
)

const (
	// gatewayName is of the gateway's wallet, folder and log.
	gatewayName = "gateway"
	// lentPpm is how much of the first validator's bandwidth the gateway asks miners with, and lentFor how long.
	lentPpm = 100_000
	lentFor = 365 * 24 * time.Hour
	// lendWithin bounds one try to lend.
	lendWithin = 20 * time.Second
)

// planGateway gives the network a gateway's address, or takes it away for this run. Homes from before there were gateways get one too.
func planGateway(c *Config, p *plan) error {
	if c.NoGateway {
		p.Network.Gateway = ""
		return nil
	}
	if p.Gateway == "" {
		ports, err := port.Free(1)
		if err != nil {
			return err
		}
		p.Gateway = ports[0]
	}
	p.Network.Gateway = "http://" + p.Gateway
	return nil
}

// addGateway makes an old home fit for what is asked for now, and writes down what has changed.
func addGateway(c *Config, p *plan) error {
	before, had := p.Network, p.Gateway
	if err := planGateway(c, p); err != nil {
		return err
	}
	if p.Network == before && p.Gateway == had {
		return nil
	}
	if p.Gateway != "" {
		if _, _, err := c.wallets().HotkeyPublic(gatewayName, "default"); errors.Is(err, keys.ErrNotFound) {
			if _, err := makeWallet(c, gatewayName); err != nil {
				return err
			}
		}
	}
	if err := writeJSON(networkIn(c.Home), p.Network); err != nil {
		return err
	}
	return writeJSON(planIn(c.Home), p)
}

// startGateway starts the gateway once it has bandwidth with miners; what it returns stops it.
func startGateway(c *Config, p *plan, client *chain.Client) (stop func()) {
	if c.NoGateway {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.lendUntilDone(ctx, p, client)
		c.gateway(p).run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// gateway is the process. It takes callers without a key, since nobody but this machine reaches it, and limits nobody who plays.
func (c *Config) gateway(p *plan) *process {
	netuids := []string{"--netuid", strconv.Itoa(int(netuid))}
	if len(p.Plugins) > 0 {
		netuids = append(netuids, "--netuid", strconv.Itoa(int(second)))
	}
	return c.role(gatewayName, append([]string{
		"gateway", "run", "--listen", p.Gateway,
		"--anonymous-rpm", "6000", "--requests", "6000,6,60000", "--tokens", "6000000,6000,60000000", "--concurrent", "64,0.1,1000", "--grace", "5s",
	}, netuids...)...)
}

// lendUntilDone tries until the gateway's hotkey has bandwidth or ctx ends.
func (c *Config) lendUntilDone(ctx context.Context, p *plan, client *chain.Client) {
	pause := wait.Pause{Least: restartAfter, Most: maxRestart}
	for {
		try, cancel := context.WithTimeout(ctx, lendWithin)
		err := c.lend(try, p, client)
		cancel()
		if err == nil || ctx.Err() != nil {
			return
		}
		in := pause.Next()
		c.Log.Warn("the gateway has no bandwidth yet, trying again", "err", err, "in", in)
		if wait.Sleep(ctx, in) != nil {
			return
		}
	}
}

// lend gives the gateway's hotkey a part of the first validator's bandwidth, as a person does with `gotensor stake lend`. What was lent
// in an earlier run holds.
func (c *Config) lend(ctx context.Context, p *plan, client *chain.Client) error {
	store := c.wallets()
	hotkey, err := store.Hotkey(gatewayName, "default", "")
	if err != nil {
		return err
	}
	if has, err := client.Bandwidth(ctx, hotkey.Address()); err != nil || has > 0 {
		return err
	}
	coldkey, err := store.Coldkey(p.Validators[0], password)
	if err != nil {
		return err
	}
	id, err := client.ChainID(ctx)
	if err != nil {
		return err
	}
	pub := hotkey.PublicKey()
	msg, err := chain.GrantBandwidth(&neuron.MsgGrantBandwidth{
		Delegator: keys.Account(coldkey.Address()), Hotkey: keys.Account(hotkey.Address()), SharePpm: lentPpm, ExpiryUnix: time.Now().Add(lentFor).Unix(),
		HotkeyPublicKey: pub[:], HotkeySignature: hotkey.SignTx(neuron.GrantBytes(id, coldkey.Address()))[:64],
	})
	if err != nil {
		return err
	}
	if _, err := client.Sender(coldkey).Send(ctx, msg); err != nil {
		return fmt.Errorf("lend bandwidth: %w", err)
	}
	return nil
}

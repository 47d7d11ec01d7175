package validator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
)

// minStake is the least stake that counts: x/staking bonds whole units of power, which are TAO.
const minStake = gotensor.RaoPerTAO

// Preparation is what Prepare needs. All but Log is required.
type Preparation struct {
	Chain   *chain.Client
	Coldkey keys.PrivateKey // operator of the staking validator; not kept
	Hotkey  keys.PrivateKey
	NetUID  gotensor.NetUID
	Stake   gotensor.Rao // of a new staking validator, at least one TAO
	TakePPM uint32
	Moniker string
	// Register takes a uid for the hotkey; it is called if there is none.
	Register func(context.Context) error
	Log      *slog.Logger
}

// Prepare makes on the chain what a validator needs and does not have: the staking validator, the hotkey's uid, and the
// appointment of the hotkey. Calling it again does nothing more.
func Prepare(ctx context.Context, p Preparation) error {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if err := p.staking(ctx); err != nil {
		return err
	}
	_, err := p.Chain.Neuron(ctx, p.NetUID, p.Hotkey.Address())
	if errors.Is(err, chain.ErrNotFound) {
		err = p.Register(ctx)
	}
	if err != nil {
		return err
	}
	return p.appoint(ctx)
}

func (p *Preparation) staking(ctx context.Context) error {
	operator := p.Coldkey.Address()
	v, err := p.Chain.Validator(ctx, operator)
	if err == nil {
		p.Log.Info("staking validator", "operator", keys.Operator(operator), "stake", v.Stake, "bonded", v.Bonded)
		return nil
	}
	if !errors.Is(err, chain.ErrNotFound) {
		return err
	}
	if p.Stake < minStake {
		return fmt.Errorf("%w: stake is %s, want at least %s: less does not count", ErrConfig, p.Stake, minStake)
	}
	msg, err := chain.CreateValidator(chain.NewValidator{Operator: operator, Moniker: p.Moniker, ConsensusKey: chain.NoNodeKey(operator), Stake: p.Stake, TakePPM: p.TakePPM})
	if err != nil {
		return err
	}
	if _, err := p.Chain.Sender(p.Coldkey).Send(ctx, msg); err != nil {
		return fmt.Errorf("create the staking validator: %w", err)
	}
	p.Log.Info("made a staking validator", "operator", keys.Operator(operator), "stake", p.Stake)
	return nil
}

func (p *Preparation) appoint(ctx context.Context) error {
	operator, hotkey := p.Coldkey.Address(), keys.Account(p.Hotkey.Address())
	all, err := p.Chain.Appointments(ctx)
	if err != nil {
		return err
	}
	if a := acting(all, p.NetUID, func(a neuron.Appointment) bool { return a.Validator == keys.Operator(operator) }); a != nil && a.Hotkey == hotkey {
		return nil
	}
	id, err := p.Chain.ChainID(ctx)
	if err != nil {
		return err
	}
	pub := p.Hotkey.PublicKey()
	msg, err := chain.AppointHotkey(&neuron.MsgAppointHotkey{
		Operator: keys.Account(operator), Netuid: uint32(p.NetUID), Hotkey: hotkey, HotkeyPublicKey: pub[:],
		HotkeySignature: p.Hotkey.SignTx(neuron.AppointBytes(id, operator, p.NetUID))[:64],
	})
	if err != nil {
		return err
	}
	if _, err := p.Chain.Sender(p.Coldkey).Send(ctx, msg); err != nil {
		return fmt.Errorf("appoint hotkey %s: %w", hotkey, err)
	}
	p.Log.Info("appointed the hotkey; its stake counts from the second epoch on", "hotkey", hotkey)
	return nil
}

// acting finds the appointment that holds on a subnet among those that fit: its own, else one for all subnets; nil if there is none.
func acting(all []neuron.Appointment, netuid gotensor.NetUID, fits func(neuron.Appointment) bool) *neuron.Appointment {
	var general *neuron.Appointment
	for i, a := range all {
		switch {
		case !fits(a):
		case a.Netuid == uint32(netuid):
			return &all[i]
		case a.Netuid == uint32(neuron.AllSubnets):
			general = &all[i]
		}
	}
	return general
}

// Risk says in one sentence whether the stake behind a hotkey can be lost.
func Risk(ctx context.Context, c *chain.Client, netuid gotensor.NetUID, hotkey gotensor.Address) string {
	n, err := c.Neuron(ctx, netuid, hotkey)
	switch {
	case errors.Is(err, chain.ErrNotFound):
		return "none: this hotkey is not registered and has no stake behind it"
	case err != nil:
		return "unknown: " + err.Error()
	case n.Validator == "":
		return withoutStake(ctx, c, netuid, keys.Account(hotkey))
	}
	r, err := c.Producers(ctx)
	if err != nil {
		return "unknown: " + err.Error()
	}
	for _, p := range r.Producers {
		if p.Validator == n.Validator {
			return "at risk: " + n.Validator + " produces blocks, and signing two blocks of one height is slashed; judging miners is not"
		}
	}
	return "not at risk: " + n.Validator + " does not produce blocks, and nothing else is slashed"
}

// withoutStake says why a registered hotkey has no stake behind it: an appointment counts from the second boundary after it.
func withoutStake(ctx context.Context, c *chain.Client, netuid gotensor.NetUID, account string) string {
	all, err := c.Appointments(ctx)
	if err != nil {
		return "unknown: " + err.Error()
	}
	a := acting(all, netuid, func(a neuron.Appointment) bool { return a.Hotkey == account })
	if a == nil {
		return "none: no staking validator has appointed this hotkey"
	}
	s, err := c.Subnet(ctx, netuid)
	if err != nil {
		return "unknown: " + err.Error()
	}
	if a.Height == 0 || a.Height < s.Clock.LastBoundary {
		return "none: " + a.Validator + " has appointed this hotkey, but has no stake that counts"
	}
	from := s.Clock.NextBoundary + int64(s.Clock.Tempo) + 1
	return fmt.Sprintf("none yet: %s has appointed this hotkey, and its stake counts from block %d on", a.Validator, from)
}

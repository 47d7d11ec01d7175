package fakenode

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"

	bankv1beta1 "cosmossdk.io/api/cosmos/bank/v1beta1"
	basev1beta1 "cosmossdk.io/api/cosmos/base/v1beta1"
	distributionv1beta1 "cosmossdk.io/api/cosmos/distribution/v1beta1"
	stakingv1beta1 "cosmossdk.io/api/cosmos/staking/v1beta1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/pow"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// apply carries out the messages of a transaction. What one that fails has done before is not undone: no test looks there.
func (w *World) apply(t *signed) error {
	for _, m := range t.body.GetMessages() {
		if err := w.message(t.signer, m); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) message(signer gotensor.Address, m *anypb.Any) error {
	switch m.GetTypeUrl() {
	case "/cosmos.bank.v1beta1.MsgSend":
		return with(m, &bankv1beta1.MsgSend{}, func(x *bankv1beta1.MsgSend) error { return w.send(signer, x) })
	case "/cosmos.staking.v1beta1.MsgDelegate":
		return with(m, &stakingv1beta1.MsgDelegate{}, func(x *stakingv1beta1.MsgDelegate) error { return w.delegate(signer, x) })
	case "/cosmos.staking.v1beta1.MsgUndelegate":
		return with(m, &stakingv1beta1.MsgUndelegate{}, func(x *stakingv1beta1.MsgUndelegate) error { return w.undelegate(signer, x) })
	case "/cosmos.distribution.v1beta1.MsgWithdrawDelegatorReward":
		return with(m, &distributionv1beta1.MsgWithdrawDelegatorReward{}, func(x *distributionv1beta1.MsgWithdrawDelegatorReward) error {
			return w.claim(signer, x.GetValidatorAddress())
		})
	case "/cosmos.distribution.v1beta1.MsgWithdrawValidatorCommission":
		return w.claimCommission(signer)
	case "/cosmos.staking.v1beta1.MsgCreateValidator":
		return with(m, &stakingv1beta1.MsgCreateValidator{}, func(x *stakingv1beta1.MsgCreateValidator) error { return w.createValidator(signer, x) })
	case "/gotensor.neuron.v1.MsgAppointHotkey":
		return own(m, &neurontypes.MsgAppointHotkey{}, func(x *neurontypes.MsgAppointHotkey) error { return w.appoint(signer, x) })
	case "/gotensor.neuron.v1.MsgRegisterPow":
		return own(m, &neurontypes.MsgRegisterPow{}, func(x *neurontypes.MsgRegisterPow) error { return w.registerPow(signer, x) })
	case "/gotensor.neuron.v1.MsgRegisterBurn":
		return own(m, &neurontypes.MsgRegisterBurn{}, func(x *neurontypes.MsgRegisterBurn) error { return w.registerBurn(signer, x) })
	case "/gotensor.neuron.v1.MsgGrantBandwidth":
		return own(m, &neurontypes.MsgGrantBandwidth{}, func(x *neurontypes.MsgGrantBandwidth) error { return w.grant(signer, x) })
	case "/gotensor.neuron.v1.MsgServe":
		return own(m, &neurontypes.MsgServe{}, func(x *neurontypes.MsgServe) error { return w.serve(signer, x) })
	case "/gotensor.weights.v1.MsgCommit":
		return own(m, &weightstypes.MsgCommit{}, func(x *weightstypes.MsgCommit) error { return w.commit(signer, x) })
	case "/gotensor.weights.v1.MsgReveal":
		return own(m, &weightstypes.MsgReveal{}, func(x *weightstypes.MsgReveal) error { return w.reveal(signer, x) })
	default:
		return fmt.Errorf("the fake node does not know %s", m.GetTypeUrl())
	}
}

func with[M proto.Message](m *anypb.Any, into M, f func(M) error) error {
	if err := proto.Unmarshal(m.GetValue(), into); err != nil {
		return err
	}
	return f(into)
}

func own[M interface{ Unmarshal(data []byte) error }](m *anypb.Any, into M, f func(M) error) error {
	if err := into.Unmarshal(m.GetValue()); err != nil {
		return err
	}
	return f(into)
}

func raoOf(c *basev1beta1.Coin) (gotensor.Rao, error) {
	n, ok := new(big.Int).SetString(c.GetAmount(), 10)
	if !ok || c.GetDenom() != gotensor.BaseDenom {
		return 0, fmt.Errorf("amount %q %s", c.GetAmount(), c.GetDenom())
	}
	r, _, err := gotensor.RaoFromAtao(n)
	return r, err
}

// pay takes TAO from an account.
func (w *World) pay(who gotensor.Address, amount gotensor.Rao) error {
	x := w.account(who)
	if x.Free < amount {
		return sdkRefusal(codeInsufficient, "spendable balance %s is smaller than %s: insufficient funds", x.Free, amount)
	}
	x.Free -= amount
	return nil
}

func (w *World) send(from gotensor.Address, m *bankv1beta1.MsgSend) error {
	to, err := keys.ParseAccount(m.GetToAddress())
	if err != nil {
		return err
	}
	amount, err := raoOf(m.GetAmount()[0])
	if err != nil {
		return err
	}
	if err := w.pay(from, amount); err != nil {
		return err
	}
	w.account(to).Free += amount
	return nil
}

func (w *World) delegation(who gotensor.Address, operator string) (*Delegation, error) {
	address, err := keys.ParseOperator(operator)
	if err != nil {
		return nil, err
	}
	if _, ok := w.validator(address); !ok {
		return nil, &refusal{"staking", 3, "validator does not exist"}
	}
	for _, d := range w.Delegations {
		if d.Delegator == who && d.Operator == address {
			return d, nil
		}
	}
	d := &Delegation{Delegator: who, Operator: address}
	w.Delegations = append(w.Delegations, d)
	return d, nil
}

func (w *World) delegate(who gotensor.Address, m *stakingv1beta1.MsgDelegate) error {
	d, err := w.delegation(who, m.GetValidatorAddress())
	if err != nil {
		return err
	}
	amount, err := raoOf(m.GetAmount())
	if err != nil {
		return err
	}
	if err := w.pay(who, amount); err != nil {
		return err
	}
	d.Stake += amount
	v, _ := w.validator(d.Operator)
	v.Stake += amount
	return nil
}

func (w *World) createValidator(who gotensor.Address, m *stakingv1beta1.MsgCreateValidator) error {
	if _, ok := w.validator(who); ok {
		return &refusal{"staking", 4, "validator already exists"}
	}
	amount, err := raoOf(m.GetValue())
	if err != nil {
		return err
	}
	if err := w.pay(who, amount); err != nil {
		return err
	}
	w.Validators = append(w.Validators, &Validator{Operator: who, Moniker: m.GetDescription().GetMoniker(), Stake: amount})
	w.Delegations = append(w.Delegations, &Delegation{Delegator: who, Operator: who, Stake: amount})
	return nil
}

// appoint notes an appointment. As on the chain it is not in force at once; when it is, a test makes it so.
func (w *World) appoint(who gotensor.Address, m *neurontypes.MsgAppointHotkey) error {
	if _, ok := w.validator(who); !ok {
		return neurontypes.ErrInvalidMessage.Wrap("no such validator")
	}
	message := neurontypes.AppointBytes(w.ChainID, who, gotensor.NetUID(m.Netuid))
	if err := keys.VerifyTx(keys.PublicKey(m.HotkeyPublicKey), message, m.HotkeySignature); err != nil {
		return neurontypes.ErrSignature.Wrap(err.Error())
	}
	w.Appointments = append(w.Appointments, neurontypes.Appointment{Validator: keys.Operator(who), Netuid: m.Netuid, Hotkey: m.Hotkey, Height: w.Height})
	return nil
}

// grant lends bandwidth, or takes it back where the share is 0.
func (w *World) grant(who gotensor.Address, m *neurontypes.MsgGrantBandwidth) error {
	had := len(w.Grants)
	w.Grants = slices.DeleteFunc(w.Grants, func(g neurontypes.Grant) bool { return g.Delegator == m.Delegator && g.Hotkey == m.Hotkey })
	if m.SharePpm == 0 {
		if len(w.Grants) == had {
			return neurontypes.ErrInvalidMessage.Wrapf("%s has granted nothing to %s", m.Delegator, m.Hotkey)
		}
		return nil
	}
	if err := keys.VerifyTx(keys.PublicKey(m.HotkeyPublicKey), neurontypes.GrantBytes(w.ChainID, who), m.HotkeySignature); err != nil {
		return neurontypes.ErrSignature.Wrap(err.Error())
	}
	w.Grants = append(w.Grants, neurontypes.Grant{Delegator: m.Delegator, Hotkey: m.Hotkey, SharePpm: m.SharePpm, ExpiryUnix: m.ExpiryUnix})
	return nil
}

func (w *World) undelegate(who gotensor.Address, m *stakingv1beta1.MsgUndelegate) error {
	d, err := w.delegation(who, m.GetValidatorAddress())
	if err != nil {
		return err
	}
	amount, err := raoOf(m.GetAmount())
	if err != nil {
		return err
	}
	if d.Stake < amount {
		return &refusal{"staking", 23, "not enough delegation shares"}
	}
	d.Stake -= amount
	v, _ := w.validator(d.Operator)
	v.Stake -= amount
	w.Unbondings = append(w.Unbondings, &Unbonding{Delegator: who, Operator: d.Operator, Amount: amount, Free: w.timeOf(w.Height).Add(w.UnbondingTime)})
	return nil
}

func (w *World) claim(who gotensor.Address, operator string) error {
	d, err := w.delegation(who, operator)
	if err != nil {
		return err
	}
	w.account(who).Free += d.Earned
	d.Earned = 0
	return nil
}

func (w *World) claimCommission(who gotensor.Address) error {
	v, ok := w.validator(who)
	if !ok || v.Commission == 0 {
		return &refusal{"distribution", 6, "no validator commission to withdraw"}
	}
	w.account(who).Free += v.Commission
	v.Commission = 0
	return nil
}

func (w *World) registerPow(signer gotensor.Address, m *neurontypes.MsgRegisterPow) error {
	coldkey, err := keys.ParseAccount(m.Coldkey)
	if err != nil {
		return err
	}
	if w.Height-m.BlockHeight > 30 {
		return neurontypes.ErrStale.Wrapf("block %d", m.BlockHeight)
	}
	c := pow.Challenge{ChainID: w.ChainID, NetUID: gotensor.NetUID(m.Netuid), BlockHash: w.blockHash(m.BlockHeight), Hotkey: signer, Coldkey: coldkey}
	if err := c.Verify(m.Nonce, pow.Difficulty(w.Difficulty)); err != nil {
		return neurontypes.ErrWork.Wrap(err.Error())
	}
	return w.register(signer, coldkey)
}

func (w *World) registerBurn(signer gotensor.Address, m *neurontypes.MsgRegisterBurn) error {
	hotkey, err := keys.ParseAccount(m.Hotkey)
	if err != nil {
		return err
	}
	message := neurontypes.RegisterBytes(w.ChainID, signer, gotensor.NetUID(m.Netuid))
	if err := signedBy(hotkey, m.HotkeyPublicKey, message, m.HotkeySignature); err != nil {
		return err
	}
	cost := w.price()
	if uint64(cost) > m.MaxPrice {
		return neurontypes.ErrPrice.Wrapf("the price is %d rao, max_price %d", cost, m.MaxPrice)
	}
	if err := w.pay(signer, cost); err != nil {
		return err
	}
	return w.register(hotkey, signer)
}

// signedBy checks that an account's key signed a message.
func signedBy(who gotensor.Address, publicKey, message, signature []byte) error {
	key, err := keys.ParsePublicKey(publicKey)
	if err != nil {
		return neurontypes.ErrSignature.Wrap(err.Error())
	}
	if owner, err := key.Address(); err != nil || owner != who {
		return neurontypes.ErrSignature.Wrapf("hotkey_public_key is not that of %s", keys.Account(who))
	}
	if err := keys.VerifyTx(key, message, signature); err != nil {
		return neurontypes.ErrSignature.Wrap(err.Error())
	}
	return nil
}

func (w *World) register(hotkey, coldkey gotensor.Address) error {
	if w.Closed != "" {
		return neurontypes.ErrClosed.Wrap(w.Closed)
	}
	if _, _, ok := w.neuron(hotkey); ok {
		return neurontypes.ErrRegistered.Wrap(keys.Account(hotkey))
	}
	w.Neurons = append(w.Neurons, &Neuron{Hotkey: hotkey, Coldkey: coldkey, Registered: w.Height})
	return nil
}

func (w *World) serve(signer gotensor.Address, m *neurontypes.MsgServe) error {
	_, n, ok := w.neuron(signer)
	if !ok {
		return neurontypes.ErrNotRegistered.Wrap(m.Hotkey)
	}
	n.Endpoint = neurontypes.Endpoint{Host: m.Host, Port: m.Port, CertificatePin: m.CertificatePin, Height: w.Height}
	return nil
}

func (w *World) commit(signer gotensor.Address, m *weightstypes.MsgCommit) error {
	_, n, ok := w.neuron(signer)
	switch {
	case !ok:
		return weightstypes.ErrNotRegistered.Wrap(m.Hotkey)
	case !n.Permit:
		return weightstypes.ErrNoPermit.Wrap(m.Hotkey)
	case m.Epoch != w.clock().Epoch:
		return weightstypes.ErrPeriod.Wrapf("epoch is %d, the present period is %d", m.Epoch, w.clock().Epoch)
	}
	for _, c := range n.Commitments {
		if c.Epoch == m.Epoch {
			return weightstypes.ErrCommitted.Wrapf("period %d", m.Epoch)
		}
	}
	n.Commitments = append(n.Commitments, weightstypes.Commitment{Epoch: m.Epoch, Height: w.Height, Hash: m.Hash})
	return nil
}

func (w *World) reveal(signer gotensor.Address, m *weightstypes.MsgReveal) error {
	_, n, ok := w.neuron(signer)
	if !ok {
		return weightstypes.ErrNotRegistered.Wrap(m.Hotkey)
	}
	if m.Epoch+1 != w.clock().Epoch {
		return weightstypes.ErrPeriod.Wrapf("epoch is %d, the present period is %d", m.Epoch, w.clock().Epoch)
	}
	for i := range n.Commitments {
		c := &n.Commitments[i]
		if c.Epoch != m.Epoch {
			continue
		}
		hash, err := weightstypes.Preimage{
			ChainID: w.ChainID, NetUID: gotensor.NetUID(m.Netuid), Hotkey: signer, RegisteredHeight: uint64(n.Registered), Epoch: m.Epoch, Row: m.Row, Salt: m.Salt,
		}.Hash()
		if err != nil {
			return err
		}
		if c.Revealed {
			return weightstypes.ErrRevealed.Wrapf("period %d", m.Epoch)
		}
		if !bytes.Equal(hash[:], c.Hash) {
			return weightstypes.ErrMismatch.Wrap(m.Hotkey)
		}
		if n.Row, err = m.Row.Entries(len(w.Neurons)); err != nil {
			return err
		}
		c.Revealed, n.LastUpdate = true, c.Height
		return nil
	}
	return weightstypes.ErrNotCommitted.Wrapf("period %d", m.Epoch)
}

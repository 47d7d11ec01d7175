package genesis

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/cosmos/btcutil/bech32"

	"github.com/gotensor/gotensor"
)

var (
	chainID       = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{2,49}$`)
	errNoProducer = fmt.Errorf("%w: validators: none has producer = true; a chain needs one to make blocks", ErrSpec)
)

const maxPpm = 1_000_000

// Validate fails with ErrSpec, naming the field and its value, unless the Spec can start a chain. Names and ranges of hyperparameters are
// known to x/subnet and checked there.
func (s Spec) Validate() error {
	least := MinUnbondingBlocks * time.Duration(s.TargetBlockMs) * time.Millisecond
	switch {
	case !chainID.MatchString(s.ChainID):
		return fmt.Errorf("%w: chain_id %q, want 3..50 letters, digits and dashes, beginning with a letter", ErrSpec, s.ChainID)
	case s.GenesisTime.IsZero():
		return fmt.Errorf("%w: genesis_time is missing", ErrSpec)
	case s.TargetBlockMs < minBlockMs || s.TargetBlockMs > maxBlockMs:
		return fmt.Errorf("%w: target_block_ms is %d, want %d..%d", ErrSpec, s.TargetBlockMs, minBlockMs, maxBlockMs)
	case s.Unbonding() < least:
		return fmt.Errorf("%w: unbonding_time is %s, want at least %d blocks of %d ms, which is %s", ErrSpec, s.Unbonding(),
			MinUnbondingBlocks, s.TargetBlockMs, least)
	case s.Voting() < time.Second:
		return fmt.Errorf("%w: voting_period is %s, want 1s or more", ErrSpec, s.Voting())
	}
	for _, check := range []func() error{s.validateAccounts, s.validateValidators, s.validateSubnets, s.validateEmission} {
		if err := check(); err != nil {
			return err
		}
	}
	_, err := s.Supply()
	return err
}

func (s Spec) validateAccounts() error {
	seen := map[string]bool{}
	for i, a := range s.Accounts {
		field := fmt.Sprintf("accounts[%d].address", i)
		if err := once(seen, field, a.Address); err != nil {
			return err
		}
		if err := address(field, a.Address); err != nil {
			return err
		}
		if a.Balance == 0 {
			return fmt.Errorf("%w: accounts[%d].balance is 0; leave the account out", ErrSpec, i)
		}
	}
	return nil
}

func (s Spec) validateValidators() error {
	operators, consensus, hotkeys := map[string]bool{}, map[string]bool{}, map[string]bool{}
	produces := false
	for i, v := range s.Validators {
		at := fmt.Sprintf("validators[%d]", i)
		switch {
		case len(v.Moniker) < 1 || len(v.Moniker) > 70:
			return fmt.Errorf("%w: %s.moniker has %d bytes, want 1..70", ErrSpec, at, len(v.Moniker))
		case len(v.ConsensusPubKey) != ed25519.PublicKeySize:
			return fmt.Errorf("%w: %s.consensus_pubkey has %d bytes, want %d", ErrSpec, at, len(v.ConsensusPubKey), ed25519.PublicKeySize)
		case gotensor.Rao(v.Stake) < gotensor.RaoPerTAO:
			return fmt.Errorf("%w: %s.stake is %s, want at least 1 TAO", ErrSpec, at, gotensor.Rao(v.Stake))
		case v.CommissionPpm > maxPpm:
			return fmt.Errorf("%w: %s.commission_ppm is %d, want 0..%d", ErrSpec, at, v.CommissionPpm, maxPpm)
		}
		if err := address(at+".operator", v.Operator); err != nil {
			return err
		}
		if err := once(operators, at+".operator", v.Operator); err != nil {
			return err
		}
		if err := once(consensus, at+".consensus_pubkey", string(v.ConsensusPubKey)); err != nil {
			return err
		}
		if v.Hotkey != "" {
			if err := address(at+".hotkey", v.Hotkey); err != nil {
				return err
			}
			if err := once(hotkeys, at+".hotkey", v.Hotkey); err != nil {
				return err
			}
		}
		produces = produces || v.Producer
	}
	if !produces {
		return errNoProducer
	}
	return nil
}

func (s Spec) validateSubnets() error {
	seen := map[gotensor.NetUID]bool{}
	for i, n := range s.Subnets {
		at := fmt.Sprintf("subnets[%d]", i)
		switch {
		case n.NetUID < 1 || n.NetUID > 65534 || seen[n.NetUID]:
			return fmt.Errorf("%w: %s.netuid is %d, want 1..65534, each once", ErrSpec, at, n.NetUID)
		case len(n.Name) < 1 || len(n.Name) > 64:
			return fmt.Errorf("%w: %s.name has %d bytes, want 1..64", ErrSpec, at, len(n.Name))
		case len(n.Mechanism) < 1 || len(n.Mechanism) > 32:
			return fmt.Errorf("%w: %s.mechanism has %d bytes, want 1..32", ErrSpec, at, len(n.Mechanism))
		case len(n.Settings) > 4096:
			return fmt.Errorf("%w: %s.settings has %d bytes, want at most 4096", ErrSpec, at, len(n.Settings))
		case len(n.Settings) > 0 && (!json.Valid(n.Settings) || bytes.TrimSpace(n.Settings)[0] != '{'):
			return fmt.Errorf("%w: %s.settings is no JSON object", ErrSpec, at)
		case n.EmissionWeight > maxPpm:
			return fmt.Errorf("%w: %s.emission_weight is %d, want 0..%d", ErrSpec, at, n.EmissionWeight, maxPpm)
		}
		seen[n.NetUID] = true
		if err := n.validateKeys(at); err != nil {
			return err
		}
	}
	return nil
}

func (n Subnet) validateKeys(at string) error {
	if n.Owner != "" {
		if err := address(at+".owner", n.Owner); err != nil {
			return err
		}
	}
	if n.OwnerHotkey != "" {
		if err := address(at+".owner_hotkey", n.OwnerHotkey); err != nil {
			return err
		}
	}
	hotkeys := map[string]bool{}
	for j, k := range n.Neurons {
		field := fmt.Sprintf("%s.neurons[%d]", at, j)
		if err := address(field+".hotkey", k.Hotkey); err != nil {
			return err
		}
		if err := address(field+".coldkey", k.Coldkey); err != nil {
			return err
		}
		if err := once(hotkeys, field+".hotkey", k.Hotkey); err != nil {
			return err
		}
	}
	return nil
}

func (s Spec) validateEmission() error {
	e := s.Emission
	if e == nil {
		return nil
	}
	switch {
	case uint64(e.ProducerPpm)+uint64(e.CommunityPpm) > maxPpm:
		return fmt.Errorf("%w: emission.producer_ppm + community_ppm is %d, want at most %d", ErrSpec,
			uint64(e.ProducerPpm)+uint64(e.CommunityPpm), maxPpm)
	case e.OwnerPpm > maxPpm:
		return fmt.Errorf("%w: emission.owner_ppm is %d, want at most %d", ErrSpec, e.OwnerPpm, maxPpm)
	}
	return nil
}

func once(seen map[string]bool, field, value string) error {
	if seen[value] {
		return fmt.Errorf("%w: %s %q is listed twice", ErrSpec, field, value)
	}
	seen[value] = true
	return nil
}

// Address decodes an account address of the chain's bech32 form, "tao1...".
func Address(text string) (gotensor.Address, error) {
	hrp, data, err := bech32.Decode(text, 90)
	if err != nil {
		return gotensor.Address{}, fmt.Errorf("%q: %w: %w", text, gotensor.ErrAddress, err)
	}
	if hrp != gotensor.Bech32Prefix {
		return gotensor.Address{}, fmt.Errorf("%q: %w: prefix %q, want %q", text, gotensor.ErrAddress, hrp, gotensor.Bech32Prefix)
	}
	raw, err := bech32.ConvertBits(data, 5, 8, false)
	if err != nil {
		return gotensor.Address{}, fmt.Errorf("%q: %w: %w", text, gotensor.ErrAddress, err)
	}
	return gotensor.AddressFromBytes(raw)
}

func address(field, text string) error {
	if _, err := Address(text); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrSpec, field, err)
	}
	return nil
}

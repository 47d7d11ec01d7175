package types

import (
	"fmt"
	"net/netip"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/codes"
	"github.com/gotensor/gotensor/x/internal/addr"
)

const (
	// PublicKeyLen is the length of a compressed secp256k1 key.
	PublicKeyLen = 33
	// SignatureLen is the length of a signature r | s, which a recovery id may follow.
	SignatureLen = 64
	// PinLen is the length of a certificate's pin.
	PinLen = 32
	// MaxShare is the whole of a delegator's bandwidth, in parts per million.
	MaxShare = 1_000_000

	maxHostLen = 45
)

var (
	_ sdk.HasValidateBasic = (*MsgRegisterPow)(nil)
	_ sdk.HasValidateBasic = (*MsgRegisterBurn)(nil)
	_ sdk.HasValidateBasic = (*MsgServe)(nil)
	_ sdk.HasValidateBasic = (*MsgAppointHotkey)(nil)
	_ sdk.HasValidateBasic = (*MsgGrantBandwidth)(nil)
)

// ValidateBasic checks the fields, without state.
func (m *MsgRegisterPow) ValidateBasic() error { return codes.Of(m.validate()) }

func (m *MsgRegisterPow) validate() error {
	if err := checkKeys(m.Hotkey, m.Coldkey); err != nil {
		return err
	}
	if m.BlockHeight < 1 {
		return fmt.Errorf("block_height is %d, want 1 or more: %w", m.BlockHeight, ErrInvalidMessage)
	}
	return checkNetUID(m.Netuid)
}

// ValidateBasic checks the fields, without state; the signature is checked by the keeper.
func (m *MsgRegisterBurn) ValidateBasic() error { return codes.Of(m.validate()) }

func (m *MsgRegisterBurn) validate() error {
	if err := checkKeys(m.Hotkey, m.Coldkey); err != nil {
		return err
	}
	if m.MaxPrice == 0 {
		return fmt.Errorf("max_price is 0 rao, want the most that you are ready to burn: %w", ErrInvalidMessage)
	}
	if err := checkNetUID(m.Netuid); err != nil {
		return err
	}
	return checkSigned(m.HotkeyPublicKey, m.HotkeySignature, true)
}

// ValidateBasic checks the fields, without state.
func (m *MsgServe) ValidateBasic() error { return codes.Of(m.validate()) }

func (m *MsgServe) validate() error {
	if _, err := account("hotkey", m.Hotkey); err != nil {
		return err
	}
	if err := checkNetUID(m.Netuid); err != nil {
		return err
	}
	return Endpoint{Host: m.Host, Port: m.Port, CertificatePin: m.CertificatePin}.Validate()
}

// ValidateBasic checks the fields, without state; the signature is checked by the keeper.
func (m *MsgAppointHotkey) ValidateBasic() error { return codes.Of(m.validate()) }

func (m *MsgAppointHotkey) validate() error {
	operator, err := account("operator", m.Operator)
	if err != nil {
		return err
	}
	if m.Netuid != uint32(AllSubnets) {
		if err := checkNetUID(m.Netuid); err != nil {
			return err
		}
	}
	if m.Hotkey == "" {
		return checkSigned(m.HotkeyPublicKey, m.HotkeySignature, false)
	}
	hotkey, err := account("hotkey", m.Hotkey)
	if err != nil {
		return err
	}
	if hotkey == operator {
		return fmt.Errorf("hotkey is the operator %s itself: want a key that holds nothing: %w", m.Operator, ErrInvalidMessage)
	}
	return checkSigned(m.HotkeyPublicKey, m.HotkeySignature, true)
}

// ValidateBasic checks the fields, without state; the signature and the expiry are checked by the keeper.
func (m *MsgGrantBandwidth) ValidateBasic() error { return codes.Of(m.validate()) }

func (m *MsgGrantBandwidth) validate() error {
	if _, err := account("delegator", m.Delegator); err != nil {
		return err
	}
	if _, err := account("hotkey", m.Hotkey); err != nil {
		return err
	}
	if m.SharePpm > MaxShare {
		return fmt.Errorf("share_ppm is %d, want 0..%d: %w", m.SharePpm, MaxShare, ErrInvalidMessage)
	}
	if m.SharePpm > 0 && m.ExpiryUnix < 1 {
		return fmt.Errorf("expiry_unix is %d, want seconds since 1970: %w", m.ExpiryUnix, ErrInvalidMessage)
	}
	return checkSigned(m.HotkeyPublicKey, m.HotkeySignature, m.SharePpm > 0)
}

// Validate checks an endpoint as a neuron publishes it: a literal IP address in its shortest form, a port and a pin, or all of them
// empty. It fails with ErrInvalidMessage.
func (e Endpoint) Validate() error {
	if e.Host == "" {
		if e.Port != 0 || len(e.CertificatePin) != 0 {
			return fmt.Errorf("host is empty but port or certificate_pin is set: want all or none: %w", ErrInvalidMessage)
		}
		return nil
	}
	if len(e.Host) > maxHostLen {
		return fmt.Errorf("host has %d bytes, want at most %d: %w", len(e.Host), maxHostLen, ErrInvalidMessage)
	}
	ip, err := netip.ParseAddr(e.Host)
	if err != nil || ip.Zone() != "" || ip.Is4In6() || ip.String() != e.Host {
		return fmt.Errorf("host is %q, want a literal IP address in its shortest form, e.g. 203.0.113.7 or 2001:db8::1: %w", e.Host, ErrInvalidMessage)
	}
	if e.Port < 1 || e.Port > 65_535 {
		return fmt.Errorf("port is %d, want 1..65535: %w", e.Port, ErrInvalidMessage)
	}
	if len(e.CertificatePin) != PinLen {
		return fmt.Errorf("certificate_pin has %d bytes, want %d: %w", len(e.CertificatePin), PinLen, ErrInvalidMessage)
	}
	return nil
}

func account(field, s string) (gotensor.Address, error) {
	a, err := addr.Account(s)
	if err != nil {
		return a, fmt.Errorf("%s: %w: %w", field, err, ErrInvalidMessage)
	}
	return a, nil
}

// checkKeys wants two keys apart: the coldkey earns and stays off line.
func checkKeys(hotkey, coldkey string) error {
	h, err := account("hotkey", hotkey)
	if err != nil {
		return err
	}
	c, err := account("coldkey", coldkey)
	if err != nil {
		return err
	}
	if h == c {
		return fmt.Errorf("hotkey and coldkey are both %s: want two keys, the coldkey off line: %w", hotkey, ErrInvalidMessage)
	}
	return nil
}

func checkNetUID(netuid uint32) error {
	if netuid < 1 || netuid >= uint32(AllSubnets) {
		return fmt.Errorf("netuid is %d, want 1..%d: %w", netuid, AllSubnets-1, ErrInvalidMessage)
	}
	return nil
}

func checkSigned(key, sig []byte, want bool) error {
	if !want {
		if len(key) != 0 || len(sig) != 0 {
			return fmt.Errorf("hotkey_public_key and hotkey_signature are set though no hotkey has to agree: leave them empty: %w", ErrInvalidMessage)
		}
		return nil
	}
	if len(key) != PublicKeyLen {
		return fmt.Errorf("hotkey_public_key has %d bytes, want %d: %w", len(key), PublicKeyLen, ErrInvalidMessage)
	}
	if len(sig) != SignatureLen && len(sig) != SignatureLen+1 {
		return fmt.Errorf("hotkey_signature has %d bytes, want %d, or %d with its recovery id: %w", len(sig), SignatureLen, SignatureLen+1, ErrInvalidMessage)
	}
	return nil
}

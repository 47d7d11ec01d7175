package types_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
)

var (
	hot  = addr.FormatAccount(gotensor.Address{1})
	cold = addr.FormatAccount(gotensor.Address{2})
	pin  = bytes.Repeat([]byte{7}, 32)
)

type message interface{ ValidateBasic() error }

func TestValidateBasic(t *testing.T) {
	powMsg := func(change func(*types.MsgRegisterPow)) message {
		m := &types.MsgRegisterPow{Hotkey: hot, Coldkey: cold, Netuid: 1, BlockHeight: 5}
		change(m)
		return m
	}
	burn := func(change func(*types.MsgRegisterBurn)) message {
		m := &types.MsgRegisterBurn{
			Hotkey: hot, Coldkey: cold, Netuid: 1, MaxPrice: 5, HotkeyPublicKey: make([]byte, 33), HotkeySignature: make([]byte, 64),
		}
		change(m)
		return m
	}
	serve := func(change func(*types.MsgServe)) message {
		m := &types.MsgServe{Hotkey: hot, Netuid: 1, Host: "127.0.0.1", Port: 8_091, CertificatePin: pin}
		change(m)
		return m
	}
	appoint := func(change func(*types.MsgAppointHotkey)) message {
		m := &types.MsgAppointHotkey{Operator: cold, Netuid: 65_535, Hotkey: hot, HotkeyPublicKey: make([]byte, 33), HotkeySignature: make([]byte, 64)}
		change(m)
		return m
	}
	grant := func(change func(*types.MsgGrantBandwidth)) message {
		m := &types.MsgGrantBandwidth{
			Delegator: cold, Hotkey: hot, SharePpm: 1_000_000, ExpiryUnix: 5, HotkeyPublicKey: make([]byte, 33), HotkeySignature: make([]byte, 65),
		}
		change(m)
		return m
	}
	cases := []struct {
		name string
		msg  message
		want string // empty: valid
	}{
		{"pow", powMsg(func(*types.MsgRegisterPow) {}), ""},
		{"pow hotkey", powMsg(func(m *types.MsgRegisterPow) { m.Hotkey = "" }), "hotkey: invalid address"},
		{"pow coldkey", powMsg(func(m *types.MsgRegisterPow) { m.Coldkey = "x" }), "coldkey: invalid address"},
		{"pow one key", powMsg(func(m *types.MsgRegisterPow) { m.Coldkey = hot }), "want two keys"},
		{"pow netuid", powMsg(func(m *types.MsgRegisterPow) { m.Netuid = 0 }), "netuid is 0, want 1..65534"},
		{"pow all", powMsg(func(m *types.MsgRegisterPow) { m.Netuid = 65_535 }), "netuid is 65535"},
		{"pow height", powMsg(func(m *types.MsgRegisterPow) { m.BlockHeight = 0 }), "block_height is 0"},
		{"burn", burn(func(*types.MsgRegisterBurn) {}), ""},
		{"burn price", burn(func(m *types.MsgRegisterBurn) { m.MaxPrice = 0 }), "max_price is 0"},
		{"burn netuid", burn(func(m *types.MsgRegisterBurn) { m.Netuid = 1 << 16 }), "netuid is 65536"},
		{"burn keys", burn(func(m *types.MsgRegisterBurn) { m.Hotkey = cold }), "want two keys"},
		{"burn recovery id", burn(func(m *types.MsgRegisterBurn) { m.HotkeySignature = make([]byte, 65) }), ""},
		{"burn unsigned", burn(func(m *types.MsgRegisterBurn) { m.HotkeyPublicKey, m.HotkeySignature = nil, nil }), "hotkey_public_key has 0 bytes, want 33"},
		{"burn public key", burn(func(m *types.MsgRegisterBurn) { m.HotkeyPublicKey = pin }), "hotkey_public_key has 32 bytes, want 33"},
		{"burn signature", burn(func(m *types.MsgRegisterBurn) { m.HotkeySignature = pin }), "hotkey_signature has 32 bytes, want 64"},
		{"serve", serve(func(*types.MsgServe) {}), ""},
		{"serve v6", serve(func(m *types.MsgServe) { m.Host = "2001:db8::1" }), ""},
		{"serve nothing", serve(func(m *types.MsgServe) { m.Host, m.Port, m.CertificatePin = "", 0, nil }), ""},
		{"serve half", serve(func(m *types.MsgServe) { m.Host = "" }), "want all or none"},
		{"serve name", serve(func(m *types.MsgServe) { m.Host = "localhost" }), "want a literal IP address"},
		{"serve zeros", serve(func(m *types.MsgServe) { m.Host = "127.0.0.01" }), "want a literal IP address"},
		{"serve long v6", serve(func(m *types.MsgServe) { m.Host = "2001:0db8::1" }), "in its shortest form"},
		{"serve mapped", serve(func(m *types.MsgServe) { m.Host = "::ffff:1.2.3.4" }), "in its shortest form"},
		{"serve zone", serve(func(m *types.MsgServe) { m.Host = "fe80::1%eth0" }), "in its shortest form"},
		{"serve with port", serve(func(m *types.MsgServe) { m.Host = "1.2.3.4:80" }), "want a literal IP address"},
		{"serve too long", serve(func(m *types.MsgServe) { m.Host = strings.Repeat("1", 46) }), "host has 46 bytes"},
		{"serve port", serve(func(m *types.MsgServe) { m.Port = 0 }), "port is 0, want 1..65535"},
		{"serve high port", serve(func(m *types.MsgServe) { m.Port = 65_536 }), "port is 65536"},
		{"serve pin", serve(func(m *types.MsgServe) { m.CertificatePin = pin[1:] }), "certificate_pin has 31 bytes, want 32"},
		{"serve hotkey", serve(func(m *types.MsgServe) { m.Hotkey = "" }), "hotkey: invalid address"},
		{"serve netuid", serve(func(m *types.MsgServe) { m.Netuid = 0 }), "netuid is 0"},
		{"appoint", appoint(func(*types.MsgAppointHotkey) {}), ""},
		{"appoint none", appoint(func(m *types.MsgAppointHotkey) { m.Hotkey, m.HotkeyPublicKey, m.HotkeySignature = "", nil, nil }), ""},
		{"appoint none signed", appoint(func(m *types.MsgAppointHotkey) { m.Hotkey = "" }), "leave them empty"},
		{"appoint self", appoint(func(m *types.MsgAppointHotkey) { m.Hotkey = cold }), "a key that holds nothing"},
		{"appoint key", appoint(func(m *types.MsgAppointHotkey) { m.HotkeyPublicKey = pin }), "hotkey_public_key has 32 bytes, want 33"},
		{"appoint signature", appoint(func(m *types.MsgAppointHotkey) { m.HotkeySignature = pin }), "hotkey_signature has 32 bytes, want 64"},
		{"appoint netuid", appoint(func(m *types.MsgAppointHotkey) { m.Netuid = 65_536 }), "netuid is 65536"},
		{"appoint operator", appoint(func(m *types.MsgAppointHotkey) { m.Operator = "taovaloper1" }), "operator: invalid address"},
		{"appoint hotkey", appoint(func(m *types.MsgAppointHotkey) { m.Hotkey = "tao1" }), "hotkey: invalid address"},
		{"grant", grant(func(*types.MsgGrantBandwidth) {}), ""},
		{"grant none", grant(func(m *types.MsgGrantBandwidth) { *m = types.MsgGrantBandwidth{Delegator: cold, Hotkey: hot} }), ""},
		{"grant share", grant(func(m *types.MsgGrantBandwidth) { m.SharePpm++ }), "share_ppm is 1000001, want 0..1000000"},
		{"grant expiry", grant(func(m *types.MsgGrantBandwidth) { m.ExpiryUnix = 0 }), "expiry_unix is 0"},
		{"grant delegator", grant(func(m *types.MsgGrantBandwidth) { m.Delegator = "" }), "delegator: invalid address"},
		{"grant hotkey", grant(func(m *types.MsgGrantBandwidth) { m.Hotkey = "" }), "hotkey: invalid address"},
		{"grant signature", grant(func(m *types.MsgGrantBandwidth) { m.HotkeySignature = nil }), "hotkey_signature has 0 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := c.msg.ValidateBasic()
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, types.ErrInvalidMessage)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestSignedBytes(t *testing.T) {
	v := gotensor.Address{0xaa}
	want := "\x19gotensor message\n" + "\x13gotensor/appoint/v1" + "\x06test-1" + string(v[:]) + "\x02\x01"
	require.Equal(t, want, string(types.AppointBytes("test-1", v, 0x0102)))
	want = "\x19gotensor message\n" + "\x11gotensor/grant/v1" + "\x06test-1" + string(v[:])
	require.Equal(t, want, string(types.GrantBytes("test-1", v)))
	want = "\x19gotensor message\n" + "\x14gotensor/register/v1" + "\x06test-1" + string(v[:]) + "\x02\x01"
	require.Equal(t, want, string(types.RegisterBytes("test-1", v, 0x0102)))
}

func FuzzValidateBasic(f *testing.F) {
	for _, m := range []interface{ Marshal() ([]byte, error) }{
		&types.MsgServe{Hotkey: hot, Netuid: 1, Host: "127.0.0.1", Port: 8_091, CertificatePin: pin},
		&types.MsgRegisterPow{Hotkey: hot, Coldkey: cold, Netuid: 1, BlockHeight: 5},
		&types.MsgAppointHotkey{Operator: cold, Netuid: 65_535, Hotkey: hot, HotkeyPublicKey: make([]byte, 33), HotkeySignature: make([]byte, 64)},
	} {
		b, err := m.Marshal()
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, m := range []interface {
			message
			Unmarshal([]byte) error
		}{&types.MsgRegisterPow{}, &types.MsgRegisterBurn{}, &types.MsgServe{}, &types.MsgAppointHotkey{}, &types.MsgGrantBandwidth{}} {
			if m.Unmarshal(b) != nil {
				continue
			}
			if err := m.ValidateBasic(); err != nil {
				require.ErrorIs(t, err, types.ErrInvalidMessage)
				continue
			}
			if s, ok := m.(*types.MsgServe); ok && s.Host != "" {
				require.NotZero(t, s.Port)
				require.Len(t, s.CertificatePin, 32)
			}
		}
	})
}

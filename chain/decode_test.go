package chain

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	stakingv1beta1 "cosmossdk.io/api/cosmos/staking/v1beta1"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
)

// answer is a well-formed metagraph of two uids.
func answer() *neuron.QueryMetagraphResponse {
	of := func(size int) []byte { return bytes.Repeat([]byte{1}, 2*size) }
	hotkeys := of(gotensor.AddressLen)
	hotkeys[0] = 2 // distinct
	return &neuron.QueryMetagraphResponse{
		Netuid: 1, Height: 7, N: 2, Hotkeys: hotkeys, Coldkeys: of(20), Validators: of(20), Registered: of(8), LastUpdate: of(8), LiveStake: of(8),
		Endpoints: []neuron.Endpoint{{}, {Host: "10.0.0.1", Port: 80, CertificatePin: of(16)}},
		Columns: neuron.Columns{
			Stake: of(8), Consensus: of(2), Incentive: of(2), Dividends: of(2), ValidatorTrust: of(2), Permit: of(1), Active: of(1), Emission: of(8), Accrued: of(8),
		},
	}
}

func TestUnpack(t *testing.T) {
	m, err := unpack(answer())
	require.NoError(t, err)
	require.Equal(t, 2, m.N())
	n, ok := m.At(1)
	require.True(t, ok)
	require.Equal(t, "10.0.0.1:80", n.Endpoint.Addr.String())
	require.EqualValues(t, 0x0101, n.Incentive)
	require.EqualValues(t, 0x0101010101010101, n.Stake)
	require.True(t, n.Permit)
}

func TestUnpackMalformed(t *testing.T) {
	cut := func(b *[]byte) { *b = (*b)[1:] }
	for _, tc := range []struct {
		names string
		spoil func(r *neuron.QueryMetagraphResponse)
	}{
		{"hotkeys", func(r *neuron.QueryMetagraphResponse) { cut(&r.Hotkeys) }},
		{"coldkeys", func(r *neuron.QueryMetagraphResponse) { cut(&r.Coldkeys) }},
		{"registered", func(r *neuron.QueryMetagraphResponse) { cut(&r.Registered) }},
		{"last_update", func(r *neuron.QueryMetagraphResponse) { cut(&r.LastUpdate) }},
		{"live_stake", func(r *neuron.QueryMetagraphResponse) { cut(&r.LiveStake) }},
		{"validators", func(r *neuron.QueryMetagraphResponse) { cut(&r.Validators) }},
		{"stake", func(r *neuron.QueryMetagraphResponse) { cut(&r.Columns.Stake) }},
		{"consensus", func(r *neuron.QueryMetagraphResponse) { cut(&r.Columns.Consensus) }},
		{"incentive", func(r *neuron.QueryMetagraphResponse) { cut(&r.Columns.Incentive) }},
		{"dividends", func(r *neuron.QueryMetagraphResponse) { cut(&r.Columns.Dividends) }},
		{"validator_trust", func(r *neuron.QueryMetagraphResponse) { cut(&r.Columns.ValidatorTrust) }},
		{"permit", func(r *neuron.QueryMetagraphResponse) { cut(&r.Columns.Permit) }},
		{"active", func(r *neuron.QueryMetagraphResponse) { cut(&r.Columns.Active) }},
		{"emission", func(r *neuron.QueryMetagraphResponse) { cut(&r.Columns.Emission) }},
		{"accrued", func(r *neuron.QueryMetagraphResponse) { r.Columns.Accrued = append(r.Columns.Accrued, 0) }},
		{"1 endpoints for 2 uids", func(r *neuron.QueryMetagraphResponse) { r.Endpoints = r.Endpoints[1:] }},
		{"uid 1: the node's answer is malformed: endpoint \"node.example\"", func(r *neuron.QueryMetagraphResponse) { r.Endpoints[1].Host = "node.example" }},
		{"port 0", func(r *neuron.QueryMetagraphResponse) { r.Endpoints[1].Port = 0 }},
		{"port 65536", func(r *neuron.QueryMetagraphResponse) { r.Endpoints[1].Port = 65536 }},
		{"a pin of 31 bytes", func(r *neuron.QueryMetagraphResponse) { cut(&r.Endpoints[1].CertificatePin) }},
		{"netuid 0", func(r *neuron.QueryMetagraphResponse) { r.Netuid = 0 }},
		{"netuid 65536", func(r *neuron.QueryMetagraphResponse) { r.Netuid = 65536 }},
		{"4294967295 uids", func(r *neuron.QueryMetagraphResponse) { r.N = 1<<32 - 1 }},
		{"height -1", func(r *neuron.QueryMetagraphResponse) { r.Height = -1 }},
		{"hotkey", func(r *neuron.QueryMetagraphResponse) { r.Hotkeys[0] = 1 }},
	} {
		t.Run(tc.names, func(t *testing.T) {
			r := answer()
			tc.spoil(r)
			_, err := unpack(r)
			require.ErrorIs(t, err, ErrBadAnswer)
			require.ErrorContains(t, err, tc.names)
		})
	}
}

// FuzzUnpack: whatever a node answers, the result is an error or a metagraph of as many neurons as it says.
func FuzzUnpack(f *testing.F) {
	good, err := answer().Marshal()
	require.NoError(f, err)
	f.Add(good)
	f.Add(good[:len(good)-3])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var r neuron.QueryMetagraphResponse
		if (wireCodec{}).Unmarshal(data, &r) != nil {
			return
		}
		m, err := unpack(&r)
		if err != nil {
			return
		}
		require.EqualValues(t, r.N, m.N())
		for n := range m.All() {
			got, ok := m.ByHotkey(n.Hotkey)
			require.True(t, ok)
			require.Equal(t, n.UID, got.UID)
		}
	})
}

func TestPriceOf(t *testing.T) {
	for _, tc := range []struct {
		prices string
		gas    uint64
		want   string // empty: free
	}{
		{"", 100, ""},
		{"0atao", 100, ""},
		{"0.5atao", 101, "51"},
		{"25stake, 0.001atao", 1001, "2"},
		{"3atao", 1 << 62, "13835058055282163712"},
		{"1foo", 100, ""},
		{"xatao", 100, "bad"},
		{"-1atao", 100, "bad"},
		{"1e99999999999atao", 100, "bad"},
		{"atao", 100, ""},
	} {
		t.Run(tc.prices, func(t *testing.T) {
			coin, err := priceOf(tc.prices, tc.gas)
			switch tc.want {
			case "bad":
				require.ErrorIs(t, err, ErrBadAnswer)
				require.ErrorContains(t, err, tc.prices)
			case "":
				require.NoError(t, err)
				require.Nil(t, coin)
			default:
				require.NoError(t, err)
				require.Equal(t, tc.want, coin.Amount)
				require.Equal(t, gotensor.BaseDenom, coin.Denom)
			}
		})
	}
}

func TestExpectedSequence(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  TxError
		want uint64
		ok   bool
	}{
		{"what a node says", TxError{Codespace: "sdk", Code: 32, Log: "account sequence mismatch, expected 7, got 3: incorrect account sequence"}, 7, true},
		{"another error with these words", TxError{Codespace: "sdk", Code: 4, Log: "account sequence mismatch, expected 7, got 3"}, 0, false},
		{"other words", TxError{Codespace: "sdk", Code: 32, Log: "incorrect account sequence"}, 0, false},
		{"beyond a uint64", TxError{Codespace: "sdk", Code: 32, Log: "account sequence mismatch, expected 99999999999999999999, got 3"}, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, ok := tc.err.expected()
			require.Equal(t, tc.ok, ok)
			if ok {
				require.Equal(t, tc.want, n)
			}
		})
	}
}

func TestValidatorOf(t *testing.T) {
	operator := keys.Operator(gotensor.Address{1})
	good := func() *stakingv1beta1.Validator {
		return &stakingv1beta1.Validator{
			OperatorAddress: operator, Tokens: "2000000000999999999",
			Commission: &stakingv1beta1.Commission{CommissionRates: &stakingv1beta1.CommissionRates{Rate: "180000000000000000"}},
		}
	}
	v, err := validatorOf(good())
	require.NoError(t, err)
	require.EqualValues(t, 180_000, v.TakePPM)
	require.EqualValues(t, 2_000_000_000, v.Stake)
	for name, spoil := range map[string]func(*stakingv1beta1.Validator){
		"validator \"x\"": func(v *stakingv1beta1.Validator) { v.OperatorAddress = "x" },
		"amount \"1.5\"":  func(v *stakingv1beta1.Validator) { v.Tokens = "1.5" },
		"commission \"-1\"": func(v *stakingv1beta1.Validator) {
			v.Commission.CommissionRates.Rate = "-1"
		},
		"commission \"1000000000000000001\"": func(v *stakingv1beta1.Validator) { v.Commission.CommissionRates.Rate = "1000000000000000001" },
		"commission \"\"":                    func(v *stakingv1beta1.Validator) { v.Commission = nil },
	} {
		t.Run(name, func(t *testing.T) {
			v := good()
			spoil(v)
			_, err := validatorOf(v)
			require.ErrorIs(t, err, ErrBadAnswer)
			require.ErrorContains(t, err, name)
		})
	}
}

func TestFindNetwork(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	whole := file("home/network.json", `{"name":"n","chain_id":"c","grpc":"127.0.0.1:9090","rpc":"http://x"}`)
	want := Network{Name: "n", ChainID: "c", GRPC: "127.0.0.1:9090", RPC: "http://x"}
	for _, where := range []string{whole, filepath.Dir(whole)} {
		n, err := FindNetwork(where)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	n, err := FindNetwork("node.example:9090")
	require.NoError(t, err)
	require.Equal(t, Network{Name: "node.example:9090", GRPC: "node.example:9090"}, n)

	for _, tc := range []struct{ name, where, says string }{
		{"none", "", "GOTENSOR_NETWORK"},
		{"neither folder nor address", "finney", `"finney" is neither a folder with a network.json nor the host:port`},
		{"no host", ":9090", "neither a folder"},
		{"an empty folder", t.TempDir(), "network.json"},
		{"no JSON", file("damaged.json", "{"), "damaged.json"},
		{"no address", file("without.json", "{}"), `no "grpc" address`},
		{"an URL", file("url.json", `{"grpc":"http://127.0.0.1:9090"}`), "without a scheme"},
		{"no port", file("port.json", `{"grpc":"127.0.0.1"}`), "host:port"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := FindNetwork(tc.where)
			require.ErrorIs(t, err, ErrNetwork)
			require.ErrorContains(t, err, tc.says)
		})
	}
}

package genesis_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cosmos/btcutil/bech32"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/genesis"
)

// address is the bech32 form of the account whose last byte is b.
func address(b byte) string { return encode("tao", b) }

func encode(prefix string, b byte) string {
	raw := make([]byte, gotensor.AddressLen)
	raw[gotensor.AddressLen-1] = b
	five, err := bech32.ConvertBits(raw, 8, 5, true)
	if err != nil {
		panic(err)
	}
	text, err := bech32.Encode(prefix, five)
	if err != nil {
		panic(err)
	}
	return text
}

func validator(b byte, producer bool) genesis.Validator {
	return genesis.Validator{
		Moniker: fmt.Sprintf("v%d", b), Operator: address(b), ConsensusPubKey: bytes.Repeat([]byte{b}, 32), Stake: genesis.OneTAO,
		Producer: producer, Hotkey: address(b + 100),
	}
}

func good() genesis.Spec {
	return genesis.Localnet(genesis.LocalnetOptions{
		ChainID: "gotensor-test", GenesisTime: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Accounts:   []genesis.Account{{Address: address(1), Balance: 5 * genesis.OneTAO}},
		Validators: []genesis.Validator{validator(1, true), validator(2, false)},
		Settings:   []byte(`{"k": 64}`),
	})
}

func TestLocalnet(t *testing.T) {
	s := good()
	require.NoError(t, s.Validate())
	require.Len(t, s.Subnets[0].Neurons, 2, "validators with a hotkey are registered")
	require.Equal(t, address(101), s.Subnets[0].Neurons[0].Hotkey)
	supply, err := s.Supply()
	require.NoError(t, err)
	require.Equal(t, 7*gotensor.RaoPerTAO, supply)
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(s *genesis.Spec)
		says  string // the field that the error names
	}{
		{"no chain id", func(s *genesis.Spec) { s.ChainID = "" }, "chain_id"},
		{"chain id with a blank", func(s *genesis.Spec) { s.ChainID = "my chain" }, "chain_id"},
		{"no time", func(s *genesis.Spec) { s.GenesisTime = time.Time{} }, "genesis_time"},
		{"blocks too fast", func(s *genesis.Spec) { s.TargetBlockMs = 99 }, "target_block_ms"},
		{"blocks too slow", func(s *genesis.Spec) { s.TargetBlockMs = 60_001 }, "target_block_ms"},
		{"unbonding under ten blocks", func(s *genesis.Spec) { s.UnbondingTime = genesis.Duration(4999 * time.Millisecond) }, "unbonding_time"},
		{"voting too short", func(s *genesis.Spec) { s.VotingPeriod = genesis.Duration(time.Millisecond) }, "voting_period"},
		{"account of another chain", func(s *genesis.Spec) { s.Accounts[0].Address = encode("cosmos", 1) }, "accounts[0].address"},
		{"account with a typo", func(s *genesis.Spec) { s.Accounts[0].Address = address(1) + "q" }, "accounts[0].address"},
		{"account twice", func(s *genesis.Spec) { s.Accounts = append(s.Accounts, s.Accounts[0]) }, "accounts[1].address"},
		{"account with nothing", func(s *genesis.Spec) { s.Accounts[0].Balance = 0 }, "accounts[0].balance"},
		{"no producer", func(s *genesis.Spec) { s.Validators[0].Producer = false }, "producer"},
		{"no validator", func(s *genesis.Spec) { s.Validators = nil }, "validators"},
		{"no moniker", func(s *genesis.Spec) { s.Validators[0].Moniker = "" }, "validators[0].moniker"},
		{"short key", func(s *genesis.Spec) { s.Validators[0].ConsensusPubKey = make([]byte, 31) }, "validators[0].consensus_pubkey"},
		{"key twice", func(s *genesis.Spec) { s.Validators[1].ConsensusPubKey = s.Validators[0].ConsensusPubKey }, "validators[1].consensus_pubkey"},
		{"operator twice", func(s *genesis.Spec) { s.Validators[1].Operator = s.Validators[0].Operator }, "validators[1].operator"},
		{"hotkey of two validators", func(s *genesis.Spec) { s.Validators[1].Hotkey = s.Validators[0].Hotkey }, "validators[1].hotkey"},
		{"bad hotkey", func(s *genesis.Spec) { s.Validators[1].Hotkey = "tao1" }, "validators[1].hotkey"},
		{"stake under a TAO", func(s *genesis.Spec) { s.Validators[0].Stake = genesis.OneTAO - 1 }, "validators[0].stake"},
		{"commission over all", func(s *genesis.Spec) { s.Validators[0].CommissionPpm = 1_000_001 }, "validators[0].commission_ppm"},
		{"more than will ever be", func(s *genesis.Spec) { s.Accounts[0].Balance = genesis.TAO(gotensor.MaxSupply) }, "accounts and stakes"},
		{"netuid 0", func(s *genesis.Spec) { s.Subnets[0].NetUID = 0 }, "subnets[0].netuid"},
		{"netuid twice", func(s *genesis.Spec) { s.Subnets = append(s.Subnets, s.Subnets[0]) }, "subnets[1].netuid"},
		{"no name", func(s *genesis.Spec) { s.Subnets[0].Name = "" }, "subnets[0].name"},
		{"no mechanism", func(s *genesis.Spec) { s.Subnets[0].Mechanism = "" }, "subnets[0].mechanism"},
		{"settings that are no object", func(s *genesis.Spec) { s.Subnets[0].Settings = []byte("[1]") }, "subnets[0].settings"},
		{"long settings", func(s *genesis.Spec) { s.Subnets[0].Settings = []byte(`{"a":"` + strings.Repeat("x", 4096) + `"}`) }, "subnets[0].settings"},
		{"bad owner", func(s *genesis.Spec) { s.Subnets[0].Owner = "me" }, "subnets[0].owner"},
		{"bad owner's hotkey", func(s *genesis.Spec) { s.Subnets[0].OwnerHotkey = "me" }, "subnets[0].owner_hotkey"},
		{"neuron twice", func(s *genesis.Spec) { s.Subnets[0].Neurons[1] = s.Subnets[0].Neurons[0] }, "subnets[0].neurons[1].hotkey"},
		{"neuron without a coldkey", func(s *genesis.Spec) { s.Subnets[0].Neurons[0].Coldkey = "" }, "subnets[0].neurons[0].coldkey"},
		{"shares over all", func(s *genesis.Spec) { s.Emission = &genesis.Emission{ProducerPpm: 600_000, CommunityPpm: 400_001} }, "emission.producer_ppm"},
		{"owner's share over all", func(s *genesis.Spec) { s.Emission = &genesis.Emission{OwnerPpm: 1_000_001} }, "emission.owner_ppm"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := good()
			tt.spoil(&s)
			err := s.Validate()
			require.ErrorIs(t, err, genesis.ErrSpec)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

func TestReadWrite(t *testing.T) {
	var first, second bytes.Buffer
	require.NoError(t, good().Write(&first))
	text := first.String()
	s, err := genesis.Read(&first)
	require.NoError(t, err)
	require.NoError(t, s.Write(&second))
	require.Equal(t, text, second.String())

	_, err = genesis.Read(strings.NewReader(`{"chain": "x"}`))
	require.ErrorIs(t, err, genesis.ErrSpec)
	require.ErrorContains(t, err, "chain", "an unknown field is named")
}

func TestTAO(t *testing.T) {
	for text, want := range map[string]genesis.TAO{
		"0": 0, "1": 1_000_000_000, "0.5": 500_000_000, "12.000000001": 12_000_000_001, "21000000": genesis.TAO(gotensor.MaxSupply),
	} {
		var got genesis.TAO
		require.NoError(t, got.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, got, text)
		back, err := got.MarshalText()
		require.NoError(t, err)
		require.Equal(t, text, string(back))
	}
	for _, text := range []string{"", ".", "1.", ".5", "-1", "+1", "1e3", "1_000", "0x1", "1.0000000001", "21000000.1", "99999999999999999999", "1.2.3", " 1"} {
		var got genesis.TAO
		require.ErrorIs(t, got.UnmarshalText([]byte(text)), genesis.ErrAmount, "%q", text)
	}
}

func FuzzTAO(f *testing.F) {
	f.Add("1.5")
	f.Add("21000000.000000000")
	f.Fuzz(func(t *testing.T, text string) {
		var a, b genesis.TAO
		if a.UnmarshalText([]byte(text)) != nil {
			return
		}
		out, err := a.MarshalText()
		require.NoError(t, err)
		require.NoError(t, b.UnmarshalText(out))
		require.Equal(t, a, b)
		require.LessOrEqual(t, uint64(a), uint64(gotensor.MaxSupply))
	})
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	require.NoError(f, good().Write(&b))
	f.Add(b.String())
	f.Fuzz(func(t *testing.T, text string) {
		s, err := genesis.Read(strings.NewReader(text))
		if err != nil {
			return
		}
		var out bytes.Buffer
		require.NoError(t, s.Write(&out))
		_, err = genesis.Read(&out)
		require.NoError(t, err)
	})
}

func ExampleLocalnet() {
	s := genesis.Localnet(genesis.LocalnetOptions{
		ChainID: "gotensor-local", GenesisTime: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Validators: []genesis.Validator{{
			Moniker: "alice", Operator: address(1), ConsensusPubKey: make([]byte, 32), Stake: 1000 * genesis.OneTAO, Producer: true,
		}},
	})
	supply, err := s.Supply()
	fmt.Println(s.ChainID, supply, s.Unbonding(), s.Validate(), err)
	// Output: gotensor-local 1000.000000000 TAO 1m0s <nil> <nil>
}

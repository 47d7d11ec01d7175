package types

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
)

func TestParamsValidate(t *testing.T) {
	require.NoError(t, DefaultParams().Validate())
	tests := []struct {
		name   string
		change func(*Params)
		fail   string
	}{
		{"all to producers", func(p *Params) { p.ProducerPpm, p.CommunityPpm = 1_000_000, 0 }, ""},
		{"more than all", func(p *Params) { p.ProducerPpm, p.CommunityPpm = 1_000_000, 1 }, "add up to 1000001"},
		{"sum that would overflow", func(p *Params) { p.ProducerPpm, p.CommunityPpm = math.MaxUint32, math.MaxUint32 }, "add up to 8589934590"},
		{"owner takes all", func(p *Params) { p.OwnerPpm = 1_000_000 }, ""},
		{"owner takes more", func(p *Params) { p.OwnerPpm = 1_000_001 }, "owner_ppm is 1000001"},
		{"no sweep", func(p *Params) { p.SweepPerBlock = 0 }, "sweep_per_block is 0"},
		{"long sweep", func(p *Params) { p.SweepPerBlock = 1025 }, "sweep_per_block is 1025"},
		{"no interval", func(p *Params) { p.SettleInterval = 0 }, "settle_interval is 0"},
		{"long interval", func(p *Params) { p.SettleInterval = 10_001 }, "settle_interval is 10001"},
		{"no weight", func(p *Params) { p.SubnetShares = []SubnetShare{{Netuid: 1}} }, "subnet_shares[0]: weight is 0"},
		{"no subnet", func(p *Params) { p.SubnetShares = []SubnetShare{{Weight: 1}} }, "subnet_shares[0]: netuid is 0"},
		{"a subnet twice", func(p *Params) { p.SubnetShares = []SubnetShare{{2, 1}, {2, 1}} }, "subnet_shares[1]: netuid 2 twice"},
		{"too many subnets", func(p *Params) { p.SubnetShares = make([]SubnetShare, 1025) }, "subnet_shares: 1025 of them"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := DefaultParams()
			tt.change(&p)
			err := (&MsgUpdateParams{Params: p}).ValidateBasic()
			if tt.fail == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrField)
			require.ErrorContains(t, err, tt.fail)
		})
	}
	require.ErrorIs(t, (&MsgResume{Netuid: 65535}).ValidateBasic(), ErrField)
	require.NoError(t, (&MsgResume{Netuid: 65534}).ValidateBasic())
}

func TestBoundOfSupply(t *testing.T) {
	tests := []struct {
		name   string
		state  Issuance
		burned gotensor.Rao
		want   string
	}{
		{"at the start", Issuance{GenesisSupply: "7"}, 0, "7"},
		{"issued", Issuance{GenesisSupply: "7", Issued: 3}, 0, "3000000007"},
		{"issued and burned", Issuance{GenesisSupply: "7", Issued: 3}, 2, "1000000007"},
		{"more burned than there was", Issuance{GenesisSupply: "7"}, 1, "-999999993"},
		{"the largest counters", Issuance{GenesisSupply: "0", Issued: math.MaxUint64}, math.MaxUint64 - 1, "1000000000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bound, err := tt.state.Bound(tt.burned)
			require.NoError(t, err)
			require.Equal(t, tt.want, bound.String())
			initial, err := tt.state.InitialFrom(bound, tt.burned)
			require.NoError(t, err)
			require.Equal(t, tt.state.GenesisSupply, initial)
		})
	}
	_, err := Issuance{}.Bound(0)
	require.ErrorIs(t, err, ErrField)
	require.ErrorContains(t, err, `genesis_supply is ""`)
	_, err = Issuance{Issued: 2}.InitialFrom(atao(1), 0)
	require.ErrorIs(t, err, ErrField)
	require.ErrorContains(t, err, "issued 2 rao")
}

func TestGenesisValidate(t *testing.T) {
	validator := addr.FormatValidator(gotensor.Address{1})
	stream := Stream{Validator: validator, Netuid: 1, Total: 2, End: 3}
	second := stream
	second.Netuid = 2
	tests := []struct {
		name   string
		change func(*GenesisState)
		fail   string
	}{
		{"default", func(*GenesisState) {}, ""},
		{"full", func(g *GenesisState) {
			g.Pots = []Pot{{Netuid: 1, Pending: 1}, {Netuid: 7}}
			g.Streams = []Stream{stream, second}
			g.Reports = []EpochReport{{Netuid: 1, Drained: 10, Owner: 1, Incentive: 2, Dividends: 3, Carried: 4}}
		}, ""},
		{"params", func(g *GenesisState) { g.Params = Params{} }, "params"},
		{"time", func(g *GenesisState) { g.Issuance.LastTimeUnixNs = -1 }, "last_time_unix_ns is -1"},
		{"remainder", func(g *GenesisState) { g.Issuance.Remainder = math.MaxUint64 }, "remainder"},
		{"genesis supply", func(g *GenesisState) { g.Issuance.GenesisSupply = "21000000000000000000000000" }, ""},
		{"no genesis supply", func(g *GenesisState) { g.Issuance.GenesisSupply = "0" }, ""},
		{"genesis supply above all TAO", func(g *GenesisState) { g.Issuance.GenesisSupply = "21000000000000000000000001" }, "genesis_supply is \"21000000000000000000000001\""},
		{"genesis supply below zero", func(g *GenesisState) { g.Issuance.GenesisSupply = "-1" }, "genesis_supply is \"-1\""},
		{"genesis supply in hexadecimal", func(g *GenesisState) { g.Issuance.GenesisSupply = "0x10" }, "in decimal"},
		{"genesis supply with a unit", func(g *GenesisState) { g.Issuance.GenesisSupply = "1atao" }, "leave it empty"},
		{"pot twice", func(g *GenesisState) { g.Pots = []Pot{{Netuid: 1}, {Netuid: 1}} }, "netuid 1 twice"},
		{"pot of no subnet", func(g *GenesisState) { g.Pots = []Pot{{}} }, "netuid is 0"},
		{"pot overflows", func(g *GenesisState) { g.Pots = []Pot{{Netuid: 1, Pending: math.MaxUint64, Carried: 1}} }, "overflow"},
		{"stream twice", func(g *GenesisState) { g.Streams = []Stream{stream, stream} }, "each once"},
		{"streams unsorted", func(g *GenesisState) { g.Streams = []Stream{second, stream} }, "each once"},
		{"stream settled above its total", func(g *GenesisState) { s := stream; s.Settled = 3; g.Streams = []Stream{s} }, "settled is 3"},
		{"report that does not add up", func(g *GenesisState) { g.Reports = []EpochReport{{Netuid: 1, Drained: 10}} }, "do not add up"},
		{"report that overflows", func(g *GenesisState) {
			g.Reports = []EpochReport{{Netuid: 1, Drained: 1, Owner: math.MaxUint64, Carried: 2}}
		}, "do not add up"},
		{"report height", func(g *GenesisState) { g.Reports = []EpochReport{{Netuid: 1, Height: -1}} }, "height is -1"},
		{"report twice", func(g *GenesisState) { g.Reports = []EpochReport{{Netuid: 1}, {Netuid: 1}} }, "netuid 1 twice"},
		{"report of no subnet", func(g *GenesisState) { g.Reports = []EpochReport{{Netuid: 65535}} }, "netuid is 65535"},
		{"sweep", func(g *GenesisState) { g.SweepUid = 70_000 }, "sweep_uid 70000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := DefaultGenesis()
			tt.change(g)
			err := g.Validate()
			if tt.fail == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrGenesis)
			require.ErrorContains(t, err, tt.fail)
		})
	}
}

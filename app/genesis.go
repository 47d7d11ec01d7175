package app

import (
	"encoding/json"
	"fmt"
	"sort"

	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/baseapp"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/version"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/genesis"
	emissiontypes "github.com/gotensor/gotensor/x/emission/types"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	producertypes "github.com/gotensor/gotensor/x/producer/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

// Bounds of a block in a new chain; a row of 4,096 weights has 17 kB and wants up to 3 M gas.
const (
	MaxBlockBytes = 8 << 20
	MaxBlockGas   = 400_000_000
)

// Genesis turns a Spec into the genesis file of a chain. It fails if the Spec or any module's part of it is not valid.
func Genesis(s genesis.Spec) (*genutiltypes.AppGenesis, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	a, err := New(Options{Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), Base: []func(*baseapp.BaseApp){baseapp.SetChainID(s.ChainID)}})
	if err != nil {
		return nil, err
	}
	defer a.Close()
	state := a.DefaultGenesis()
	for _, part := range []struct {
		module string
		make   func(genesis.Spec) (proto.Message, error)
	}{
		{authtypes.ModuleName, genesisAccounts},
		{banktypes.ModuleName, genesisBank},
		{stakingtypes.ModuleName, genesisStaking},
		{slashingtypes.ModuleName, genesisSlashing},
		{distrtypes.ModuleName, genesisDistribution},
		{govtypes.ModuleName, genesisGov},
		{producertypes.ModuleName, genesisProducers},
		{subnettypes.ModuleName, genesisSubnets},
		{neurontypes.ModuleName, genesisNeurons},
		{emissiontypes.ModuleName, genesisEmission},
	} {
		m, err := part.make(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.module, err)
		}
		if state[part.module], err = a.Codec.MarshalJSON(m); err != nil {
			return nil, fmt.Errorf("%s: %w", part.module, err)
		}
	}
	if err := a.ValidateGenesis(state); err != nil {
		return nil, err
	}
	raw, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return nil, err
	}
	return &genutiltypes.AppGenesis{
		AppName: Name, AppVersion: version.Version, GenesisTime: s.GenesisTime.UTC(), ChainID: s.ChainID, InitialHeight: 1, AppState: raw,
		Consensus: &genutiltypes.ConsensusGenesis{Params: consensusParams(s)},
	}, nil
}

// consensusParams lets evidence live exactly as long as stake can still be slashed.
func consensusParams(s genesis.Spec) *cmttypes.ConsensusParams {
	p := cmttypes.DefaultConsensusParams()
	p.Block.MaxBytes, p.Block.MaxGas = MaxBlockBytes, MaxBlockGas
	p.Evidence.MaxAgeDuration = s.Unbonding()
	p.Evidence.MaxAgeNumBlocks = max(1, s.Unbonding().Milliseconds()/int64(s.TargetBlockMs))
	p.Evidence.MaxBytes = 1 << 20
	return p
}

// genesisAccounts makes an account for everybody who signs: holders, operators, hotkeys of neurons and of appointments.
func genesisAccounts(s genesis.Spec) (proto.Message, error) {
	known := map[string]bool{}
	var order []string
	add := func(a string) {
		if a != "" && !known[a] {
			known[a] = true
			order = append(order, a)
		}
	}
	for _, a := range s.Accounts {
		add(a.Address)
	}
	for _, v := range s.Validators {
		add(v.Operator)
		add(v.Hotkey)
	}
	for _, n := range s.Subnets {
		for _, k := range n.Neurons {
			add(k.Hotkey)
		}
	}
	accounts := make(authtypes.GenesisAccounts, len(order))
	for i, text := range order {
		addr, err := sdk.AccAddressFromBech32(text)
		if err != nil {
			return nil, err
		}
		accounts[i] = authtypes.NewBaseAccount(addr, nil, uint64(i), 0)
	}
	return authtypes.NewGenesisState(authtypes.DefaultParams(), accounts), nil
}

// genesisBank holds the free TAO and, in x/staking's pool of what is not bonded yet, all stakes.
func genesisBank(s genesis.Spec) (proto.Message, error) {
	g := banktypes.DefaultGenesisState()
	for _, a := range s.Accounts {
		g.Balances = append(g.Balances, banktypes.Balance{Address: a.Address, Coins: coins(a.Balance)})
	}
	var stakes genesis.TAO
	for _, v := range s.Validators {
		stakes += v.Stake
	}
	pool := authtypes.NewModuleAddress(stakingtypes.NotBondedPoolName).String()
	g.Balances = append(g.Balances, banktypes.Balance{Address: pool, Coins: coins(stakes)})
	sort.Slice(g.Balances, func(i, j int) bool { return g.Balances[i].Address < g.Balances[j].Address })
	supply, err := s.Supply()
	if err != nil {
		return nil, err
	}
	g.Supply = coins(genesis.TAO(supply))
	g.DenomMetadata = []banktypes.Metadata{{
		Description: "The native token of the network: stake, pay and fees.",
		Base:        gotensor.BaseDenom, Display: "tao", Name: "TAO", Symbol: "TAO",
		DenomUnits: []*banktypes.DenomUnit{
			{Denom: gotensor.BaseDenom, Exponent: 0}, {Denom: "rao", Exponent: 9}, {Denom: "tao", Exponent: 18},
		},
	}}
	return g, nil
}

// genesisSubnets lists every subnet with the hyperparameters that differ from the defaults, by name.
func genesisSubnets(s genesis.Spec) (proto.Message, error) {
	g := subnettypes.DefaultGenesis()
	g.Params.TargetBlockMs = s.TargetBlockMs
	for _, n := range byNetUID(s.Subnets) {
		gs := subnettypes.GenesisSubnet{Subnet: subnettypes.Subnet{
			Netuid: uint32(n.NetUID), Name: n.Name, Mechanism: n.Mechanism, Settings: string(n.Settings),
			Owner: n.Owner, OwnerHotkey: n.OwnerHotkey,
		}}
		for name, value := range n.Hyperparameters {
			gs.Hyperparameters = append(gs.Hyperparameters, subnettypes.HyperparameterValue{Name: name, Value: value})
		}
		sort.Slice(gs.Hyperparameters, func(i, j int) bool { return gs.Hyperparameters[i].Name < gs.Hyperparameters[j].Name })
		g.Subnets = append(g.Subnets, gs)
	}
	return g, nil
}

// genesisNeurons registers the neurons and appoints the validators' hotkeys at height 0, so that they count at once.
func genesisNeurons(s genesis.Spec) (proto.Message, error) {
	g := &neurontypes.GenesisState{}
	for _, n := range byNetUID(s.Subnets) {
		gn := neurontypes.GenesisNeurons{Netuid: uint32(n.NetUID)}
		for uid, k := range n.Neurons {
			gn.Neurons = append(gn.Neurons, neurontypes.Neuron{Uid: uint32(uid), Hotkey: k.Hotkey, Coldkey: k.Coldkey})
		}
		g.Subnets = append(g.Subnets, gn)
	}
	for _, v := range s.Validators {
		if v.Hotkey == "" {
			continue
		}
		operator, err := sdk.AccAddressFromBech32(v.Operator)
		if err != nil {
			return nil, err
		}
		g.Appointments = append(g.Appointments, neurontypes.Appointment{
			Validator: sdk.ValAddress(operator).String(), Netuid: uint32(neurontypes.AllSubnets), Hotkey: v.Hotkey,
		})
	}
	sort.Slice(g.Appointments, func(i, j int) bool { return g.Appointments[i].Validator < g.Appointments[j].Validator })
	return g, nil
}

func genesisEmission(s genesis.Spec) (proto.Message, error) {
	g := emissiontypes.DefaultGenesis()
	if e := s.Emission; e != nil {
		g.Params = emissiontypes.Params{
			ProducerPpm: e.ProducerPpm, CommunityPpm: e.CommunityPpm, OwnerPpm: e.OwnerPpm,
			SweepPerBlock: e.SweepPerBlock, SettleInterval: e.SettleInterval,
		}
	}
	for _, n := range byNetUID(s.Subnets) {
		if n.EmissionWeight > 0 {
			g.Params.SubnetShares = append(g.Params.SubnetShares, emissiontypes.SubnetShare{Netuid: uint32(n.NetUID), Weight: n.EmissionWeight})
		}
	}
	return g, nil
}

func byNetUID(subnets []genesis.Subnet) []genesis.Subnet {
	sorted := append([]genesis.Subnet(nil), subnets...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].NetUID < sorted[j].NetUID })
	return sorted
}

func atao(t genesis.TAO) math.Int { return math.NewIntFromBigInt(gotensor.Rao(t).Atao()) }

func coins(t genesis.TAO) sdk.Coins { return sdk.NewCoins(sdk.NewCoin(gotensor.BaseDenom, atao(t))) }

func pack(m proto.Message) (*codectypes.Any, error) { return codectypes.NewAnyWithValue(m) }

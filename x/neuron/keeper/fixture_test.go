package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/sha3"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/pow"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/keeper"
	"github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

const chainID = "test-1"

// fakeSubnets are the subnets that a test wants.
type fakeSubnets struct {
	subnets []subnettypes.Subnet
	hyper   map[gotensor.NetUID]*subnettypes.Hyperparameters
	clocks  map[gotensor.NetUID]*subnettypes.Clock
}

func (f *fakeSubnets) Get(_ context.Context, netuid gotensor.NetUID) (subnettypes.Subnet, error) {
	for _, s := range f.subnets {
		if s.Netuid == uint32(netuid) {
			return s, nil
		}
	}
	return subnettypes.Subnet{}, subnettypes.ErrNotFound
}

func (f *fakeSubnets) All(context.Context) ([]subnettypes.Subnet, error) { return f.subnets, nil }

func (f *fakeSubnets) Clock(_ context.Context, netuid gotensor.NetUID) (subnettypes.Clock, error) {
	if c, ok := f.clocks[netuid]; ok {
		return *c, nil
	}
	return subnettypes.Clock{}, subnettypes.ErrNotFound
}

func (f *fakeSubnets) Hyperparameters(_ context.Context, netuid gotensor.NetUID) (subnettypes.Hyperparameters, error) {
	if h, ok := f.hyper[netuid]; ok {
		return *h, nil
	}
	return subnettypes.Hyperparameters{}, subnettypes.ErrNotFound
}

// fakeAccounts remembers which accounts there are.
type fakeAccounts map[string]bool

func (f fakeAccounts) HasAccount(_ context.Context, a sdk.AccAddress) bool { return f[string(a)] }

func (f fakeAccounts) NewAccountWithAddress(_ context.Context, a sdk.AccAddress) sdk.AccountI {
	return authtypes.NewBaseAccountWithAddress(a)
}

func (f fakeAccounts) SetAccount(_ context.Context, a sdk.AccountI) {
	f[string(a.GetAddress())] = true
}

// fakeBank holds rao.
type fakeBank struct {
	rao     map[string]gotensor.Rao
	module  gotensor.Rao
	burned  gotensor.Rao
	blocked gotensor.Address
}

var errFunds = errors.New("insufficient funds")

func inRao(coins sdk.Coins) gotensor.Rao {
	r, rest, err := gotensor.RaoFromAtao(coins.AmountOf(gotensor.BaseDenom).BigInt())
	if err != nil || rest != 0 {
		panic(fmt.Sprintf("%s is not whole rao", coins))
	}
	return r
}

func (f *fakeBank) SendCoinsFromAccountToModule(_ context.Context, from sdk.AccAddress, module string, coins sdk.Coins) error {
	if module != types.ModuleName || f.rao[string(from)] < inRao(coins) {
		return errFunds
	}
	f.rao[string(from)] -= inRao(coins)
	f.module += inRao(coins)
	return nil
}

func (f *fakeBank) BurnCoins(_ context.Context, module string, coins sdk.Coins) error {
	if module != types.ModuleName || f.module < inRao(coins) {
		return errFunds
	}
	f.module -= inRao(coins)
	f.burned += inRao(coins)
	return nil
}

func (f *fakeBank) BlockedAddr(a sdk.AccAddress) bool { return string(a) == string(f.blocked[:]) }

// fakeStake has the tokens of validators, all bonded, and of delegators.
type fakeStake struct {
	validators, delegators map[gotensor.Address]gotensor.Rao
}

func (f fakeStake) Bonded(_ context.Context, v sdk.ValAddress) (gotensor.Rao, error) {
	return f.validators[gotensor.Address(v)], nil
}

func (f fakeStake) Delegated(_ context.Context, d sdk.AccAddress) (gotensor.Rao, error) {
	return f.delegators[gotensor.Address(d)], nil
}

func (f fakeStake) IsValidator(_ context.Context, v sdk.ValAddress) (bool, error) {
	_, ok := f.validators[gotensor.Address(v)]
	return ok, nil
}

// payer is a hook that pays what accrued, unless it is told not to.
type payer struct {
	k     *keeper.Keeper
	paid  map[string]gotensor.Rao
	idle  bool
	fail  error
	heard []types.Neuron
}

func (p *payer) BeforeRemoved(ctx context.Context, netuid gotensor.NetUID, n types.Neuron) error {
	p.heard = append(p.heard, n)
	if p.idle || p.fail != nil {
		return p.fail
	}
	owed, err := p.k.TakeAccrued(ctx, netuid, gotensor.UID(n.Uid))
	p.paid[n.Coldkey] += owed
	return err
}

type fixture struct {
	ctx      sdk.Context
	k        *keeper.Keeper
	subnets  *fakeSubnets
	accounts fakeAccounts
	bank     *fakeBank
	stake    fakeStake
	hook     *payer
	msgs     types.MsgServer
	query    types.QueryServer
	cdc      codec.Codec
}

// newFixture has subnets 1 and 2 with eight slots, difficulty 16, a period of 100 blocks and no neurons.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := bareFixture(t)
	require.NoError(t, f.k.InitGenesis(f.ctx, *types.DefaultGenesis()))
	f.to(t, 1)
	return f
}

func bareFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{
		subnets:  &fakeSubnets{hyper: map[gotensor.NetUID]*subnettypes.Hyperparameters{}, clocks: map[gotensor.NetUID]*subnettypes.Clock{}},
		accounts: fakeAccounts{}, bank: &fakeBank{rao: map[string]gotensor.Rao{}, blocked: gotensor.Address{0xbb}},
		stake: fakeStake{map[gotensor.Address]gotensor.Rao{}, map[gotensor.Address]gotensor.Rao{}},
	}
	for _, netuid := range []gotensor.NetUID{1, 2} {
		f.subnets.subnets = append(f.subnets.subnets, subnettypes.Subnet{Netuid: uint32(netuid), Name: "text", Mechanism: "text", Settings: "{}"})
		h := subnettypes.DefaultHyperparameters(2_000)
		for name, v := range map[string]int64{
			"max_allowed_validators": 8, "max_allowed_uids": 8, "min_difficulty": 4, "initial_difficulty": 16, "max_registrations_per_block": 2,
			"tempo": 198_000, "immunity_period": 600_000, "adjustment_interval": 100_000, "target_registrations_per_interval": 4,
		} {
			require.NoError(t, h.Set(name, v))
		}
		require.NoError(t, h.Validate())
		f.subnets.hyper[netuid] = &h
		f.subnets.clocks[netuid] = &subnettypes.Clock{NextBoundary: 100, Tempo: 99}
	}
	key := storetypes.NewKVStoreKey(types.StoreKey)
	f.cdc = codec.NewProtoCodec(codectypes.NewInterfaceRegistry())
	f.ctx = testutil.DefaultContextWithDB(t, key, storetypes.NewTransientStoreKey("transient")).Ctx.
		WithChainID(chainID).WithBlockHeight(0).WithBlockTime(time.Unix(1_700_000_000, 0).UTC())
	f.k = keeper.NewKeeper(keeper.Deps{
		Store: runtime.NewKVStoreService(key), Codec: f.cdc, Subnets: f.subnets, Accounts: f.accounts, Bank: f.bank, Stake: f.stake,
	})
	f.hook = &payer{k: f.k, paid: map[string]gotensor.Rao{}}
	f.k.SetHooks(f.hook)
	f.msgs, f.query = keeper.NewMsgServer(f.k), keeper.NewQueryServer(f.k)
	return f
}

// to runs the blocks up to a height, two seconds each, without boundaries.
func (f *fixture) to(t testing.TB, height int64) {
	t.Helper()
	for f.ctx.BlockHeight() < height {
		h := f.ctx.BlockHeight() + 1
		hash := blockHash(h)
		f.ctx = f.ctx.WithBlockHeight(h).WithBlockTime(f.ctx.BlockTime().Add(2 * time.Second)).
			WithHeaderHash(hash[:]).WithEventManager(sdk.NewEventManager())
		require.NoError(t, f.k.BeginBlock(f.ctx))
	}
}

// boundary crosses a boundary of a subnet at the present height.
func (f *fixture) boundary(netuid gotensor.NetUID) {
	c := f.subnets.clocks[netuid]
	*c = c.Advance(netuid, f.ctx.BlockHeight(), c.Tempo)
}

func blockHash(height int64) [32]byte { return [32]byte{1, byte(height), byte(height >> 8)} }

// hot is the key of a test's hotkey by number.
func hot(i byte) signer { return newSigner(0x11, i) }

func hotkey(i byte) string { return hot(i).String() }

func coldkey(i byte) string { return addr.FormatAccount(gotensor.Address{0xcc, i}) }

// work is a registration by work that meets the difficulty.
func (f *fixture) work(t testing.TB, netuid uint32, i byte, block int64) *types.MsgRegisterPow {
	t.Helper()
	m := &types.MsgRegisterPow{Hotkey: hotkey(i), Coldkey: coldkey(i), Netuid: netuid, BlockHeight: block}
	s, err := pow.Solver{Workers: 1}.Solve(nil, challenge(m), 16, 0)
	require.NoError(t, err)
	m.Nonce = s.Nonce
	return m
}

func challenge(m *types.MsgRegisterPow) pow.Challenge {
	h, _ := addr.Account(m.Hotkey)
	c, _ := addr.Account(m.Coldkey)
	return pow.Challenge{ChainID: chainID, NetUID: gotensor.NetUID(m.Netuid), BlockHash: blockHash(m.BlockHeight), Hotkey: h, Coldkey: c}
}

// burnOf is a registration by burn with the hotkey's consent.
func burnOf(i byte, netuid uint32, most uint64) *types.MsgRegisterBurn {
	cold, _ := addr.Account(coldkey(i))
	return &types.MsgRegisterBurn{
		Coldkey: coldkey(i), Hotkey: hotkey(i), Netuid: netuid, MaxPrice: most, HotkeyPublicKey: hot(i).public(),
		HotkeySignature: hot(i).sign(types.RegisterBytes(chainID, cold, gotensor.NetUID(netuid))),
	}
}

// register takes a slot by burn, one block later.
func (f *fixture) register(t testing.TB, netuid uint32, i byte) gotensor.UID {
	t.Helper()
	f.to(t, f.ctx.BlockHeight()+1)
	cold, err := addr.Account(coldkey(i))
	require.NoError(t, err)
	f.bank.rao[string(cold[:])] += 1_000 * gotensor.RaoPerTAO
	res, err := f.msgs.RegisterBurn(f.ctx, burnOf(i, netuid, 1<<62))
	require.NoError(t, err)
	return gotensor.UID(res.Uid)
}

// fill takes all eight slots of a subnet, waiting out the intervals.
func (f *fixture) fill(t testing.TB, netuid uint32) {
	t.Helper()
	f.subnets.hyper[gotensor.NetUID(netuid)].TargetRegistrationsPerInterval = 100
	for i := range byte(8) {
		require.Equal(t, gotensor.UID(i), f.register(t, netuid, i))
	}
}

// columns stores an epoch in which every uid got the same, and accrues.
func (f *fixture) columns(t testing.TB, netuid gotensor.NetUID, n int, emission []gotensor.Rao) {
	t.Helper()
	v := types.EpochColumns{
		Stake: make([]gotensor.Rao, n), Consensus: make([]uint16, n), Incentive: make([]uint16, n), Dividends: make([]uint16, n),
		ValidatorTrust: make([]uint16, n), Permit: make([]bool, n), Active: make([]bool, n), Emission: emission,
	}
	for i := range n {
		v.Stake[i], v.Consensus[i], v.Incentive[i], v.Dividends[i], v.ValidatorTrust[i], v.Permit[i], v.Active[i] = 1, 2, 3, 4, 5, true, true
	}
	require.NoError(t, f.k.SetEpoch(f.ctx, netuid, v))
	require.NoError(t, f.k.Accrue(f.ctx, netuid, emission))
}

// events are those of a type, e.g. "EventPruned", since the block began.
func (f *fixture) events(name string) []sdk.Event {
	var out []sdk.Event
	for _, e := range f.ctx.EventManager().Events() {
		if e.Type == "gotensor.neuron.v1."+name {
			out = append(out, e)
		}
	}
	return out
}

// signer is a key that signs as wallets do.
type secpScalar = secp256k1.ModNScalar

type signer struct {
	key  *secp256k1.PrivateKey
	addr gotensor.Address
}

func newSigner(seed ...byte) signer {
	k := secp256k1.PrivKeyFromBytes(append(seed, 1, 2, 3))
	return signer{k, gotensor.Address(keccak(k.PubKey().SerializeUncompressed()[1:])[12:])}
}

func (s signer) String() string { return addr.FormatAccount(s.addr) }

func (s signer) public() []byte { return s.key.PubKey().SerializeCompressed() }

func (s signer) sign(b []byte) []byte { return ecdsa.SignCompact(s.key, keccak(b), false)[1:] }

func keccak(b []byte) []byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(b)
	return h.Sum(nil)
}

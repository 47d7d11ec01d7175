// Package testnet runs the chain in memory for tests: the real application, with CometBFT's part played by the test. Every block
// is followed by the invariants of the whole state.
//
// Flow: New starts a chain from a genesis.Spec, Block makes blocks of transactions that Sign made, Export and Import move it. Start at
// New and Chain.Run.
package testnet

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"sort"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/baseapp"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/gotensor/gotensor/app"
	"github.com/gotensor/gotensor/genesis"
)

// Chain is one application and the validator set that CometBFT would have. It belongs to one test and is not for concurrent use.
type Chain struct {
	*app.App
	// Step is the time between blocks; New sets the target block time.
	Step time.Duration
	// Absent validators, by their consensus address, do not sign.
	Absent map[string]bool
	// Evidence of misbehaviour goes into the next block.
	Evidence []abci.Misbehavior
	// Loose skips the invariants after each block, for benchmarks.
	Loose bool
	// Slashed is what x/staking burned, in atao: a test that slashes adds it here.
	Slashed math.Int

	t       testing.TB
	id      string
	height  int64
	time    time.Time
	appHash []byte
	first   int64
	initial sdk.Coin
	// sets are CometBFT's validator sets, consensus address -> power, of the heights around the present one.
	sets map[int64]map[string]int64
}

// New starts a chain from a specification; it has no block yet.
func New(t testing.TB, spec genesis.Spec) *Chain {
	t.Helper()
	g, err := app.Genesis(spec)
	require.NoError(t, err)
	c := start(t, g)
	c.Step = time.Duration(spec.TargetBlockMs) * time.Millisecond
	return c
}

// Import starts a chain from another's export, at the next height and with its step.
func Import(t testing.TB, from *Chain, e servertypes.ExportedApp) *Chain {
	t.Helper()
	params := cmttypes.ConsensusParamsFromProto(e.ConsensusParams)
	c := start(t, &genutiltypes.AppGenesis{
		ChainID: from.id, GenesisTime: from.time, InitialHeight: e.Height, AppState: e.AppState,
		Consensus: &genutiltypes.ConsensusGenesis{Validators: e.Validators, Params: &params},
	})
	c.Step = from.Step
	c.initial, c.Slashed = from.initial, from.Slashed
	return c
}

// Reexport reads an export into a fresh application and exports it again before any block changes it.
func Reexport(t testing.TB, from *Chain, e servertypes.ExportedApp) servertypes.ExportedApp {
	t.Helper()
	a := newApp(t, from.id)
	ctx := a.NewUncachedContext(false, cmtproto.Header{ChainID: from.id, Height: e.Height, Time: from.time})
	require.NoError(t, a.StoreConsensusParams(ctx, e.ConsensusParams))
	_, err := a.InitGenesis(ctx, e.AppState)
	require.NoError(t, err)
	again, err := a.ExportAt(ctx.WithBlockHeight(e.Height-1), nil)
	require.NoError(t, err)
	return again
}

func newApp(t testing.TB, id string) *app.App {
	t.Helper()
	a, err := app.New(app.Options{
		Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), Home: t.TempDir(),
		Base: []func(*baseapp.BaseApp){baseapp.SetChainID(id), baseapp.SetMinGasPrices("0atao")},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return a
}

func start(t testing.TB, g *genutiltypes.AppGenesis) *Chain {
	t.Helper()
	a := newApp(t, g.ChainID)
	c := &Chain{
		App: a, t: t, id: g.ChainID, height: g.InitialHeight - 1, first: g.InitialHeight, time: g.GenesisTime,
		Slashed: math.ZeroInt(), Absent: map[string]bool{}, sets: map[int64]map[string]int64{},
	}
	params := g.Consensus.Params.ToProto()
	validators := make([]abci.ValidatorUpdate, len(g.Consensus.Validators))
	for i, v := range g.Consensus.Validators {
		validators[i] = abci.Ed25519ValidatorUpdate(v.PubKey.Bytes(), v.Power)
	}
	res, err := a.InitChain(&abci.RequestInitChain{
		Time: g.GenesisTime, ChainId: g.ChainID, ConsensusParams: &params, Validators: validators,
		AppStateBytes: g.AppState, InitialHeight: g.InitialHeight,
	})
	require.NoError(t, err)
	require.NotEmpty(t, res.Validators)
	c.appHash = res.AppHash
	c.sets[c.first] = apply(nil, res.Validators)
	c.sets[c.first+1] = c.sets[c.first]
	var state map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(g.AppState, &state))
	c.initial = genesisSupply(t, a, state)
	return c
}

func apply(set map[string]int64, updates []abci.ValidatorUpdate) map[string]int64 {
	next := make(map[string]int64, len(set)+len(updates))
	for a, p := range set {
		next[a] = p
	}
	for _, u := range updates {
		a := string(cmted25519.PubKey(u.PubKey.GetEd25519()).Address())
		if u.Power == 0 {
			delete(next, a)
		} else {
			next[a] = u.Power
		}
	}
	return next
}

// ID is the chain id.
func (c *Chain) ID() string { return c.id }

// Height of the latest block.
func (c *Chain) Height() int64 { return c.height }

// Time of the latest block.
func (c *Chain) Time() time.Time { return c.time }

// AppHash after the latest block.
func (c *Chain) AppHash() []byte { return c.appHash }

// Context reads the committed state; what is written to it is lost.
func (c *Chain) Context() sdk.Context {
	return c.NewUncachedContext(false, c.header()).WithMultiStore(c.CommitMultiStore().CacheMultiStore())
}

// Set is CometBFT's validator set that signs the next block: consensus address -> power.
func (c *Chain) Set() map[string]int64 { return c.sets[c.height+1] }

// Block makes one block with the transactions and checks the invariants.
func (c *Chain) Block(txs ...[]byte) *abci.ResponseFinalizeBlock {
	c.t.Helper()
	h := c.height + 1
	c.time = c.time.Add(c.Step)
	proposers := sorted(c.sets[h])
	require.NotEmpty(c.t, proposers, "block %d: CometBFT's validator set is empty, the chain halts", h)
	res, err := c.FinalizeBlock(&abci.RequestFinalizeBlock{
		Height: h, Time: c.time, Txs: txs, Hash: c.hash(h), DecidedLastCommit: c.lastCommit(h),
		ProposerAddress: []byte(proposers[int(h)%len(proposers)]), Misbehavior: c.Evidence,
	})
	c.Evidence = nil
	require.NoError(c.t, err, "block %d", h)
	_, err = c.Commit()
	require.NoError(c.t, err)
	c.height, c.appHash = h, res.AppHash
	c.sets[h+2] = apply(c.sets[h+1], res.ValidatorUpdates)
	delete(c.sets, h-2)
	if !c.Loose {
		c.CheckInvariants()
	}
	return res
}

// Blocks makes n empty blocks.
func (c *Chain) Blocks(n int) {
	c.t.Helper()
	for range n {
		c.Block()
	}
}

// hash stands in for CometBFT's hash of a block's header.
func (c *Chain) hash(height int64) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(append([]byte(c.id), c.appHash...), uint64(height)))
	return sum[:]
}

// lastCommit are the votes for the block before h. The more absent power there is, the less this is a chain: a third and more of
// it would stop CometBFT.
func (c *Chain) lastCommit(h int64) abci.CommitInfo {
	if h == c.first {
		return abci.CommitInfo{}
	}
	set := c.sets[h-1]
	var info abci.CommitInfo
	var total, absent int64
	for _, a := range sorted(set) {
		flag := cmtFlag(c.Absent[a])
		info.Votes = append(info.Votes, abci.VoteInfo{Validator: abci.Validator{Address: []byte(a), Power: set[a]}, BlockIdFlag: flag})
		total += set[a]
		if c.Absent[a] {
			absent += set[a]
		}
	}
	require.Less(c.t, 3*absent, total, "block %d: %d of %d power is absent, CometBFT cannot agree: the chain halts", h, absent, total)
	return info
}

func sorted(set map[string]int64) []string {
	list := make([]string, 0, len(set))
	for a := range set {
		list = append(list, a)
	}
	sort.Slice(list, func(i, j int) bool {
		if set[list[i]] != set[list[j]] {
			return set[list[i]] > set[list[j]]
		}
		return bytes.Compare([]byte(list[i]), []byte(list[j])) < 0
	})
	return list
}

// ConsensusAddress is the address of an ed25519 consensus key, the raw 20 bytes as a string.
func ConsensusAddress(pubKey []byte) string { return string(cmted25519.PubKey(pubKey).Address()) }

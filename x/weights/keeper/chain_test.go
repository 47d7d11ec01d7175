package keeper

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	"github.com/gotensor/gotensor/x/weights/types"
)

const (
	chainID = "test-1"
	netuid  = gotensor.NetUID(3)
)

// chain is the keeper over a real store, with one subnet whose neurons and clock are fakes.
type chain struct {
	Keeper
	t       testing.TB
	ctx     sdk.Context
	clock   subnettypes.Clock
	hyper   subnettypes.Hyperparameters
	neurons []neurontypes.Neuron
	permits []bool
}

// start makes a chain with n neurons with permits, registered at height 0, and a tempo in blocks.
func start(t testing.TB, n int, tempo uint64) *chain {
	t.Helper()
	key := storetypes.NewKVStoreKey(types.StoreKey)
	c := &chain{
		t:     t,
		ctx:   testutil.DefaultContext(key, storetypes.NewTransientStoreKey("transient")).WithChainID(chainID),
		clock: subnettypes.StartClock(netuid, 0, tempo),
		hyper: subnettypes.DefaultHyperparameters(2000),
	}
	for i := range n {
		c.neurons = append(c.neurons, neurontypes.Neuron{Uid: uint32(i), Hotkey: text(i)})
		c.permits = append(c.permits, true)
	}
	c.Keeper = New(codec.NewProtoCodec(codectypes.NewInterfaceRegistry()), runtime.NewKVStoreService(key), subnets{c}, neurons{c})
	return c
}

// hotkey is the key of the i-th person.
func hotkey(i int) gotensor.Address { return gotensor.Address{0: byte(i >> 8), 1: byte(i), 19: 7} }

func text(i int) string { return addr.FormatAccount(hotkey(i)) }

// next begins a block and crosses the boundary that is due, as x/subnet does.
func (c *chain) next() {
	c.t.Helper()
	c.ctx = c.ctx.WithBlockHeight(c.ctx.BlockHeight() + 1).WithEventManager(sdk.NewEventManager())
	if c.clock.Due(c.ctx.BlockHeight()) {
		from := c.clock.LastBoundary
		c.clock = c.clock.Advance(netuid, c.ctx.BlockHeight(), c.clock.Tempo)
		require.NoError(c.t, c.AfterBoundary(c.ctx, netuid, c.clock, from))
	}
	problems, err := c.Check(c.ctx, netuid)
	require.NoError(c.t, err)
	require.Empty(c.t, problems)
}

// until goes on to the first block of a period.
func (c *chain) until(epoch uint64) {
	c.t.Helper()
	for c.clock.Epoch < epoch {
		c.next()
	}
}

// message runs a handler as a transaction does: on a failure nothing is kept.
func (c *chain) message(run func(context.Context) error) error {
	cached, write := c.ctx.CacheContext()
	err := run(cached)
	if err == nil {
		write()
	}
	return err
}

// hidden is a row, its salt and the period of its commitment.
type hidden struct {
	who   int
	epoch uint64
	row   types.Row
	salt  []byte
}

func (c *chain) hide(who int, pairs ...uint16) hidden {
	c.t.Helper()
	var entries []types.Entry
	for i := 0; i < len(pairs); i += 2 {
		entries = append(entries, types.Entry{UID: gotensor.UID(pairs[i]), Value: pairs[i+1]})
	}
	row, err := types.EncodeRow(entries)
	require.NoError(c.t, err)
	return hidden{who: who, epoch: c.clock.Epoch, row: row, salt: bytes.Repeat([]byte{byte(who)}, types.SaltLen)}
}

func (c *chain) commit(h hidden) error {
	c.t.Helper()
	registered := uint64(0)
	for _, n := range c.neurons {
		if n.Hotkey == text(h.who) {
			registered = uint64(n.RegisteredHeight)
		}
	}
	hash, err := types.Preimage{
		ChainID: chainID, NetUID: netuid, Hotkey: hotkey(h.who), RegisteredHeight: registered, Epoch: h.epoch, Row: h.row, Salt: h.salt,
	}.Hash()
	require.NoError(c.t, err)
	return c.message(func(ctx context.Context) error {
		_, err := NewMsgServer(c.Keeper).Commit(ctx, &types.MsgCommit{Hotkey: text(h.who), Netuid: uint32(netuid), Epoch: h.epoch, Hash: hash[:]})
		return err
	})
}

func (c *chain) reveal(h hidden) error {
	return c.message(func(ctx context.Context) error {
		_, err := NewMsgServer(c.Keeper).Reveal(ctx, &types.MsgReveal{Hotkey: text(h.who), Netuid: uint32(netuid), Epoch: h.epoch, Row: h.row, Salt: h.salt})
		return err
	})
}

// replace gives a uid to another hotkey, as x/neuron does.
func (c *chain) replace(uid, who int) {
	c.t.Helper()
	require.NoError(c.t, c.BeforeRemoved(c.ctx, netuid, c.neurons[uid]))
	c.neurons[uid] = neurontypes.Neuron{Uid: uint32(uid), Hotkey: text(who), RegisteredHeight: c.ctx.BlockHeight()}
}

func (c *chain) rowsInForce() [][]types.Entry {
	c.t.Helper()
	rows, err := c.Rows(c.ctx, netuid, c.neurons)
	require.NoError(c.t, err)
	return rows
}

// events returns those of one kind in the present block.
func (c *chain) events(kind string) []sdk.Event {
	var found []sdk.Event
	for _, e := range c.ctx.EventManager().Events() {
		if e.Type == kind {
			found = append(found, e)
		}
	}
	return found
}

type subnets struct{ *chain }

func (s subnets) Clock(_ context.Context, id gotensor.NetUID) (subnettypes.Clock, error) {
	if id != netuid {
		return subnettypes.Clock{}, subnettypes.ErrNotFound
	}
	return s.clock, nil
}

func (s subnets) Hyperparameters(context.Context, gotensor.NetUID) (subnettypes.Hyperparameters, error) {
	return s.hyper, nil
}

type neurons struct{ *chain }

func (s neurons) NeuronAt(_ context.Context, _ gotensor.NetUID, uid gotensor.UID) (neurontypes.Neuron, error) {
	return s.neurons[uid], nil
}

func (s neurons) UIDOf(_ context.Context, id gotensor.NetUID, hotkey gotensor.Address) (gotensor.UID, bool, error) {
	for uid, n := range s.neurons {
		if id == netuid && n.Hotkey == addr.FormatAccount(hotkey) {
			return gotensor.UID(uid), true, nil
		}
	}
	return 0, false, nil
}

func (s neurons) Neurons(context.Context, gotensor.NetUID) ([]neurontypes.Neuron, error) {
	return s.neurons, nil
}

func (s neurons) Count(context.Context, gotensor.NetUID) (int, error) { return len(s.neurons), nil }

func (s neurons) Permit(_ context.Context, _ gotensor.NetUID, uid gotensor.UID) (bool, error) {
	return s.permits[uid], nil
}

func (s neurons) SetLastUpdate(_ context.Context, _ gotensor.NetUID, uid gotensor.UID, height int64) error {
	s.neurons[uid].LastUpdate = height
	return nil
}

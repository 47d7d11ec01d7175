package fakenode_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/metagraph"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

const tao = gotensor.RaoPerTAO

// broadcastTx counts how often a transaction was handed in.
const broadcastTx = "/cosmos.tx.v1beta1.Service/BroadcastTx"

func network(t *testing.T) (*fakenode.Node, *chain.Client) {
	t.Helper()
	n, err := fakenode.Start("127.0.0.1:0", fakenode.Sample())
	require.NoError(t, err)
	t.Cleanup(n.Stop)
	return n, dial(t, n.Addr(), chain.Options{})
}

func dial(t *testing.T, addr string, o chain.Options) *chain.Client {
	t.Helper()
	c, err := chain.Dial(addr, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// pay is a transfer of one rao from alice to bob.
func pay(t *testing.T) chain.Msg {
	t.Helper()
	m, err := chain.Transfer(fakenode.Addr("alice"), fakenode.Addr("bob"), 1)
	require.NoError(t, err)
	return m
}

func bobs(t *testing.T, c *chain.Client) int64 {
	t.Helper()
	atao, err := c.Balance(t.Context(), fakenode.Addr("bob"))
	require.NoError(t, err)
	rao, _, err := gotensor.RaoFromAtao(atao)
	require.NoError(t, err)
	return int64(rao)
}

func TestSenderSurvives(t *testing.T) {
	for name, f := range map[string]func(*fakenode.Faults){
		"nothing at all":            func(*fakenode.Faults) {},
		"a wrong sequence, twice":   func(f *fakenode.Faults) { f.WrongSequence = 2 },
		"a full mempool":            func(f *fakenode.Faults) { f.Full = 1 },
		"a block that takes a time": func(f *fakenode.Faults) { f.Hidden = 3 },
		"an answer that is lost":    func(f *fakenode.Faults) { f.Lost = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			n, c := network(t)
			n.Break(f)
			r, err := c.Sender(fakenode.Key("alice")).Send(within(t, 20*time.Second), pay(t))
			require.NoError(t, err)
			require.EqualValues(t, 13, r.Height)
			require.EqualValues(t, 1, bobs(t, c), "it took effect once")
		})
	}
}

// Another program that signs with the same key moves the sequence on.
func TestSenderLearnsASequenceThatMoved(t *testing.T) {
	n, c := network(t)
	s := c.Sender(fakenode.Key("alice"))
	ctx := within(t, 20*time.Second)
	_, err := s.Send(ctx, pay(t))
	require.NoError(t, err)
	n.Edit(func(w *fakenode.World) { w.Accounts[fakenode.Addr("alice")].Sequence += 5 })
	_, err = s.Send(ctx, pay(t))
	require.NoError(t, err)
	require.EqualValues(t, 2, bobs(t, c))
}

// Many parts of a program share one sender for each key: all get through, none twice.
func TestSendersOfOneKeyQueue(t *testing.T) {
	n, c := network(t)
	require.Same(t, c.Sender(fakenode.Key("alice")), c.Sender(fakenode.Key("alice")))
	const senders = 12
	ctx, msg := within(t, 30*time.Second), pay(t)
	errs := make([]error, senders)
	var group sync.WaitGroup
	for i := range senders {
		group.Go(func() { _, errs[i] = c.Sender(fakenode.Key("alice")).Send(ctx, msg) })
	}
	group.Wait()
	require.NoError(t, errors.Join(errs...))
	require.EqualValues(t, senders, bobs(t, c))
	require.Equal(t, senders, n.Calls(broadcastTx), "no sequence was lost on the way")
}

func TestSenderGivesUp(t *testing.T) {
	for name, tt := range map[string]struct {
		fault func(*fakenode.Faults)
		code  uint32
		space string
		sent  int
	}{
		"refused before a block": {func(f *fakenode.Faults) { f.Refuse = neurontypes.ErrRateLimit }, 13, "neuron", 1},
		"failed in its block":    {func(f *fakenode.Faults) { f.FailInBlock = weightstypes.ErrPeriod }, 6, "weights", 1},
	} {
		t.Run(name, func(t *testing.T) {
			n, c := network(t)
			n.Break(tt.fault)
			_, err := c.Sender(fakenode.Key("alice")).Send(within(t, 20*time.Second), pay(t))
			var refused *chain.TxError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, tt.code, refused.Code)
			require.Equal(t, tt.space, refused.Codespace)
			require.Equal(t, tt.sent, n.Calls(broadcastTx), "a refusal is not tried again")
		})
	}
}

func TestSenderSaysWhatIsMissing(t *testing.T) {
	n, c := network(t)
	_, err := c.Sender(fakenode.Key("stranger")).Send(within(t, 10*time.Second), pay(t))
	require.ErrorIs(t, err, chain.ErrNotFound, "an account that does not exist")
	_, err = c.Sender(fakenode.Key("alice")).Send(t.Context())
	require.Error(t, err, "no messages")
	n.Break(func(f *fakenode.Faults) { f.NoIndex = true })
	_, err = c.Sender(fakenode.Key("alice")).Send(within(t, 10*time.Second), pay(t))
	require.ErrorIs(t, err, chain.ErrNoIndex)
	n.Break(func(f *fakenode.Faults) { *f = fakenode.Faults{Hidden: 1 << 30} })
	_, err = c.Sender(fakenode.Key("alice")).Send(within(t, 500*time.Millisecond), pay(t))
	require.ErrorIs(t, err, chain.ErrNotIncluded)
	require.Contains(t, err.Error(), "transaction ", "it names the transaction, which may still come")
}

func TestMessagesWithoutAFeeGoAlone(t *testing.T) {
	_, c := network(t)
	m, err := chain.CommitWeights(&weightstypes.MsgCommit{})
	require.NoError(t, err)
	_, err = c.Sender(fakenode.Key("judge")).Send(t.Context(), m, m)
	require.ErrorContains(t, err, "must be alone")
}

// A call without a deadline gets one, and a node that hangs is unreachable, not a hang.
func TestEveryCallHasADeadline(t *testing.T) {
	n, _ := network(t)
	c := dial(t, n.Addr(), chain.Options{Timeout: 50 * time.Millisecond})
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	n.Break(func(f *fakenode.Faults) { f.Hang = hang })
	_, err := c.Status(context.Background())
	require.ErrorIs(t, err, chain.ErrUnreachable)
}

// A node that goes away and comes back at the same address is used again without dialling anew.
func TestReconnect(t *testing.T) {
	n, c := network(t)
	_, err := c.Status(t.Context())
	require.NoError(t, err)
	n.Stop()
	_, err = c.Status(t.Context())
	require.ErrorIs(t, err, chain.ErrUnreachable)
	again, err := fakenode.Start(n.Addr(), fakenode.Sample())
	require.NoError(t, err)
	t.Cleanup(again.Stop)
	s, err := c.WaitHeight(within(t, 20*time.Second), 12)
	require.NoError(t, err)
	require.Equal(t, "fake-1", s.ChainID)
}

func TestMetagraph(t *testing.T) {
	n, c := network(t)
	m, err := c.Metagraph(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, 4, m.N())
	judge, ok := m.ByHotkey(fakenode.Addr("judge"))
	require.True(t, ok)
	require.Equal(t, fakenode.Addr("north"), judge.Validator)
	require.EqualValues(t, 1010*tao, judge.Stake)
	require.True(t, judge.Permit)
	require.EqualValues(t, 20, m.NextBoundary)
	miner, _ := m.At(1)
	require.EqualValues(t, 49151, miner.Incentive)
	require.EqualValues(t, tao/10, miner.Accrued)

	_, err = c.Metagraph(t.Context(), 2)
	require.ErrorIs(t, err, chain.ErrNotFound)
	n.Break(func(f *fakenode.Faults) { f.ShortColumn = true })
	_, err = c.Metagraph(t.Context(), 1)
	require.ErrorIs(t, err, chain.ErrBadAnswer)
	require.ErrorContains(t, err, "column incentive has 7 bytes, want 8")
	n.Break(func(f *fakenode.Faults) { *f = fakenode.Faults{} })
	n.Edit(func(w *fakenode.World) { w.Neurons[1].Endpoint = neurontypes.Endpoint{Host: "example.org", Port: 1} })
	_, err = c.Metagraph(t.Context(), 1)
	require.ErrorIs(t, err, chain.ErrBadAnswer)
}

// Follow calls once a block, waits a node that fails out, and ends with the error of its function.
func TestFollow(t *testing.T) {
	n, c := network(t)
	n.Edit(func(w *fakenode.World) { w.Ticks = true })
	n.Break(func(f *fakenode.Faults) { f.Unavailable = 1 })
	enough := errors.New("enough")
	var heights []gotensor.Block
	err := c.Follow(within(t, 20*time.Second), 1, func(m *metagraph.Metagraph) error {
		heights = append(heights, m.Height)
		if len(heights) == 3 {
			return enough
		}
		return nil
	})
	require.ErrorIs(t, err, enough)
	require.Less(t, heights[0], heights[1])
	require.Less(t, heights[1], heights[2])
}

func TestStaking(t *testing.T) {
	_, c := network(t)
	all, err := c.Validators(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2, "both pages were read")
	require.Equal(t, "north", all[0].Moniker)
	require.EqualValues(t, 180_000, all[0].TakePPM)
	require.True(t, all[0].Bonded)
	require.True(t, all[1].Jailed)
	_, err = c.Validator(t.Context(), fakenode.Addr("bob"))
	require.ErrorIs(t, err, chain.ErrNotFound)

	take, err := c.Commission(t.Context(), fakenode.Addr("north"))
	require.NoError(t, err)
	require.EqualValues(t, 3*tao, take)
	take, err = c.Commission(t.Context(), fakenode.Addr("bob"))
	require.NoError(t, err)
	require.Zero(t, take)

	unbonding, err := c.UnbondingTime(t.Context())
	require.NoError(t, err)
	require.Equal(t, time.Minute, unbonding)
	delegations, err := c.Delegations(t.Context(), fakenode.Addr("alice"))
	require.NoError(t, err)
	require.Equal(t, []chain.Delegation{{Operator: fakenode.Addr("north"), Stake: 10 * tao, Earned: tao / 4}}, delegations)
	waiting, err := c.Unbondings(t.Context(), fakenode.Addr("alice"))
	require.NoError(t, err)
	require.Len(t, waiting, 1)
	require.EqualValues(t, tao, waiting[0].Amount)
}

func TestFindNetwork(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, chain.NetworkFile)
	_, err := chain.FindNetwork(dir)
	require.ErrorIs(t, err, chain.ErrNetwork, "a folder without the file")
	require.NoError(t, os.WriteFile(file, []byte(`{"chain_id": "x", "grpc": "127.0.0.1:9"}`), 0o600))
	for _, where := range []string{dir, file} {
		n, err := chain.FindNetwork(where)
		require.NoError(t, err)
		require.Equal(t, "127.0.0.1:9", n.GRPC)
	}
	n, err := chain.FindNetwork("node.example:9090")
	require.NoError(t, err)
	require.Equal(t, "node.example:9090", n.GRPC)
	for _, where := range []string{"", "nowhere", ":9090", "host:"} {
		_, err := chain.FindNetwork(where)
		require.ErrorIs(t, err, chain.ErrNetwork, "%q", where)
	}
	require.NoError(t, os.WriteFile(file, []byte(`{}`), 0o600))
	_, err = chain.FindNetwork(dir)
	require.ErrorContains(t, err, `no "grpc" address`)
}

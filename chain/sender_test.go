package chain_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/pow"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
)

const (
	broadcast = "/cosmos.tx.v1beta1.Service/BroadcastTx"
	tao       = gotensor.RaoPerTAO
)

// transfer is one TAO from alice to bob.
func transfer(t *testing.T) chain.Msg {
	t.Helper()
	m, err := chain.Transfer(fakenode.Addr("alice"), fakenode.Addr("bob"), tao)
	require.NoError(t, err)
	return m
}

func free(n *fakenode.Node, name string) (out gotensor.Rao) {
	n.Edit(func(w *fakenode.World) {
		if x, ok := w.Accounts[fakenode.Addr(name)]; ok {
			out = x.Free
		}
	})
	return out
}

// TestSendOnce: whatever goes wrong on the way, a transfer that succeeds has moved the money exactly once.
func TestSendOnce(t *testing.T) {
	for _, tc := range []struct {
		name   string
		broken func(*fakenode.Faults)
		world  func(*fakenode.World)
		tries  int
	}{
		{name: "nothing goes wrong", tries: 1},
		{name: "a wrong sequence", broken: func(f *fakenode.Faults) { f.WrongSequence = 2 }, tries: 3},
		{name: "transactions of the same key wait in the mempool", world: func(w *fakenode.World) { w.Accounts[fakenode.Addr("alice")].Waiting = 2 }, tries: 1},
		{name: "the mempool is full", broken: func(f *fakenode.Faults) { f.Full = 2 }, tries: 3},
		{name: "the node goes away before it takes it", broken: func(f *fakenode.Faults) { f.Dropped = 2 }, tries: 3},
		{name: "the node takes it and goes away", broken: func(f *fakenode.Faults) { f.Lost = 1 }, tries: 2},
		{name: "it is long in coming into a block", broken: func(f *fakenode.Faults) { f.Hidden = 5 }, tries: 1},
		{name: "taken, lost, and long in coming into a block", broken: func(f *fakenode.Faults) { f.Lost, f.Hidden = 1, 5 }, tries: 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, c := begin(t, chain.Options{}, tc.world)
			if tc.broken != nil {
				n.Break(tc.broken)
			}
			r, err := c.Sender(fakenode.Key("alice")).Send(bounded(t), transfer(t))
			require.NoError(t, err)
			require.Positive(t, r.Height)
			require.Equal(t, tao, free(n, "bob"))
			require.Equal(t, 99*tao, free(n, "alice"))
			require.Equal(t, tc.tries, n.Calls(broadcast))
			// The sender goes on where it was.
			n.Edit(func(w *fakenode.World) { w.Accounts[fakenode.Addr("alice")].Waiting = 0 })
			_, err = c.Sender(fakenode.Key("alice")).Send(bounded(t), transfer(t))
			require.NoError(t, err)
			require.Equal(t, 2*tao, free(n, "bob"))
		})
	}
}

// TestSendTogether: two halves of a program that send with one key never spoil each other's sequence.
func TestSendTogether(t *testing.T) {
	n, c := begin(t, chain.Options{}, nil)
	ctx, m := bounded(t), transfer(t)
	var all sync.WaitGroup
	failed := make(chan error, 12)
	for range cap(failed) {
		all.Go(func() {
			if _, err := c.Sender(fakenode.Key("alice")).Send(ctx, m); err != nil {
				failed <- err
			}
		})
	}
	all.Wait()
	close(failed)
	for err := range failed {
		require.NoError(t, err)
	}
	require.Equal(t, 12*tao, free(n, "bob"))
	require.Equal(t, 12, n.Calls(broadcast), "no broadcast was wasted on a wrong sequence")
}

// TestSendBesideAnotherProcess: a sequence that another program with the same key has used is put right.
func TestSendBesideAnotherProcess(t *testing.T) {
	n, c := begin(t, chain.Options{}, nil)
	other := dial(t, n.Addr(), chain.Options{})
	for i := range 4 {
		for _, client := range []*chain.Client{c, other} {
			_, err := client.Sender(fakenode.Key("alice")).Send(bounded(t), transfer(t))
			require.NoError(t, err, "round %d", i)
		}
	}
	require.Equal(t, 8*tao, free(n, "bob"))
}

func TestSendRefused(t *testing.T) {
	for _, tc := range []struct {
		name   string
		broken func(*fakenode.Faults)
		world  func(*fakenode.World)
		check  func(t *testing.T, err error)
	}{
		{
			name: "before a block", broken: func(f *fakenode.Faults) { f.Refuse = neuron.ErrRateLimit },
			check: func(t *testing.T, err error) {
				t.Helper()
				var refused *chain.TxError
				require.ErrorAs(t, err, &refused)
				require.Equal(t, "neuron", refused.Codespace)
				require.EqualValues(t, 13, refused.Code)
				require.Zero(t, refused.Height)
				require.ErrorContains(t, err, "too soon")
			},
		},
		{
			name: "in its block", broken: func(f *fakenode.Faults) { f.FailInBlock = neuron.ErrPending },
			check: func(t *testing.T, err error) {
				t.Helper()
				var refused *chain.TxError
				require.ErrorAs(t, err, &refused)
				require.EqualValues(t, 16, refused.Code)
				require.EqualValues(t, 13, refused.Height)
				require.NotEmpty(t, refused.Hash)
			},
		},
		{
			name: "by the node's trial run", world: func(w *fakenode.World) { delete(w.Accounts, fakenode.Addr("alice")) },
			check: func(t *testing.T, err error) { t.Helper(); require.ErrorIs(t, err, chain.ErrNotFound) },
		},
		{
			name: "a fee beyond measure", world: func(w *fakenode.World) { w.GasPrice = "1000000000000000atao" },
			check: func(t *testing.T, err error) {
				t.Helper()
				require.ErrorIs(t, err, chain.ErrFee)
				require.ErrorContains(t, err, "1000000000000000atao")
			},
		},
		{
			name: "the mempool stays full", broken: func(f *fakenode.Faults) { f.Full = 100 },
			check: func(t *testing.T, err error) {
				t.Helper()
				require.ErrorContains(t, err, "gave up after 6 tries")
				require.ErrorContains(t, err, "mempool is full")
			},
		},
		{
			name: "the node stays away", broken: func(f *fakenode.Faults) { f.Dropped = 100 },
			check: func(t *testing.T, err error) {
				t.Helper()
				require.ErrorIs(t, err, chain.ErrUnreachable)
				require.ErrorIs(t, err, chain.ErrNotIncluded, "it may have arrived")
			},
		},
		{
			name: "the node does not answer at all", broken: func(f *fakenode.Faults) { f.Unavailable = 1 },
			check: func(t *testing.T, err error) {
				t.Helper()
				require.ErrorIs(t, err, chain.ErrUnreachable)
				require.NotErrorIs(t, err, chain.ErrNotIncluded)
			},
		},
		{
			name: "no index", broken: func(f *fakenode.Faults) { f.NoIndex = true },
			check: func(t *testing.T, err error) { t.Helper(); require.ErrorIs(t, err, chain.ErrNoIndex) },
		},
		{
			name: "taken, lost, and no index to look it up in", broken: func(f *fakenode.Faults) { f.NoIndex, f.Lost = true, 1 },
			check: func(t *testing.T, err error) { t.Helper(); require.ErrorIs(t, err, chain.ErrNoIndex) },
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			n, c := begin(t, chain.Options{}, tc.world)
			if tc.broken != nil {
				n.Break(tc.broken)
			}
			_, err := c.Sender(fakenode.Key("alice")).Send(bounded(t), transfer(t))
			require.Error(t, err)
			tc.check(t, err)
		})
	}
}

// TestSendStopped: the end of the caller's context ends a wait for a block at once, and the error says both.
func TestSendStopped(t *testing.T) {
	n, c := begin(t, chain.Options{}, nil)
	n.Break(func(f *fakenode.Faults) { f.Hidden = 1 << 20 })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for n.Calls("/cosmos.tx.v1beta1.Service/GetTx") == 0 && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	r, err := c.Sender(fakenode.Key("alice")).Send(ctx, transfer(t))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, chain.ErrNotIncluded)
	require.NotEmpty(t, r.Hash)
}

// TestSendNotIncluded: the wait for a block is bounded in target block times.
func TestSendNotIncluded(t *testing.T) {
	n, c := begin(t, chain.Options{}, nil)
	n.Break(func(f *fakenode.Faults) { f.Hidden = 1 << 20 })
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := c.Sender(fakenode.Key("alice")).Send(ctx, transfer(t))
	require.ErrorIs(t, err, chain.ErrNotIncluded)
	n.Break(func(f *fakenode.Faults) { f.Hidden = 0 })
	_, err = c.Sender(fakenode.Key("alice")).Send(bounded(t), transfer(t))
	require.NoError(t, err)
	require.Equal(t, 2*tao, free(n, "bob"))
}

// TestFreeMessages: what goes without a fee goes alone and without one; everything else pays what the node asks.
func TestFreeMessages(t *testing.T) {
	n, c := begin(t, chain.Options{}, func(w *fakenode.World) { w.GasPrice = "0.5atao" })
	serve, err := chain.Serve(&neuron.MsgServe{
		Hotkey: keys.Account(fakenode.Addr("judge")), Netuid: 1, Host: "127.0.0.1", Port: 8091, CertificatePin: make([]byte, 32),
	})
	require.NoError(t, err)
	require.Equal(t, "/gotensor.neuron.v1.MsgServe", serve.TypeURL())
	sender := c.Sender(fakenode.Key("judge"))
	for _, msgs := range [][]chain.Msg{nil, {serve, serve}, {transfer(t), serve}} {
		_, err = sender.Send(bounded(t), msgs...)
		require.ErrorIs(t, err, chain.ErrMessages)
	}
	require.Zero(t, n.Calls(broadcast))
	_, err = sender.Send(bounded(t), serve)
	require.NoError(t, err)
	require.Zero(t, n.Calls("/cosmos.tx.v1beta1.Service/Simulate"))
	got, err := c.Neuron(bounded(t), 1, fakenode.Addr("judge"))
	require.NoError(t, err)
	require.EqualValues(t, 8091, got.Neuron.Endpoint.Port)

	_, err = c.Sender(fakenode.Key("alice")).Send(bounded(t), transfer(t), transfer(t))
	require.NoError(t, err)
	require.Equal(t, 2*tao, free(n, "bob"))
	require.Equal(t, 1, n.Calls("/cosmos.tx.v1beta1.Service/Simulate"))
}

// TestWorkWithoutAnAccount: a key that owns nothing registers by work, signed with account number 0, and acts from then on with
// the number that the chain gave it; pruned, it registers again.
func TestWorkWithoutAnAccount(t *testing.T) {
	n, c := begin(t, chain.Options{}, func(w *fakenode.World) { w.Difficulty = 4 })
	ctx, fresh := bounded(t), fakenode.Key("fresh")
	serve, err := chain.Serve(&neuron.MsgServe{
		Hotkey: keys.Account(fresh.Address()), Netuid: 1, Host: "127.0.0.1", Port: 8091, CertificatePin: make([]byte, 32),
	})
	require.NoError(t, err)
	_, err = c.Sender(fresh).Send(ctx, serve)
	require.ErrorIs(t, err, chain.ErrNotFound, "only work comes from a key without an account")
	for i := range 2 {
		if i == 1 {
			n.Break(func(f *fakenode.Faults) { f.Lost = 1 })
		}
		_, err = c.Sender(fresh).Send(ctx, work(t, c, fresh))
		require.NoError(t, err)
		_, err = c.Sender(fresh).Send(ctx, serve)
		require.NoError(t, err)
		n.Edit(func(w *fakenode.World) {
			require.EqualValues(t, 2*(i+1), w.Accounts[fresh.Address()].Sequence)
			require.NotZero(t, w.Accounts[fresh.Address()].Number)
			w.Neurons = w.Neurons[:len(w.Neurons)-1]
		})
	}
}

func work(t *testing.T, c *chain.Client, key keys.PrivateKey) chain.Msg {
	t.Helper()
	q, err := c.Registration(t.Context(), 1)
	require.NoError(t, err)
	cold := fakenode.Addr("bob")
	found, err := pow.Solver{}.Solve(t.Context().Done(), pow.Challenge{
		ChainID: "fake-1", NetUID: 1, BlockHash: [pow.HashLen]byte(q.BlockHash), Hotkey: key.Address(), Coldkey: cold,
	}, pow.Difficulty(q.Difficulty), 0)
	require.NoError(t, err)
	m, err := chain.RegisterPow(&neuron.MsgRegisterPow{
		Hotkey: keys.Account(key.Address()), Coldkey: keys.Account(cold), Netuid: 1, BlockHeight: q.Height, Nonce: found.Nonce,
	})
	require.NoError(t, err)
	return m
}

// TestHang: a node that takes a call and never answers costs one call's time, not all of the caller's.
func TestHang(t *testing.T) {
	n, c := begin(t, chain.Options{Timeout: 50 * time.Millisecond}, nil)
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	n.Break(func(f *fakenode.Faults) { f.Hang = never })
	_, err := c.Status(bounded(t))
	require.ErrorIs(t, err, chain.ErrUnreachable)
	require.NotErrorIs(t, err, context.DeadlineExceeded, "the caller has time left")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Status(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func Example() {
	node, err := fakenode.Start("127.0.0.1:0", fakenode.Sample())
	if err != nil {
		panic(err)
	}
	defer node.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	c, err := chain.Dial(node.Addr(), chain.Options{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	m, err := c.Metagraph(ctx, 1)
	if err != nil {
		panic(err)
	}
	fmt.Println(m.N(), "neurons at block", m.Height)

	alice, bob := fakenode.Key("alice"), fakenode.Addr("bob")
	msg, err := chain.Transfer(alice.Address(), bob, 3*gotensor.RaoPerTAO/2)
	if err != nil {
		panic(err)
	}
	sent, err := c.Sender(alice).Send(ctx, msg)
	if err != nil {
		panic(err)
	}
	atao, err := c.Balance(ctx, bob)
	if err != nil {
		panic(err)
	}
	fmt.Println("in block", sent.Height, "bob has", atao, "atao")
	// Output:
	// 4 neurons at block 12
	// in block 13 bob has 1500000000000000000 atao
}

package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/cli"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/keys"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
)

// standing is a standing order of alice that runs: subnet register --wait.
type standing struct {
	t     *testing.T
	node  *fakenode.Node
	stop  context.CancelFunc
	lines chan string // of standard error
	out   bytes.Buffer
	code  chan int
}

// leaveOrder starts an order for at most 0.25 TAO on a chain where a registration costs 0.5 TAO at block 12 and half of that 144,000 blocks
// (four hours) later. What others buy does not move the price of the fake node.
func leaveOrder(t *testing.T, change func(*fakenode.World), args ...string) *standing {
	t.Helper()
	w := fakenode.Sample()
	w.PriceHeight = w.Height
	if change != nil {
		change(w)
	}
	node, err := fakenode.Start("127.0.0.1:0", w)
	require.NoError(t, err)
	t.Cleanup(node.Stop)
	dir := t.TempDir()
	store := keys.NewStore(dir, keys.WithWorkFactor(1))
	_, err = store.CreateColdkey("alice", fakenode.Key("alice"), "secret")
	require.NoError(t, err)
	_, err = store.CreateHotkey("alice", "default", fakenode.Key("newcomer"), keys.Unencrypted())
	require.NoError(t, err)
	password := filepath.Join(dir, "password")
	require.NoError(t, os.WriteFile(password, []byte("secret\n"), 0o600))

	s := &standing{t: t, node: node, lines: make(chan string, 1000), code: make(chan int, 1)}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	s.stop = stop
	reader, writer := io.Pipe()
	go func() {
		defer close(s.lines)
		for scan := bufio.NewScanner(reader); scan.Scan(); {
			s.lines <- scan.Text()
		}
	}()
	args = append([]string{
		"subnet", "register", "--network", node.Addr(), "--wallet-path", dir, "--wallet", "alice", "--password-file", password,
		"--burn", "--max-price", "0.25", "--wait", "--output", "json",
	}, args...)
	go func() {
		code := cli.Main(ctx, args, cli.Streams{In: &bytes.Buffer{}, Out: &s.out, Err: writer, Getenv: func(string) string { return "" }})
		_ = writer.Close()
		s.code <- code
	}()
	t.Cleanup(stop)
	return s
}

// says waits for a line of standard error.
func (s *standing) says(pattern string) {
	s.t.Helper()
	want := regexp.MustCompile(pattern)
	for line := range s.lines {
		if want.MatchString(line) {
			return
		}
		s.t.Log(line)
	}
	require.Fail(s.t, "the order ended and did not say "+pattern)
}

// ends waits for the exit code.
func (s *standing) ends(code int) {
	s.t.Helper()
	for line := range s.lines {
		s.t.Log(line)
	}
	require.Equal(s.t, code, <-s.code)
}

// toBlock lets the chain get to a block.
func (s *standing) toBlock(height int64) { s.node.Edit(func(w *fakenode.World) { w.Height = height }) }

// gets checks that the order ended well, and what it cost.
func (s *standing) gets(already bool, burned gotensor.Rao) {
	s.t.Helper()
	s.ends(cli.ExitOK)
	var v struct {
		UID      int            `json:"uid"`
		Already  bool           `json:"already"`
		MaxPrice gotensor.Rao   `json:"rao_max_price"`
		Tx       map[string]any `json:"tx"`
	}
	require.NoError(s.t, json.Unmarshal(s.out.Bytes(), &v), s.out.String())
	require.Equal(s.t, 4, v.UID)
	require.Equal(s.t, already, v.Already)
	require.Equal(s.t, gotensor.RaoPerTAO/4, v.MaxPrice)
	require.Equal(s.t, burned > 0, v.Tx != nil, "a transaction of its own")
	s.burned(burned)
}

func (s *standing) burned(want gotensor.Rao) {
	s.t.Helper()
	s.node.Edit(func(w *fakenode.World) {
		require.Equal(s.t, 100*gotensor.RaoPerTAO-want, w.Accounts[fakenode.Addr("alice")].Free)
	})
}

// give registers the order's hotkey in another way.
func give(w *fakenode.World) {
	w.Neurons = append(w.Neurons, &fakenode.Neuron{Hotkey: fakenode.Addr("newcomer"), Coldkey: fakenode.Addr("alice"), Registered: w.Height})
	w.Height++
}

const (
	fallen   = 144_012                     // block at which the price is a quarter
	paid     = gotensor.RaoPerTAO/4 - 1204 // in the block after that
	rules    = "/gotensor.subnet.v1.Query/Hyperparameters"
	waits    = `costs 0.5 TAO, --max-price is 0.25 TAO; unless others register it falls so far in 144000 blocks \(about 4h`
	expected = "registering"
)

func TestOrderWaitsForThePrice(t *testing.T) {
	s := leaveOrder(t, nil)
	s.says(waits)
	before := s.node.Calls(rules)
	s.toBlock(fallen - 1) // 0.250001203 TAO
	require.Eventually(t, func() bool { return s.node.Calls(rules) > before }, time.Minute, time.Millisecond, "it looks how long to wait")
	s.toBlock(fallen)
	s.says(expected)
	s.gets(false, paid)
}

func TestOrderBuysAtOnce(t *testing.T) {
	s := leaveOrder(t, func(w *fakenode.World) { w.Height = 2 * fallen })
	s.says(expected)
	s.ends(cli.ExitOK)
	s.node.Edit(func(w *fakenode.World) {
		burned := 100*gotensor.RaoPerTAO - w.Accounts[fakenode.Addr("alice")].Free
		require.Less(t, burned, gotensor.RaoPerTAO/7, "the price, not the most")
		require.Positive(t, burned)
	})
}

func TestOrderWaitsForASlot(t *testing.T) {
	s := leaveOrder(t, func(w *fakenode.World) { w.Closed, w.Height = "3 registrations in this interval", fallen })
	s.says("until subnet 1 takes registrations: 3 registrations in this interval")
	s.node.Edit(func(w *fakenode.World) { w.Closed, w.Height = "", fallen+1 })
	s.says(expected)
	s.ends(cli.ExitOK)
}

func TestOrderOutlivesItsNode(t *testing.T) {
	s := leaveOrder(t, nil)
	s.says(waits)
	s.node.Break(func(f *fakenode.Faults) { f.Unavailable = 1 << 30 })
	s.says("the node does not answer, it is asked again")
	s.toBlock(fallen)
	s.node.Break(func(f *fakenode.Faults) { f.Unavailable = 0 })
	s.says(expected)
	s.gets(false, paid)
}

func TestOrderIsOutrun(t *testing.T) {
	s := leaveOrder(t, nil)
	s.says(waits)
	s.node.Break(func(f *fakenode.Faults) { f.FailInBlock = neurontypes.ErrPrice.Wrap("the price is higher") })
	s.toBlock(fallen)
	s.says("somebody else was faster")
	s.node.Break(func(f *fakenode.Faults) { f.FailInBlock = nil })
	s.says(expected)
	s.ends(cli.ExitOK)
}

// TestOrderKeepsStill: after a transaction of which nobody knows whether the node took it, none is sent for a while.
func TestOrderKeepsStill(t *testing.T) {
	const broadcast = "/cosmos.tx.v1beta1.Service/BroadcastTx"
	lost := func(t *testing.T) *standing {
		t.Helper()
		s := leaveOrder(t, nil)
		s.says(waits)
		s.node.Break(func(f *fakenode.Faults) { f.Dropped = 6 }) // as often as a sender tries
		s.toBlock(fallen)
		s.says("not known whether it took effect")
		s.toBlock(fallen + 19)
		s.says("waiting until block 144032")
		require.Equal(t, 6, s.node.Calls(broadcast))
		return s
	}
	t.Run("it never came", func(t *testing.T) {
		t.Parallel()
		s := lost(t)
		s.toBlock(fallen + 20)
		s.says(expected)
		s.ends(cli.ExitOK)
		require.Equal(t, 7, s.node.Calls(broadcast))
	})
	t.Run("it took effect", func(t *testing.T) {
		t.Parallel()
		s := lost(t)
		s.node.Edit(give)
		s.gets(false, 0)
		require.Equal(t, 6, s.node.Calls(broadcast))
	})
	t.Run("stopped before it shows", func(t *testing.T) {
		t.Parallel()
		s := lost(t)
		s.stop()
		s.says("stopped: .*subnet metagraph` whether the transaction that was sent took effect")
		s.ends(cli.ExitRetry)
	})
}

func TestOrderIsNotNeeded(t *testing.T) {
	s := leaveOrder(t, nil)
	s.says(waits)
	s.node.Edit(give)
	s.gets(true, 0)
}

func TestOrderEnds(t *testing.T) {
	t.Run("by Ctrl-C", func(t *testing.T) {
		s := leaveOrder(t, nil)
		s.says(waits)
		s.stop()
		s.says("stopped: a registration on subnet 1 cost 0.5 TAO at block 12, --max-price is 0.25 TAO; nothing was burned")
		s.ends(cli.ExitRetry)
		s.burned(0)
	})
	t.Run("by its timeout", func(t *testing.T) {
		s := leaveOrder(t, nil, "--timeout", "100ms")
		s.says("--timeout 100ms has passed: .*nothing was burned")
		s.ends(cli.ExitRetry)
		s.burned(0)
	})
	t.Run("because the money is gone", func(t *testing.T) {
		s := leaveOrder(t, nil)
		s.says(waits)
		s.node.Edit(func(w *fakenode.World) { w.Accounts[fakenode.Addr("alice")].Free, w.Height = 1, fallen })
		s.says("insufficient funds")
		s.ends(cli.ExitRefused)
	})
	t.Run("because the price never falls so far", func(t *testing.T) {
		s := leaveOrder(t, func(w *fakenode.World) { w.Rules.MinBurn = gotensor.RaoPerTAO / 3 })
		s.says("min_burn of subnet 1 keeps the price at 0.333333333 TAO or above: raise --max-price")
		s.ends(cli.ExitRefused)
	})
}

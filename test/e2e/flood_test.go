//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

const (
	// strangers prove keys without any stake and ask without end, silentOnes connect and say nothing.
	strangers, silentOnes = 48, 600
	// flooded is the miner that they all go for.
	flooded = "miner-4"
	// patience is how many rounds running a miner may be silent: on a machine with much else to do an answer comes late now and then,
	// to whom nobody does anything as well.
	patience = 3
	// gainKept is how much of a miner's moving mean gain is left at least.
	gainKept = 0.6
)

// flood lets strangers go for one miner for two epochs. Its validators must not notice.
func flood(t *testing.T, s *suite, g *gate) {
	t.Helper()
	hotkey := keys.Account(s.hotkey(t, flooded))
	eventually(t, epochs, "an epoch pays the miner", func() error {
		n, m, err := s.neuron(t, hotkey)
		if err == nil && n.Incentive == 0 {
			err = fmt.Errorf("uid %d has no incentive in epoch %d", n.UID, m.Epoch)
		}
		return err
	})
	before, m, err := s.neuron(t, hotkey)
	require.NoError(t, err)
	served, err := s.says(flooded)
	require.NoError(t, err)
	judges := []string{"validator-1", "validator-2"}
	gain := map[string]float64{}
	for _, v := range judges {
		gain[v] = s.standing(t, v, hotkey).Gain
		require.Positive(t, gain[v], v)
	}

	f := startFlood(t, s, before)
	most := 0
	eventually(t, epochs, "two epochs under the flood", func() error {
		now, err := s.node.Metagraph(t.Context(), netuid)
		if err != nil {
			return err
		}
		for _, v := range judges {
			most = max(most, s.standing(t, v, hotkey).Silent)
		}
		if now.Epoch < m.Epoch+2 {
			return fmt.Errorf("epoch %d, it began in %d", now.Epoch, m.Epoch)
		}
		return nil
	})
	h := g.chat(t.Context(), "", fmt.Sprintf("uid-%d", before.UID), 64)
	f.stop()
	after, _, err := s.neuron(t, hotkey)
	require.NoError(t, err)
	still, err := s.says(flooded)
	require.NoError(t, err)
	t.Logf("%d calls of strangers refused, %d connections closed; incentive %d before, %d after; %d answers to others meanwhile; most silent rounds %d",
		f.refused.Load(), f.closed.Load(), before.Incentive, after.Incentive, still.Served-served.Served, most)
	assert.Zero(t, f.answered.Load(), "strangers are not answered")
	assert.Greater(t, f.refused.Load(), int64(strangers), "the flood has reached the miner")
	assert.Positive(t, f.closed.Load(), "who says nothing is cut off")
	assert.Less(t, most, patience, "validators were answered")
	assert.Greater(t, still.Served, served.Served)
	// Pay is not asserted: it is by the square of the gain, in shares, and varies by a third from epoch to epoch where nobody floods anybody.
	for _, v := range judges {
		now := s.standing(t, v, hotkey)
		t.Logf("%s: gain %.3f nats before, %.3f after", v, gain[v], now.Gain)
		assert.Greater(t, now.Gain, gain[v]*gainKept, "the mean gain does not fall, but for what it varies by: a round without an answer counts as one without any gain")
		assert.False(t, now.Muted)
	}
	assert.Truef(t, h.done, "a caller with stake is answered: %s", h)
}

// standing is what a validator shows of a miner.
func (s *suite) standing(t *testing.T, validator, hotkey string) mechanism.Standing {
	t.Helper()
	v, err := s.overview(validator)
	require.NoError(t, err)
	for _, n := range v.Neurons {
		if n.Hotkey == hotkey {
			return n
		}
	}
	require.FailNowf(t, "not judged", "%s does not know %s", validator, hotkey)
	return mechanism.Standing{}
}

// siege is a flood under way.
type siege struct {
	cancel                    context.CancelFunc
	wait                      sync.WaitGroup
	answered, refused, closed atomic.Int64
}

func startFlood(t *testing.T, s *suite, target metagraph.Neuron) *siege {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	f := &siege{cancel: cancel}
	t.Cleanup(f.stop)
	at := f.relay(ctx, t, target.Endpoint.Addr)
	for range strangers {
		key, err := keys.GenerateKey()
		require.NoError(t, err)
		f.wait.Go(func() {
			f.ask(ctx, s.network.ChainID, key, dendrite.Target{Addr: at, Pin: target.Endpoint.Pin, Hotkey: target.Hotkey})
		})
	}
	for range silentOnes {
		f.wait.Go(func() { f.sit(ctx, at) })
	}
	return f
}

func (f *siege) stop() {
	f.cancel()
	f.wait.Wait()
}

// ask is one stranger: a connection, some calls, another connection.
func (f *siege) ask(ctx context.Context, chainID string, key keys.PrivateKey, target dendrite.Target) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		client, err := dendrite.New(dendrite.Config{ChainID: chainID, Signer: key, Timeout: 5 * time.Second})
		if err != nil {
			panic(err) // of a configuration that is always the same
		}
		for range 10 {
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
			_, err := textv1.NewTextClient(client.To(target)).Predict(ctx, &textv1.PredictRequest{Contexts: [][]byte{[]byte("let me in")}, KMax: 8})
			switch {
			case err == nil:
				f.answered.Add(1)
			case errors.Is(err, dendrite.ErrNotPermitted), errors.Is(err, dendrite.ErrOverloaded):
				f.refused.Add(1)
			}
		}
		_ = client.Close()
	}
}

// sit holds a connection open without proving anything, and makes another when that one is closed.
func (f *siege) sit(ctx context.Context, at netip.AddrPort) {
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}, Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}} //nolint:gosec // a stranger trusts nobody
	for ctx.Err() == nil {
		conn, err := dialer.DialContext(ctx, "tcp", at.String())
		if err == nil {
			end := context.AfterFunc(ctx, func() { conn.Close() })
			_, _ = io.Copy(io.Discard, conn) // until it is closed
			end()
			conn.Close()
			f.closed.Add(1)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// relay passes connections on from many source addresses of this machine, as if the strangers lived in many places: the miner bounds
// what comes from one. Where the system has only one loopback address, all come from there.
func (f *siege) relay(ctx context.Context, t *testing.T, to netip.AddrPort) netip.AddrPort {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	context.AfterFunc(ctx, func() { lis.Close() })
	f.wait.Go(func() {
		for i := 0; ; i++ {
			in, err := lis.Accept()
			if err != nil {
				return
			}
			dialer := net.Dialer{Timeout: 5 * time.Second}
			if runtime.GOOS == "linux" {
				dialer.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i%30))}
			}
			f.wait.Go(func() {
				defer in.Close()
				out, err := dialer.DialContext(ctx, "tcp", to.String())
				if err != nil {
					return
				}
				defer out.Close()
				end := context.AfterFunc(ctx, func() { in.Close(); out.Close() })
				defer end()
				f.wait.Go(func() {
					_, _ = io.Copy(out, in)
					out.Close()
				})
				_, _ = io.Copy(in, out)
			})
		}
	})
	return netip.MustParseAddrPort(lis.Addr().String())
}

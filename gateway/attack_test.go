package gateway

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
)

// pipes is a listener without a network, for tests that move the clock.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

// A caller announces a body and never sends it: no route keeps its connection for long, whether it reads bodies or not.
func TestBodiesThatNeverCome(t *testing.T) {
	for _, line := range []string{"GET /healthz", "POST /api/keys", "GET /api/subnets", "POST /v1/echo", "POST /v1/nothing", "GET /"} {
		t.Run(line, func(t *testing.T) {
			w := newWorld(t, nil)
			key := w.key(alice, store.Limits{})
			w.ask("POST", "/v1/echo", key, "") // the key is remembered: the database is not of the bubble
			synctest.Test(t, func(t *testing.T) {
				lis := newPipes()
				ctx, stop := context.WithCancel(t.Context())
				srv := w.g.server(ctx)
				ended := make(chan error, 1)
				go func() { ended <- srv.Serve(lis) }()
				c := lis.dial()
				began := time.Now()
				_, err := fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer %s\r\nContent-Length: 10\r\n\r\n", line, key)
				require.NoError(t, err)
				in := bufio.NewReader(c)
				for err == nil { // until the gateway hangs up
					_, err = in.ReadString('\n')
				}
				require.Less(t, time.Since(began), time.Minute)
				require.NoError(t, c.Close())
				stop()
				require.NoError(t, srv.Close())
				require.ErrorIs(t, <-ended, http.ErrServerClosed)
			})
		})
	}
}

// Bodies are read within the account's share of concurrent requests, so that one key cannot fill the memory with them.
func TestBodiesUnderWayAreCounted(t *testing.T) {
	w := newWorld(t, nil)
	key := w.key(alice, store.Limits{Concurrent: 2})
	lis := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	w.cfg.Listener, w.cfg.Grace = lis, time.Millisecond
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, w.cfg) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	var refused int
	for i := range 4 {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", lis.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		body := strings.Repeat("x", 9)
		_, err = fmt.Fprintf(c, "POST /v1/echo HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer %s\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n%s", key, body)
		require.NoError(t, err)
		require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
		status, err := bufio.NewReader(c).ReadString('\n')
		require.NoError(t, err)
		t.Log(i, status)
		if strings.Contains(status, "429") {
			refused++
		} else {
			require.Contains(t, status, "100 Continue", "the gateway reads the body")
		}
	}
	require.Equal(t, 2, refused)
}

// Callers without a key, from however many addresses, leave half of the turns to those who have one.
func TestStrangersLeaveTurnsToOthers(t *testing.T) {
	hold := make(chan struct{})
	began := make(chan struct{}, 16)
	w := newWorld(t, func(c *Config) {
		c.Limits.Anonymous, c.Limits.Slots = 5, 4
		c.Networks[0].Front = fakeFront{[]mechanism.Route{{Pattern: "POST /v1/slow", Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			began <- struct{}{}
			<-hold
		})}}}
	})
	key := w.key(alice, store.Limits{})
	var running sync.WaitGroup
	ask := func(key, from string) {
		running.Go(func() { w.ask("POST", "/v1/slow", key, "x", "From", from) })
		<-began
	}
	ask("", "198.51.100.1:1")
	ask("", "198.51.100.2:1")
	got := w.ask("POST", "/v1/slow", "", "x", "From", "198.51.100.3:1")
	require.Equal(t, 429, got.Code)
	require.Contains(t, got.Body.String(), "2 requests without a key")
	ask(key, "198.51.100.1:1")
	ask(key, "198.51.100.1:1")
	close(hold)
	running.Wait()
	require.Equal(t, 200, w.ask("POST", "/v1/slow", "", "x", "From", "198.51.100.3:1").Code)
}

// deadlines is a response that notes the deadline for writes.
type deadlines struct {
	*httptest.ResponseRecorder
	at time.Time
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.at = t
	return nil
}

// Answers without a body move the deadline too: an earlier answer on the same connection may have left one that is over.
func TestAnswersWithoutABodyHaveTheirOwnDeadline(t *testing.T) {
	d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	newWriter(d, nil).WriteHeader(http.StatusNoContent)
	require.Greater(t, time.Until(d.at), stall/2)
}

// countingStore counts how often the history is read.
type countingStore struct {
	Store
	epochs atomic.Int64
}

func (s *countingStore) Epochs(ctx context.Context, netuid gotensor.NetUID) ([]store.Epoch, error) {
	s.epochs.Add(1)
	return s.Store.Epochs(ctx, netuid)
}

// Anybody may read the history, again and again: the database, which keys need too, is asked once a second.
func TestHistoryIsReadOnceForAll(t *testing.T) {
	counted := &countingStore{}
	w := newWorld(t, func(c *Config) {
		counted.Store = c.Store
		c.Store = counted
	})
	for range 50 {
		require.Equal(t, 200, w.ask("GET", "/api/subnets/1/incentive", "", "").Code)
	}
	require.EqualValues(t, 1, counted.epochs.Load())
}

// Requests that their callers give up at once, over both protocols, leave nothing: no turn and no place.
func TestRequestsGivenUpAtOnceLeaveNothing(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Limits.Requests, c.Limits.Concurrent = Scale{Base: 1e6, Max: 1e6}, Scale{Base: 64, Max: 64}
		c.Networks[0].Front = fakeFront{[]mechanism.Route{{Pattern: "POST /v1/slow", Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		})}}}
	})
	key := w.key(alice, store.Limits{})
	lis := listen(t)
	srv := w.g.server(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(lis) }()
	t.Cleanup(func() {
		require.NoError(t, srv.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
	for _, name := range []string{"HTTP/1.1", "HTTP/2"} {
		t.Run(name, func(t *testing.T) {
			var protocols http.Protocols
			protocols.SetHTTP1(name == "HTTP/1.1")
			protocols.SetUnencryptedHTTP2(name == "HTTP/2")
			client := &http.Client{Transport: &http.Transport{Protocols: &protocols}}
			t.Cleanup(client.CloseIdleConnections)
			var all sync.WaitGroup
			for i := range 32 {
				all.Go(func() {
					for j := range 30 {
						ctx, cancel := context.WithTimeout(t.Context(), time.Duration((i+j)%4)*time.Millisecond)
						r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+lis.Addr().String()+"/v1/slow", strings.NewReader("x"))
						if err == nil {
							r.Header.Set("Authorization", "Bearer "+key)
							if answer, err := client.Do(r); err == nil {
								_ = answer.Body.Close()
							}
						}
						cancel()
					}
				})
			}
			all.Wait()
			require.Eventually(t, func() bool {
				queued, running := w.g.queue.Depth()
				s := w.g.limits.slot("account " + keys.Account(alice))
				defer s.mu.Unlock()
				return queued == 0 && running == 0 && s.used == 0
			}, 10*time.Second, time.Millisecond)
		})
	}
}

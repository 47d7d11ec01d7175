package gateway

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fair"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/mechanism"
)

func TestEveryErrorIsOneThatClientsUnderstand(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Limits.MaxBody = 100
		front := c.Networks[0].Front.(fakeFront)
		front.routes = append(front.routes, mechanism.Route{Pattern: "POST /v1/panic", Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") })})
		c.Networks[0].Front = front
	})
	good := w.key(alice, store.Limits{})
	expired := store.NewSecret()
	k := store.NewKey(expired, alice, "old", w.clock.now())
	k.Expires = w.clock.now()
	require.NoError(t, w.db.AddKey(t.Context(), k, 0))
	for _, c := range []struct {
		name, method, path, key, body string
		status                        int
		code                          string
	}{
		{"a wrong path", "GET", "/v1/nothing", good, "", 404, "unknown_url"},
		{"a wrong path of another kind", "GET", "/api/nothing", good, "", 404, "unknown_url"},
		{"a wrong method", "GET", "/v1/echo", good, "", 405, "method_not_allowed"},
		{"no key", "POST", "/v1/echo", "", "x", 401, "invalid_api_key"},
		{"no key for a list", "GET", "/v1/list", "", "", 401, "invalid_api_key"},
		{"a malformed key", "POST", "/v1/echo", "sk-other", "x", 401, "invalid_api_key"},
		{"an unknown key", "POST", "/v1/echo", store.NewSecret().Reveal(), "x", 401, "invalid_api_key"},
		{"a key that has expired", "POST", "/v1/echo", expired.Reveal(), "x", 401, "invalid_api_key"},
		{"a body that is too large", "POST", "/v1/echo", good, strings.Repeat("x", 101), 413, "request_too_large"},
		{"a handler that panics", "POST", "/v1/panic", good, "x", 500, "internal_error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.ask(c.method, c.path, c.key, c.body, "Origin", "https://app.example")
			require.Equal(t, c.status, got.Code, "%s", got.Body)
			require.Equal(t, c.code, code(t, got))
			require.Equal(t, "*", got.Header().Get("Access-Control-Allow-Origin"), "errors too can be read by scripts")
			require.NotEmpty(t, got.Header().Get("X-Request-Id"))
			require.NotContains(t, got.Body.String(), "sk-gt-A", "no key is repeated")
			if c.status == http.StatusMethodNotAllowed {
				require.Equal(t, "POST", got.Header().Get("Allow"))
			}
		})
	}
	require.NotContains(t, w.log.String(), good)
	require.Contains(t, w.log.String(), "panic=oh")
}

func TestServes(t *testing.T) {
	w := newWorld(t, nil)
	key := w.key(alice, store.Limits{})
	got := w.ask("POST", "/v1/echo", key, "a secret prompt", "X-Request-Id", "mine-1")
	require.Equal(t, 200, got.Code)
	require.Equal(t, "a secret prompt", got.Body.String())
	require.Equal(t, "mine-1", got.Header().Get("X-Request-Id"))
	require.Equal(t, "60", got.Header().Get("X-RateLimit-Limit-Requests"))
	require.Equal(t, "59", got.Header().Get("X-RateLimit-Remaining-Requests"))
	require.Equal(t, "1s", got.Header().Get("X-RateLimit-Reset-Requests"))
	require.Equal(t, "60000", got.Header().Get("X-RateLimit-Limit-Tokens"))
	require.Equal(t, "60000", got.Header().Get("X-RateLimit-Remaining-Tokens"))
	require.Equal(t, "59983", w.ask("POST", "/v1/echo", key, "").Header().Get("X-RateLimit-Remaining-Tokens"), "15 in, 2 out")
	require.Equal(t, "x", w.ask("POST", "/subnets/1/v1/echo", key, "x").Body.String(), "each subnet has its own place")
	require.Equal(t, "seven", w.ask("GET", "/v1/list/seven", key, "").Body.String())
	require.Equal(t, "seven", w.ask("GET", "/subnets/1/v1/list/seven", key, "").Body.String())
	require.NotContains(t, w.ask("POST", "/v1/echo", key, "", "X-Request-Id", "a\x1bb").Header().Get("X-Request-Id"), "\x1b")

	log := w.log.String()
	require.Contains(t, log, "id=mine-1")
	require.Contains(t, log, `uid=1 in=15 out=2`)
	require.NotContains(t, log, "secret prompt")
	require.NotContains(t, log, key)
	require.NotContains(t, log, "127.0.0.1")

	w.g.ledger.flush(t.Context())
	used, err := w.db.Usage(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, used, 1)
	require.Equal(t, store.Usage{KeyID: used[0].KeyID, Day: "2026-01-02", Requests: 4, In: 16, Out: 8}, used[0], "lists are free")
}

func TestCORS(t *testing.T) {
	for _, c := range []struct {
		name    string
		origins []string
		origin  string
		allowed string
	}{
		{"everybody", nil, "https://app.example", "*"},
		{"one of those named", []string{"https://a.example", "https://b.example"}, "https://b.example", "https://b.example"},
		{"another", []string{"https://a.example"}, "https://b.example", ""},
		{"no browser", []string{"https://a.example"}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, func(cfg *Config) { cfg.Origins = c.origins })
			got := w.ask("OPTIONS", "/v1/echo", "", "", "Origin", c.origin, "Access-Control-Request-Method", "POST",
				"Access-Control-Request-Headers", "authorization, x-stainless-os")
			require.Equal(t, 204, got.Code)
			require.Equal(t, c.allowed, got.Header().Get("Access-Control-Allow-Origin"))
			if c.allowed != "" {
				require.Equal(t, "authorization, x-stainless-os", got.Header().Get("Access-Control-Allow-Headers"))
				require.Contains(t, got.Header().Get("Access-Control-Allow-Methods"), "POST")
			}
			got = w.ask("POST", "/v1/echo", "", "", "Origin", c.origin)
			require.Equal(t, 401, got.Code)
			require.Equal(t, c.allowed, got.Header().Get("Access-Control-Allow-Origin"))
			if c.allowed != "" {
				require.Contains(t, got.Header().Get("Access-Control-Expose-Headers"), "Retry-After")
			}
			if c.origins != nil {
				require.Contains(t, got.Header().Values("Vary"), "Origin")
			}
		})
	}
}

func TestKeysThatAreRevoked(t *testing.T) {
	w := newWorld(t, nil)
	key, other := w.key(alice, store.Limits{}), w.key(bob, store.Limits{})
	require.Equal(t, 200, w.ask("POST", "/v1/echo", key, "").Code)
	require.Equal(t, 200, w.ask("POST", "/v1/echo", other, "").Code)
	mine, err := w.db.Keys(t.Context(), alice)
	require.NoError(t, err)

	require.Equal(t, 404, w.ask("DELETE", "/api/keys/"+mine[0].ID, other, "").Code, "another's key")
	require.Equal(t, 200, w.ask("POST", "/v1/echo", key, "").Code)
	require.NoError(t, w.db.Revoke(t.Context(), mine[0].ID, alice, w.clock.now())) // another process does it
	w.clock.add(keyFor + time.Second)
	got := w.ask("POST", "/v1/echo", key, "")
	require.Equal(t, 401, got.Code)
	require.Contains(t, got.Body.String(), "revoked")

	require.Equal(t, 200, w.ask("GET", "/api/keys", other, "").Code)
	theirs, err := w.db.Keys(t.Context(), bob)
	require.NoError(t, err)
	require.Equal(t, 200, w.ask("DELETE", "/api/keys/"+theirs[0].ID, other, "").Code)
	require.Equal(t, 401, w.ask("POST", "/v1/echo", other, "").Code, "at once, where it was revoked")
}

func TestKeysOutliveTheStoreForAWhile(t *testing.T) {
	w := newWorld(t, nil)
	key, unseen := w.key(alice, store.Limits{}), w.key(alice, store.Limits{})
	require.Equal(t, 200, w.ask("POST", "/v1/echo", key, "").Code)
	require.NoError(t, w.db.Close())
	w.clock.add(time.Minute)
	require.Equal(t, 200, w.ask("POST", "/v1/echo", key, "").Code)
	got := w.ask("POST", "/v1/echo", unseen, "")
	require.Equal(t, 503, got.Code)
	require.Equal(t, "keys_unavailable", code(t, got))
	require.Equal(t, "1", got.Header().Get("Retry-After"))
	w.clock.add(keyForAway)
	require.Equal(t, 503, w.ask("POST", "/v1/echo", key, "").Code, "it may have been revoked")
}

// TestMadeUpKeys: OpenAI's clients want a key, so where none is needed anything that is none of ours means nobody.
func TestMadeUpKeys(t *testing.T) {
	open := newWorld(t, func(c *Config) { c.Limits.Anonymous = 5 })
	require.Equal(t, 200, open.ask("POST", "/v1/echo", "none", "").Code)
	require.Equal(t, 401, open.ask("POST", "/v1/echo", "sk-gt-none", "").Code, "a slip in a real key does not become nobody's request")
	closed := newWorld(t, nil)
	require.Equal(t, 401, closed.ask("POST", "/v1/echo", "none", "").Code)
}

func TestLimits(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Limits.Requests = Scale{Base: 2, PerTAO: 1, Max: 10}
		c.Limits.Tokens = Scale{Base: 100, Max: 100}
		c.Limits.Anonymous = 1
	})
	refused := func(key, body, reset string, headers ...string) {
		t.Helper()
		got := w.ask("POST", "/v1/echo", key, body, headers...)
		require.Equal(t, 429, got.Code)
		require.Equal(t, "rate_limit_exceeded", code(t, got))
		require.Equal(t, reset, got.Header().Get("Retry-After"))
	}
	key := w.key(alice, store.Limits{})
	own := w.key(alice, store.Limits{Requests: 1})
	require.Equal(t, 200, w.ask("POST", "/v1/echo", own, "").Code)
	refused(own, "", "60")
	refused(own, "", "60")
	require.Equal(t, 200, w.ask("POST", "/v1/echo", key, "").Code, "the key that ran into its own limit took nothing from the account's")
	refused(key, "", "30")
	w.clock.add(30 * time.Second)
	require.Equal(t, 200, w.ask("POST", "/v1/echo", key, "").Code)
	refused(key, "", "30")

	// Stake raises the limit as soon as it is known, up to the most there is.
	w.g.bandwidth.set(alice, 3*gotensor.RaoPerTAO)
	w.clock.add(time.Minute)
	require.Equal(t, "5", w.ask("POST", "/v1/echo", key, "").Header().Get("X-RateLimit-Limit-Requests"))
	w.g.bandwidth.set(alice, 1e6*gotensor.RaoPerTAO)
	require.Equal(t, "10", w.ask("POST", "/v1/echo", key, "").Header().Get("X-RateLimit-Limit-Requests"))

	// Tokens are paid afterwards: what was too much is waited for.
	rich := w.key(bob, store.Limits{Tokens: 60})
	require.Equal(t, 200, w.ask("POST", "/v1/echo", rich, strings.Repeat("x", 88)).Code)
	refused(rich, "x", "31") // 90 taken of 60 a minute: 31 s until there is one
	w.clock.add(31 * time.Second)
	require.Equal(t, 200, w.ask("POST", "/v1/echo", rich, "").Code)

	// Without a key: by household, at the limits of no stake.
	require.Equal(t, 200, w.ask("POST", "/v1/echo", "", "", "From", "[2001:db8::1]:5").Code)
	refused("", "", "60", "From", "[2001:db8::ffff]:6")
	require.Equal(t, 200, w.ask("POST", "/v1/echo", "", "", "From", "[2001:db8:1::1]:5").Code)
	require.Equal(t, 200, w.ask("POST", "/v1/echo", "", "", "From", "192.0.2.1:5").Code)
	refused("", "", "60", "From", "[::ffff:192.0.2.1]:5")
}

func TestConcurrentRequests(t *testing.T) {
	begun, end := make(chan struct{}, 10), make(chan struct{})
	w := newWorld(t, func(c *Config) {
		c.Limits.Concurrent = Scale{Base: 2, Max: 2}
		c.Networks[0].Front = fakeFront{[]mechanism.Route{{Pattern: "POST /v1/hold", Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			begun <- struct{}{}
			<-end
		})}}}
	})
	key, one := w.key(alice, store.Limits{}), w.key(bob, store.Limits{Concurrent: 1})
	done := make(chan int, 3)
	for _, k := range []string{key, key, one} {
		go func() { done <- w.ask("POST", "/v1/hold", k, "").Code }()
		<-begun
	}
	for _, k := range []string{key, one} {
		got := w.ask("POST", "/v1/hold", k, "")
		require.Equal(t, 429, got.Code)
		require.Contains(t, got.Body.String(), "run already")
	}
	close(end)
	for range 3 {
		require.Equal(t, 200, <-done)
	}
	require.Equal(t, 200, w.ask("POST", "/v1/hold", one, "").Code, "slots come back")
	require.Equal(t, 200, w.ask("POST", "/v1/hold", key, "").Code)
}

// Under overload accounts are served in proportion to their stake, and who has to be refused learns it at once.
func TestFairByStake(t *testing.T) {
	const slots = 1
	turn := make(chan string)
	w := newWorld(t, func(c *Config) {
		c.Limits.Slots, c.Limits.MaxPerCaller, c.Limits.Anonymous = slots, 60, 1000
		big := Scale{Base: 1e6, Max: 1e6}
		c.Limits.Requests, c.Limits.Concurrent = big, big
		c.Networks[0].Front = fakeFront{[]mechanism.Route{{Pattern: "POST /v1/work", Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			turn <- mechanism.MeterOf(r.Context()).Account().Address.String()
		})}}}
	})
	names := map[string]string{}
	keys := map[string]string{}
	for name, stake := range map[string]gotensor.Rao{"alice": 1, "bob": 10, "judge": 20} {
		w.g.bandwidth.set(fakenode.Addr(name), stake*gotensor.RaoPerTAO)
		names[fakenode.Addr(name).String()] = name
		keys[name] = w.key(fakenode.Addr(name), store.Limits{})
	}
	const each = 50
	for range each {
		for _, key := range keys {
			go w.ask("POST", "/v1/work", key, "")
		}
	}
	require.Eventually(t, func() bool { queued, _ := w.g.queue.Depth(); return queued == 3*each-slots }, time.Minute, time.Millisecond)
	served := map[string]int{}
	for range 62 + slots {
		served[names[<-turn]]++
	}
	require.InDelta(t, 40, served["judge"], 4)
	require.InDelta(t, 20, served["bob"], 3)
	require.InDelta(t, 2, served["alice"], 2)
	for range 3*each - 62 - slots {
		<-turn
	}
}

func TestRefusedAtOnceWhenTheQueueIsFull(t *testing.T) {
	begun, end := make(chan struct{}, 10), make(chan struct{})
	w := newWorld(t, func(c *Config) {
		c.Limits.Slots, c.Limits.MaxQueued, c.Limits.MaxPerCaller = 1, 1, 1
		c.Networks[0].Front = fakeFront{[]mechanism.Route{
			{Pattern: "POST /v1/hold", Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { begun <- struct{}{}; <-end })},
			{Pattern: "GET /v1/free", Handler: http.HandlerFunc(echo), Free: true},
		}}
	})
	key := w.key(alice, store.Limits{})
	done := make(chan int, 2)
	go func() { done <- w.ask("POST", "/v1/hold", key, "").Code }()
	<-begun
	go func() { done <- w.ask("POST", "/v1/hold", key, "").Code }()
	require.Eventually(t, func() bool { queued, _ := w.g.queue.Depth(); return queued == 1 }, time.Minute, time.Millisecond)
	got := w.ask("POST", "/v1/hold", key, "")
	require.Equal(t, 429, got.Code)
	require.Equal(t, "rate_limit_exceeded", code(t, got))
	retry, err := strconv.Atoi(got.Header().Get("Retry-After-Ms"))
	require.NoError(t, err)
	require.Positive(t, retry)
	require.Equal(t, 200, w.ask("GET", "/v1/free", key, "").Code, "free routes take no turn")
	close(end)
	require.Equal(t, 200, <-done)
	require.Equal(t, 200, <-done)
}

func TestNobodyWaitsForeverForATurn(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Limits.Slots, c.Limits.MaxWait = 1, 10*time.Millisecond })
	ticket, err := w.g.queue.Acquire(t.Context(), fair.Claim{Caller: bob, Weight: 1})
	require.NoError(t, err)
	defer ticket.Release()
	got := w.ask("POST", "/v1/echo", w.key(alice, store.Limits{}), "")
	require.Equal(t, 429, got.Code)
	require.Equal(t, "rate_limit_exceeded", code(t, got))
}

func TestStaticSite(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Static = fstest.MapFS{
			"index.html": {Data: []byte("<h1>page</h1>")}, "assets/app-1.js": {Data: []byte("let x")}, "favicon.svg": {Data: []byte("<svg/>")},
		}
	})
	for _, c := range []struct {
		path   string
		status int
		has    string
		cache  string
	}{
		{"/", 200, "page", "no-cache"},
		{"/subnets/1/neurons/7", 200, "page", "no-cache"},
		{"/subnets/1/v1/nothing", 404, "unknown_url", ""},
		{"/subnets/99/v1/models", 404, "unknown_url", ""},
		{"/assets/app-1.js", 200, "let x", "immutable"},
		{"/favicon.svg", 200, "svg", "no-cache"},
		{"/assets/", 404, "", ""},
		{"/missing.js", 404, "", ""},
		{"/../secret.txt", 307, "", ""}, // to /secret.txt
	} {
		got := w.ask("GET", "http://gw.example"+c.path, "", "")
		require.Equal(t, c.status, got.Code, c.path)
		require.Contains(t, got.Body.String(), c.has, c.path)
		require.Contains(t, got.Header().Get("Cache-Control"), c.cache, c.path)
		require.Equal(t, "nosniff", got.Header().Get("X-Content-Type-Options"))
	}
	require.Equal(t, 404, w.ask("POST", "/", "", "").Code)
	require.Equal(t, 404, w.ask("GET", "/v1/", "", "").Code, "not the page")
}

func TestHealth(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.MaxAge = time.Minute })
	ready := func(status int, why string) {
		t.Helper()
		got := w.ask("GET", "/readyz", "", "")
		require.Equal(t, status, got.Code)
		require.Contains(t, got.Body.String(), why)
		require.Equal(t, 200, w.ask("GET", "/healthz", "", "").Code)
	}
	ready(200, `"up":1`)
	w.network.up.Store(false)
	ready(503, "no neuron is up")
	w.network.up.Store(true)
	w.clock.add(2 * time.Minute)
	ready(503, "too old")
	w.network.set(t, w.clock.now(), 30)
	ready(200, "")
	m := w.network.m.Swap(nil)
	ready(503, "no snapshot")
	w.network.m.Store(m)
	w.g.stopping.Store(true)
	ready(503, "stopping")
	require.Equal(t, 404, w.ask("GET", "/metrics", "", "").Code, "none was given")
}

func TestConfigIsChecked(t *testing.T) {
	w := newWorld(t, nil)
	for name, change := range map[string]func(*Config){
		"no address":              func(c *Config) { c.Listen = "" },
		"half a certificate":      func(c *Config) { c.TLSCert = "x" },
		"no subnet":               func(c *Config) { c.Networks = nil },
		"a subnet twice":          func(c *Config) { c.Networks = append(c.Networks, c.Networks[0]) },
		"no store":                func(c *Config) { c.Store = nil },
		"no chain":                func(c *Config) { c.ChainID = "" },
		"a public URL that isn't": func(c *Config) { c.PublicURLs = []string{"gw.example"} },
		"a limit below nothing":   func(c *Config) { c.Limits.Tokens = Scale{Base: -1, Max: 1} },
		"no tokens at most":       func(c *Config) { c.Limits.Tokens = Scale{Base: 1} },
		"anonymous below nothing": func(c *Config) { c.Limits.Anonymous = -1 },
	} {
		cfg := w.cfg
		change(&cfg)
		require.ErrorIs(t, Run(t.Context(), cfg), ErrConfig, name)
	}
}

// run starts a gateway on a real port; stop ends it and returns how.
func (w *world) run(t *testing.T) (url string, stop func() error) {
	t.Helper()
	lis := listen(t)
	w.cfg.Listener = lis
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, w.cfg) }()
	stop = func() error {
		cancel()
		err := <-done
		done <- err
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return "http://" + lis.Addr().String(), stop
}

// A gateway that is told to stop lets a stream end, refuses new connections, and writes the usage.
func TestShutdownLetsStreamsEnd(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	w := newWorld(t, func(c *Config) {
		c.Networks[0].Front = fakeFront{[]mechanism.Route{{Pattern: "POST /v1/stream", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "one ")
			w.(http.Flusher).Flush()
			close(begun)
			<-goOn
			mechanism.MeterOf(r.Context()).Spend(mechanism.Usage{Out: 2})
			_, _ = io.WriteString(w, "two")
		})}}}
	})
	key := w.key(alice, store.Limits{})
	url, stop := w.run(t)
	req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/v1/stream", strings.NewReader("x"))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	require.Eventually(t, func() bool { return w.log.Count("not ready any more") == 1 }, time.Minute, time.Millisecond)
	select {
	case err := <-stopped:
		require.Fail(t, "the gateway ended under a stream", "%v", err)
	default:
	}
	close(goOn)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "one two", string(body))
	require.NoError(t, <-stopped)
	used, err := w.db.Usage(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, used, 1)
	require.EqualValues(t, 2, used[0].Out)
}

// What does not end within the grace is cut off, and its handler's context ends.
func TestShutdownCutsOffInTheEnd(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan struct{})
	w := newWorld(t, func(c *Config) {
		c.Grace = 10 * time.Millisecond
		c.Networks[0].Front = fakeFront{[]mechanism.Route{{Pattern: "POST /v1/stream", Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(begun)
			<-r.Context().Done()
			close(ended)
		})}}}
	})
	key := w.key(alice, store.Limits{})
	url, stop := w.run(t)
	go func() {
		req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/v1/stream", strings.NewReader("x"))
		if err != nil {
			return
		}
		req.Header.Set("Authorization", "Bearer "+key)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-begun
	require.NoError(t, stop())
	<-ended
}

func TestSubnetThatFailsEndsTheGateway(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Networks[0].Run = func(context.Context) error { return errAway }
	})
	w.cfg.Listener = listen(t)
	require.ErrorIs(t, Run(t.Context(), w.cfg), errAway)
}

func TestHTTP2InTheClear(t *testing.T) {
	w := newWorld(t, nil)
	key := w.key(alice, store.Limits{})
	url, _ := w.run(t)
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: &protocols}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/v1/echo", strings.NewReader("hello"))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, 2, resp.ProtoMajor)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "hello", string(body))
}

//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// minersOfGate are the miners of TestGateway's network; all of them write texts.
const minersOfGate = 4

// TestGateway runs a network of its own and uses it through its gateway, as applications do; then things fail. Steps run in order.
func TestGateway(t *testing.T) {
	s := newSuite(t)
	network := s.start(t, "--validators", "2", "--models", "ngram-2,ngram-3,ngram-4,ngram-5")
	s.connect(t)
	g := s.openGate(t, minersOfGate)
	step := func(name string, f func(*testing.T, *suite, *gate)) {
		t.Helper()
		began := time.Now()
		require.True(t, t.Run(name, func(t *testing.T) { f(t, s, g) }), "the rest needs this step")
		t.Logf("%s: %s", name, time.Since(began).Round(100*time.Millisecond))
	}
	step("endpoints", endpoints)
	step("official clients", officialClients)
	step("keys", apiKeys)
	step("flood", flood) // before others lose incentive to this miner, by being killed
	step("node stopped", nodeStopped)
	step("half of the miners killed", minersKilled)

	network.signal(t, os.Interrupt)
	var last struct {
		Gateway string `json:"gateway"`
	}
	require.NoError(t, json.Unmarshal(network.wait(t, stopWithin), &last))
	assert.Equal(t, g.url, last.Gateway)
	assert.Empty(t, s.running(t))
}

// endpoints asks everything below /v1 once.
func endpoints(t *testing.T, _ *suite, g *gate) {
	t.Helper()
	t.Run("chat streams", func(t *testing.T) {
		h := g.chat(t.Context(), "", "auto", 64)
		require.Truef(t, h.done, "%s", h)
		assert.Greater(t, h.pieces, 3)
		assert.GreaterOrEqual(t, h.uid, 0)
	})
	t.Run("one neuron", func(t *testing.T) {
		var models struct {
			Data []struct{ ID string } `json:"data"`
		}
		var names []string
		eventually(t, soon, "each miner is listed by its uid and by its model", func() error {
			if err := get(g.url+"/v1/models", 0, &models); err != nil {
				return err
			}
			names = nil
			for _, m := range models.Data {
				if strings.HasPrefix(m.ID, "uid-") || strings.HasPrefix(m.ID, "ngram-") {
					names = append(names, m.ID)
				}
			}
			if len(names) != 2*minersOfGate {
				return fmt.Errorf("%v", names)
			}
			return nil
		})
		for _, name := range names {
			h := g.chat(t.Context(), "", name, 16)
			require.Truef(t, h.done, "%s: %s", name, h)
			if strings.HasPrefix(name, "uid-") {
				assert.Equal(t, name, fmt.Sprintf("uid-%d", h.uid))
			}
		}
	})
	for _, tc := range []struct{ name, path, body, want string }{
		{"chat", "/v1/chat/completions", `{"model":"best","max_tokens":32,"messages":[{"role":"user","content":"Once upon a time"}]}`, `"object":"chat.completion"`},
		{"the network as one model", "/v1/chat/completions", `{"model":"network","max_tokens":16,"messages":[{"role":"user","content":"Once upon"}]}`, `"members":[{"uid":`},
		{"completions", "/v1/completions", `{"model":"auto","max_tokens":32,"prompt":"Once upon a time"}`, `"object":"text_completion"`},
		{"embeddings", "/v1/embeddings", `{"model":"auto","input":["a ship","the sea"]}`, `"object":"embedding"`},
		{"one model", "/v1/models/ngram-4", "", `"id":"ngram-4"`},
		{"one step", "/v1/step", `{"context":"It was the best of ","k":4}`, `"object":"step"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, answer, _ := g.post(t, tc.path, "", tc.body)
			require.Equalf(t, http.StatusOK, status, "%s", answer)
			assert.Contains(t, string(answer), tc.want)
		})
	}
	t.Run("read-only pages", func(t *testing.T) {
		for _, path := range []string{"/api/network", "/api/subnets", "/api/subnets/1/metagraph", "/api/subnets/1/neurons/0", "/api/subnets/1/incentive"} {
			var v struct {
				Height uint64 `json:"height"`
			}
			require.NoError(t, get(g.url+path, 0, &v), path)
			assert.Positive(t, v.Height, path)
		}
	})
	t.Run("the site", func(t *testing.T) {
		for _, path := range []string{"/", "/step", "/subnets/1/metagraph", "/subnets/1/neurons/0"} {
			resp, err := g.send(t.Context(), path, "", "")
			require.NoError(t, err)
			page, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, resp.StatusCode, path)
			assert.Contains(t, resp.Header.Get("Content-Type"), "text/html", path)
			assert.Contains(t, string(page), "gotensor", path)
		}
	})
	t.Run("an unknown model", func(t *testing.T) {
		h := g.chat(t.Context(), "", "gpt-none", 16)
		assert.Equal(t, http.StatusNotFound, h.status)
		assert.Contains(t, h.broken, "model_not_found")
	})
}

// apiKeys makes keys as the operator and as a wallet do, runs one into its limit and revokes it.
func apiKeys(t *testing.T, s *suite, g *gate) {
	t.Helper()
	home := filepath.Join(s.home, "roles", "gateway")
	made := ask[struct{ ID, Key string }](t, s, "gateway", "key", "create", "--home", home, "--account", "rich", "--name", "three", "--rpm", "3")
	const short = `{"model":"auto","max_tokens":4,"prompt":"a"}`
	for i := range 3 {
		status, answer, head := g.post(t, "/v1/completions", made.Key, short)
		require.Equalf(t, http.StatusOK, status, "%s", answer)
		assert.Equal(t, fmt.Sprint(2-i), head.Get("X-Ratelimit-Remaining-Requests"))
	}
	status, answer, head := g.post(t, "/v1/completions", made.Key, short)
	require.Equalf(t, http.StatusTooManyRequests, status, "%s", answer)
	assert.Contains(t, string(answer), "rate_limit_exceeded")
	assert.NotEmpty(t, head.Get("Retry-After"))

	ask[struct{ Revoked bool }](t, s, "gateway", "key", "revoke", "--home", home, made.ID)
	eventually(t, soon, "the key is refused", func() error {
		if status, answer, _ := g.post(t, "/v1/models", made.Key, ""); status != http.StatusUnauthorized {
			return fmt.Errorf("%d %s", status, answer)
		}
		return nil
	})

	mine := ask[struct {
		Key     string `json:"key"`
		BaseURL string `json:"base_url"`
	}](t, s, "gateway", "login", "--url", g.url, "--wallet", "validator-1", "--coldkey")
	assert.Equal(t, g.url+"/v1", mine.BaseURL)
	status, answer, _ = g.post(t, "/v1/completions", mine.Key, short)
	require.Equalf(t, http.StatusOK, status, "%s", answer)
	_, complaint, code := s.gotensor(t, "gateway", "login", "--url", g.url, "--wallet", "miner-1")
	assert.Equal(t, 4, code, complaint)
	assert.Contains(t, complaint, "stake")
}

// minersKilled kills half of the miners again and again while clients read streams. No request that had not begun may be lost.
func minersKilled(t *testing.T, s *suite, g *gate) {
	t.Helper()
	l := g.crowd(t, 32, 2000, "")
	l.more(t, 100)
	before := l.answered()
	require.Len(t, before, minersOfGate, "all miners answer: %v", before)
	began := time.Now()
	for range 3 {
		for _, name := range []string{"miner-1", "miner-3"} {
			old := s.kill(t, name)
			defer s.restarted(t, name, old)
		}
		l.more(t, 100)
		for _, name := range []string{"miner-1", "miner-3"} {
			eventually(t, soon, name+" is started again", func() error {
				if s.pid(name) == 0 {
					return fmt.Errorf("%s does not run", name)
				}
				return nil
			})
		}
	}
	l.answered()
	eventually(t, soon, "all miners answer again", func() error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.by) < minersOfGate {
			return fmt.Errorf("answers by uid: %v", l.by)
		}
		return nil
	})
	took := time.Since(began)
	l.stop()
	t.Logf("%d requests, %d cut after they had begun, %d lost; all miners answered again %s after the first kill; by uid before %v, after %v",
		l.asked.Load(), l.broken, len(l.lost), took.Round(100*time.Millisecond), before, l.answered())
	for _, h := range l.lost {
		t.Errorf("lost: %s", h)
	}
	g.ready(t, minersOfGate)
}

// nodeStopped stops the chain's node for a while, without telling it: the gateway goes on from what it knows, also one that is started
// meanwhile.
func nodeStopped(t *testing.T, s *suite, g *gate) {
	t.Helper()
	gone := stopNode(t, s)
	l := g.crowd(t, 4, 200, "")
	eventually(t, soon, "the snapshot grows old", func() error {
		if age := g.age(t); age < 10*time.Second {
			return fmt.Errorf("its age is %s", age)
		}
		return nil
	})
	l.stop()
	require.Empty(t, l.lost)
	require.Zero(t, l.broken)
	t.Logf("%d requests answered while the node stood still", l.asked.Load())

	old := s.kill(t, "gateway")
	killed := time.Now()
	s.restarted(t, "gateway", old)
	g.ready(t, minersOfGate)
	t.Logf("a gateway started without a node is ready after %s", time.Since(killed).Round(100*time.Millisecond))
	h := g.chat(t.Context(), "", "auto", 200)
	require.Truef(t, h.done, "%s", h)
	require.Less(t, time.Since(gone.since), 2*time.Minute)
	require.Greater(t, g.age(t), 10*time.Second, "it goes on from the snapshot in its folder")

	gone.goOn(t)
	eventually(t, soon, "the gateway follows the chain again", func() error {
		if age := g.age(t); age > 5*time.Second {
			return fmt.Errorf("its snapshot is %s old", age)
		}
		return nil
	})
	h = g.chat(t.Context(), "", "auto", 200)
	require.Truef(t, h.done, "%s", h)
}

// stoppedNode is a node's process that stands still.
type stoppedNode struct {
	pid   int
	since time.Time
}

func stopNode(t *testing.T, s *suite) *stoppedNode {
	t.Helper()
	n := &stoppedNode{pid: s.pid("node"), since: time.Now()}
	require.NotZero(t, n.pid)
	require.NoError(t, syscall.Kill(n.pid, syscall.SIGSTOP))
	t.Cleanup(func() { _ = syscall.Kill(n.pid, syscall.SIGCONT) })
	return n
}

func (n *stoppedNode) goOn(t *testing.T) {
	t.Helper()
	require.NoError(t, syscall.Kill(n.pid, syscall.SIGCONT))
}

package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/internal/logbook"
	"github.com/gotensor/gotensor/keys"
)

// family is one metric as a process tells of it.
type family struct{ kind, labels, help string }

// roles runs commands as processes of their own.
type roles struct {
	t   *testing.T
	dir string
}

// start starts a long-running command with --metrics and returns where it serves them, and its log.
func (r roles) start(args ...string) (metrics string, log *logbook.Book) {
	r.t.Helper()
	log = &logbook.Book{}
	args = append(args, "--metrics", "127.0.0.1:0", "--network", r.dir, "--wallet-path", filepath.Join(r.dir, "wallets"), "--home", filepath.Join(r.dir, args[0]))
	cmd := exec.CommandContext(r.t.Context(), "gotensor", args...) // this binary, see TestMain
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	require.NoError(r.t, cmd.Start())
	r.t.Cleanup(func() { _ = cmd.Wait() }) // the test's context has ended then
	at := regexp.MustCompile(`at=(http://127\.0\.0\.1:\d+/metrics)`)
	require.Eventually(r.t, func() bool { return at.MatchString(log.String()) }, time.Minute, 20*time.Millisecond, "%s", log)
	return at.FindStringSubmatch(log.String())[1], log
}

func (r roles) get(url string) string {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, url, nil)
	require.NoError(r.t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	require.Equal(r.t, 200, resp.StatusCode, "%s", body)
	return string(body)
}

var (
	told   = regexp.MustCompile(`(?m)^# (HELP|TYPE) (gotensor_\w+) (.*)$`)
	sample = regexp.MustCompile(`(?m)^(gotensor_\w+?)(_bucket|_sum|_count)?(?:\{(.*)\})? \S+$`)
	label  = regexp.MustCompile(`(\w+)="`)
)

// families reads what Prometheus reads.
func families(page string) map[string]family {
	out := map[string]family{}
	for _, m := range told.FindAllStringSubmatch(page, -1) {
		f := out[m[2]]
		if m[1] == "HELP" {
			f.help = m[3]
		} else {
			f.kind = m[3]
		}
		out[m[2]] = f
	}
	for _, m := range sample.FindAllStringSubmatch(page, -1) {
		name := m[1]
		if _, ok := out[name]; !ok {
			name += m[2]
		}
		f := out[name]
		var names []string
		for _, l := range label.FindAllStringSubmatch(m[3], -1) {
			if l[1] != "le" {
				names = append(names, l[1])
			}
		}
		slices.Sort(names)
		f.labels = strings.Join(names, ", ")
		out[name] = f
	}
	return out
}

const observability = "../docs/observability.md"

var (
	table = regexp.MustCompile(`(?s)(<!-- metrics -->\n).*(<!-- end -->)`)
	row   = regexp.MustCompile("(?m)^\\| `(gotensor_\\w+)` \\| (\\w+) \\| ([^|]*) \\| ([^|]*) \\|$")
)

// Miner, validator and gateway, each a process of its own, tell what the manual says and nothing else.
func TestMetricsAreThoseOfTheManual(t *testing.T) {
	r := watchedRoles(t)
	seen := map[string]family{}
	for _, url := range []string{r.miner(), r.validator(), r.gateway()} {
		page := r.get(url)
		require.Contains(t, page, "go_goroutines")
		require.Contains(t, page, "process_open_fds")
		require.NotContains(t, page, "tao1", "no key is a label")
		require.NotContains(t, page, "127.0.0.1")
		maps.Copy(seen, families(page))
	}
	doc, err := os.ReadFile(observability)
	require.NoError(t, err)
	if *update {
		var b bytes.Buffer
		b.WriteString("| name | kind | labels | what |\n|---|---|---|---|\n")
		for _, name := range slices.Sorted(maps.Keys(seen)) {
			f := seen[name]
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, f.kind, f.labels, f.help)
		}
		doc = table.ReplaceAll(doc, append(append([]byte("$1"), b.Bytes()...), "$2"...))
		require.NoError(t, os.WriteFile(observability, doc, 0o600))
	}
	listed := map[string]family{}
	for _, m := range row.FindAllStringSubmatch(string(doc), -1) {
		listed[m[1]] = family{kind: m[2], labels: m[3], help: m[4]}
	}
	require.Equal(t, seen, listed, "run `go test ./cli -run TestMetricsAreThoseOfTheManual -update`")
	require.Greater(t, len(listed), 60)
	for name, f := range listed {
		require.Regexp(t, `^gotensor_(build|axon|dendrite|miner|validator|gateway|route)_[a-z0-9_]+$`, name)
		require.Equal(t, f.kind == "counter", strings.HasSuffix(name, "_total"), name)
	}
}

// network is a fake node, a miner in this process, and wallets.
type network struct{ roles }

func watchedRoles(t *testing.T) network {
	t.Helper()
	n := network{roles{t, t.TempDir()}}
	wallets := keys.NewStore(filepath.Join(n.dir, "wallets"), keys.WithWorkFactor(1))
	for _, w := range []struct{ wallet, cold, hot string }{{"alice", "alice", "alice"}, {"judge", "north", "judge"}, {"bob", "bob", "miner-2"}} {
		_, err := wallets.WatchColdkey(w.wallet, fakenode.Key(w.cold).PublicKey())
		require.NoError(t, err)
		_, err = wallets.CreateHotkey(w.wallet, "default", fakenode.Key(w.hot), keys.Unencrypted())
		require.NoError(t, err)
	}
	world := fakenode.Sample()
	world.Ticks = true
	world.Settings = `{"items": 4, "deadline_ms": 2000, "round_ms": 2000}`
	node, err := fakenode.Start("127.0.0.1:0", world)
	require.NoError(t, err)
	t.Cleanup(node.Stop)
	startMiner(t, node)
	named := `{"chain_id": "fake-1", "grpc": "` + node.Addr() + `"}`
	require.NoError(t, os.WriteFile(filepath.Join(n.dir, "network.json"), []byte(named), 0o600))
	return n
}

// until waits for a process to tell something, and returns where it does.
func (n network) until(url, want string, log *logbook.Book) string {
	n.t.Helper()
	re := regexp.MustCompile(want)
	require.Eventually(n.t, func() bool { return re.MatchString(n.get(url)) }, time.Minute, 50*time.Millisecond, "%s\n%s", want, log)
	return url
}

func (n network) miner() string {
	url, log := n.start("miner", "run", "--wallet", "bob", "--model", "garbage", "--no-register")
	return n.until(url, `(?m)^gotensor_miner_uid 2$`, log)
}

func (n network) validator() string {
	url, log := n.start("validator", "run", "--wallet", "judge", "--reference-bytes", "1000")
	return n.until(url, `(?m)^gotensor_validator_neuron_gain\{uid="1"\} `, log)
}

func (n network) gateway() string {
	url, log := n.start("gateway", "run", "--wallet", "alice", "--listen", "127.0.0.1:0", "--anonymous-rpm", "100")
	n.until(url, `(?m)^gotensor_gateway_ready\{netuid="1"\} 1$`, log)
	served := regexp.MustCompile(`http://[^"]+`).Find(must(n.t, filepath.Join(n.dir, "gateway", "gateway.json")))
	chat := `{"model": "auto", "messages": [{"role": "user", "content": "a secret prompt"}]}`
	resp, err := http.Post(string(served)+"/v1/chat/completions", "application/json", strings.NewReader(chat)) //nolint:noctx // a test
	require.NoError(n.t, err)
	require.NoError(n.t, resp.Body.Close())
	require.Equal(n.t, 200, resp.StatusCode)
	n.until(url, `(?m)^gotensor_gateway_requests_total\{route="POST /v1/chat/completions",status="200"\} 1$`, log)
	n.until(url, `(?m)^gotensor_gateway_tokens_total\{direction="out"\} 2$`, log)
	return url
}

func must(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

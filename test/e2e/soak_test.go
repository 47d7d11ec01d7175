//go:build e2e && soak && linux

package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/bench"
)

const (
	// soakStreams run at the same time, through one gateway to one miner.
	soakStreams = 1000
	// Of a stream's tokens: most streams are short, so that new ones begin all the time; some live for minutes.
	shortStream, longStream = 30 * time.Second, 4 * time.Minute
	longOnes                = soakStreams / 4
	sampleEvery             = 10 * time.Second
	// What a process may grow by, per minute, after it has warmed up. A leak of 1 KB for each stream, of which 1,500 end in a minute, is
	// more; what a garbage collector and a growing cache do is less.
	mostBytesPerMinute, mostFilesPerMinute = 1 << 20, 3.0
)

// TestSoak keeps a thousand streams running through a gateway and a miner for GOTENSOR_SOAK_MINUTES (10), at GOTENSOR_SOAK_RATE tokens
// per second each (2), and sees that memory and descriptors of both stay flat.
func TestSoak(t *testing.T) {
	minutes, rate := setting(t, "GOTENSOR_SOAK_MINUTES", 10), setting(t, "GOTENSOR_SOAK_RATE", 2)
	w := newSoak(t, rate)
	l := &load{by: map[int]int{}}
	ctx, cancel := context.WithCancel(t.Context())
	l.cancel = cancel
	t.Cleanup(l.stop)
	for i := range soakStreams {
		life := shortStream
		if i < longOnes {
			life = longStream
		}
		// Not all at once, nor all to end at the same time.
		delay := time.Duration(i) * shortStream / soakStreams
		tokens := max(1, int(life.Seconds()*rate))
		l.wait.Go(func() {
			select {
			case <-ctx.Done():
			case <-time.After(delay):
			}
			for ctx.Err() == nil {
				if h := w.gate.listen(ctx, "", w.model, tokens); ctx.Err() == nil {
					l.note(h)
				}
			}
		})
	}
	began := time.Now()
	watched := []*watched{{name: "gateway", pid: w.gateway.cmd.Process.Pid}, {name: "miner", pid: w.miner.cmd.Process.Pid}}
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for time.Since(began) < time.Duration(minutes*float64(time.Minute)) {
		<-tick.C
		for _, p := range watched {
			p.sample(t, time.Since(began))
		}
		if n := len(watched[0].at); n%6 == 0 {
			t.Logf("%4.1f min: %s; %s; %d streams ended, %d lost", time.Since(began).Minutes(), watched[0], watched[1], l.asked.Load(), len(l.losses()))
		}
	}
	running := w.running(t)
	l.stop()
	t.Logf("%d streams at the end, %d ended well, %d cut, %d lost", running, l.asked.Load()-int64(l.broken)-int64(len(l.lost)), l.broken, len(l.lost))
	for i, h := range l.lost {
		if i < 5 {
			t.Logf("lost: %s", h)
		}
	}
	assert.Empty(t, l.lost, "streams lost")
	assert.Zero(t, l.broken, "streams cut")
	assert.InDelta(t, soakStreams, running, soakStreams/50, "streams under way")
	// A quarter of the time to warm up, and no less than all streams take to have been there once.
	warm := max(time.Duration(minutes*float64(time.Minute))/4, shortStream+sampleEvery)
	for _, p := range watched {
		rss, files := slope(p.at, p.rss, warm), slope(p.at, p.files, warm)
		t.Logf("%s: after %s of warm-up RSS changes by %+.3f MiB a minute, descriptors by %+.2f; RSS %.1f to %.1f MiB", p.name, warm, rss/(1<<20), files, least(p.rss)/(1<<20), most(p.rss)/(1<<20))
		assert.Lessf(t, rss, float64(mostBytesPerMinute), "%s: bytes a minute", p.name)
		assert.Lessf(t, files, mostFilesPerMinute, "%s: descriptors a minute", p.name)
	}
	w.deaf(t)
}

// soak is a network with one more miner, before a paced model server, and one more gateway that takes a thousand streams.
type soak struct {
	*suite
	gate           *gate
	miner, gateway *program
	model          string // uid-N of the miner
	fast           string // uid-N of one before a server that does not wait
}

func newSoak(t *testing.T, rate float64) *soak {
	t.Helper()
	w := &soak{suite: newSuite(t)}
	w.start(t, "--validators", "1", "--models", "ngram-2")
	w.connect(t)
	w.miner, w.model = w.serveModel(t, "paced", 4, rate)
	_, w.fast = w.serveModel(t, "fast", 1, 1e6)
	home := filepath.Join(filepath.Dir(w.home), "gateway")
	eventually(t, soon, "the gateway's hotkey has bandwidth", func() error {
		rao, err := w.node.Bandwidth(t.Context(), w.hotkey(t, "gateway"))
		if err == nil && rao == 0 {
			err = fmt.Errorf("it has none")
		}
		return err
	})
	w.gateway = w.launch(t, "soak-gateway", nil, "gateway", "run", "--network", w.home, "--wallet-path", filepath.Join(w.home, "wallets"), "--wallet", "gateway",
		"--home", home, "--listen", "127.0.0.1:0", "--parallel", "2048", "--queue", "4096", "--anonymous-rpm", "1000000",
		"--requests", "1000000,0,1000000", "--tokens", "1000000000,0,1000000000", "--concurrent", "4096,0,4096")
	var serves struct{ URL string }
	eventually(t, soon, "the gateway serves", func() error { return readJSON(filepath.Join(home, "gateway.json"), &serves) })
	w.gate = &gate{url: serves.URL, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: soakStreams}}}
	w.gate.ready(t, 3)
	for _, model := range []string{w.model, w.fast} {
		eventually(t, soon, model+" answers", func() error {
			if h := w.gate.chat(t.Context(), "", model, 2); !h.done {
				return fmt.Errorf("%s", h)
			}
			return nil
		})
	}
	return w
}

// serveModel starts a miner before so many paced model servers, and returns how it is asked for.
func (w *soak) serveModel(t *testing.T, name string, servers int, rate float64) (*program, string) {
	t.Helper()
	home := filepath.Join(filepath.Dir(w.home), name)
	args := []string{"miner", "run", "--network", w.home, "--wallet-path", home, "--wallet", "me", "--home", home}
	for range servers {
		lis, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() {
			ended <- bench.ServePaced(ctx, bench.PacedConfig{Listener: lis, Rate: rate, Tokens: 4096, Slots: 256})
		}()
		t.Cleanup(func() {
			stop()
			require.NoError(t, <-ended)
		})
		args = append(args, "--openai-url", "http://"+lis.Addr().String()+",parallel=256")
	}
	p := w.launch(t, "soak-"+name, nil, args...)
	var status struct {
		UID *int `json:"uid"`
	}
	eventually(t, soon, "the miner is registered", func() error {
		if err := readJSON(filepath.Join(home, "status.json"), &status); err != nil {
			return err
		}
		if status.UID == nil {
			return fmt.Errorf("no uid yet")
		}
		return nil
	})
	return p, fmt.Sprintf("uid-%d", *status.UID)
}

// running counts the streams under way, as the gateway sees them.
func (w *soak) running(t *testing.T) int {
	t.Helper()
	var v struct {
		Neurons []struct {
			Running int `json:"running"`
		} `json:"neurons"`
	}
	require.NoError(t, get(w.gate.url+"/api/subnets/1/metagraph", 0, &v))
	sum := 0
	for _, n := range v.Neurons {
		sum += n.Running
	}
	return sum
}

// deaf lets many callers ask for long answers that come at once, and read none of them. Neither side may keep them for them.
func (w *soak) deaf(t *testing.T) {
	t.Helper()
	const callers, mostMiB = 200, 64
	before := &watched{name: "gateway", pid: w.gateway.cmd.Process.Pid}
	before.sample(t, 0)
	body := fmt.Sprintf(`{"model":%q,"stream":true,"max_tokens":4096,"messages":[{"role":"user","content":"all at once"}]}`, w.fast)
	for range callers {
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.gate.url, "http://"))
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4096))
		_, err = fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		require.NoError(t, err)
	}
	eventually(t, soon, "answers are stuck", func() error {
		if n := w.running(t); n < callers/2 {
			return fmt.Errorf("%d under way", n)
		}
		return nil
	})
	high := 0.0
	eventually(t, 3*time.Minute, "callers that do not read are given up", func() error {
		before.sample(t, 0)
		high = most(before.rss)
		if n := w.running(t); n > 0 {
			return fmt.Errorf("%d still under way", n)
		}
		return nil
	})
	t.Logf("%d callers that do not read: RSS %.1f MiB before, %.1f MiB at most", callers, before.rss[0]/(1<<20), high/(1<<20))
	assert.Less(t, high-before.rss[0], float64(mostMiB<<20))
}

func (l *load) losses() []heard {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// watched is a process and what it took at each sample.
type watched struct {
	name       string
	pid        int
	at         []time.Duration
	rss, files []float64 // bytes, descriptors
}

func (p *watched) String() string {
	n := len(p.at) - 1
	return fmt.Sprintf("%s %.1f MiB, %.0f descriptors", p.name, p.rss[n]/(1<<20), p.files[n])
}

func (p *watched) sample(t *testing.T, at time.Duration) {
	t.Helper()
	dir := filepath.Join("/proc", strconv.Itoa(p.pid))
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	require.NoErrorf(t, err, "the %s has ended", p.name)
	_, rest, ok := strings.Cut(string(status), "VmRSS:")
	require.True(t, ok)
	kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	require.NoError(t, err)
	files, err := os.ReadDir(filepath.Join(dir, "fd"))
	require.NoError(t, err)
	p.at, p.rss, p.files = append(p.at, at), append(p.rss, kib*1024), append(p.files, float64(len(files)))
}

// slope is the change per minute of the line closest to the samples after the warm-up.
func slope(at []time.Duration, y []float64, warm time.Duration) float64 {
	var n, sx, sy, sxx, sxy float64
	for i, d := range at {
		if d < warm {
			continue
		}
		x := d.Minutes()
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y[i], sxx+x*x, sxy+x*y[i]
	}
	if d := n*sxx - sx*sx; d > 0 {
		return (n*sxy - sx*sy) / d
	}
	return 0
}

func least(x []float64) float64 {
	out := x[0]
	for _, v := range x {
		out = min(out, v)
	}
	return out
}

func most(x []float64) float64 {
	out := x[0]
	for _, v := range x {
		out = max(out, v)
	}
	return out
}

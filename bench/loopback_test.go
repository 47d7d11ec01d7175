package bench_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/bench"
)

// asServer makes this very test binary the serving process, see TestMain; its value says how it serves.
const asServer = "BENCH_TEST_SERVER"

func TestMain(m *testing.M) {
	switch os.Getenv(asServer) {
	case "":
		os.Exit(m.Run())
	case "serve":
		if err := bench.ServeLoopback(context.Background(), bench.ServeConfig{Slots: 4, MaxInFlight: 64}, os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
	case "babble":
		_, _ = os.Stdout.WriteString("hello\n")
	case "dies":
		os.Exit(3)
	}
}

func loopback(tb testing.TB, how string) bench.LoopbackConfig {
	tb.Helper()
	file, err := os.Executable()
	require.NoError(tb, err)
	cmd := exec.CommandContext(tb.Context(), file)
	cmd.Env = append(os.Environ(), asServer+"="+how)
	cmd.Stderr = os.Stderr
	return bench.LoopbackConfig{
		Serve: cmd, Payloads: []int{0, 1024}, Concurrency: []int{1, 8}, Duration: 60 * time.Millisecond, Warmup: 5 * time.Millisecond, Slice: 20 * time.Millisecond,
	}
}

func TestLoopback(t *testing.T) {
	cfg := loopback(t, "serve")
	var seen []bench.LoopbackRun
	cfg.Observe = func(r bench.LoopbackRun) { seen = append(seen, r) }
	report, err := bench.Loopback(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, seen, report.Runs)
	require.Len(t, report.Runs, 4)
	for i, r := range report.Runs {
		require.Equal(t, cfg.Payloads[i/2], r.PayloadBytes)
		require.Equal(t, cfg.Concurrency[i%2], r.Concurrency)
		require.Zero(t, r.Errors, r.FirstError)
		require.Zero(t, r.BareErrors, r.FirstError)
		require.Positive(t, r.QueriesPerSecond)
		require.Positive(t, r.BareQueriesPerSecond)
		require.InEpsilon(t, r.QueriesPerSecond/r.BareQueriesPerSecond, r.Ratio, 1e-9)
		require.InDelta(t, r.QueriesPerSecond*float64(r.PayloadBytes)*16/1e6, r.MbitPerSecond, 1e-6)
		require.Positive(t, r.ClientCPU+r.ServerCPU)
		require.Positive(t, r.P50)
		require.GreaterOrEqual(t, r.P99, r.P50)
	}
	require.NotNil(t, cfg.Serve.ProcessState, "the other process was waited for")
	require.True(t, cfg.Serve.ProcessState.Success())
}

func TestLoopbackEndsWithItsContext(t *testing.T) {
	cfg := loopback(t, "serve")
	cfg.Duration = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	cfg.Slice = 10 * time.Millisecond
	time.AfterFunc(100*time.Millisecond, cancel)
	_, err := bench.Loopback(ctx, cfg)
	require.ErrorIs(t, err, context.Canceled)
	require.NotNil(t, cfg.Serve.ProcessState)
}

func TestLoopbackServerMisbehaves(t *testing.T) {
	for _, how := range []string{"babble", "dies"} {
		t.Run(how, func(t *testing.T) {
			cfg := loopback(t, how)
			_, err := bench.Loopback(t.Context(), cfg)
			require.ErrorIs(t, err, bench.ErrPeer)
			require.NotNil(t, cfg.Serve.ProcessState)
		})
	}
	t.Run("is not there", func(t *testing.T) {
		cfg := loopback(t, "serve")
		cfg.Serve = exec.CommandContext(t.Context(), "./no-such-program")
		_, err := bench.Loopback(t.Context(), cfg)
		require.ErrorIs(t, err, bench.ErrPeer)
	})
}

func TestLoopbackConfigErrorsNameTheField(t *testing.T) {
	for name, edit := range map[string]func(*bench.LoopbackConfig){
		"Serve is nil":         func(c *bench.LoopbackConfig) { c.Serve = nil },
		"0 payloads":           func(c *bench.LoopbackConfig) { c.Payloads = nil },
		"payload is -1":        func(c *bench.LoopbackConfig) { c.Payloads = []int{-1} },
		"concurrency is 5000":  func(c *bench.LoopbackConfig) { c.Concurrency = []int{5000} },
		"duration 0s":          func(c *bench.LoopbackConfig) { c.Duration = 0 },
		"slice -1ns":           func(c *bench.LoopbackConfig) { c.Slice = -1 },
		"warm-up -1ns not bel": func(c *bench.LoopbackConfig) { c.Warmup = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := loopback(t, "serve")
			edit(&cfg)
			_, err := bench.Loopback(t.Context(), cfg)
			require.ErrorIs(t, err, bench.ErrConfig)
			require.ErrorContains(t, err, name)
		})
	}
}

func TestServeLoopbackConfig(t *testing.T) {
	err := bench.ServeLoopback(t.Context(), bench.ServeConfig{}, nil, nil)
	require.ErrorIs(t, err, bench.ErrConfig)
}

package telemetry_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/telemetry"
)

func TestListenRefuses(t *testing.T) {
	registry := telemetry.Registry("miner", "test")
	for name, c := range map[string]struct {
		cfg  telemetry.Config
		is   error
		says string
	}{
		"no registry":              {telemetry.Config{Listen: "127.0.0.1:0"}, telemetry.ErrConfig, "Registry is nil"},
		"no port":                  {telemetry.Config{Listen: "127.0.0.1", Registry: registry}, telemetry.ErrConfig, "not HOST:PORT"},
		"no such address":          {telemetry.Config{Listen: "127.0.0.1:99999", Registry: registry}, telemetry.ErrConfig, "listen"},
		"profiles for all":         {telemetry.Config{Listen: "0.0.0.0:0", Registry: registry, Pprof: true}, telemetry.ErrExposed, "0.0.0.0:0"},
		"profiles at no host":      {telemetry.Config{Listen: ":0", Registry: registry, Pprof: true}, telemetry.ErrExposed, ":0"},
		"profiles for all by IPv6": {telemetry.Config{Listen: "[::]:0", Registry: registry, Pprof: true}, telemetry.ErrExposed, "[::]:0"},
		"profiles at a name":       {telemetry.Config{Listen: "example.org:0", Registry: registry, Pprof: true}, telemetry.ErrExposed, "example.org"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := telemetry.Listen(c.cfg)
			require.ErrorIs(t, err, c.is)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func serve(t *testing.T, cfg telemetry.Config) *telemetry.Server {
	t.Helper()
	cfg.Listen = "127.0.0.1:0"
	cfg.Registry = telemetry.Registry("miner", "test")
	s, err := telemetry.Listen(cfg)
	require.NoError(t, err)
	run(t, s.Run)
	return s
}

func get(t *testing.T, s *telemetry.Server, path, host string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr()+path, nil)
	require.NoError(t, err)
	req.Host = host
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(data)
}

func TestServe(t *testing.T) {
	s := serve(t, telemetry.Config{})
	status, body := get(t, s, "/metrics", "")
	require.Equal(t, 200, status)
	require.Contains(t, body, `gotensor_build_info{role="miner",version="test"} 1`)
	for _, path := range []string{"/", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline"} {
		status, _ := get(t, s, path, "")
		require.Equal(t, 404, status, "%s without being asked for", path)
	}
}

// Profiles are for who asks for this machine as such: a web page can make any name of its own lead here.
func TestProfiles(t *testing.T) {
	s := serve(t, telemetry.Config{Pprof: true})
	for _, host := range []string{"", "localhost", "localhost:80", "[::1]:9090", "127.0.0.1:1"} {
		status, body := get(t, s, "/debug/pprof/goroutine?debug=1", host)
		require.Equal(t, 200, status, "%s: %s", host, body)
		require.Contains(t, body, "goroutine profile")
	}
	for _, host := range []string{"evil.example", "evil.example:80", "localhost.evil.example", "192.0.2.1"} {
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile?seconds=1", "/debug/pprof/trace", "/debug/pprof/symbol", "/debug/pprof/cmdline"} {
			status, _ := get(t, s, path, host)
			require.Equal(t, 403, status, "%s as %s", path, host)
		}
		status, _ := get(t, s, "/metrics", host)
		require.Equal(t, 200, status, "a name of the machine is fine for numbers")
	}
	anywhere := serve(t, telemetry.Config{Pprof: true, PprofAnywhere: true})
	status, _ := get(t, anywhere, "/debug/pprof/goroutine?debug=1", "miner.example")
	require.Equal(t, 200, status)
}

// A profile under way does not keep a process from ending.
func TestProfileEndsWithTheProcess(t *testing.T) {
	s, err := telemetry.Listen(telemetry.Config{Listen: "127.0.0.1:0", Registry: telemetry.Registry("miner", "test"), Pprof: true})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr()+"/debug/pprof/trace?seconds=60", nil)
		if err != nil {
			return
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	}()
	get(t, s, "/metrics", "")
	cancel()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(20 * time.Second):
		require.Fail(t, "it still serves")
	}
	<-asked
}

func TestSinks(t *testing.T) {
	none := telemetry.Sinks{}
	require.NoError(t, none.Add(telemetry.Axon(func() axon.Stats { return axon.Stats{} })))
	require.Nil(t, none.Traces.Provider())
	require.Nil(t, none.Traces.Server(), "nothing is handed to gRPC, not even a handler that does nothing")
	require.Nil(t, none.Traces.Client())
	none.Traces.Close()
	twice := telemetry.Sinks{Metrics: prometheus.NewRegistry()}
	require.NoError(t, twice.Add(telemetry.Axon(func() axon.Stats { return axon.Stats{} })))
	require.ErrorIs(t, twice.Add(telemetry.Axon(func() axon.Stats { return axon.Stats{} })), telemetry.ErrConfig)
}

func TestStartTraces(t *testing.T) {
	env := func(m map[string]string) func(string) string { return func(k string) string { return m[k] } }
	const at = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for name, c := range map[string]struct {
		env  map[string]string
		on   bool
		says string
	}{
		"nothing set":      {map[string]string{}, false, ""},
		"a collector":      {map[string]string{at: "http://127.0.0.1:1"}, true, ""},
		"for traces":       {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1"}, true, ""},
		"turned off":       {map[string]string{at: "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}, false, ""},
		"share":            {map[string]string{at: "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER_ARG": "0.5"}, true, ""},
		"no share":         {map[string]string{at: "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER_ARG": "2"}, false, `OTEL_TRACES_SAMPLER_ARG is "2", want a share of 0 to 1`},
		"NaN":              {map[string]string{at: "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER_ARG": "NaN"}, false, "want a share"},
		"another protocol": {map[string]string{at: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, `OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"`},
	} {
		t.Run(name, func(t *testing.T) {
			tr, err := telemetry.StartTraces(t.Context(), telemetry.TracesConfig{Role: "miner", Getenv: env(c.env)})
			if c.says != "" {
				require.ErrorIs(t, err, telemetry.ErrConfig)
				require.ErrorContains(t, err, c.says)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.on, tr != nil)
			tr.Close()
		})
	}
}

package axon_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor/axon"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

const predictPath = textv1.Text_Predict_FullMethodName

// httpCall is one HTTP request of a test; zero fields are those of a good anonymous call.
type httpCall struct {
	method, path, kind, timeout string
	proof                       []byte
	body                        []byte
	header                      string // sent instead of the proof
}

func httpClient(t *testing.T) *http.Client {
	t.Helper()
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // pinning is not what is tested
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func (c httpCall) do(t *testing.T, n *neuron) (int, http.Header, []byte) {
	t.Helper()
	url := "https://" + n.target.Addr.String() + or(c.path, predictPath)
	req, err := http.NewRequestWithContext(t.Context(), or(c.method, http.MethodPost), url, bytes.NewReader(c.body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", or(c.kind, "application/json"))
	if c.timeout != "" {
		req.Header.Set("Connect-Timeout-Ms", c.timeout)
	}
	if c.proof != nil {
		c.header = base64.StdEncoding.EncodeToString(c.proof)
	}
	if c.header != "" {
		req.Header.Set(synapse.HTTPHeader, c.header)
	}
	res, err := httpClient(t).Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, res.Header, out
}

func TestJSON(t *testing.T) {
	n := start(t, &textServer{}, nil)
	body := []byte(`{"contexts":["b25l"],"kMax":4}`)
	proof, err := synapse.ProveRequest(n.key, chainID, stamp(n, time.Now(), 1), predictPath, body)
	require.NoError(t, err)
	code, header, out := httpCall{body: body, proof: proof}.do(t, n)
	require.Equal(t, http.StatusOK, code, "%s", out)
	require.Equal(t, "application/json", header.Get("Content-Type"))
	var res textv1.PredictResponse
	require.NoError(t, protojson.Unmarshal(out, &res))
	require.Len(t, res.GetPredictions(), 1)
	require.InDelta(t, 0.75, res.GetPredictions()[0].GetFloor(), 0)
}

func TestBinaryOverHTTP(t *testing.T) {
	n := start(t, &textServer{}, func(c *axon.Config) { c.AllowAnonymous = true })
	body, err := proto.Marshal(&textv1.PredictRequest{Contexts: [][]byte{[]byte("x"), []byte("y")}})
	require.NoError(t, err)
	code, header, out := httpCall{kind: "application/proto", body: body}.do(t, n)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "application/proto", header.Get("Content-Type"))
	var res textv1.PredictResponse
	require.NoError(t, proto.Unmarshal(out, &res))
	require.Len(t, res.GetPredictions(), 2)
}

func TestJSONRefusals(t *testing.T) {
	body := []byte(`{}`)
	prove := func(n *neuron, edit func(*synapse.Stamp), method string) []byte {
		st := stamp(n, time.Now(), 1)
		if edit != nil {
			edit(&st)
		}
		b, err := synapse.ProveRequest(n.key, chainID, st, method, body)
		require.NoError(t, err)
		return b
	}
	for name, tc := range map[string]struct {
		edit func(*axon.Config)
		call func(n *neuron) httpCall
		code int
		text string
	}{
		"absent":     {nil, func(*neuron) httpCall { return httpCall{body: body} }, 401, "PROOF_ABSENT"},
		"not base64": {nil, func(*neuron) httpCall { return httpCall{body: body, header: "%%"} }, 401, "PROOF_MALFORMED"},
		"wrong key": {nil, func(n *neuron) httpCall {
			b := prove(n, nil, predictPath)
			b[len(b)-1] ^= 1
			return httpCall{body: body, proof: b}
		}, 401, "PROOF_SIGNATURE"},
		"wrong target": {nil, func(n *neuron) httpCall {
			return httpCall{body: body, proof: prove(n, func(st *synapse.Stamp) { st.SPKI[3]++ }, predictPath)}
		}, 401, "PROOF_SIGNATURE"},
		"wrong method": {nil, func(n *neuron) httpCall {
			return httpCall{body: body, proof: prove(n, nil, "/gotensor.axon.v1.Axon/Info")}
		}, 401, "PROOF_SIGNATURE"},
		"wrong body": {nil, func(n *neuron) httpCall {
			return httpCall{body: []byte(`{"kMax":1}`), proof: prove(n, nil, predictPath)}
		}, 401, "PROOF_SIGNATURE"},
		"old": {nil, func(n *neuron) httpCall {
			return httpCall{body: body, proof: prove(n, func(st *synapse.Stamp) { st.Time = st.Time.Add(-time.Minute) }, predictPath)}
		}, 401, "PROOF_EXPIRED"},
		"of a connection": {nil, func(n *neuron) httpCall {
			b, err := synapse.ProveFresh(n.key, chainID, stamp(n, time.Now(), 1))
			require.NoError(t, err)
			return httpCall{body: body, proof: b}
		}, 401, "PROOF_MALFORMED"},
		"not permitted": {func(c *axon.Config) { c.Callers = &registry{} }, func(n *neuron) httpCall {
			return httpCall{body: body, proof: prove(n, nil, predictPath)}
		}, 403, "NOT_PERMITTED"},
		"GET":            {anonymous, func(*neuron) httpCall { return httpCall{method: http.MethodGet} }, 404, "POST"},
		"no such method": {anonymous, func(*neuron) httpCall { return httpCall{path: "/x"} }, 404, "unimplemented"},
		"content type":   {anonymous, func(*neuron) httpCall { return httpCall{kind: "text/plain"} }, 400, "application/json"},
		"timeout":        {anonymous, func(*neuron) httpCall { return httpCall{timeout: "soon"} }, 400, "Connect-Timeout-Ms"},
		"not JSON":       {anonymous, func(*neuron) httpCall { return httpCall{body: []byte(`{`)} }, 400, "gotensor.text.v1.PredictRequest"},
		"unknown field":  {anonymous, func(*neuron) httpCall { return httpCall{body: []byte(`{"prompt":1}`)} }, 400, "prompt"},
		"announced size": {anonymous, func(*neuron) httpCall { return httpCall{body: make([]byte, 5<<20)} }, 413, "TOO_LARGE"},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, &textServer{}, tc.edit)
			code, header, out := tc.call(n).do(t, n)
			require.Equal(t, tc.code, code, "%s", out)
			require.Contains(t, string(out), tc.text)
			require.Equal(t, "*", header.Get("Access-Control-Allow-Origin"))
			require.True(t, json.Valid(out))
			require.Zero(t, n.server.Stats().Served)
		})
	}
}

func anonymous(c *axon.Config) { c.AllowAnonymous = true }

func TestJSONReplay(t *testing.T) {
	n := start(t, &textServer{}, nil)
	proof, err := synapse.ProveRequest(n.key, chainID, stamp(n, time.Now(), 1), predictPath, []byte(`{}`))
	require.NoError(t, err)
	code, _, out := httpCall{body: []byte(`{}`), proof: proof}.do(t, n)
	require.Equal(t, http.StatusOK, code, "%s", out)
	code, _, out = httpCall{body: []byte(`{}`), proof: proof}.do(t, n)
	require.Equal(t, http.StatusUnauthorized, code)
	require.Contains(t, string(out), "PROOF_REPLAYED")
}

func TestJSONDeadline(t *testing.T) {
	n := start(t, &textServer{before: func(ctx context.Context, _ *textv1.PredictRequest) error {
		<-ctx.Done()
		return ctx.Err()
	}}, anonymous)
	code, _, out := httpCall{body: []byte(`{}`), timeout: "50"}.do(t, n)
	require.Equal(t, http.StatusGatewayTimeout, code)
	require.Contains(t, string(out), "DEADLINE")
}

func TestJSONOverload(t *testing.T) {
	entered, leave := make(chan struct{}, 4), make(chan struct{})
	n := start(t, &textServer{before: func(context.Context, *textv1.PredictRequest) error {
		entered <- struct{}{}
		<-leave
		return nil
	}}, func(c *axon.Config) { c.AllowAnonymous, c.Slots, c.MaxQueued = true, 1, 1 })
	results := make(chan int, 2)
	client := httpClient(t)
	for range 2 {
		go func() {
			res, err := client.Post("https://"+n.target.Addr.String()+predictPath, "application/json", strings.NewReader(`{}`))
			if err != nil {
				results <- 0
				return
			}
			_ = res.Body.Close()
			results <- res.StatusCode
		}()
	}
	<-entered
	eventually(t, "second waits", func() bool { return n.server.Stats().Queued == 1 })
	code, header, out := httpCall{body: []byte(`{}`)}.do(t, n)
	require.Equal(t, http.StatusTooManyRequests, code)
	require.Contains(t, string(out), "retryAfterMs")
	require.Equal(t, "1", header.Get("Retry-After"))
	close(leave)
	require.Equal(t, http.StatusOK, <-results)
	require.Equal(t, http.StatusOK, <-results)
}

func TestPreflight(t *testing.T) {
	n := start(t, &textServer{}, nil)
	code, header, _ := httpCall{method: http.MethodOptions}.do(t, n)
	require.Equal(t, http.StatusNoContent, code)
	require.Contains(t, header.Get("Access-Control-Allow-Headers"), synapse.HTTPHeader)
}

// rawHTTP opens a TLS connection as curl does and writes text to it.
func rawHTTP(t *testing.T, n *neuron, text string) net.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", n.target.Addr.String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}}) //nolint:gosec // as above
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.Equal(t, "http/1.1", c.ConnectionState().NegotiatedProtocol)
	_, err = io.WriteString(c, text)
	require.NoError(t, err)
	return c
}

func TestDrippingHTTPBody(t *testing.T) {
	n := start(t, &textServer{}, func(c *axon.Config) { c.AllowAnonymous, c.BodyTimeout = true, 50*time.Millisecond })
	c := rawHTTP(t, n, "POST "+predictPath+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
	out, err := io.ReadAll(c) // the server answers and closes
	require.NoError(t, err)
	require.Contains(t, string(out), "504")
	require.Contains(t, string(out), "SLOW_BODY")
}

func TestSlowHTTPReaderIsCut(t *testing.T) {
	n := start(t, &textServer{pad: 1 << 20}, func(c *axon.Config) {
		c.AllowAnonymous, c.Slots, c.WriteTimeout = true, 1, 100*time.Millisecond
	})
	body := `{"contexts":[` + strings.Repeat(`"eA==",`, 31) + `"eA=="]}` // 32 MB and more of answer: no socket buffers that
	rawHTTP(t, n, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", predictPath, len(body), body))
	eventually(t, "answer computed", func() bool { return n.server.Stats().Served == 1 })
	_, err := n.predict(t.Context())
	require.NoError(t, err, "the slot is free although the answer is not taken")
	eventually(t, "connection cut", func() bool { return n.server.Stats().Conns == 1 })
}

func TestRefusedUploadIsNotRead(t *testing.T) {
	n := start(t, &textServer{}, nil)
	c := rawHTTP(t, n, "POST "+predictPath+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 3000000\r\nExpect: 100-continue\r\n\r\n")
	out, err := io.ReadAll(c)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(out), "HTTP/1.1 401 "), "no 100 Continue: %s", out)
	require.Less(t, n.server.Stats().BytesRead, uint64(8<<10))
}

func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	n := start(t, &textServer{}, nil)
	body := `{"contexts":["b25l"]}`
	pin := "sha256//" + base64.StdEncoding.EncodeToString(n.target.Pin[:])
	for i, flags := range [][]string{{"--http1.1"}, {"--http2"}, {}} {
		proof, err := synapse.ProveRequest(n.key, chainID, stamp(n, time.Now(), byte(i)), predictPath, []byte(body))
		require.NoError(t, err)
		args := append([]string{
			"-sS", "-k", "--noproxy", "*", "--max-time", "20", "--pinnedpubkey", pin, "-H", "Content-Type: application/json",
			"-H", synapse.HTTPHeader + ": " + base64.StdEncoding.EncodeToString(proof), "-d", body,
			"https://" + n.target.Addr.String() + predictPath,
		}, flags...)
		out, err := exec.CommandContext(t.Context(), curl, args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		var res textv1.PredictResponse
		require.NoError(t, protojson.Unmarshal(out, &res), "%s", out)
		require.Len(t, res.GetPredictions(), 1)
	}
	wrong := "sha256//" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	out, err := exec.CommandContext(t.Context(), curl, "-sS", "-k", "--noproxy", "*", "--pinnedpubkey", wrong, "https://"+n.target.Addr.String()).CombinedOutput()
	require.Error(t, err, "%s", out)
}

// TestPython calls with Python's grpcio, as test/python/predict.py does it. GOTENSOR_PYTHON names an interpreter that has
// grpcio and grpcio-tools.
func TestPython(t *testing.T) {
	python := os.Getenv("GOTENSOR_PYTHON")
	if python == "" {
		t.Skip("GOTENSOR_PYTHON is not set")
	}
	n := start(t, &textServer{}, nil)
	run := func(pin []byte, extra ...string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		args := append([]string{
			"../test/python/predict.py", "--address", n.target.Addr.String(), "--pin", hex.EncodeToString(pin), "--chain-id", chainID, "one", "two",
		}, extra...)
		cmd := exec.CommandContext(ctx, python, args...)
		cmd.Env = append(os.Environ(), "GOTENSOR_HOTKEY="+hex.EncodeToString(n.key.Bytes()), "no_proxy=*")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run(n.target.Pin[:])
	require.NoError(t, err, out)
	require.Equal(t, 2, strings.Count(out, "floor=0.75"), out)
	require.Equal(t, uint64(1), n.server.Stats().Proofs)

	out, err = run(make([]byte, 32))
	require.Error(t, err, out)
	require.Contains(t, out, "pin")

	out, err = run(n.target.Pin[:], "--no-proof")
	require.Error(t, err, out)
	require.Contains(t, out, "UNAUTHENTICATED")
	require.Contains(t, out, "no proof")
}

package axon_test

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/gotensor/gotensor/axon"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
	"google.golang.org/protobuf/proto"
)

// rawGRPC is a caller that speaks HTTP/2 frame by frame, with a proven key.
type rawGRPC struct {
	*http2.Framer
	conn   *tls.Conn
	proof  string
	stream uint32
}

func newRawGRPC(t *testing.T, n *neuron, settings ...http2.Setting) *rawGRPC {
	t.Helper()
	c := tls.Client(dialTCP(t, n), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) //nolint:gosec // pinning is not what is tested
	require.NoError(t, c.Handshake())
	state := c.ConnectionState()
	exporter, err := state.ExportKeyingMaterial(synapse.ExporterLabel, nil, 32)
	require.NoError(t, err)
	proof, err := synapse.ProveBound(n.key, chainID, [32]byte(exporter))
	require.NoError(t, err)
	_, err = c.Write([]byte(http2.ClientPreface))
	require.NoError(t, err)
	r := &rawGRPC{Framer: http2.NewFramer(c, c), conn: c, proof: base64.StdEncoding.EncodeToString(proof), stream: 1}
	require.NoError(t, r.WriteSettings(settings...))
	t.Cleanup(func() { _ = c.Close() })
	return r
}

// call begins a call and returns its stream.
func (r *rawGRPC) call(t *testing.T, contexts int) (uint32, error) {
	t.Helper()
	return r.begin(t, predictPath, contexts)
}

func (r *rawGRPC) begin(t *testing.T, path string, contexts int) (uint32, error) {
	t.Helper()
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, f := range [][2]string{
		{":method", "POST"},
		{":scheme", "https"},
		{":path", path},
		{":authority", "x"},
		{"content-type", "application/grpc"},
		{"te", "trailers"},
		{synapse.MetadataKey, r.proof},
	} {
		require.NoError(t, enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}))
	}
	id := r.stream
	r.stream += 2
	if err := r.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndHeaders: true}); err != nil {
		return id, err
	}
	body, err := proto.Marshal(&textv1.PredictRequest{Contexts: make([][]byte, contexts), KMax: 1})
	require.NoError(t, err)
	return id, r.WriteData(id, true, append([]byte{0, 0, 0, byte(len(body) >> 8), byte(len(body))}, body...))
}

func TestAnswersThatNobodyTakes(t *testing.T) {
	for name, pad := range map[string]int{"large": 1 << 20, "small": 1 << 13} {
		t.Run(name, func(t *testing.T) { testAnswersThatNobodyTakes(t, pad) })
	}
}

func testAnswersThatNobodyTakes(t *testing.T, pad int) {
	t.Helper()
	n := start(t, &textServer{pad: pad}, func(c *axon.Config) { c.MaxDeadline, c.MaxPerCaller = 2*time.Second, 300 })
	r := newRawGRPC(t, n, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, r.conn)
		close(ended)
	}()
	for range 20 {
		_, err := r.call(t, 1)
		require.NoError(t, err)
	}
	eventually(t, "all calls are answered", func() bool { return n.server.Stats().Served == 20 })
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the connection holds answers that nobody takes")
	}
}

func TestLargeAnswersThatAreTakenEndNothing(t *testing.T) {
	const limit = time.Second
	n := start(t, &textServer{pad: 1 << 20}, func(c *axon.Config) { c.MaxDeadline = limit })
	for began := time.Now(); time.Since(began) < 2*limit; {
		_, err := n.predict(t.Context(), "x")
		require.NoError(t, err)
	}
	require.Equal(t, uint64(1), n.server.Stats().Accepted)
}

func TestRapidReset(t *testing.T) {
	n := start(t, &textServer{}, func(c *axon.Config) { c.Slots = 1 })
	before := runtime.NumGoroutine()
	r := newRawGRPC(t, n)
	go func() { _, _ = io.Copy(io.Discard, r.conn) }()
	for range 5000 {
		id, err := r.call(t, 1)
		if err != nil {
			break // the neuron has had enough
		}
		if r.WriteRSTStream(id, http2.ErrCodeCancel) != nil {
			break
		}
	}
	_, err := n.predict(t.Context(), "x")
	require.NoError(t, err, "an honest caller is served")
	require.NoError(t, r.conn.Close())
	eventually(t, "nothing is left of the calls", func() bool {
		st := n.server.Stats()
		return st.Queued == 0 && st.Running == 0 && runtime.NumGoroutine() < before+50
	})
}

func TestHeaderBombs(t *testing.T) {
	for name, bomb := range map[string]func(r *rawGRPC) error{
		"endless continuation": func(r *rawGRPC) error {
			var block bytes.Buffer
			enc := hpack.NewEncoder(&block)
			if err := r.WriteHeaders(http2.HeadersFrameParam{StreamID: 1}); err != nil {
				return err
			}
			for i := range 1 << 16 {
				block.Reset()
				_ = enc.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("y", 1000) + strconv.Itoa(i)})
				if err := r.WriteContinuation(1, false, block.Bytes()); err != nil {
					return err
				}
			}
			return nil
		},
		"one indexed header a thousand times": func(r *rawGRPC) error {
			var block bytes.Buffer
			enc := hpack.NewEncoder(&block)
			for range 10_000 { // 10 KB that stand for 40 MB
				_ = enc.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("y", 4000)})
			}
			for id := uint32(1); id < 2000; id += 2 {
				if err := r.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndHeaders: true}); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, &textServer{}, nil)
			r := newRawGRPC(t, n)
			go func() { _, _ = io.Copy(io.Discard, r.conn) }()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			t.Log("ended by", bomb(r))
			_, err := n.predict(t.Context(), "x")
			require.NoError(t, err)
			runtime.ReadMemStats(&after)
			require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(64<<20))
		})
	}
}

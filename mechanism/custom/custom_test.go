package custom_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/custom"
	"github.com/gotensor/gotensor/metagraph"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	customv1 "github.com/gotensor/gotensor/proto/gotensor/custom/v1"
	"github.com/gotensor/gotensor/synapse"
)

const chainID = "gotensor-test"

// doubling is a schema with one operation that answers at once and one that streams.
const doubling = `{"name":"doubling","model":"twice","operations":[
 {"name":"double","description":"Doubles.","input":{"type":"object","properties":{"x":{"type":"number"}},"required":["x"]},
  "output":{"type":"object","properties":{"y":{"type":"number"}},"required":["y"]}},
 {"name":"count","stream":true,"input":{"type":"integer"},"output":{"type":"integer"}}]}`

// plugin serves fixed handlers beside a schema.
func plugin(t *testing.T, schema string, handlers map[string]http.HandlerFunc) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /schema", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, schema) })
	for path, h := range handlers {
		mux.HandleFunc("POST "+path, h)
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// says answers every request with the same body.
func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

// times multiplies by a factor; 2 is right.
func times(factor float64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct{ X float64 }
		_ = json.NewDecoder(r.Body).Decode(&in)
		_ = json.NewEncoder(w).Encode(map[string]float64{"y": factor * in.X})
	}
}

func serve(t *testing.T, url string) *custom.Server {
	t.Helper()
	s, err := custom.NewServer(t.Context(), custom.ServerConfig{
		URL: url, Settings: custom.DefaultSettings(), StartTimeout: 5 * time.Second, CallTimeout: 500 * time.Millisecond, PieceTimeout: 300 * time.Millisecond,
	})
	require.NoError(t, err)
	return s
}

// running puts a server on a real axon and returns the neuron as the chain would list it.
func running(t *testing.T, uid gotensor.UID, s mechanism.Server) metagraph.Neuron {
	t.Helper()
	key, err := keys.GenerateKey()
	require.NoError(t, err)
	cert, err := synapse.LoadOrCreateCertificate(filepath.Join(t.TempDir(), "axon.pem"), time.Now())
	require.NoError(t, err)
	pin, err := synapse.SPKIHash(&cert)
	require.NoError(t, err)
	about := s.Describe()
	a, err := axon.New(axon.Config{
		ChainID: chainID, Certificate: cert, Callers: everybody{}, Policy: axon.PolicyProven, MaxMessageBytes: about.MaxRequest,
		Info: &axonv1.InfoResponse{Hotkey: keys.Account(key.Address()), Netuid: 2, Model: about.Model, Schema: about.Schema, Capabilities: about.Capabilities},
	})
	require.NoError(t, err)
	a.Register(s.Service())
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(ctx, lis) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	return metagraph.Neuron{
		UID: uid, Hotkey: key.Address(), Registered: 10,
		Endpoint: metagraph.Endpoint{Addr: netip.MustParseAddrPort(lis.Addr().String()), Pin: pin},
	}
}

type everybody struct{}

func (everybody) Lookup(gotensor.Address) (axon.Caller, bool) { return axon.Caller{}, false }

// asker calls through real connections.
type asker struct{ client *dendrite.Client }

func (a asker) To(n metagraph.Neuron) grpc.ClientConnInterface {
	return a.client.To(dendrite.Target{Addr: n.Endpoint.Addr, Pin: n.Endpoint.Pin, Hotkey: n.Hotkey})
}

func newAsker(t *testing.T) asker {
	t.Helper()
	key, err := keys.GenerateKey()
	require.NoError(t, err)
	c, err := dendrite.New(dendrite.Config{ChainID: chainID, Signer: key})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return asker{c}
}

func TestServerOverRealConnections(t *testing.T) {
	gone := make(chan struct{})
	p := plugin(t, doubling, map[string]http.HandlerFunc{
		"/call/double": func(w http.ResponseWriter, r *http.Request) {
			var in struct{ X float64 }
			_ = json.NewDecoder(r.Body).Decode(&in)
			switch in.X {
			case 1:
				http.Error(w, "stack trace with /home/me/secret", http.StatusInternalServerError)
			case 2:
				w.WriteHeader(http.StatusUnprocessableEntity)
				_, _ = io.WriteString(w, `{"error":"2 is not my number"}`)
			case 3:
				_, _ = io.WriteString(w, `{"z":1}`)
			case 4:
				<-r.Context().Done() // hangs until the server gives up
				close(gone)
			case 5:
				_, _ = w.Write(append(make([]byte, 300<<10), '1'))
			default:
				times(2)(w, &http.Request{Body: io.NopCloser(jsonOf(in))})
			}
		},
		"/call/count": func(w http.ResponseWriter, r *http.Request) {
			var n int
			_ = json.NewDecoder(r.Body).Decode(&n)
			for i := range n {
				fmt.Fprintln(w, i)
				_ = http.NewResponseController(w).Flush()
			}
			if n == 3 {
				<-r.Context().Done()
			}
		},
	})
	n := running(t, 0, serve(t, p.URL))
	client := customv1.NewCustomClient(newAsker(t).To(n))
	for _, c := range []struct {
		name, op, in, out string
		code              codes.Code
		words             string
	}{
		{"an answer", "double", `{"x":21}`, `{"y":42}`, codes.OK, ""},
		{"no such operation", "triple", `1`, "", codes.NotFound, "triple"},
		{"input of another form", "double", `{"x":"much"}`, "", codes.InvalidArgument, "/x: got string, want number"},
		{"input is no JSON", "double", `{"x":NaN}`, "", codes.InvalidArgument, "no JSON"},
		{"numbers that take long", "double", `{"x":1e999999}`, "", codes.InvalidArgument, "too large"},
		{"the plug-in's own words", "double", `{"x":2}`, "", codes.InvalidArgument, "2 is not my number"},
		{"the plug-in's inside stays inside", "double", `{"x":1}`, "", codes.Unavailable, "the plug-in behind this neuron does not answer"},
		{"an output of another form", "double", `{"x":3}`, "", codes.Unavailable, "does not answer"},
		{"it hangs", "double", `{"x":4}`, "", codes.Unavailable, "gave nothing for 500ms"},
		{"an output too large", "double", `{"x":5}`, "", codes.Unavailable, "does not answer"},
		{"a stream asked at once", "count", `2`, "", codes.InvalidArgument, "call it by Stream"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := client.Call(t.Context(), &customv1.CallRequest{Operation: c.op, Json: []byte(c.in)})
			require.Equal(t, c.code, status.Code(err), "%v", err)
			if c.code != codes.OK {
				require.Contains(t, err.Error(), c.words)
				require.NotContains(t, err.Error(), "secret")
				return
			}
			require.JSONEq(t, c.out, string(got.GetJson()))
		})
	}
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		require.Fail(t, "the plug-in's work went on")
	}
	pieces, err := collect(t, client, "count", "2")
	require.NoError(t, err)
	require.Equal(t, []string{"0", "1"}, pieces)
	pieces, err = collect(t, client, "count", "3")
	require.Equal(t, codes.Unavailable, status.Code(err), "it hangs between two pieces")
	require.Len(t, pieces, 3)
	pieces, err = collect(t, client, "double", `{"x":1.5}`)
	require.NoError(t, err)
	require.Equal(t, []string{"{\"y\":3}\n"}, pieces)
}

func jsonOf(v struct{ X float64 }) io.Reader {
	r, w := io.Pipe()
	go func() { _ = w.CloseWithError(json.NewEncoder(w).Encode(v)) }()
	return r
}

func collect(t *testing.T, c customv1.CustomClient, op, in string) (out []string, err error) {
	t.Helper()
	s, err := c.Stream(t.Context(), &customv1.CallRequest{Operation: op, Json: []byte(in)})
	require.NoError(t, err)
	for {
		m, err := s.Recv()
		if err == io.EOF { //nolint:errorlint // as gRPC has it
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, string(m.GetJson()))
	}
}

func TestServerWaitsForThePlugin(t *testing.T) {
	var mu sync.Mutex
	tries := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if tries++; tries < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, doubling)
	}))
	t.Cleanup(s.Close)
	d := serve(t, s.URL).Describe()
	require.Equal(t, []string{"count", "double"}, d.Capabilities)
	require.Equal(t, "twice", d.Model)

	cfg := custom.ServerConfig{URL: s.URL, Settings: custom.DefaultSettings(), StartTimeout: time.Millisecond}
	for url, want := range map[string]error{"http://127.0.0.1:1": custom.ErrPlugin, "file:///x": custom.ErrConfig, plugin(t, `{"name":"x"}`, nil).URL: custom.ErrSchema} {
		cfg.URL = url
		if want == custom.ErrSchema { //nolint:errorlint // it is one of three
			cfg.StartTimeout = 5 * time.Second
		} else {
			cfg.StartTimeout = 50 * time.Millisecond
		}
		_, err := custom.NewServer(t.Context(), cfg)
		require.ErrorIs(t, err, want, url)
	}
}

// arena is a validator's plug-in for doubling, with what a test changes.
type arena struct {
	mu     sync.Mutex
	score  string // body of the next answers to /score; "": by correctness
	round  string
	ids    map[string]bool
	asked  int
	errors map[string]int
	period uint64
	beacon string
}

func (a *arena) serve(t *testing.T) string {
	t.Helper()
	a.ids, a.errors = map[string]bool{}, map[string]int{}
	return plugin(t, doubling, map[string]http.HandlerFunc{"/round": a.onRound, "/score": a.onScore}).URL
}

func (a *arena) onRound(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var in struct {
		Miners []struct{ ID string }
		Period uint64
		Beacon string
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	a.period, a.beacon = in.Period, in.Beacon
	for _, m := range in.Miners {
		a.ids[m.ID] = true
	}
	if a.asked++; a.round != "" {
		_, _ = io.WriteString(w, a.round)
		return
	}
	_, _ = io.WriteString(w, `{"requests":[{"operation":"double","input":{"x":3}},{"operation":"double","input":{"x":7}}],"secret":[6,14]}`)
}

func (a *arena) onScore(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.score != "" {
		_, _ = io.WriteString(w, a.score)
		return
	}
	var in struct {
		Secret  []float64
		Answers []struct {
			ID      string
			Replies []struct {
				Output *struct{ Y float64 }
				Error  string
			}
		}
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	scores := map[string]float64{}
	for _, m := range in.Answers {
		for i, reply := range m.Replies {
			a.errors[reply.Error]++
			if reply.Output != nil {
				scores[m.ID] += math.Max(0, 1-math.Abs(reply.Output.Y-in.Secret[i])/in.Secret[i])
			}
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"scores": scores, "notes": map[string]int{"n": len(scores)}})
}

func newJudge(t *testing.T, url string, state []byte) *custom.Judge {
	t.Helper()
	s := custom.DefaultSettings()
	s.DeadlineMs = 5000
	j, err := custom.NewJudge(custom.JudgeConfig{URL: url, Settings: s, Rand: rand.New(rand.NewPCG(1, 2)), State: state})
	require.NoError(t, err)
	return j
}

func graph(t *testing.T, neurons ...metagraph.Neuron) *metagraph.Metagraph {
	t.Helper()
	m, err := metagraph.New(metagraph.Info{NetUID: 2}, neurons)
	require.NoError(t, err)
	return m
}

func TestJudge(t *testing.T) {
	var neurons []metagraph.Neuron
	for uid, factor := range []float64{2, 1.5, 0} {
		p := plugin(t, doubling, map[string]http.HandlerFunc{"/call/double": times(factor)})
		neurons = append(neurons, running(t, gotensor.UID(uid), serve(t, p.URL)))
	}
	liar := plugin(t, `{"name":"x","operations":[{"name":"double"}]}`, map[string]http.HandlerFunc{"/call/double": says(`"to make your plug-in stumble"`)})
	neurons = append(neurons, running(t, 3, serve(t, liar.URL)))
	a := &arena{}
	j := newJudge(t, a.serve(t), nil)
	ask := newAsker(t)
	_, err := j.Weights(graph(t, neurons...))
	require.ErrorIs(t, err, mechanism.ErrNoWeights)
	for range 3 {
		require.NoError(t, j.Round(t.Context(), ask, mechanism.Period{}, neurons))
	}
	require.Equal(t, 3, j.Rounds())
	require.Len(t, a.ids, 4, "ids stay the same")
	require.Equal(t, 6, a.errors["bad_output"], "%v", a.errors)
	for id := range a.ids {
		require.NotContains(t, id, keys.Account(neurons[0].Hotkey))
	}
	row, err := j.Weights(graph(t, neurons...))
	require.NoError(t, err)
	require.Equal(t, []uint16{65535, 49151, 0, 0}, row.Weights, "in proportion to the mean score: 1, 3/4, 0 and a liar's")

	t.Run("state survives", func(t *testing.T) {
		state, err := j.Encode()
		require.NoError(t, err)
		again := newJudge(t, a.serve(t), state)
		same, err := again.Weights(graph(t, neurons...))
		require.NoError(t, err)
		require.Equal(t, row, same)
		require.Empty(t, a.beacon, "not known")
		require.NoError(t, again.Round(t.Context(), ask, mechanism.Period{Number: 7, Beacon: [32]byte{0xab}}, neurons))
		require.Len(t, a.ids, 4)
		require.EqualValues(t, 7, a.period)
		require.Equal(t, "ab"+strings.Repeat("00", 31), a.beacon)
	})
	t.Run("a round that does not count changes nothing", func(t *testing.T) {
		before, err := j.Encode()
		require.NoError(t, err)
		for name, c := range map[string]struct{ round, score, words string }{
			"NaN":              {score: `{"scores":{"deadbeef":NaN}}`, words: "scores.deadbeef"},
			"negative":         {score: fmt.Sprintf(`{"scores":{%q:-1}}`, anyOf(a.ids)), words: `"] is -1, want a number from 0`},
			"huge":             {score: fmt.Sprintf(`{"scores":{%q:1e999}}`, anyOf(a.ids)), words: "is 1e999"},
			"unknown id":       {score: `{"scores":{"deadbeef":1}}`, words: `scores["deadbeef"]: nobody`},
			"no scores":        {score: `{}`, words: "scores is missing"},
			"no requests":      {round: `{"requests":[]}`, words: "requests: 0 of them"},
			"another input":    {round: `{"requests":[{"operation":"double","input":1}]}`, words: "requests[0].input"},
			"another question": {round: `{"requests":[{"operation":"halve","input":1}]}`, words: "requests[0].operation"},
		} {
			a.mu.Lock()
			a.round, a.score = c.round, c.score
			a.mu.Unlock()
			err := j.Round(t.Context(), ask, mechanism.Period{}, neurons)
			require.ErrorIs(t, err, custom.ErrPlugin, name)
			require.ErrorContains(t, err, c.words, name)
		}
		a.round, a.score = "", ""
		after, err := j.Encode()
		require.NoError(t, err)
		require.JSONEq(t, string(before), string(after))
	})
	t.Run("silence decays and a new neuron starts anew", func(t *testing.T) {
		for range 10 {
			require.NoError(t, j.Round(t.Context(), ask, mechanism.Period{}, neurons[1:]))
		}
		row, err := j.Weights(graph(t, neurons...))
		require.NoError(t, err)
		require.Zero(t, row.Weights[0], "muted")
		successor := neurons[1]
		successor.Registered++
		_, err = j.Weights(graph(t, neurons[0], successor, neurons[2], neurons[3]))
		require.ErrorIs(t, err, mechanism.ErrNoWeights)
	})
}

func anyOf(ids map[string]bool) string {
	for id := range ids {
		return id
	}
	return ""
}

package custom_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/custom"
	"github.com/gotensor/gotensor/metagraph"
)

// network asks its peers in order, over real connections.
type network struct {
	asker
	peers []mechanism.Peer
	ends  []error
}

func (n *network) Metagraph() *metagraph.Metagraph { return nil }

func (n *network) Peers(string) []mechanism.Peer { return n.peers }

func (n *network) Open(ctx context.Context, ask mechanism.Ask, open func(context.Context, mechanism.Peer, grpc.ClientConnInterface) (any, error)) (any, mechanism.Lease, error) {
	var causes []error
	for i, p := range n.peers {
		if ask.Model != "" && ask.Model != fmt.Sprintf("uid-%d", p.UID) {
			continue
		}
		got, err := open(ctx, p, n.To(p.Neuron))
		if err == nil {
			return got, &lease{n, p, i + 1}, nil
		}
		causes = append(causes, err)
	}
	if causes == nil {
		return nil, nil, mechanism.ErrUnknownModel
	}
	return nil, nil, fmt.Errorf("%w: %w", mechanism.ErrUpstream, errors.Join(causes...))
}

type lease struct {
	net   *network
	peer  mechanism.Peer
	tried int
}

func (l *lease) Peer() mechanism.Peer      { return l.peer }
func (l *lease) FirstPiece() time.Duration { return 12 * time.Millisecond }
func (l *lease) Tried() int                { return l.tried }
func (l *lease) Touch()                    {}
func (l *lease) Done(err error)            { l.net.ends = append(l.net.ends, err) }

func TestFront(t *testing.T) {
	good := plugin(t, doubling, map[string]http.HandlerFunc{
		"/call/double": times(2),
		"/call/count": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "0\n1\n")
			if b, _ := io.ReadAll(r.Body); string(b) == "3" {
				_, _ = io.WriteString(w, "\"two\"\n")
			}
		},
	})
	// It declares less than it is held to, and earns less.
	loose := `{"name":"doubling","operations":[{"name":"double"},{"name":"count","stream":true}]}`
	bad := plugin(t, loose, map[string]http.HandlerFunc{"/call/double": says(`"nonsense"`), "/call/count": says("")})
	net := &network{asker: newAsker(t)}
	for uid, p := range []struct {
		url, schema string
		share       float64
	}{{bad.URL, loose, 0.2}, {good.URL, doubling, 0.5}} {
		s := serve(t, p.url)
		net.peers = append(net.peers, mechanism.Peer{Neuron: running(t, gotensor.UID(4+uid), s), Share: p.share, Schema: s.Describe().Schema, Model: s.Describe().Model})
	}
	f, err := custom.NewFront(custom.FrontConfig{Network: net, NetUID: 2, Settings: custom.DefaultSettings()})
	require.NoError(t, err)
	mux := http.NewServeMux()
	for _, r := range f.Routes() {
		mux.Handle(r.Pattern, r.Handler)
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)

	res, err := http.Get(s.URL + "/v1/subnets/2/schema")
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	shown, err := custom.ParseSchema(body)
	require.NoError(t, err)
	require.Equal(t, "twice", shown.Model, "the one that the largest share of pay declares")

	for _, c := range []struct {
		name, path, in string
		status         int
		out            string
		uid, tried     string
	}{
		{"an answer that does not fit is another neuron's turn", "double", `{"x":4}`, 200, `{"y":8}`, "5", "2"},
		{"one neuron alone", "double?uid=4", `{"x":4}`, 502, "do not fit the schema", "", ""},
		{"a neuron that is not there", "double?uid=9", `{"x":4}`, 404, "unknown_uid", "", ""},
		{"no number", "double?uid=x", `{"x":4}`, 400, `want a number from 0`, "", ""},
		{"input of another form", "double", `{"x":[]}`, 400, "/x: got array, want number", "", ""},
		{"no operation", "triple", `1`, 404, "unknown_operation", "", ""},
		{"too large", "double", `"` + strings.Repeat("x", 70_000) + `"`, 413, "larger than 65536 bytes", "", ""},
		{"a stream", "count?uid=5", `2`, 200, "data: 0\n\ndata: 1\n\ndata: [DONE]\n\n", "5", "2"},
		{"a stream that the miner itself cuts for nonsense", "count?uid=5", `3`, 200, "data: 0\n\ndata: 1\n\ndata: {\"error\"", "5", "2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := http.Post(s.URL+"/v1/subnets/2/"+c.path, "application/json", strings.NewReader(c.in))
			require.NoError(t, err)
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.Equal(t, c.status, res.StatusCode, "%s", body)
			require.Contains(t, string(body), c.out)
			require.Equal(t, c.uid, res.Header.Get("Gt-Uid"))
			require.Equal(t, c.tried, res.Header.Get("Gt-Tried"))
			require.NotContains(t, string(body), "127.0.0.1", "addresses of neurons stay here")
		})
	}
	require.Len(t, net.ends, 3)
	require.NoError(t, net.ends[0])
	require.NoError(t, net.ends[1])
	require.Error(t, net.ends[2], "a stream that ends badly is the neuron's failure")

	net.peers = nil
	empty, err := custom.NewFront(custom.FrontConfig{Network: net, NetUID: 2, Settings: custom.DefaultSettings()})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	empty.Routes()[0].Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
}

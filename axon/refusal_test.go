package axon_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

// intruder is a gRPC client that sends whatever proof a test wants and knows the exporter of its connection.
type intruder struct {
	credentials.TransportCredentials
	conn *grpc.ClientConn

	mu       sync.Mutex
	exporter [32]byte
}

func (i *intruder) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	c, info, err := i.TransportCredentials.ClientHandshake(ctx, authority, raw)
	if err != nil {
		return nil, nil, err
	}
	state := info.(credentials.TLSInfo).State
	exporter, err := state.ExportKeyingMaterial(synapse.ExporterLabel, nil, 32)
	if err != nil {
		return nil, nil, err
	}
	i.mu.Lock()
	i.exporter = [32]byte(exporter)
	i.mu.Unlock()
	return c, info, nil
}

func (i *intruder) Clone() credentials.TransportCredentials { return i }

func newIntruder(t *testing.T, n *neuron, opts ...grpc.DialOption) *intruder {
	t.Helper()
	i := &intruder{TransportCredentials: credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})} //nolint:gosec // pinning is not what is tested
	opts = append([]grpc.DialOption{grpc.WithTransportCredentials(i), grpc.WithNoProxy()}, opts...)
	conn, err := grpc.NewClient("passthrough:///"+n.target.Addr.String(), opts...)
	require.NoError(t, err)
	i.conn = conn
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return i
}

// connect makes sure that there is a connection, and returns its exporter value.
func (i *intruder) connect(t *testing.T) [32]byte {
	t.Helper()
	i.conn.Connect()
	eventually(t, "connected", func() bool {
		i.mu.Lock()
		defer i.mu.Unlock()
		return i.exporter != [32]byte{}
	})
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.exporter
}

func (i *intruder) call(ctx context.Context, proof []byte, size int) error {
	if proof != nil {
		ctx = metadata.AppendToOutgoingContext(ctx, synapse.MetadataKey, string(proof))
	}
	req := &textv1.PredictRequest{Contexts: [][]byte{make([]byte, size)}}
	_, err := textv1.NewTextClient(i.conn).Predict(ctx, req)
	return err
}

func requireRefusal(t *testing.T, err error, code codes.Code, reason synapse.Reason) {
	t.Helper()
	require.Error(t, err)
	r, ok := synapse.RefusalOf(err)
	require.True(t, ok, "%v", err)
	require.Equal(t, code, r.Code, "%v", err)
	require.Equal(t, reason, r.Reason, "%v", err)
	require.NotContains(t, r.Message, "\n")
}

func stamp(n *neuron, at time.Time, nonce byte) synapse.Stamp {
	return synapse.Stamp{SPKI: n.target.Pin, Time: at, Nonce: [synapse.NonceLen]byte{nonce}}
}

// thief claims one key and signs with another.
type thief struct{ claimed, real keys.PrivateKey }

func (w thief) PublicKey() keys.PublicKey                   { return w.claimed.PublicKey() }
func (w thief) Sign(tag string, msg []byte) ([]byte, error) { return w.real.Sign(tag, msg) }

// refusedBody is far more than a refused call may make the server read.
const (
	refusedBody = 3 << 20
	mayBeRead   = 300 << 10 // one flow-control window, and the handshake
)

func TestProofsAreRefusedBeforeTheBody(t *testing.T) {
	stranger := testKey(t, "stranger")
	must := func(b []byte, err error) []byte {
		require.NoError(t, err)
		return b
	}
	cases := map[string]struct {
		proof  func(n *neuron, exporter [32]byte) []byte
		code   codes.Code
		reason synapse.Reason
	}{
		"absent": {
			func(*neuron, [32]byte) []byte { return nil },
			codes.Unauthenticated, synapse.ReasonProofAbsent,
		},
		"empty": {
			func(*neuron, [32]byte) []byte { return []byte{} },
			codes.Unauthenticated, synapse.ReasonProofAbsent,
		},
		"garbage": {
			func(*neuron, [32]byte) []byte { return []byte("let me in") },
			codes.Unauthenticated, synapse.ReasonProofMalformed,
		},
		"cut": {
			func(n *neuron, e [32]byte) []byte { return must(synapse.ProveBound(n.key, chainID, e))[:90] },
			codes.Unauthenticated, synapse.ReasonProofMalformed,
		},
		"wrong key": {
			func(n *neuron, e [32]byte) []byte {
				return must(synapse.ProveBound(thief{n.key, stranger}, chainID, e))
			},
			codes.Unauthenticated, synapse.ReasonProofSignature,
		},
		"wrong connection": {
			func(n *neuron, _ [32]byte) []byte { return must(synapse.ProveBound(n.key, chainID, [32]byte{1})) },
			codes.Unauthenticated, synapse.ReasonProofSignature,
		},
		"wrong chain": {
			func(n *neuron, e [32]byte) []byte { return must(synapse.ProveBound(n.key, "other-1", e)) },
			codes.Unauthenticated, synapse.ReasonProofSignature,
		},
		"wrong target": {
			func(n *neuron, _ [32]byte) []byte {
				st := stamp(n, time.Now(), 1)
				st.SPKI[0] ^= 1
				return must(synapse.ProveFresh(n.key, chainID, st))
			},
			codes.Unauthenticated, synapse.ReasonProofSignature,
		},
		"old": {
			func(n *neuron, _ [32]byte) []byte {
				return must(synapse.ProveFresh(n.key, chainID, stamp(n, time.Now().Add(-31*time.Second), 2)))
			},
			codes.Unauthenticated, synapse.ReasonProofExpired,
		},
		"from the future": {
			func(n *neuron, _ [32]byte) []byte {
				return must(synapse.ProveFresh(n.key, chainID, stamp(n, time.Now().Add(45*time.Second), 3)))
			},
			codes.Unauthenticated, synapse.ReasonProofExpired,
		},
		"of an HTTP request": {
			func(n *neuron, _ [32]byte) []byte {
				return must(synapse.ProveRequest(n.key, chainID, stamp(n, time.Now(), 4), textv1.Text_Predict_FullMethodName, nil))
			},
			codes.Unauthenticated, synapse.ReasonProofMalformed,
		},
		"stranger": {
			func(_ *neuron, e [32]byte) []byte { return must(synapse.ProveBound(stranger, chainID, e)) },
			codes.PermissionDenied, synapse.ReasonNotPermitted,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			n := start(t, &textServer{}, nil)
			i := newIntruder(t, n)
			err := i.call(t.Context(), tc.proof(n, i.connect(t)), refusedBody)
			requireRefusal(t, err, tc.code, tc.reason)
			require.Less(t, n.server.Stats().BytesRead, uint64(mayBeRead))
			require.Zero(t, n.server.Stats().Served)
		})
	}
}

func TestReplayedProofs(t *testing.T) {
	n := start(t, &textServer{}, nil)
	t.Run("bound, on another connection", func(t *testing.T) {
		first, second := newIntruder(t, n), newIntruder(t, n)
		proof, err := synapse.ProveBound(n.key, chainID, first.connect(t))
		require.NoError(t, err)
		require.NoError(t, first.call(t.Context(), proof, 10))
		requireRefusal(t, second.call(t.Context(), proof, refusedBody), codes.Unauthenticated, synapse.ReasonProofSignature)
	})
	t.Run("fresh, on another connection", func(t *testing.T) {
		first, second := newIntruder(t, n), newIntruder(t, n)
		proof, err := synapse.ProveFresh(n.key, chainID, stamp(n, time.Now(), 1))
		require.NoError(t, err)
		require.NoError(t, first.call(t.Context(), proof, 10))
		require.NoError(t, first.call(t.Context(), proof, 10), "its own connection stays proven")
		requireRefusal(t, second.call(t.Context(), proof, refusedBody), codes.Unauthenticated, synapse.ReasonProofReplayed)
	})
	t.Run("another key on a proven connection", func(t *testing.T) {
		i := newIntruder(t, n)
		proof, err := synapse.ProveBound(n.key, chainID, i.connect(t))
		require.NoError(t, err)
		require.NoError(t, i.call(t.Context(), proof, 10))
		other, err := synapse.ProveBound(testKey(t, "stranger"), chainID, i.connect(t))
		require.NoError(t, err)
		requireRefusal(t, i.call(t.Context(), other, refusedBody), codes.Unauthenticated, synapse.ReasonProofSignature)
	})
}

func TestFailedProofsEndTheConnection(t *testing.T) {
	n := start(t, &textServer{}, nil)
	i := newIntruder(t, n)
	i.connect(t)
	for range 3 {
		requireRefusal(t, i.call(t.Context(), []byte("x"), 10), codes.Unauthenticated, synapse.ReasonProofMalformed)
	}
	good, err := synapse.ProveBound(n.key, chainID, i.connect(t))
	require.NoError(t, err)
	requireRefusal(t, i.call(t.Context(), good, 10), codes.Unauthenticated, synapse.ReasonProofLimit)
	eventually(t, "connection closed", func() bool { return n.server.Stats().Conns == 0 })
}

func TestSilentConnectionsEnd(t *testing.T) {
	for name, open := range map[string]func(t *testing.T, n *neuron){
		"before the handshake": func(t *testing.T, n *neuron) {
			t.Helper()
			dialTCP(t, n)
		},
		"after the handshake": func(t *testing.T, n *neuron) {
			t.Helper()
			c := tls.Client(dialTCP(t, n), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) //nolint:gosec // as above
			require.NoError(t, c.HandshakeContext(t.Context()))
		},
		"after the settings": func(t *testing.T, n *neuron) {
			t.Helper()
			newIntruder(t, n).connect(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, &textServer{}, func(c *axon.Config) {
				c.HandshakeTimeout, c.ProofTimeout = 200*time.Millisecond, 200*time.Millisecond
			})
			open(t, n)
			eventually(t, "accepted", func() bool { return n.server.Stats().Accepted > 0 })
			eventually(t, "connection closed", func() bool { return n.server.Stats().Conns == 0 })
		})
	}
}

func dialTCP(t *testing.T, n *neuron) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", n.target.Addr.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func requireEnds(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err := c.Read(make([]byte, 1))
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

func TestConnectionLimits(t *testing.T) {
	for name, edit := range map[string]func(*axon.Config){
		"in all": func(c *axon.Config) { c.MaxConns = 2 },
		"per IP": func(c *axon.Config) { c.MaxConnsPerIP = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, &textServer{}, edit)
			for range 2 {
				_, err := textv1.NewTextClient(newClient(t, n.key).To(n.target)).Predict(t.Context(), &textv1.PredictRequest{})
				require.NoError(t, err)
			}
			requireEnds(t, dialTCP(t, n))
			require.Equal(t, 2, n.server.Stats().Conns, "proven connections stay")
			require.Equal(t, uint64(1), n.server.Stats().Refused)
		})
	}
	t.Run("unproven", func(t *testing.T) {
		n := start(t, &textServer{}, func(c *axon.Config) { c.MaxUnproven = 2 })
		oldest := dialTCP(t, n)
		dialTCP(t, n)
		_, err := n.predict(t.Context(), "x")
		require.NoError(t, err, "silent connections keep nobody out")
		requireEnds(t, oldest)
		require.Equal(t, axon.Stats{Conns: 2, Unproven: 1}, axon.Stats{Conns: n.server.Stats().Conns, Unproven: n.server.Stats().Unproven})
	})
	t.Run("all of them unproven", func(t *testing.T) {
		n := start(t, &textServer{}, func(c *axon.Config) { c.MaxConns = 2 })
		oldest := dialTCP(t, n)
		dialTCP(t, n)
		_, err := n.predict(t.Context(), "x")
		require.NoError(t, err)
		requireEnds(t, oldest)
	})
}

func TestConnectionsOfCallersWithoutRightEnd(t *testing.T) {
	n := start(t, &textServer{}, func(c *axon.Config) { c.Callers, c.ProofTimeout = &registry{}, time.Second })
	_, err := n.predict(t.Context(), "x")
	require.ErrorIs(t, err, dendrite.ErrNotPermitted)
	require.Equal(t, 1, n.server.Stats().Unproven)
	eventually(t, "connection closed", func() bool { return n.server.Stats().Conns == 0 })
}

func TestPolicies(t *testing.T) {
	validator, miner, holder, stranger := testKey(t, "validator"), testKey(t, "miner"), testKey(t, "holder"), testKey(t, "stranger")
	all := []keys.PrivateKey{validator, miner, holder, stranger}
	callers := &registry{callers: map[gotensor.Address]axon.Caller{
		validator.Address(): {Weight: 1e9, Registered: true, Validator: true},
		miner.Address():     {Registered: true},
		holder.Address():    {Weight: 5},
	}}
	for policy, admitted := range map[axon.Policy]int{
		axon.PolicyValidators: 1, axon.PolicyRegistered: 2, axon.PolicyBandwidth: 3, axon.PolicyProven: 4,
	} {
		t.Run(policy.String(), func(t *testing.T) {
			parsed, err := axon.ParsePolicy(policy.String())
			require.NoError(t, err)
			n := start(t, &textServer{}, func(c *axon.Config) { c.Policy, c.Callers = parsed, callers })
			for i, key := range all {
				_, err := textv1.NewTextClient(newClient(t, key).To(n.target)).Predict(t.Context(), &textv1.PredictRequest{})
				if i < admitted {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, dendrite.ErrNotPermitted)
					require.ErrorContains(t, err, keys.Account(key.Address()))
				}
			}
		})
	}
	_, err := axon.ParsePolicy("friends")
	require.ErrorIs(t, err, axon.ErrConfig)
}

func TestOversizedMessage(t *testing.T) {
	n := start(t, &textServer{}, func(c *axon.Config) { c.MaxMessageBytes = 64 << 10 })
	_, err := n.predict(t.Context(), strings.Repeat("x", refusedBody))
	require.ErrorIs(t, err, dendrite.ErrTooLarge)
	require.Less(t, n.server.Stats().BytesRead, uint64(mayBeRead))
}

func TestDeadlinePassed(t *testing.T) {
	for name, run := range map[string]func(t *testing.T, n *neuron) error{
		"the caller's": func(t *testing.T, n *neuron) error {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err := n.predict(ctx, "x")
			return err
		},
		"the server's": func(t *testing.T, n *neuron) error {
			t.Helper()
			_, err := n.predict(t.Context(), "x")
			return err
		},
		"before it began": func(t *testing.T, n *neuron) error {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
			defer cancel()
			_, err := n.predict(ctx, "x")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, &textServer{before: func(ctx context.Context, _ *textv1.PredictRequest) error {
				<-ctx.Done()
				return ctx.Err()
			}}, func(c *axon.Config) { c.MaxDeadline = 200 * time.Millisecond })
			require.ErrorIs(t, run(t, n), dendrite.ErrDeadline)
			eventually(t, "slot given back", func() bool { return n.server.Stats().Running == 0 })
		})
	}
}

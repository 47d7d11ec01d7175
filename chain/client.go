package chain

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/gotensor/gotensor"
)

// DefaultTimeout bounds one call, also where the caller's own deadline is later.
const DefaultTimeout = 10 * time.Second

// DefaultMaxFee is the most that one transaction pays in fees: a node names its own price.
const DefaultMaxFee = gotensor.RaoPerTAO

// maxMessage bounds an answer: a metagraph of 4,096 uids has about 1 MB.
const maxMessage = 32 << 20

// Options says how to reach a node. The zero value is a node without TLS, with defaults.
type Options struct {
	TLS     *tls.Config   // nil: plain TCP, for a node on this machine
	Timeout time.Duration // of one call; 0: DefaultTimeout
	MaxFee  gotensor.Rao  // of one transaction; 0: DefaultMaxFee
	Logger  *slog.Logger  // nil: silent
}

// Client reads from a node and makes senders. It is safe for concurrent use; Close it when done.
type Client struct {
	conn    *grpc.ClientConn
	timeout time.Duration
	maxFee  gotensor.Rao
	log     *slog.Logger

	mu      sync.Mutex
	senders map[gotensor.Address]*Sender
	chainID string
}

// Dial prepares a connection to the gRPC port of a node, e.g. "127.0.0.1:9090". It does not wait for the node: the first call
// does, and so does every call after the node went away.
func Dial(target string, opts Options) (*Client, error) {
	c := &Client{timeout: opts.Timeout, maxFee: opts.MaxFee, log: opts.Logger, senders: map[gotensor.Address]*Sender{}}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if c.maxFee == 0 {
		c.maxFee = DefaultMaxFee
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	creds := insecure.NewCredentials()
	if opts.TLS != nil {
		creds = credentials.NewTLS(opts.TLS)
	}
	var err error
	c.conn, err = grpc.NewClient("passthrough:///"+target,
		grpc.WithTransportCredentials(creds),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(wireCodec{}), grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithUnaryInterceptor(c.withDeadline),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 3 * time.Second},
			MinConnectTimeout: 3 * time.Second,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 5 * time.Minute, Timeout: 20 * time.Second}),
	)
	if err != nil {
		return nil, fmt.Errorf("node %q: %w", target, err)
	}
	return c, nil
}

// Close ends the connection; calls under way fail.
func (c *Client) Close() error { return c.conn.Close() }

// withDeadline bounds a call: a node that hangs must not use up the whole time of a caller who could try again.
func (c *Client) withDeadline(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return fromGRPC(ctx, invoke(bounded, method, req, reply, cc, opts...))
}

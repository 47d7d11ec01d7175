package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/keys"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
)

// loopbackChain is the chain that proofs name where there is none.
const loopbackChain = "loopback-1"

// ServeConfig describes the serving process of a loopback measurement.
type ServeConfig struct {
	// Slots of the axon: how many calls it works on at the same time, at least 1.
	Slots int
	// MaxInFlight is the most calls that wait or run at the same time, at least 1.
	MaxInFlight int
}

// hello is the first line that the serving process writes.
type hello struct {
	Axon   netip.AddrPort   `json:"axon"`
	Pin    [32]byte         `json:"pin"`    // of the axon's certificate
	Hotkey gotensor.Address `json:"hotkey"` // of the axon
	Bare   netip.AddrPort   `json:"bare"`   // plain grpc-go with the same certificate
}

// usage is the serving process's answer to an empty line: what it has used so far.
type usage struct {
	CPU  time.Duration `json:"cpu_ns"`
	Wire uint64        `json:"wire_bytes"` // carried by the axon's connections, both ways; 0 if not known
	Err  string        `json:"error,omitempty"`
}

// ServeLoopback is the other end of Loopback and runs in a process of its own: an echo on an axon and the same echo on plain grpc-go,
// each on a port of its own of 127.0.0.1. It writes one line of JSON with both addresses to out, then one with what it has used for
// each line of in, and returns nil when in or ctx ends.
func ServeLoopback(ctx context.Context, cfg ServeConfig, in io.Reader, out io.Writer) error {
	if cfg.Slots < 1 || cfg.MaxInFlight < 1 {
		return fmt.Errorf("%w: Slots %d and MaxInFlight %d must be at least 1", ErrConfig, cfg.Slots, cfg.MaxInFlight)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := newServing(cfg)
	if err != nil {
		return err
	}
	var servers sync.WaitGroup
	ended := make(chan error, 2)
	servers.Go(func() { ended <- s.axon.Serve(ctx, s.axonLis) })
	servers.Go(func() { ended <- s.bare.Serve(s.bareLis) })
	talked := make(chan error, 1)
	go func() { talked <- s.talk(in, out) }() // not waited for: a read of standard input cannot be interrupted
	select {
	case <-ctx.Done():
		err = nil
	case err = <-ended:
	case err = <-talked:
	}
	cancel()
	s.bare.Stop()
	servers.Wait()
	return err
}

// serving is what the process serves.
type serving struct {
	hello   hello
	axon    *axon.Server
	bare    *grpc.Server
	axonLis *watched
	bareLis net.Listener
}

func newServing(cfg ServeConfig) (*serving, error) {
	cert, err := synapse.NewCertificate(time.Now())
	if err != nil {
		return nil, err
	}
	hotkey, err := keys.GenerateKey()
	if err != nil {
		return nil, err
	}
	s := &serving{}
	s.hello.Hotkey = hotkey.Address()
	s.axon, err = axon.New(axon.Config{
		ChainID: loopbackChain, Certificate: cert, Callers: everybody{}, Policy: axon.PolicyProven,
		Info:  &axonv1.InfoResponse{Hotkey: keys.Account(hotkey.Address()), Mechanism: "echo"},
		Slots: cfg.Slots, MaxQueued: cfg.MaxInFlight, MaxPerCaller: cfg.MaxInFlight,
	})
	if err != nil {
		return nil, err
	}
	s.axon.Register(&echoDesc, parrot{})
	s.bare = grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&cert)))
	s.bare.RegisterService(&echoDesc, parrot{})
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the axon: %w", err)
	}
	s.axonLis = &watched{Listener: lis}
	if s.bareLis, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		_ = lis.Close()
		return nil, fmt.Errorf("listen for plain gRPC: %w", err)
	}
	s.hello.Pin = s.axon.SPKI()
	s.hello.Axon = s.axonLis.Addr().(*net.TCPAddr).AddrPort() //nolint:forcetypeassert // a listener of tcp
	s.hello.Bare = s.bareLis.Addr().(*net.TCPAddr).AddrPort() //nolint:forcetypeassert // a listener of tcp
	return s, nil
}

// talk answers the measuring process until it ends.
func (s *serving) talk(in io.Reader, out io.Writer) error {
	enc := json.NewEncoder(out)
	if err := enc.Encode(s.hello); err != nil {
		return fmt.Errorf("tell the addresses: %w", err)
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var u usage
		var err error
		if u.CPU, err = cpuTime(); err != nil {
			u.Err = err.Error()
		}
		u.Wire = s.axonLis.bytes()
		if err := enc.Encode(u); err != nil {
			return fmt.Errorf("tell the usage: %w", err)
		}
	}
	return lines.Err()
}

// everybody admits every proven key, with a registered neuron's rights and one weight.
type everybody struct{}

func (everybody) Lookup(gotensor.Address) (axon.Caller, bool) {
	return axon.Caller{Weight: 1, Registered: true}, true
}

// watched remembers the connections that it accepts, so that what they carry can be read; the connections are passed on as they are.
type watched struct {
	net.Listener
	mu    sync.Mutex
	conns []*net.TCPConn
}

// Accept implements net.Listener.
func (w *watched) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok && err == nil {
		w.mu.Lock()
		w.conns = append(w.conns, tcp)
		w.mu.Unlock()
	}
	return c, err
}

// bytes is what all connections that are open have carried.
func (w *watched) bytes() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := uint64(0)
	for _, c := range w.conns {
		n, _ := wireBytes(c)
		sum += n
	}
	return sum
}

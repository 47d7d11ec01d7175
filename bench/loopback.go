package bench

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
)

// Bounds of a loopback measurement.
const (
	MaxPayload     = 4_000_000 // bytes: a message of grpc-go has at most 4 MiB by default
	MaxConcurrency = 4096
)

// LoopbackConfig describes a loopback measurement. All fields but Observe are required.
type LoopbackConfig struct {
	// Serve starts the serving process, which calls ServeLoopback with its standard input and output.
	Serve *exec.Cmd
	// Payloads are the sizes of a query and of its answer in bytes, 0 to MaxPayload.
	Payloads []int
	// Concurrency lists how many askers there are at the same time, 1 to MaxConcurrency.
	Concurrency []int
	// Duration is how long each of the two is measured for each payload and concurrency; Warmup comes before it and is not
	// counted, 0 or more. Slice is how long one of the two runs before it is the other's turn.
	Duration, Warmup, Slice time.Duration
	// Observe is told every finished run; may be nil.
	Observe func(LoopbackRun)
}

// LoopbackRun is what was measured for one payload and one concurrency. Bits count the payload of both ways, without any framing.
type LoopbackRun struct {
	PayloadBytes     int     `json:"payload_bytes"`
	Concurrency      int     `json:"concurrency"`
	QueriesPerSecond float64 `json:"queries_per_second"`
	P50              float64 `json:"p50_ms"`
	P99              float64 `json:"p99_ms"`
	Errors           uint64  `json:"errors"`
	MbitPerSecond    float64 `json:"mbit_per_second"`
	// Processor time of the asking and of the serving process for each query.
	ClientCPU float64 `json:"client_cpu_ms_per_query"`
	ServerCPU float64 `json:"server_cpu_ms_per_query"`
	// WireBytes is what TCP carried for each query, both ways; 0 where the system does not tell.
	WireBytes float64 `json:"wire_bytes_per_query"`
	// The same for plain grpc-go with TLS 1.3, measured in between; Ratio is QueriesPerSecond as a part of BareQueriesPerSecond.
	BareQueriesPerSecond float64 `json:"bare_queries_per_second"`
	BareP50              float64 `json:"bare_p50_ms"`
	BareP99              float64 `json:"bare_p99_ms"`
	BareErrors           uint64  `json:"bare_errors"`
	BareClientCPU        float64 `json:"bare_client_cpu_ms_per_query"`
	BareServerCPU        float64 `json:"bare_server_cpu_ms_per_query"`
	Ratio                float64 `json:"ratio"`
	// FirstError is one of Errors or BareErrors in words.
	FirstError string `json:"first_error,omitempty"`
}

// LoopbackReport is the outcome of a loopback measurement.
type LoopbackReport struct {
	Runs []LoopbackRun `json:"runs"`
	// Machine says on what it was measured.
	Machine Machine `json:"machine"`
}

// Machine is what the figures depend on.
type Machine struct {
	OS         string `json:"os"`
	Arch       string `json:"arch"`
	Processors int    `json:"processors"` // that the program may use
	Go         string `json:"go"`
	GRPC       string `json:"grpc"`
}

func thisMachine() Machine {
	return Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Processors: runtime.GOMAXPROCS(0), Go: runtime.Version(), GRPC: grpc.Version}
}

func (c *LoopbackConfig) validate() error {
	if c.Serve == nil {
		return fmt.Errorf("%w: Serve is nil, without it there is nobody to ask", ErrConfig)
	}
	if len(c.Payloads) == 0 || len(c.Concurrency) == 0 {
		return fmt.Errorf("%w: there are %d payloads and %d concurrencies, want one of each at least", ErrConfig, len(c.Payloads), len(c.Concurrency))
	}
	for _, p := range c.Payloads {
		if p < 0 || p > MaxPayload {
			return fmt.Errorf("%w: payload is %d bytes, want 0 to %d", ErrConfig, p, MaxPayload)
		}
	}
	for _, n := range c.Concurrency {
		if n < 1 || n > MaxConcurrency {
			return fmt.Errorf("%w: concurrency is %d, want 1 to %d", ErrConfig, n, MaxConcurrency)
		}
	}
	if c.Duration <= 0 || c.Slice <= 0 || c.Warmup < 0 {
		return fmt.Errorf("%w: duration %v and slice %v must be over 0, warm-up %v not below", ErrConfig, c.Duration, c.Slice, c.Warmup)
	}
	return nil
}

// Loopback measures echoes between this process and cfg.Serve, over one connection for each of the two ways. It fails with ErrConfig,
// with ErrPeer if the serving process does not do its part, and with the context's error.
func Loopback(ctx context.Context, cfg LoopbackConfig) (LoopbackReport, error) {
	report := LoopbackReport{Runs: []LoopbackRun{}, Machine: thisMachine()}
	if err := cfg.validate(); err != nil {
		return report, err
	}
	p, err := startPeer(cfg.Serve)
	if err != nil {
		return report, err
	}
	err = cfg.measureAll(ctx, p, &report)
	if err := errors.Join(err, p.stop()); err != nil && ctx.Err() == nil {
		return report, err
	}
	return report, ctx.Err()
}

func (c *LoopbackConfig) measureAll(ctx context.Context, p *peer, report *LoopbackReport) error {
	hotkey, err := keys.GenerateKey()
	if err != nil {
		return err
	}
	client, err := dendrite.New(dendrite.Config{ChainID: loopbackChain, Signer: hotkey})
	if err != nil {
		return err
	}
	defer client.Close()
	// InsecureSkipVerify: the bare echo is a yardstick between two processes of ours.
	plain, err := grpc.NewClient("passthrough:///"+p.hello.Bare.String(), grpc.WithNoProxy(),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13})))
	if err != nil {
		return fmt.Errorf("prepare the bare connection: %w", err)
	}
	defer plain.Close()
	ours := client.To(dendrite.Target{Addr: p.hello.Axon, Pin: p.hello.Pin, Hotkey: p.hello.Hotkey})
	for _, payload := range c.Payloads {
		for _, n := range c.Concurrency {
			run, err := c.measure(ctx, p, payload, n, [2]grpc.ClientConnInterface{ours, plain})
			if err != nil {
				return err
			}
			report.Runs = append(report.Runs, run)
			if c.Observe != nil {
				c.Observe(run)
			}
		}
	}
	return nil
}

// measure alternates between our connection (0) and the bare one (1) until each has had its time. Every other round begins with the
// bare one, so that a drift of the machine's speed hits both.
func (c *LoopbackConfig) measure(ctx context.Context, p *peer, payload, concurrency int, conns [2]grpc.ClientConnInterface) (LoopbackRun, error) {
	var sides [2]*side
	for i, conn := range conns {
		sides[i] = newSide(conn, payload, concurrency)
		if c.Warmup > 0 {
			newSide(conn, payload, concurrency).drive(ctx, c.Warmup)
		}
	}
	order := []*side{sides[0], sides[1]}
	for left := c.Duration; left > 0; left -= c.Slice {
		for _, s := range order {
			if err := s.slice(ctx, p, min(c.Slice, left)); err != nil {
				return LoopbackRun{}, err
			}
		}
		slices.Reverse(order)
	}
	return runOf(payload, concurrency, sides[0], sides[1]), nil
}

func runOf(payload, concurrency int, ours, bare *side) LoopbackRun {
	a, b := ours.took.sum(), bare.took.sum()
	r := LoopbackRun{
		PayloadBytes: payload, Concurrency: concurrency,
		QueriesPerSecond: ours.rate(), P50: millis(a, 50), P99: millis(a, 99), Errors: ours.failed.count.Load(),
		MbitPerSecond: ours.rate() * float64(2*payload*8) / 1e6,
		ClientCPU:     ours.each(ours.clientCPU.Seconds() * 1000), ServerCPU: ours.each(ours.serverCPU.Seconds() * 1000),
		WireBytes:            ours.each(float64(ours.wire)),
		BareQueriesPerSecond: bare.rate(), BareP50: millis(b, 50), BareP99: millis(b, 99), BareErrors: bare.failed.count.Load(),
		BareClientCPU: bare.each(bare.clientCPU.Seconds() * 1000), BareServerCPU: bare.each(bare.serverCPU.Seconds() * 1000),
	}
	if r.BareQueriesPerSecond > 0 {
		r.Ratio = r.QueriesPerSecond / r.BareQueriesPerSecond
	}
	if err := cmp.Or(ours.failed.first, bare.failed.first); err != nil {
		r.FirstError = err.Error()
	}
	return r
}

// newQuery is what an echo is asked: bytes that do not compress, though nothing tries to.
func newQuery(payload int) *wrapperspb.BytesValue {
	b := make([]byte, payload)
	state := uint32(2463534242)
	for i := range b {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		b[i] = byte(state)
	}
	return wrapperspb.Bytes(b)
}

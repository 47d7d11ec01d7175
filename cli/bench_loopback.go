package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor/bench"
)

// serveLoopback is the hidden command that the other process of a loopback measurement runs.
const serveLoopback = "serve-loopback"

// benchServeCommand is the other end of bench query --loopback.
func (a *app) benchServeCommand() *cobra.Command {
	cfg := bench.ServeConfig{}
	c := &cobra.Command{
		Use:    serveLoopback,
		Short:  "Answer what bench query --loopback asks",
		Hidden: true,
		Args:   takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error {
			return bench.ServeLoopback(c.Context(), cfg, a.In, a.Out)
		},
	}
	c.Flags().IntVar(&cfg.Slots, "slots", 64, "how many calls the axon works on at the same time")
	c.Flags().IntVar(&cfg.MaxInFlight, "in-flight", bench.MaxConcurrency, "most calls that wait or run")
	return c
}

// itself starts this very program again. The name by which it was called is passed on, since the file may have several.
func (a *app) itself(args ...string) (*exec.Cmd, error) {
	file, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the program's own file: %w", err)
	}
	return &exec.Cmd{Path: file, Args: append([]string{os.Args[0]}, args...), Stderr: a.Err}, nil
}

// loopbackAnswer is the answer of bench query --loopback.
type loopbackAnswer struct{ bench.LoopbackReport }

func (a *app) benchLoopback(ctx context.Context, o benchOptions) error {
	if o.slots < 1 {
		return usagef("--slots is %d, want 1 or more", o.slots)
	}
	other, err := a.itself("bench", serveLoopback, "--slots", strconv.Itoa(o.slots))
	if err != nil {
		return err
	}
	total, done := len(o.payloads)*len(o.concurrency), 0
	report, err := bench.Loopback(ctx, bench.LoopbackConfig{
		Serve: other, Payloads: o.payloads, Concurrency: o.concurrency, Duration: o.duration, Warmup: o.warmup, Slice: o.slice,
		Observe: func(r bench.LoopbackRun) {
			done++
			a.line(done == total, "%d of %d: %d bytes, %d in flight: %.0f queries/s, bare %.0f", done, total, r.PayloadBytes, r.Concurrency,
				r.QueriesPerSecond, r.BareQueriesPerSecond)
		},
	})
	if errors.Is(err, bench.ErrConfig) {
		return usagef("%v", err)
	}
	if err != nil {
		return err
	}
	return a.show(loopbackAnswer{report})
}

func (v loopbackAnswer) print(p *page) {
	t := grid{columns: []column{
		num("BYTES"), num("IN FLIGHT"), num("QUERIES/S"), num("BARE"), num("RATIO"), num("MBIT/S"), num("P50 MS"), num("P99 MS"), num("BARE P50"), num("BARE P99"),
		num("CLIENT CPU MS"), num("SERVER CPU MS"), num("BARE CPU"), num("WIRE BYTES"), num("ERRORS"),
	}}
	for _, r := range v.Runs {
		t.add(fmt.Sprint(r.PayloadBytes), fmt.Sprint(r.Concurrency), fmt.Sprintf("%.0f", r.QueriesPerSecond), fmt.Sprintf("%.0f", r.BareQueriesPerSecond),
			fmt.Sprintf("%.2f", r.Ratio), fmt.Sprintf("%.0f", r.MbitPerSecond), fmt.Sprintf("%.2f", r.P50), fmt.Sprintf("%.2f", r.P99),
			fmt.Sprintf("%.2f", r.BareP50), fmt.Sprintf("%.2f", r.BareP99), fmt.Sprintf("%.3f", r.ClientCPU), fmt.Sprintf("%.3f", r.ServerCPU),
			fmt.Sprintf("%.3f+%.3f", r.BareClientCPU, r.BareServerCPU), fmt.Sprintf("%.0f", r.WireBytes), fmt.Sprint(r.Errors+r.BareErrors))
	}
	p.table(t)
	for _, r := range v.Runs {
		if r.FirstError != "" {
			p.linef("%d bytes, %d in flight: first error: %s", r.PayloadBytes, r.Concurrency, r.FirstError)
		}
	}
	m := v.Machine
	p.linef("%s", p.faint(fmt.Sprintf("%s/%s, %d processors, %s, grpc-go %s", m.OS, m.Arch, m.Processors, m.Go, m.GRPC)))
}

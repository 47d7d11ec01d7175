package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

// benchOptions are the flags of bench query.
type benchOptions struct {
	loopback    bool
	payloads    []int
	concurrency []int
	duration    time.Duration
	warmup      time.Duration
	slice       time.Duration
	slots       int
}

func (a *app) benchCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast neurons are asked and answer",
		Long:  `Measurements. They load the machine, and bench query without --loopback the network too.`,
	}
	return group(c, a.benchQueryCommand(), a.benchServeCommand())
}

func (a *app) benchQueryCommand() *cobra.Command {
	var o benchOptions
	c := &cobra.Command{
		Use:   "query",
		Short: "Measure queries per second, times and rates",
		Long: `With --loopback: measures the protocol between two processes of this machine, without any chain. This process asks by dendrite, one that it
starts answers by axon what it was asked, with proofs on and over one connection. In turns with it, slice by slice, the same echo is asked
by plain grpc-go with TLS 1.3, so that whatever else the machine does hits both alike. Both use this program's buffer pool, which makes
plain grpc-go faster at large payloads than it is on its own. Mbit/s count the payload of both ways, without any framing; CPU is the
processor time of either process for each query.

There are as many askers as --concurrency says, each of which waits for its answer before it asks again.`,
		Example: `  gotensor bench query --loopback
  gotensor bench query --loopback --payloads 1024 --concurrency 64 --duration 10s --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.benchQuery(c.Context(), o) },
	}
	f := c.Flags()
	f.BoolVar(&o.loopback, "loopback", false, "measure the protocol between two processes of this machine")
	f.IntSliceVar(&o.payloads, "payloads", []int{1024, 102400}, "loopback: bytes of a query and of its answer")
	f.IntSliceVar(&o.concurrency, "concurrency", []int{1, 16, 64, 256}, "how many ask at the same time")
	f.DurationVar(&o.duration, "duration", 3*time.Second, "how long to measure each payload and concurrency, and plain gRPC as long again")
	f.DurationVar(&o.warmup, "warmup", 500*time.Millisecond, "loopback: how long to run before, each")
	f.DurationVar(&o.slice, "slice", time.Second, "loopback: how long the axon runs before plain gRPC takes its turn, and back")
	f.IntVar(&o.slots, "slots", 64, "loopback: how many calls the axon works on at the same time")
	return c
}

func (a *app) benchQuery(ctx context.Context, o benchOptions) error {
	if o.loopback {
		return a.benchLoopback(ctx, o)
	}
	return usagef("say --loopback")
}

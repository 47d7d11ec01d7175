package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// benchOptions are the flags of bench query.
type benchOptions struct {
	loopback    bool
	concurrency []int
	duration    time.Duration
	warmup      time.Duration

	// With --loopback.
	payloads []int
	slice    time.Duration
	slots    int

	// Against a network.
	netuid   *uint16
	uids     []uint
	wallets  []string
	deadline time.Duration
	items    int
	k        int
	png      string
}

// Flags that only one of the two measurements knows.
var (
	onlyLoopback = []string{"payloads", "slice", "slots"}
	onlyNetwork  = []string{"netuid", "uid", "wallets", "deadline", "items", "k", "png", "network"}
)

func (a *app) benchCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast neurons are asked and answer",
		Long:  `Measurements. They load the machine, and bench query without --loopback the network too.`,
	}
	return group(c, a.benchQueryCommand(), a.benchGatewayCommand(), a.benchServeCommand(), a.benchModelCommand())
}

func (a *app) benchQueryCommand() *cobra.Command {
	var o benchOptions
	c := &cobra.Command{
		Use:   "query",
		Short: "Measure queries per second, times and rates",
		Long: `Asks all serving miners of a text subnet at the same time for --duration and shows how many answers per second there are, how long they
take, and how many queries time out or are refused; what stake buys is seen with several --wallets, which ask side by side. A query is
what a validator asks: as many texts as the subnet's settings say, here random pieces of the books that come with this program.
There are as many askers for each wallet as --concurrency says, spread evenly over the miners; each waits for its answer before it
asks again, and after a refusal for as long as the miner says. Mbit/s count the messages of both ways, without the framing of
HTTP/2 and TLS. Answers are counted, not judged. The exit code is 0 if one miner answered.

With --loopback: measures the protocol between two processes of this machine, without any chain. This process asks by dendrite, one that it
starts answers by axon what it was asked, with proofs on and over one connection. In turns with it, slice by slice, the same echo is asked
by plain grpc-go with TLS 1.3, so that whatever else the machine does hits both alike. Both use this program's buffer pool, which makes
plain grpc-go faster at large payloads than it is on its own. Mbit/s count the payload of both ways; CPU is the processor time of either
process for each query.`,
		Example: `  gotensor bench query --network FOLDER --wallet me --png load.png
  gotensor bench query --network FOLDER --wallets rich,poor --duration 1m --output json
  gotensor bench query --loopback
  gotensor bench query --loopback --payloads 1024 --concurrency 64 --duration 10s`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.benchQuery(c, o) },
	}
	f := c.Flags()
	f.BoolVar(&o.loopback, "loopback", false, "measure the protocol between two processes of this machine")
	f.IntSliceVar(&o.concurrency, "concurrency", nil, "how many ask at the same time, for each wallet (default 64; with --loopback 1,16,64,256, one after the other)")
	f.DurationVar(&o.duration, "duration", 0, "how long to measure (default 30s; with --loopback 3s for each payload and concurrency, and plain gRPC as long again)")
	f.IntSliceVar(&o.payloads, "payloads", []int{1024, 102400}, "loopback: bytes of a query and of its answer")
	f.DurationVar(&o.warmup, "warmup", 0, "how long to run before, uncounted (default 2s at most, in which every wallet asks every miner once; with --loopback 500ms each)")
	f.DurationVar(&o.slice, "slice", 500*time.Millisecond, "loopback: how long the axon runs before plain gRPC takes its turn, and back")
	f.IntVar(&o.slots, "slots", 64, "loopback: how many calls the axon works on at the same time")
	o.netuid = netuidFlag(c)
	f.UintSliceVar(&o.uids, "uid", nil, "ask these uids only; can be repeated")
	f.StringSliceVar(&o.wallets, "wallets", nil, "wallets whose hotkeys ask at the same time, e.g. rich,poor (default: that of --wallet)")
	f.DurationVar(&o.deadline, "deadline", 12*time.Second, "longest wait for an answer")
	f.IntVar(&o.items, "items", 0, "texts of a query (default: the subnet's)")
	f.IntVar(&o.k, "k", 0, "most candidates for each text (default: the subnet's)")
	f.StringVar(&o.png, "png", "", "draw a chart into this file")
	return c
}

func (a *app) benchQuery(c *cobra.Command, o benchOptions) error {
	foreign, other := onlyLoopback, "has no meaning without --loopback"
	if o.loopback {
		foreign, other = onlyNetwork, "has no meaning with --loopback"
	}
	for _, name := range foreign {
		if c.Flags().Changed(name) {
			return usagef("--%s %s", name, other)
		}
	}
	set := func(name string, use func()) {
		if !c.Flags().Changed(name) {
			use()
		}
	}
	if o.loopback {
		set("duration", func() { o.duration = 3 * time.Second })
		set("warmup", func() { o.warmup = 500 * time.Millisecond })
		set("concurrency", func() { o.concurrency = []int{1, 16, 64, 256} })
		return a.benchLoopback(c.Context(), o)
	}
	set("duration", func() { o.duration = 30 * time.Second })
	set("warmup", func() { o.warmup = 2 * time.Second })
	set("concurrency", func() { o.concurrency = []int{64} })
	set("wallets", func() { o.wallets = []string{a.wallet} })
	if err := o.checkNetwork(); err != nil {
		return err
	}
	return a.benchNetwork(c.Context(), o)
}

func (o benchOptions) checkNetwork() error {
	switch {
	case len(o.concurrency) != 1:
		return usagef("--concurrency has %d numbers; a network is asked with one", len(o.concurrency))
	case len(o.wallets) == 0:
		return usagef("--wallets names none")
	case o.deadline <= 0:
		return usagef("--deadline is %v, want more than 0", o.deadline)
	case o.items < 0 || o.items > 256:
		return usagef("--items is %d, want 1 to 256, or 0 for the subnet's", o.items)
	case o.k < 0 || o.k > 4096:
		return usagef("--k is %d, want 1 to 4096, or 0 for the subnet's", o.k)
	}
	for i, w := range o.wallets {
		if slices.Contains(o.wallets[:i], w) {
			return usagef("--wallets %s names %s twice", strings.Join(o.wallets, ","), w)
		}
	}
	return nil
}

// benchEvery is the time between two points of a chart.
func benchEvery(duration time.Duration) time.Duration {
	return min(max(duration/60, 50*time.Millisecond), time.Second)
}

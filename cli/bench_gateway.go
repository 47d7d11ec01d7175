package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor/bench"
)

// benchGatewayOptions are the flags of bench gateway.
type benchGatewayOptions struct {
	urls     []string
	direct   string
	streams  []int
	tokens   int
	duration time.Duration
	slice    time.Duration
	warmup   time.Duration
	deadline time.Duration
}

func (a *app) benchGatewayCommand() *cobra.Command {
	var o benchGatewayOptions
	c := &cobra.Command{
		Use:   "gateway",
		Short: "Measure what a gateway adds to a model's answers",
		Long: `Streams chats from servers that speak OpenAI's API and shows the time to the first token, the times between tokens, and tokens per second.
With --direct, the server that all of them end at, it shows what they add to it. They take turns, slice by slice, so that whatever else the
machine does hits all alike.

A server has words of its own behind its URL: URL,name=NAME,key-file=FILE,model=NAME,header=NAME:VALUE. Without model= the first that it
lists is asked. Tokens per second count pieces of text, of which most servers send one for each token. The exit code is 0 if each server
answered.`,
		Example: `  gotensor bench gateway --url http://127.0.0.1:8080/v1,key-file=key,model=auto
  gotensor bench gateway --url http://127.0.0.1:8080/v1,key-file=key,name=gateway --direct http://127.0.0.1:8000/v1 --streams 1,64,1000
  gotensor bench gateway --url http://a/v1,name=a --url http://b/v1,name=b --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.benchGateway(c.Context(), o) },
	}
	f := c.Flags()
	f.StringArrayVar(&o.urls, "url", nil, "URL of a server, up to /v1; can be repeated")
	f.StringVar(&o.direct, "direct", "", "URL of the server behind them all, in the same form")
	f.IntSliceVar(&o.streams, "streams", []int{1, 64, 1000}, "how many chats are under way at the same time, one number after the other")
	f.IntVar(&o.tokens, "tokens", 64, "most tokens of an answer")
	f.DurationVar(&o.duration, "duration", 10*time.Second, "how long to measure each server with each number of streams")
	f.DurationVar(&o.slice, "slice", 5*time.Second, "how long one server is asked before it is the next one's turn")
	f.DurationVar(&o.warmup, "warmup", time.Second, "how long to ask each before, uncounted")
	f.DurationVar(&o.deadline, "deadline", time.Minute, "longest time of a chat")
	return c
}

// gatewaysAnswer is the answer of bench gateway.
type gatewaysAnswer struct{ bench.GatewayReport }

func (a *app) benchGateway(ctx context.Context, o benchGatewayOptions) error {
	if len(o.urls) == 0 {
		return usagef("--url is required: which server is to be measured?")
	}
	cfg := bench.GatewayConfig{
		Streams: o.streams, Tokens: o.tokens, Duration: o.duration, Slice: o.slice, Warmup: o.warmup, Deadline: o.deadline,
		Observe: func(r bench.GatewayRun) {
			a.line(true, "%d streams, %s: first token after %.1f ms, %.0f tokens/s, %d of %d failed", r.Streams, r.Name, r.FirstP50, r.TokensPerSecond, r.Errors, r.Requests)
		},
	}
	for _, text := range o.urls {
		e, err := parseEndpoint(text)
		if err != nil {
			return usagef("--url: %v", err)
		}
		cfg.Endpoints = append(cfg.Endpoints, e)
	}
	if o.direct != "" {
		e, err := parseEndpoint(o.direct)
		if err != nil {
			return usagef("--direct: %v", err)
		}
		cfg.Direct = &e
	}
	report, err := bench.Gateways(ctx, cfg)
	if errors.Is(err, bench.ErrConfig) {
		return usagef("%v", err)
	}
	if err != nil {
		return err
	}
	if err := a.show(gatewaysAnswer{report}); err != nil {
		return err
	}
	for _, r := range report.Runs {
		if r.Errors == r.Requests {
			return fmt.Errorf("no whole answer from %s with %d streams: %s", r.Name, r.Streams, r.FirstError)
		}
	}
	return nil
}

// parseEndpoint reads URL,name=NAME,key-file=FILE,model=NAME,header=NAME:VALUE.
func parseEndpoint(text string) (bench.Endpoint, error) {
	parts := strings.Split(text, ",")
	e := bench.Endpoint{Name: parts[0], URL: parts[0], Header: http.Header{}}
	for _, p := range parts[1:] {
		name, value, _ := strings.Cut(p, "=")
		switch name {
		case "name":
			e.Name = value
		case "model":
			e.Model = value
		case "key-file":
			key, err := os.ReadFile(value)
			if err != nil {
				return e, err
			}
			if e.Key = strings.TrimSpace(string(key)); e.Key == "" {
				return e, errors.New("the file with the API key is empty")
			}
		case "header":
			k, v, ok := strings.Cut(value, ":")
			if !ok {
				return e, fmt.Errorf("header is %q, want NAME:VALUE", value)
			}
			e.Header.Add(k, strings.TrimSpace(v))
		default:
			return e, fmt.Errorf("%q behind a URL, want name=NAME, key-file=FILE, model=NAME or header=NAME:VALUE", name)
		}
	}
	return e, nil
}

func (v gatewaysAnswer) print(p *page) {
	t := grid{columns: []column{
		num("STREAMS"), col("SERVER"), num("FIRST TOKEN P50 MS"), num("P99"), num("BETWEEN P50 MS"), num("P99"), num("TOKENS/S"),
		num("OVER DIRECT P50 MS"), num("P99"), num("TOKENS/S RATIO"), num("ERRORS"),
	}}
	for _, r := range v.Runs {
		over := []string{"-", "-", "-"}
		if o := r.Over; o != nil {
			over = []string{fmt.Sprintf("%+.1f", o.FirstP50), fmt.Sprintf("%+.1f", o.FirstP99), fmt.Sprintf("%.2f", o.TokensPerSecond)}
		}
		t.add(fmt.Sprint(r.Streams), r.Name, fmt.Sprintf("%.1f", r.FirstP50), fmt.Sprintf("%.1f", r.FirstP99), fmt.Sprintf("%.1f", r.BetweenP50),
			fmt.Sprintf("%.1f", r.BetweenP99), fmt.Sprintf("%.0f", r.TokensPerSecond), over[0], over[1], over[2], fmt.Sprintf("%d of %d", r.Errors, r.Requests))
	}
	p.table(t)
	for _, r := range v.Runs {
		if r.FirstError != "" {
			p.linef("%s, %d streams: first error: %s", r.Name, r.Streams, r.FirstError)
		}
	}
}

// benchModelCommand serves a model that keeps its own time.
func (a *app) benchModelCommand() *cobra.Command {
	var listen string
	cfg := bench.PacedConfig{}
	c := &cobra.Command{
		Use:    "model",
		Short:  "Serve words at an even pace, for bench gateway",
		Hidden: true,
		Args:   takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error {
			lis, err := (&net.ListenConfig{}).Listen(c.Context(), "tcp", listen)
			if err != nil {
				return usagef("--listen: %v", err)
			}
			cfg.Listener = lis
			fmt.Fprintf(a.Out, "listening on http://%s\n", lis.Addr())
			if err := bench.ServePaced(c.Context(), cfg); errors.Is(err, bench.ErrConfig) {
				return usagef("%v", err)
			} else if err != nil {
				return err
			}
			return nil
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "address to serve at")
	c.Flags().Float64Var(&cfg.Rate, "rate", 50, "tokens per second of each stream")
	c.Flags().IntVar(&cfg.Tokens, "tokens", 64, "tokens of an answer")
	c.Flags().IntVar(&cfg.Slots, "slots", 256, "requests that it says it works on at the same time")
	return c
}

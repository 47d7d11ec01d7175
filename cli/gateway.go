package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/gateway"
	"github.com/gotensor/gotensor/gateway/route"
	"github.com/gotensor/gotensor/gateway/store"
	rolehome "github.com/gotensor/gotensor/internal/home"
	"github.com/gotensor/gotensor/metagraph"
	"github.com/gotensor/gotensor/telemetry"
	"github.com/gotensor/gotensor/web"
)

func (a *app) gatewayCommand() *cobra.Command {
	return group(&cobra.Command{Use: "gateway", Short: "Offer the network to applications, by OpenAI's API"},
		a.gatewayRunCommand(), a.gatewayKeyCommand(), a.gatewayLoginCommand(), a.gatewayUsageCommand())
}

// gatewayOptions are the flags of gateway run.
type gatewayOptions struct {
	netuids               []uint
	where                 gatewayStore
	listen                string
	tlsCert, tlsKey       string
	publicURLs, origins   []string
	proxies               []string
	minStake              string
	requests, tokens      string
	concurrent            string
	anonymous             int64
	privateNeurons        bool
	parallel, queue       int
	maxAge, drain, finish time.Duration
	telemetry             telemetryOptions
}

// gatewayStore says where a gateway keeps its state.
type gatewayStore struct{ home, url string }

func (s *gatewayStore) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.home, "home", "", "folder of the gateway (default ~/.gotensor/gateways/WALLET-HOTKEY)")
	f.StringVar(&s.url, "store", "", "postgres://... where several gateways share keys and limits (env GOTENSOR_GATEWAY_STORE; default: gateway.db in --home)")
}

func (a *app) gatewayRunCommand() *cobra.Command {
	var o gatewayOptions
	c := &cobra.Command{
		Use:   "run",
		Short: "Serve OpenAI's API from the neurons of subnets",
		Long: `Serves /v1/chat/completions, /v1/completions, /v1/embeddings and /v1/models from the neurons of the subnets. Set an
application's base URL to http://HOST:PORT/v1 and its API key to one that ` + "`gotensor gateway login`" + ` or ` + "`gotensor gateway key create`" + `
made. Further subnets stand below /subnets/NETUID/v1. Neurons are asked with the wallet's hotkey: it needs stake behind it.

What an account may do grows with its stake: --requests, --tokens and --concurrent are BASE,PER_TAO,MAX. When there is more to do
than --parallel requests at a time, accounts get turns in proportion to their stake.

A gateway in public needs its own URL (--public-url) for people to make keys, and TLS, here or in a proxy before it. It then calls no
neuron at a private address: anybody may announce one, and ask the gateway what is there.
/healthz says that it lives, /readyz that it would answer, /api/ what it knows about the network.`,
		Example: `  gotensor gateway run --network FOLDER --wallet me
  gotensor gateway run --network FOLDER --wallet me --anonymous-rpm 20
  gotensor gateway run --network FOLDER --wallet me --listen 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem --public-url https://gw.example
  GOTENSOR_GATEWAY_STORE=postgres://... gotensor gateway run --network FOLDER --wallet me`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.gatewayRun(c.Context(), o) },
	}
	f := c.Flags()
	f.UintSliceVar(&o.netuids, "netuid", []uint{1}, "subnets to offer; can be repeated, the first stands at /v1")
	o.where.flags(c)
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address to serve at; port 0 takes a free one, which gateway.json in --home names")
	f.StringVar(&o.tlsCert, "tls-cert", "", "PEM file of the certificate, with --tls-key; without, HTTP in the clear")
	f.StringVar(&o.tlsKey, "tls-key", "", "PEM file of the certificate's key")
	f.StringSliceVar(&o.publicURLs, "public-url", nil, "URL under which users know this gateway; sign-ins must name it (default: from this machine only)")
	f.BoolVar(&o.privateNeurons, "private-neurons", false, "with --public-url: also call neurons at private addresses, on a network of your own")
	f.StringSliceVar(&o.proxies, "trusted-proxies", nil, "addresses of proxies before this gateway, as CIDR: callers are who their X-Forwarded-For says")
	f.StringSliceVar(&o.origins, "origins", []string{"*"}, "web sites whose pages may use this gateway; * for all")
	f.StringVar(&o.minStake, "min-stake", "1", "TAO of bandwidth that an account needs to make keys for itself; 0: none")
	f.StringVar(&o.requests, "requests", scaleText(gateway.DefaultRequests), "requests per minute of an account: BASE,PER_TAO,MAX")
	f.StringVar(&o.tokens, "tokens", scaleText(gateway.DefaultTokens), "tokens per minute of an account: BASE,PER_TAO,MAX")
	f.StringVar(&o.concurrent, "concurrent", scaleText(gateway.DefaultConcurrent), "requests of an account at the same time: BASE,PER_TAO,MAX")
	f.Int64Var(&o.anonymous, "anonymous-rpm", 0, "requests per minute of each network address without a key, at the lowest weight; 0: a key is needed")
	f.IntVar(&o.parallel, "parallel", 256, "requests worked on at the same time; others wait for their turn")
	f.IntVar(&o.queue, "queue", 1024, "requests that may wait; others are refused at once")
	f.DurationVar(&o.maxAge, "max-age", 0, "oldest snapshot of the chain with which /readyz says yes; 0: any")
	f.DurationVar(&o.drain, "drain", 0, "when told to stop: say no at /readyz for so long before new connections are refused")
	f.DurationVar(&o.finish, "grace", 30*time.Second, "when told to stop: let requests under way go on for so long")
	o.telemetry.flags(f)
	return c
}

func (a *app) gatewayRun(ctx context.Context, o gatewayOptions) error {
	limits, err := o.limits()
	if err != nil {
		return err
	}
	proxies, err := parsePrefixes(o.proxies)
	if err != nil {
		return err
	}
	n, err := chain.FindNetwork(a.network)
	if err != nil {
		return err
	}
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	hotkey, err := a.openHotkey()
	if err != nil {
		return err
	}
	home, err := a.roleHome(o.where.home, "gateways")
	if err != nil {
		return err
	}
	chainID, err := node.ChainID(ctx)
	if errors.Is(err, chain.ErrUnreachable) && n.ChainID != "" {
		chainID, err = n.ChainID, nil // a gateway that was here before goes on from its last snapshot
	}
	if err != nil {
		return err
	}
	unlock, err := rolehome.Lock(home)
	if err != nil {
		return fmt.Errorf("%w: --home %s: %w", ErrUsage, home, err)
	}
	defer unlock()
	if err := tieGateway(home, chainID); err != nil {
		return err
	}
	seen, err := a.observe(ctx, "gateway", o.telemetry)
	if err != nil {
		return err
	}
	defer seen.close()
	client, err := dendrite.New(dendrite.Config{
		ChainID: chainID, Signer: hotkey, StatsHandler: seen.sinks.Traces.Client(),
		Public: len(o.publicURLs) > 0 && !o.privateNeurons,
	})
	if err != nil {
		return err
	}
	defer client.Close()
	cfg := gateway.Config{
		Chain: node, ChainID: chainID, Limits: limits, Origins: o.origins, PublicURLs: o.publicURLs, TrustedProxies: proxies, TLSCert: o.tlsCert, TLSKey: o.tlsKey,
		MaxAge: o.maxAge, Drain: o.drain, Grace: o.finish, Version: Version, Log: a.log(), Telemetry: seen.sinks,
	}
	asks := asker{app: a, node: node, client: client, hotkey: hotkey.Address(), home: home}
	for _, netuid := range o.netuids {
		if netuid < 1 || netuid > 65534 {
			return usagef("--netuid is %d, want 1 to 65534", netuid)
		}
		s, err := asks.offer(ctx, gotensor.NetUID(netuid))
		if err != nil {
			return err
		}
		cfg.Networks = append(cfg.Networks, s)
	}
	var routers []*route.Router
	for _, s := range cfg.Networks {
		if r, ok := s.Network.(*route.Router); ok {
			routers = append(routers, r)
		}
	}
	if err := seen.sinks.Add(append(route.Metrics(routers...), telemetry.Dendrite(client.Stats))...); err != nil {
		return err
	}
	return seen.during(ctx, func(ctx context.Context) error { return a.serveGateway(ctx, o, cfg, home) })
}

// parsePrefixes reads addresses or networks; a single address stands for itself alone.
func parsePrefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if ip, aerr := netip.ParseAddr(text); aerr == nil {
			p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil {
			return nil, usagef("--trusted-proxies: %q is no address and no network such as 10.0.0.0/8", text)
		}
		out = append(out, p)
	}
	return out, nil
}

// serveGateway opens what a gateway holds on to while it runs, and runs it.
func (a *app) serveGateway(ctx context.Context, o gatewayOptions, cfg gateway.Config, home string) error {
	db, err := a.openGatewayStore(ctx, o.where.url, home)
	if err != nil {
		return err
	}
	defer db.Close()
	cfg.Store = db
	if db.Shared() {
		cfg.Budget = db
	}
	lis, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return usagef("--listen: %v", err)
	}
	defer lis.Close()
	cfg.Listener, cfg.Static = lis, web.Dist()
	scheme := "http://"
	if o.tlsCert != "" {
		scheme = "https://"
	}
	if err := writeGatewayFile(home, gatewayFile{URL: scheme + lis.Addr().String()}); err != nil {
		return err
	}
	defer func() { _ = os.Remove(filepath.Join(home, gatewayFileName)) }() // it is for people
	return gateway.Run(ctx, cfg)
}

// asker is with what a gateway asks neurons.
type asker struct {
	*app
	node   *chain.Client
	client *dendrite.Client
	hotkey gotensor.Address
	home   string
}

// offer makes what a gateway needs of one subnet: the network behind it and the front before it.
func (a asker) offer(ctx context.Context, netuid gotensor.NetUID) (gateway.Subnet, error) {
	router, err := route.New(route.Config{
		NetUID: netuid, Log: a.log().With("netuid", netuid),
		SnapshotFile: filepath.Join(a.home, fmt.Sprintf("subnet-%d.json", netuid)),
		Dial:         func(t dendrite.Target) grpc.ClientConnInterface { return a.client.To(t) },
		Follow: func(ctx context.Context, fn func(*metagraph.Metagraph) error) error {
			return a.node.Follow(ctx, netuid, fn)
		},
	})
	if err != nil {
		return gateway.Subnet{}, err
	}
	name, settings, err := describe(ctx, a.node, router, netuid)
	if err != nil {
		return gateway.Subnet{}, err
	}
	f, err := frontOf(name, offering{netuid: netuid, hotkey: a.hotkey, settings: settings, network: router, log: a.log()})
	if err != nil {
		return gateway.Subnet{}, err
	}
	return gateway.Subnet{NetUID: netuid, Network: router, Front: f, Run: router.Run}, nil
}

// describe asks the chain what a subnet is about, or the last snapshot while the node is away.
func describe(ctx context.Context, node *chain.Client, router *route.Router, netuid gotensor.NetUID) (name, settings string, err error) {
	v, err := node.Subnet(ctx, netuid)
	if err == nil {
		return v.Subnet.Mechanism, v.Subnet.Settings, nil
	}
	if m := router.Metagraph(); m != nil && errors.Is(err, chain.ErrUnreachable) {
		return m.Mechanism, m.Settings, nil
	}
	return "", "", err
}

// limits reads the flags that say who may do how much.
func (o gatewayOptions) limits() (gateway.Limits, error) {
	l := gateway.Limits{Anonymous: o.anonymous, Slots: o.parallel, MaxQueued: o.queue}
	if o.parallel < 1 || o.queue < 1 {
		return l, usagef("--parallel and --queue are %d and %d, want at least 1", o.parallel, o.queue)
	}
	var err error
	if l.MinStake, err = parseTAO(o.minStake); err != nil {
		return l, fmt.Errorf("--min-stake: %w", err)
	}
	for _, x := range []struct {
		flag, text string
		into       *gateway.Scale
	}{{"requests", o.requests, &l.Requests}, {"tokens", o.tokens, &l.Tokens}, {"concurrent", o.concurrent, &l.Concurrent}} {
		if *x.into, err = parseScale(x.text); err != nil {
			return l, usagef("--%s is %q, want BASE,PER_TAO,MAX such as 60,6,60000", x.flag, x.text)
		}
	}
	return l, nil
}

func scaleText(s gateway.Scale) string {
	return fmt.Sprintf("%d,%s,%d", s.Base, strconv.FormatFloat(s.PerTAO, 'f', -1, 64), s.Max)
}

var errScale = errors.New("not three numbers")

func parseScale(text string) (gateway.Scale, error) {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return gateway.Scale{}, errScale
	}
	base, err1 := strconv.ParseInt(parts[0], 10, 64)
	per, err2 := strconv.ParseFloat(parts[1], 64)
	most, err3 := strconv.ParseInt(parts[2], 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return gateway.Scale{}, err
	}
	if base < 0 || !(per >= 0 && per <= store.MaxRate) || most < 1 || most > store.MaxRate {
		return gateway.Scale{}, errScale
	}
	return gateway.Scale{Base: base, PerTAO: per, Max: most}, nil
}

// openGatewayStore opens the store that was named, else the one in the gateway's folder.
func (a *app) openGatewayStore(ctx context.Context, url, home string) (*store.DB, error) {
	if url == "" {
		url = a.Getenv("GOTENSOR_GATEWAY_STORE")
	}
	if url == "" {
		url = filepath.Join(home, "gateway.db")
	} else if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return nil, usagef("--store is no postgres:// URL; a single gateway keeps its state in --home by itself")
	}
	return store.Open(ctx, url)
}

// gatewayFileName is the file in a gateway's folder that says where it serves, while it does.
const gatewayFileName = "gateway.json"

// gatewayFile is what stands there.
type gatewayFile struct {
	URL string `json:"url"`
}

func writeGatewayFile(home string, v gatewayFile) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(home, gatewayFileName), append(data, '\n'), 0o600)
}

func readGatewayFile(home string) (gatewayFile, error) {
	var v gatewayFile
	data, err := os.ReadFile(filepath.Join(home, gatewayFileName))
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil {
		return v, usagef("no gateway runs in %s: name one with --url URL", home)
	}
	return v, nil
}

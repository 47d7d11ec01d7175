package miner

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/home"
	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
	"github.com/gotensor/gotensor/telemetry"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
)

var (
	// ErrConfig is returned by Run for a configuration that cannot work.
	ErrConfig = errors.New("miner configuration")
	// ErrNotRegistered is returned by Run where the hotkey has no uid and may not register.
	ErrNotRegistered = errors.New("hotkey is not registered")
	// ErrClosed is returned by Register, together with ErrNotRegistered, where the subnet takes no registration by work now.
	ErrClosed = errors.New("registration is closed")
	// ErrColdkey is returned by Run and by Register where the chain pays another coldkey for the hotkey than the one given.
	ErrColdkey = errors.New("hotkey is registered for another coldkey")
)

// Config is what a miner needs. Chain, Key, Coldkey, NetUID, Server and Home are required.
type Config struct {
	Chain   *chain.Client
	Key     keys.PrivateKey  // the hotkey
	Coldkey gotensor.Address // receives the pay
	NetUID  gotensor.NetUID
	Server  mechanism.Server
	Home    string // folder of its own: certificate and status

	// Listen is the address to serve at, e.g. "0.0.0.0:8091"; port 0 takes a free one.
	Listen string
	// Announce is what the chain is told; zero: the address that is listened at, which must then be one that others can reach.
	Announce netip.AddrPort
	// Policy says who may ask. Under PolicyBandwidth the stake behind unknown keys is looked up.
	Policy axon.Policy
	// NoRegister fails instead of registering a hotkey without a uid.
	NoRegister bool
	// Progress, if not nil, is told how a proof of work goes.
	Progress func(Work)
	Version  string       // of the software, shown to callers
	Log      *slog.Logger // nil: silent
	// Telemetry is where metrics and traces go.
	Telemetry telemetry.Sinks
}

// miner is one running miner.
type miner struct {
	cfg      Config
	log      *slog.Logger
	axon     *axon.Server
	endpoint metagraph.Endpoint
	callers  *callers

	latest chain.Latest
	shown  atomic.Pointer[Status] // the newest status
	since  gotensor.Block         // snapshots before this height do not show yet what was done; used by keepUp alone
}

// Run serves until ctx ends, finishes the calls in progress, and returns nil. A node that does not answer is waited for; a
// hotkey that loses its uid registers again unless the configuration forbids it.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Chain == nil || cfg.Server == nil || cfg.Key.IsZero() || cfg.Coldkey.IsZero() || cfg.NetUID == 0 || cfg.Home == "" {
		return fmt.Errorf("%w: chain, server, key, coldkey, netuid and home are required", ErrConfig)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(cfg.Home, 0o700); err != nil {
		return fmt.Errorf("%w: home: %w", ErrConfig, err)
	}
	unlock, err := home.Lock(cfg.Home)
	if err != nil {
		return fmt.Errorf("%w: home: %w", ErrConfig, err)
	}
	defer unlock()
	cert, err := synapse.LoadOrCreateCertificate(filepath.Join(cfg.Home, "axon.pem"), time.Now())
	if err != nil {
		return err
	}
	m := &miner{cfg: cfg, log: cfg.Log, callers: newCallers(cfg.Policy)}
	lis, err := m.listen(cert)
	if err != nil {
		return err
	}
	defer lis.Close()
	if err := m.start(ctx, cert); err != nil {
		return wait.Ended(ctx, err)
	}
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error { return m.axon.Serve(gctx, lis) })
	group.Go(func() error { return cfg.Chain.Follow(gctx, cfg.NetUID, m.observe) })
	group.Go(func() error { return m.keepUp(gctx) })
	group.Go(func() error { return m.report(gctx) })
	if cfg.Policy == axon.PolicyBandwidth {
		group.Go(func() error { return m.callers.lookUp(gctx, cfg.Chain) })
	}
	return wait.Ended(ctx, group.Wait())
}

// listen opens the port and works out what to announce.
func (m *miner) listen(cert tls.Certificate) (net.Listener, error) {
	lis, err := net.Listen("tcp", m.cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("%w: listen: %w", ErrConfig, err)
	}
	pin, err := synapse.SPKIHash(&cert)
	if err != nil {
		lis.Close()
		return nil, err
	}
	at := lis.Addr().(*net.TCPAddr).AddrPort() //nolint:forcetypeassert // the network is tcp
	at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	m.endpoint = metagraph.Endpoint{Addr: at, Pin: pin}
	if m.cfg.Announce.IsValid() {
		port := m.cfg.Announce.Port()
		if port == 0 {
			port = at.Port()
		}
		m.endpoint.Addr = netip.AddrPortFrom(m.cfg.Announce.Addr().Unmap(), port)
	}
	if ip := m.endpoint.Addr.Addr(); ip.IsUnspecified() || ip.Zone() != "" {
		lis.Close()
		return nil, fmt.Errorf("%w: %s is no address that others can reach: announce one (--announce IP)", ErrConfig, ip)
	}
	return lis, nil
}

// leastGrace is how long calls in progress may go on after Run's context has ended, longer where answers wait for longer by themselves.
const leastGrace = 10 * time.Second

// start makes the axon once the chain's name is known.
func (m *miner) start(ctx context.Context, cert tls.Certificate) error {
	status, err := m.cfg.Chain.WaitReady(ctx)
	if err != nil {
		return err
	}
	about := m.cfg.Server.Describe()
	m.axon, err = axon.New(axon.Config{
		ChainID: status.ChainID, Certificate: cert, Callers: m.callers, Policy: m.cfg.Policy, Log: m.log,
		StatsHandler: m.cfg.Telemetry.Traces.Server(), MaxMessageBytes: about.MaxRequest, Slots: about.Parallel,
		Grace: max(leastGrace, about.Hold+time.Second),
		Info: &axonv1.InfoResponse{
			Hotkey: keys.Account(m.cfg.Key.Address()), Netuid: uint32(m.cfg.NetUID), Model: about.Model, Version: m.cfg.Version,
			Capabilities: about.Capabilities, Schema: about.Schema,
		},
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	m.axon.Register(m.cfg.Server.Service())
	return m.cfg.Telemetry.Add(telemetry.Axon(m.axon.Stats), collector(m.shown.Load))
}

// observe keeps the newest snapshot for callers and for whoever waits for one.
func (m *miner) observe(g *metagraph.Metagraph) error {
	m.callers.neurons.Set(g, nil)
	m.latest.Set(g)
	return nil
}

// Between two tries to tell the chain of this miner.
const leastRetry, mostRetry = time.Second, 30 * time.Second

// keepUp registers and publishes whenever a block shows that the chain does not know this miner as it is.
func (m *miner) keepUp(ctx context.Context) error {
	retry := wait.Pause{Least: leastRetry, Most: mostRetry}
	said := ""
	var g *metagraph.Metagraph
	for {
		var err error
		if g, err = m.latest.Next(ctx, g); err != nil {
			return err
		}
		err = m.putRight(ctx, g)
		switch {
		case err == nil:
			said = ""
			retry.Reset()
			continue
		case ctx.Err() != nil, errors.Is(err, ErrColdkey), errors.Is(err, ErrNotRegistered) && !errors.Is(err, ErrClosed):
			return err
		}
		if err.Error() != said {
			said = err.Error()
			m.log.Warn("the chain does not know this miner yet, trying again", "err", err)
		}
		if err := retry.Sleep(ctx); err != nil {
			return err
		}
	}
}

// putRight does what a snapshot shows to be missing.
func (m *miner) putRight(ctx context.Context, g *metagraph.Metagraph) error {
	if g.Height < m.since {
		return nil
	}
	me, registered := g.ByHotkey(m.cfg.Key.Address())
	switch {
	case !registered:
		return m.register(ctx)
	case me.Coldkey != m.cfg.Coldkey:
		return otherColdkey(m.cfg.NetUID, keys.Account(me.Coldkey), m.cfg.Coldkey)
	case me.Endpoint != m.endpoint:
		return m.publish(ctx)
	}
	return nil
}

// report keeps the status file as new as the chain, also while a proof of work is searched.
func (m *miner) report(ctx context.Context) error {
	var g *metagraph.Metagraph
	for {
		var err error
		if g, err = m.latest.Next(ctx, g); err != nil {
			return err
		}
		if err := m.showStatus(g); err != nil {
			return err
		}
	}
}

// publish tells the chain where this miner serves.
func (m *miner) publish(ctx context.Context) error {
	msg, err := chain.Serve(&neuron.MsgServe{
		Hotkey: keys.Account(m.cfg.Key.Address()), Netuid: uint32(m.cfg.NetUID),
		Host: m.endpoint.Addr.Addr().String(), Port: uint32(m.endpoint.Addr.Port()), CertificatePin: m.endpoint.Pin[:],
	})
	if err != nil {
		return err
	}
	r, err := m.cfg.Chain.Sender(m.cfg.Key).Send(ctx, msg)
	if err != nil {
		return fmt.Errorf("publish %s: %w", m.endpoint.Addr, err)
	}
	m.since = r.Height
	m.log.Info("serving", "at", m.endpoint.Addr, "model", m.cfg.Server.Describe().Model)
	return nil
}

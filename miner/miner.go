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
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	neuron "github.com/gotensor/gotensor/x/neuron/types"

	"github.com/gotensor/gotensor/synapse"
)

var (
	// ErrConfig is returned by Run for a configuration that cannot work.
	ErrConfig = errors.New("miner configuration")
	// ErrNotRegistered is returned by Run where the hotkey has no uid and may not register.
	ErrNotRegistered = errors.New("hotkey is not registered")
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
}

// miner is one running miner.
type miner struct {
	cfg      Config
	log      *slog.Logger
	chainID  string
	axon     *axon.Server
	endpoint metagraph.Endpoint
	callers  *callers

	snapshot atomic.Pointer[metagraph.Metagraph]
	blocks   chan *metagraph.Metagraph
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
	cert, err := synapse.LoadOrCreateCertificate(filepath.Join(cfg.Home, "axon.pem"), time.Now())
	if err != nil {
		return err
	}
	m := &miner{cfg: cfg, log: cfg.Log, blocks: make(chan *metagraph.Metagraph, 1)}
	lis, err := m.listen(cert)
	if err != nil {
		return err
	}
	defer lis.Close()
	if err := m.start(ctx, cert); err != nil {
		return ignoreEnd(ctx, err)
	}
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error { return m.axon.Serve(gctx, lis) })
	group.Go(func() error { return cfg.Chain.Follow(gctx, cfg.NetUID, m.observe) })
	group.Go(func() error { return m.keepUp(gctx) })
	if cfg.Policy == axon.PolicyBandwidth {
		group.Go(func() error { return m.callers.lookUp(gctx, cfg.Chain) })
	}
	return ignoreEnd(ctx, group.Wait())
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
		m.endpoint.Addr = netip.AddrPortFrom(m.cfg.Announce.Addr(), port)
	}
	if m.endpoint.Addr.Addr().IsUnspecified() {
		lis.Close()
		return nil, fmt.Errorf("%w: %s is no address that others can reach: announce one (--announce IP)", ErrConfig, m.endpoint.Addr.Addr())
	}
	return lis, nil
}

// start makes the axon once the chain's name is known.
func (m *miner) start(ctx context.Context, cert tls.Certificate) error {
	for {
		id, err := m.cfg.Chain.ChainID(ctx)
		if err == nil {
			m.chainID = id
			break
		}
		m.log.Warn("waiting for the node", "err", err)
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	m.callers = newCallers(&m.snapshot)
	var err error
	m.axon, err = axon.New(axon.Config{
		ChainID: m.chainID, Certificate: cert, Callers: m.callers, Policy: m.cfg.Policy, Log: m.log,
		MaxMessageBytes: m.cfg.Server.MaxRequest(),
		Info: &axonv1.InfoResponse{
			Hotkey: keys.Account(m.cfg.Key.Address()), Netuid: uint32(m.cfg.NetUID), Model: m.cfg.Server.Model(), Version: m.cfg.Version,
		},
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	m.axon.Register(m.cfg.Server.Service())
	return nil
}

// observe keeps the newest snapshot for callers and hands it to keepUp.
func (m *miner) observe(g *metagraph.Metagraph) error {
	m.snapshot.Store(g)
	select {
	case <-m.blocks:
	default:
	}
	m.blocks <- g
	return nil
}

// keepUp registers and publishes whenever a block shows that the chain does not know this miner as it is.
func (m *miner) keepUp(ctx context.Context) error {
	for {
		var g *metagraph.Metagraph
		select {
		case <-ctx.Done():
			return ctx.Err()
		case g = <-m.blocks:
		}
		me, registered := g.ByHotkey(m.cfg.Key.Address())
		var err error
		switch {
		case !registered:
			err = m.register(ctx)
		case me.Endpoint != m.endpoint:
			err = m.publish(ctx)
		}
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, ErrNotRegistered) {
				return err
			}
			m.log.Warn("the chain does not know this miner yet, trying again", "err", err)
			if err := sleep(ctx, time.Second); err != nil {
				return err
			}
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
	if _, err := m.cfg.Chain.Sender(m.cfg.Key).Send(ctx, msg); err != nil {
		return fmt.Errorf("publish %s: %w", m.endpoint.Addr, err)
	}
	m.log.Info("serving", "at", m.endpoint.Addr, "model", m.cfg.Server.Model())
	return nil
}

func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

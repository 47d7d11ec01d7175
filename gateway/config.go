package gateway

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/telemetry"
	subnet "github.com/gotensor/gotensor/x/subnet/types"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

// Config describes a gateway. Zero values mean the defaults in brackets.
type Config struct {
	// Listen is the address to serve at; Listener, if set, serves instead.
	Listen   string
	Listener net.Listener
	// TLSCert and TLSKey are PEM files; without them HTTP is served in the clear, for a proxy or for this machine.
	TLSCert, TLSKey string

	// Networks are the subnets that are offered, at least one. The routes of the first stand at /, those of each
	// at /subnets/NETUID/ too.
	Networks []Subnet
	// Chain is a client of the chain's node; its ChainID names the chain that sign-ins are for.
	Chain   Chain
	ChainID string
	// Store keeps keys, usage and history. Budget is what gateways share; nil: this one has its limits for itself.
	Store  Store
	Budget Budget

	Limits Limits
	// Origins may use the gateway from a browser ("*": all do).
	Origins []string
	// PublicURLs are those under which users know this gateway, e.g. https://gw.example: sign-ins must name one. Without any, sign-ins
	// come from this machine and name it (localhost, 127.0.0.1 or ::1).
	PublicURLs []string
	// TrustedProxies stand before the gateway: where one of them calls, the caller is who X-Forwarded-For says (none).
	TrustedProxies []netip.Prefix
	// Static is the site at /; Metrics serves /metrics. Both may be nil.
	Static  fs.FS
	Metrics http.Handler

	// MaxAge is how old the newest snapshot may be for the gateway to be ready (0: any age will do).
	MaxAge time.Duration
	// Drain is how long a gateway that was told to stop says that it is not ready before it takes no more connections (0); Grace
	// how long requests under way may go on after that (30 s).
	Drain, Grace time.Duration

	Version string
	Log     *slog.Logger // (none)
	// Telemetry is where metrics and traces go (nowhere).
	Telemetry telemetry.Sinks
	// Now is the clock (time.Now).
	Now func() time.Time
}

// Subnet is one subnet that a gateway offers.
type Subnet struct {
	NetUID  gotensor.NetUID
	Network mechanism.Network
	Front   mechanism.Front
	// Run keeps the network up to date until ctx ends; may be nil. An error of it ends the gateway.
	Run func(ctx context.Context) error
}

// Limits say what callers may do.
type Limits struct {
	// Requests and Tokens per minute and Concurrent requests of an account, by its stake.
	Requests, Tokens, Concurrent Scale
	// Anonymous is how many requests a minute each address may make without a key (0: none). They have the lowest weight.
	Anonymous int64
	// MinStake is the bandwidth that an account needs to make keys for itself (0: none); MaxKeys how many keys it may have (32).
	MinStake gotensor.Rao
	MaxKeys  int
	// Slots are how many requests are worked on at once (256); MaxQueued bounds those that wait (1024), MaxPerCaller those of one
	// account (64), MaxWait how long (20 s).
	Slots, MaxQueued, MaxPerCaller int
	MaxWait                        time.Duration
	// MaxBody is the most bytes of a request's body (4 MiB).
	MaxBody int64
}

// Scale is a limit that grows with stake: Base + PerTAO for each TAO of bandwidth, at most Max. A key's own limit can only lower it.
type Scale struct {
	Base   int64
	PerTAO float64
	Max    int64
}

// Default limits: what an account without stake gets, and what stake adds.
var (
	DefaultRequests   = Scale{Base: 60, PerTAO: 6, Max: 60_000}
	DefaultTokens     = Scale{Base: 60_000, PerTAO: 6_000, Max: 60_000_000}
	DefaultConcurrent = Scale{Base: 8, PerTAO: 0.1, Max: 1_000}
)

// Of is the limit at a bandwidth.
func (s Scale) Of(bandwidth gotensor.Rao) int64 {
	more := min(s.PerTAO*bandwidth.TAO(), float64(s.Max))
	return min(s.Base+int64(more), s.Max)
}

// Chain is what a gateway asks a node; *chain.Client is one.
type Chain interface {
	Status(ctx context.Context) (chain.Status, error)
	Subnets(ctx context.Context) ([]subnet.SubnetView, error)
	Weights(ctx context.Context, netuid gotensor.NetUID) ([]weights.UIDRow, error)
	Bandwidth(ctx context.Context, account gotensor.Address) (gotensor.Rao, error)
	Balance(ctx context.Context, account gotensor.Address) (*big.Int, error)
	Delegations(ctx context.Context, delegator gotensor.Address) ([]chain.Delegation, error)
	Validators(ctx context.Context) ([]chain.Validator, error)
}

// Store is what a gateway must not forget; *store.DB is one.
type Store interface {
	AddKey(ctx context.Context, k store.Key, most int) error
	KeyByHash(ctx context.Context, hash [sha256.Size]byte) (store.Key, error)
	Keys(ctx context.Context, account gotensor.Address) ([]store.Key, error)
	Revoke(ctx context.Context, id string, account gotensor.Address, now time.Time) error
	UseNonce(ctx context.Context, nonce string, now, expires time.Time) error
	AddUsage(ctx context.Context, more []store.Usage) error
	AddEpoch(ctx context.Context, netuid gotensor.NetUID, e store.Epoch, keep int) error
	Epochs(ctx context.Context, netuid gotensor.NetUID) ([]store.Epoch, error)
}

// Budget is what requests draw on where several gateways share limits; *store.DB is one.
type Budget interface {
	Draw(ctx context.Context, scope string, perMinute, must, want int64, now time.Time) (granted, left int64, err error)
	Hold(ctx context.Context, h store.Holding, limit, want int64, now, expires time.Time) (granted int64, err error)
	Sweep(ctx context.Context, now time.Time) error
}

// complete checks a configuration and puts the defaults in.
func (c Config) complete() (Config, error) {
	switch {
	case c.Listen == "" && c.Listener == nil:
		return c, fmt.Errorf("%w: Listen is empty, want HOST:PORT", ErrConfig)
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return c, fmt.Errorf("%w: TLS needs both a certificate and its key", ErrConfig)
	case len(c.Networks) == 0:
		return c, fmt.Errorf("%w: no subnet to offer", ErrConfig)
	case c.Chain == nil || c.Store == nil || c.ChainID == "":
		return c, fmt.Errorf("%w: Chain, ChainID and Store are needed", ErrConfig)
	}
	seen := map[gotensor.NetUID]bool{}
	for _, s := range c.Networks {
		if s.Network == nil || s.Front == nil || seen[s.NetUID] {
			return c, fmt.Errorf("%w: subnet %d has no network or front, or is there twice", ErrConfig, s.NetUID)
		}
		seen[s.NetUID] = true
	}
	urls := make([]string, len(c.PublicURLs))
	for i, u := range c.PublicURLs {
		var err error
		if urls[i], err = Origin(u); err != nil {
			return c, fmt.Errorf("public URL: %w", err)
		}
	}
	c.PublicURLs = urls
	if len(c.Origins) == 0 {
		c.Origins = []string{"*"}
	}
	if c.Grace <= 0 {
		c.Grace = 30 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	var err error
	c.Limits, err = c.Limits.complete()
	return c, err
}

func (l Limits) complete() (Limits, error) {
	for _, x := range []struct {
		scale *Scale
		usual Scale
		name  string
	}{{&l.Requests, DefaultRequests, "requests"}, {&l.Tokens, DefaultTokens, "tokens"}, {&l.Concurrent, DefaultConcurrent, "concurrent"}} {
		if *x.scale == (Scale{}) {
			*x.scale = x.usual
		}
		if s := *x.scale; s.Base < 0 || s.PerTAO < 0 || s.Max < 1 || s.Max > store.MaxRate {
			return l, fmt.Errorf("%w: limit of %s is %+v, want base and per TAO of 0 or more, at most 1 to %d", ErrConfig, x.name, s, store.MaxRate)
		}
	}
	if l.Anonymous < 0 || l.Anonymous > store.MaxRate {
		return l, fmt.Errorf("%w: anonymous requests per minute are %d, want 0 to %d", ErrConfig, l.Anonymous, store.MaxRate)
	}
	for _, x := range []struct {
		at    *int
		usual int
	}{{&l.MaxKeys, 32}, {&l.Slots, 256}, {&l.MaxQueued, 1024}, {&l.MaxPerCaller, 64}} {
		if *x.at <= 0 {
			*x.at = x.usual
		}
	}
	if l.MaxWait <= 0 {
		l.MaxWait = 20 * time.Second
	}
	if l.MaxBody <= 0 {
		l.MaxBody = 4 << 20
	}
	return l, nil
}

// Origin brings a URL into the form that sign-ins name: scheme and host, lower case, without a path. It fails with ErrConfig.
func Origin(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return "", fmt.Errorf("%w: %q is no URL such as https://gw.example", ErrConfig, text)
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

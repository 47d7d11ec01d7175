package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"strconv"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/apierror"
	subnet "github.com/gotensor/gotensor/x/subnet/types"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

const (
	// statusFor, subnetsFor, ... are how long answers of the node are shown before it is asked again.
	statusFor, subnetsFor, weightsFor, accountFor = 2 * time.Second, 5 * time.Second, 10 * time.Second, 5 * time.Second
	// graphFor is how long a metagraph and its history are shown as they were written: writing large ones takes a while.
	graphFor = time.Second
	// lookupsPerMinute is how often one network address may read.
	lookupsPerMinute = 600
	// maxLookups bounds the accounts that are looked up at the same time: anybody may ask for any.
	maxLookups = 8
)

// api is the read-only JSON about the network, for pages. It needs no key, and no address of a neuron's machine is in it.
type api struct {
	g        *gateway
	status   *cache[struct{}, chain.Status]
	subnets  *cache[struct{}, []subnet.SubnetView]
	weights  *cache[gotensor.NetUID, []weights.UIDRow]
	accounts *cache[gotensor.Address, account]
	graphs   *cache[gotensor.NetUID, json.RawMessage]
	series   *cache[gotensor.NetUID, json.RawMessage]
	monikers *cache[struct{}, map[gotensor.Address]string]
	probes   *cache[probed, sight]
	lookups  chan struct{} // a place for each lookup of an account
	probing  chan struct{} // a place for each call of a neuron
}

func newAPI(g *gateway) *api {
	node, now := g.cfg.Chain, g.cfg.Now
	a := &api{g: g, lookups: make(chan struct{}, maxLookups), probing: make(chan struct{}, maxProbes)}
	a.status = newCache(statusFor, now, func(ctx context.Context, _ struct{}) (chain.Status, error) { return node.Status(ctx) })
	a.subnets = newCache(subnetsFor, now, func(ctx context.Context, _ struct{}) ([]subnet.SubnetView, error) { return node.Subnets(ctx) })
	a.weights = newCache(weightsFor, now, node.Weights)
	a.graphs = newCache(graphFor, now, a.writeMetagraph)
	a.series = newCache(graphFor, now, a.writeIncentive)
	a.accounts = newCache(accountFor, now, a.account)
	a.probes = newCache(probeFor, now, a.look)
	a.monikers = newCache(weightsFor, now, func(ctx context.Context, _ struct{}) (map[gotensor.Address]string, error) {
		all, err := node.Validators(ctx)
		out := map[gotensor.Address]string{}
		for _, v := range all {
			out[v.Operator] = v.Moniker
		}
		return out, err
	})
	return a
}

// routes adds what is served.
func (a *api) routes(mux *http.ServeMux) {
	for pattern, answer := range map[string]func(r *http.Request) (any, error){
		"GET /api/network":                        a.network,
		"GET /api/subnets":                        a.listSubnets,
		"GET /api/subnets/{netuid}/metagraph":     a.metagraph,
		"GET /api/subnets/{netuid}/neurons/{uid}": a.neuron,
		"GET /api/subnets/{netuid}/incentive":     a.incentive,
		"GET /api/accounts/{address}":             a.showAccount,
		"GET /api/probe":                          a.probe,
	} {
		a.g.plain(mux, pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v, err := a.answer(r, answer)
			if err != nil {
				apierror.Write(w, err)
				return
			}
			w.Header().Set("Cache-Control", "public, max-age=1")
			writeJSON(w, http.StatusOK, v)
		}))
	}
}

func (a *api) answer(r *http.Request, answer func(r *http.Request) (any, error)) (any, error) {
	if s := a.g.lookups.take(r.Context(), household(r.RemoteAddr), lookupsPerMinute, 1, 1); s.wait > 0 {
		return nil, &apierror.Error{
			Status: http.StatusTooManyRequests, Type: apierror.RateLimit, Code: "rate_limit_exceeded", Message: "too many lookups", Retry: s.wait,
		}
	}
	v, err := answer(r)
	if _, ours := errors.AsType[*apierror.Error](err); err == nil || ours {
		return v, err
	}
	if errors.Is(err, chain.ErrNotFound) {
		return nil, notFound("", err.Error())
	}
	a.g.log.Debug("the node gave no answer", "error", err)
	return nil, &apierror.Error{
		Status: http.StatusServiceUnavailable, Type: apierror.Server, Code: "chain_unavailable", Retry: statusFor,
		Message: "the chain's node does not answer, and nothing is known from before; try again",
	}
}

func notFound(param, message string) *apierror.Error {
	return &apierror.Error{Status: http.StatusNotFound, Type: apierror.NotFound, Code: "not_found", Param: param, Message: message}
}

// moment says how old an answer is.
type moment struct {
	Height gotensor.Block `json:"height"`
	Time   time.Time      `json:"time"`   // of that block
	AgeMs  int64          `json:"age_ms"` // since then
}

func (a *api) moment(height gotensor.Block, t time.Time) moment {
	return moment{Height: height, Time: t.UTC(), AgeMs: a.g.age(t).Milliseconds()}
}

// newest is the moment of what the node last said, or of our newest snapshot if that is younger.
func (a *api) newest(ctx context.Context) (moment, error) {
	s, _, err := a.status.get(ctx, struct{}{})
	var best moment
	found := err == nil
	if found {
		best = a.moment(s.Height, s.Time)
	}
	for _, n := range a.g.cfg.Networks {
		if m := n.Network.Metagraph(); m != nil && (!found || m.Height > best.Height) {
			best, found = a.moment(m.Height, m.Time), true
		}
	}
	if found {
		return best, nil
	}
	return best, err
}

// rao writes an amount as decimal digits in a string: JavaScript's numbers are too small for some.
type rao gotensor.Rao

// MarshalText implements encoding.TextMarshaler.
func (r rao) MarshalText() ([]byte, error) { return strconv.AppendUint(nil, uint64(r), 10), nil }

// amount is the same for what may exceed uint64.
type amount struct{ *big.Int }

// MarshalJSON implements json.Marshaler.
func (x amount) MarshalJSON() ([]byte, error) { return json.Marshal(x.String()) }

type gatewayView struct {
	Version string            `json:"version"`
	Uptime  int64             `json:"uptime_s"`
	NetUIDs []gotensor.NetUID `json:"netuids"`
	// What somebody without a key can do: ask so many times a minute, or make a key with so much stake.
	Anonymous int64 `json:"anonymous_requests_per_minute"`
	MinStake  rao   `json:"min_stake_rao"`
}

func (a *api) network(r *http.Request) (any, error) {
	at, err := a.newest(r.Context())
	if err != nil {
		a.g.log.Debug("the node gave no status", "error", err) // whoever signs in needs the rest
	}
	cfg := a.g.cfg
	v := struct {
		ChainID string `json:"chain_id"`
		moment
		Gateway gatewayView `json:"gateway"`
	}{cfg.ChainID, at, gatewayView{
		Version: cfg.Version, Uptime: int64(cfg.Now().Sub(a.g.began).Seconds()), NetUIDs: []gotensor.NetUID{},
		Anonymous: cfg.Limits.Anonymous, MinStake: rao(cfg.Limits.MinStake),
	}}
	for _, n := range cfg.Networks {
		v.Gateway.NetUIDs = append(v.Gateway.NetUIDs, n.NetUID)
	}
	return v, nil
}

type subnetView struct {
	NetUID       gotensor.NetUID `json:"netuid"`
	Name         string          `json:"name"`
	Mechanism    string          `json:"mechanism"`
	N            int             `json:"n"` // neurons; 0 where this gateway does not follow the subnet
	Tempo        uint64          `json:"tempo"`
	Epoch        uint64          `json:"epoch"`
	NextBoundary gotensor.Block  `json:"next_boundary"`
	Offered      bool            `json:"offered"` // by this gateway
}

func (a *api) listSubnets(r *http.Request) (any, error) {
	all, _, err := a.subnets.get(r.Context(), struct{}{})
	if err != nil {
		return nil, err
	}
	at, err := a.newest(r.Context())
	if err != nil {
		return nil, err
	}
	v := struct {
		moment
		Subnets []subnetView `json:"subnets"`
	}{at, []subnetView{}}
	for _, s := range all {
		x := subnetView{
			NetUID: gotensor.NetUID(s.Subnet.Netuid), Name: s.Subnet.Name, Mechanism: s.Subnet.Mechanism,
			Tempo: s.Clock.Tempo, Epoch: s.Clock.Epoch, NextBoundary: gotensor.Block(s.Clock.NextBoundary),
		}
		if n := a.offered(x.NetUID); n != nil {
			x.Offered = true
			if m := n.Network.Metagraph(); m != nil {
				x.N = m.N()
			}
		}
		v.Subnets = append(v.Subnets, x)
	}
	return v, nil
}

func (a *api) offered(netuid gotensor.NetUID) *Subnet {
	for i, n := range a.g.cfg.Networks {
		if n.NetUID == netuid {
			return &a.g.cfg.Networks[i]
		}
	}
	return nil
}

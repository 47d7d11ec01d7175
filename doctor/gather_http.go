package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/synapse"
)

// errAnswer marks an answer that is not what was asked for.
var errAnswer = errors.New("unexpected answer")

// maxAnswer bounds an answer by HTTP.
const maxAnswer = 16 << 20

// web is the client for gateways and for the node's own interface.
var web = &http.Client{Timeout: askFor}

func base(u string) string { return strings.TrimRight(u, "/") }

func get(ctx context.Context, at string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	resp, err := web.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, body, err
}

// getJSON takes an answer of status 200, and of 503 where that has the form of one (also: readyz).
func getJSON[T any](ctx context.Context, at string, also ...int) (T, error) {
	var v T
	code, body, err := get(ctx, at)
	if err != nil {
		return v, err
	}
	good := code == http.StatusOK
	for _, c := range also {
		good = good || code == c
	}
	if !good {
		return v, fmt.Errorf("%w: %d %s", errAnswer, code, synapse.Printable(string(body), 200))
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return v, fmt.Errorf("%w: %w", errAnswer, err)
	}
	return v, nil
}

// peersOf asks the node's own interface (CometBFT's).
func peersOf(ctx context.Context, rpc string) (Peers, error) {
	net, err := getJSON[struct {
		Result struct {
			Count string `json:"n_peers"`
		} `json:"result"`
	}](ctx, base(rpc)+"/net_info")
	if err != nil {
		return Peers{}, err
	}
	status, err := getJSON[struct {
		Result struct {
			Sync struct {
				CatchingUp bool `json:"catching_up"`
			} `json:"sync_info"`
		} `json:"result"`
	}](ctx, base(rpc)+"/status")
	if err != nil {
		return Peers{}, err
	}
	n, err := strconv.Atoi(net.Result.Count)
	if err != nil {
		return Peers{}, fmt.Errorf("%w: n_peers is %q", errAnswer, synapse.Printable(net.Result.Count, maxWords))
	}
	return Peers{Count: n, CatchingUp: status.Result.Sync.CatchingUp}, nil
}

// gateway asks what a gateway's checks need.
func (r *round) gateway() {
	c, f := r.cfg, r.facts
	g := &f.Gateway
	if c.Store != nil {
		ask(r, "store", &g.Store, c.Store)
	}
	if !c.Hotkey.IsZero() {
		ask(r, "bandwidth", &g.Bandwidth, func(ctx context.Context) (gotensor.Rao, error) {
			have, err := c.Chain.Bandwidth(ctx, c.Hotkey)
			if errors.Is(err, chain.ErrNotFound) {
				return 0, nil // an account that nobody has heard of has none
			}
			return have, err
		})
	}
	if g.URL == "" {
		return
	}
	at := base(g.URL)
	ask(r, "healthz", &g.Health, func(ctx context.Context) (Health, error) {
		began := time.Now()
		code, _, err := get(ctx, at+"/healthz")
		return Health{Code: code, Took: time.Since(began)}, err
	})
	ask(r, "readyz", &g.Ready, func(ctx context.Context) (Ready, error) {
		v, err := getJSON[Ready](ctx, at+"/readyz", http.StatusServiceUnavailable)
		v.Why = synapse.Printable(v.Why, 200)
		return v, err
	})
	ask(r, "the gateway's metagraph", &g.Neurons, func(ctx context.Context) ([]NeuronView, error) {
		v, err := getJSON[struct {
			Neurons []NeuronView `json:"neurons"`
		}](ctx, fmt.Sprintf("%s/api/subnets/%d/metagraph", at, c.NetUID))
		return v.Neurons, err
	})
}

package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
)

const (
	// probesPerMinute is how often one network address may let neurons be called; probeFor how long what was found is shown, so that nobody
	// makes this gateway call one neuron again and again.
	probesPerMinute = 12
	probeFor        = 10 * time.Second
	// maxProbes bounds the calls at the same time.
	maxProbes = 8
)

// prober is a mechanism.Network that calls a neuron without taking the outcome into account. *route.Router is one.
type prober interface {
	Probe(ctx context.Context, n metagraph.Neuron) (time.Duration, error)
}

// probed names one tenure of a uid at one endpoint: what was found of another holds no more.
type probed struct {
	netuid     gotensor.NetUID
	uid        gotensor.UID
	hotkey     gotensor.Address
	registered gotensor.Block
	endpoint   metagraph.Endpoint
}

// sight is what a call of a neuron showed.
type sight struct {
	Up        bool    `json:"up"`
	LatencyMs float64 `json:"latency_ms"`
	Error     string  `json:"error,omitempty"` // one word
}

// probeFaults are the words for what can be wrong. A neuron that refuses this gateway's key answers: it is up.
var probeFaults = []struct {
	err  error
	word string
}{
	{dendrite.ErrNotPermitted, ""},
	{dendrite.ErrOverloaded, ""},
	{dendrite.ErrProof, "proof_refused"},
	{dendrite.ErrUnreachable, "unreachable"},
	{dendrite.ErrPin, "other_certificate"},
	{dendrite.ErrDeadline, "deadline"},
	{context.DeadlineExceeded, "deadline"},
}

func sightOf(took time.Duration, err error) sight {
	s := sight{Up: err == nil, LatencyMs: float64(took.Microseconds()) / 1000}
	if err == nil {
		return s
	}
	for _, f := range probeFaults {
		if errors.Is(err, f.err) {
			s.Up, s.Error = f.word == "", f.word
			return s
		}
	}
	s.Error = "failed"
	return s
}

// look calls one neuron, if not too many are being called.
func (a *api) look(ctx context.Context, key probed) (sight, error) {
	select {
	case a.probing <- struct{}{}:
		defer func() { <-a.probing }()
	default:
		return sight{}, tooManyProbes(time.Second)
	}
	p, able := a.offered(key.netuid).Network.(prober)
	if !able {
		return sight{}, notFound("netuid", fmt.Sprintf("this gateway does not probe neurons of subnet %d", key.netuid))
	}
	took, err := p.Probe(ctx, metagraph.Neuron{UID: key.uid, Hotkey: key.hotkey, Registered: key.registered, Endpoint: key.endpoint})
	if ctxErr := ctx.Err(); errors.Is(ctxErr, context.Canceled) {
		return sight{}, ctxErr // who asked is gone
	}
	return sightOf(took, err), nil
}

func tooManyProbes(wait time.Duration) error {
	return &apierror.Error{
		Status: http.StatusTooManyRequests, Type: apierror.RateLimit, Code: "rate_limit_exceeded", Retry: wait, Message: "too many neurons are being probed; try again",
	}
}

// probe tells whether this gateway reaches a neuron, for its operator, who cannot see his own firewall from outside. Only endpoints that
// the chain lists for registered neurons are called, and no address is in the answer.
func (a *api) probe(r *http.Request) (any, error) {
	if s := a.g.lookups.take(r.Context(), "probe "+household(r.RemoteAddr), probesPerMinute, 1, 1); s.wait > 0 {
		return nil, tooManyProbes(s.wait)
	}
	q := r.URL.Query()
	r.SetPathValue("netuid", q.Get("netuid"))
	_, m, err := a.subnet(r)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(q.Get("uid"), 10, 16)
	if err != nil {
		return nil, apierror.Invalid("uid", fmt.Sprintf("uid is %q, want a number such as 7", q.Get("uid")))
	}
	n, found := m.At(gotensor.UID(uid))
	switch {
	case !found:
		return nil, notFound("uid", fmt.Sprintf("subnet %d has uids 0 to %d, no %d", m.NetUID, m.N()-1, uid))
	case !n.Endpoint.Serves():
		return nil, notFound("uid", fmt.Sprintf("the chain lists no endpoint for uid %d of subnet %d", uid, m.NetUID))
	}
	seen, at, err := a.probes.get(r.Context(), probed{m.NetUID, n.UID, n.Hotkey, n.Registered, n.Endpoint})
	if err != nil {
		return nil, err
	}
	return struct {
		moment
		NetUID gotensor.NetUID `json:"netuid"`
		UID    gotensor.UID    `json:"uid"`
		Hotkey string          `json:"hotkey"`
		sight
		Probed time.Time `json:"probed_at"`
	}{a.moment(m.Height, m.Time), m.NetUID, n.UID, keys.Account(n.Hotkey), seen, at.UTC()}, nil
}

package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fair"
	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/internal/span"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
)

const (
	// bodyTime is how long a request's body may take to arrive.
	bodyTime = 30 * time.Second
	// strangers is the scope of all callers without a key together.
	strangers = "everybody without a key"
)

// guarded puts a Front's route behind key, limits and queue.
func (g *gateway) guarded(route mechanism.Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := recordOf(r.Context())
		rec.route = route.Pattern
		why := refusedKey
		who, err := g.authenticate(r)
		if err == nil {
			var step span.Step
			r, step = g.traced(r, route.Pattern)
			defer func() { answered(step, w, err) }()
			rec.key = who.key.ID
			if who.key.ID == "" {
				rec.key = anonymousID
			}
			why, err = g.admit(w, r, who, route)
		}
		if err != nil {
			g.metrics.refused.WithLabelValues(why).Inc()
			apierror.Write(w, err)
		}
	})
}

// admit serves a request if its caller has not as many under way as he may. Those whose body is still to come are among them, or else
// one caller could fill the memory with bodies. An error is one from before the Front's handler began, with the stage that refused.
func (g *gateway) admit(w http.ResponseWriter, r *http.Request, who caller, route mechanism.Route) (string, error) {
	who.weight = g.bandwidth.of(who.account)
	leave, err := g.enter(r.Context(), who)
	if err != nil {
		return refusedLimit, err
	}
	defer leave()
	if err := g.readBody(w, r); err != nil {
		return refusedBody, err
	}
	return g.serve(w, r, who, route)
}

// readBody reads the whole body before a request is queued, so that a slow caller keeps nobody else from a turn.
func (g *gateway) readBody(w http.ResponseWriter, r *http.Request) error {
	most := g.cfg.Limits.MaxBody
	if r.ContentLength > most {
		return tooLarge(most)
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime)) // not every connection has one
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge(most)
	case err != nil:
		return &apierror.Error{
			Status: http.StatusRequestTimeout, Type: apierror.InvalidRequest,
			Message: fmt.Sprintf("the body did not arrive whole within %s", bodyTime),
		}
	}
	// The server goes on reading, to learn when the caller goes away: that must not run out of time.
	_ = control.SetReadDeadline(time.Time{})
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

func tooLarge(most int64) error {
	return &apierror.Error{
		Status: http.StatusRequestEntityTooLarge, Type: apierror.InvalidRequest, Code: "request_too_large",
		Message: fmt.Sprintf("the body is larger than %d bytes", most),
	}
}

// serve counts, waits for a turn and calls the Front, with the errors of admit.
func (g *gateway) serve(w http.ResponseWriter, r *http.Request, who caller, route mechanism.Route) (string, error) {
	if err := g.count(w, r, who); err != nil {
		return refusedLimit, err
	}
	if !route.Free {
		ticket, err := g.turn(r.Context(), who)
		if err != nil {
			return refusedQueue, err
		}
		defer ticket.Release()
	}
	m := &meter{account: mechanism.Account{Name: who.key.Name, Address: who.account}}
	m.spend = func(tokens int64) {
		for _, b := range g.allowances(who) {
			if !b.absent(b.tokens) {
				b.limiter.spend(r.Context(), b.scope+" tokens", b.tokens, tokens)
			}
		}
	}
	defer func() {
		rec := recordOf(r.Context())
		rec.in, rec.out = m.in.Load(), m.out.Load()
		if !route.Free {
			g.ledger.add(who.key.ID, rec.in, rec.out)
		}
	}()
	route.Handler.ServeHTTP(w, r.WithContext(mechanism.WithMeter(r.Context(), m)))
	return "", nil
}

// turn waits for a turn in the fair queue.
func (g *gateway) turn(ctx context.Context, who caller) (*fair.Ticket, error) {
	limited, cancel := context.WithTimeout(ctx, g.cfg.Limits.MaxWait)
	defer cancel()
	ticket, err := g.acquire(limited, fair.Claim{Caller: who.account, Weight: uint64(who.weight), Validator: g.validator(who.account)})
	var full *fair.Overload
	switch {
	case err == nil:
		return ticket, nil
	case errors.As(err, &full):
		return nil, busy("the gateway is busy: "+full.Why, full.Retry)
	default:
		return nil, busy(fmt.Sprintf("the gateway is busy: no turn within %s", g.cfg.Limits.MaxWait), time.Second)
	}
}

func busy(message string, retry time.Duration) *apierror.Error {
	return &apierror.Error{
		Status: http.StatusTooManyRequests, Type: apierror.RateLimit, Code: "rate_limit_exceeded", Retry: retry,
		Message: message + "; more stake means more bandwidth",
	}
}

// validator tells whether an account is the hotkey of a neuron that may judge, on a subnet that is offered here.
func (g *gateway) validator(account gotensor.Address) bool {
	if account.IsZero() {
		return false
	}
	for _, s := range g.cfg.Networks {
		if m := s.Network.Metagraph(); m != nil {
			if n, ok := m.ByHotkey(account); ok && n.Permit {
				return true
			}
		}
	}
	return false
}

// allowance is one set of limits that a request counts against.
type allowance struct {
	limiter                      *limiter
	scope                        string
	own                          bool // a key's own: 0 means no such limit
	requests, tokens, concurrent int64
}

func (a allowance) absent(limit int64) bool { return a.own && limit <= 0 }

// allowances are those of the key, if it has limits of its own, and of the account. The key's come first: a key that runs into its own limit
// takes nothing from the account's other keys.
func (g *gateway) allowances(who caller) []allowance {
	l := g.cfg.Limits
	if who.account.IsZero() {
		// Addresses of strangers stay in this process. A turn lasts as long as its answer: without a bound of their own, slow strangers
		// from many addresses could have all turns.
		return []allowance{
			{g.strangers, "from " + who.from, false, l.Anonymous, l.Tokens.Of(0), l.Concurrent.Of(0)},
			{g.strangers, strangers, true, 0, 0, int64(max(1, l.Slots/2))},
		}
	}
	account := allowance{
		g.limits, "account " + keys.Account(who.account), false,
		l.Requests.Of(who.weight), l.Tokens.Of(who.weight), l.Concurrent.Of(who.weight),
	}
	own := who.key.Limits
	if own.Requests <= 0 && own.Tokens <= 0 && own.Concurrent <= 0 {
		return []allowance{account}
	}
	return []allowance{{
		g.limits, "key " + who.key.ID, true,
		min(own.Requests, account.requests), min(own.Tokens, account.tokens), min(own.Concurrent, account.concurrent),
	}, account}
}

// enter counts a request among those that run, of its key and of its account. What it returns ends the request.
func (g *gateway) enter(ctx context.Context, who caller) (leave func(), err error) {
	var left []func()
	leaveAll := func() {
		for _, f := range left {
			f()
		}
	}
	for _, a := range g.allowances(who) {
		if a.absent(a.concurrent) {
			continue
		}
		end, ok := a.limiter.enter(ctx, a.scope, a.concurrent)
		if !ok {
			leaveAll()
			whose := "of yours"
			if a.scope == strangers {
				whose = "without a key"
			}
			return nil, busy(fmt.Sprintf("%d requests %s run already, the most at a time", a.concurrent, whose), time.Second)
		}
		left = append(left, end)
	}
	return leaveAll, nil
}

// count checks what key and account may do in a minute, and sets the headers that say how they stand. A request counts when it
// begins. What it takes in tokens is known only later: one is needed, none is taken.
func (g *gateway) count(w http.ResponseWriter, r *http.Request, who caller) error {
	all := g.allowances(who)
	if err := minute(w, r, all, "requests", 1, func(a allowance) int64 { return a.requests }); err != nil {
		return err
	}
	return minute(w, r, all, "tokens", 0, func(a allowance) int64 { return a.tokens })
}

// minute takes n of one kind from each minute's budget and shows the one of which least is left.
func minute(w http.ResponseWriter, r *http.Request, all []allowance, kind string, n int64, limit func(allowance) int64) error {
	var tightest state
	for _, a := range all {
		most := limit(a)
		if a.absent(most) {
			continue
		}
		s := a.limiter.take(r.Context(), a.scope+" "+kind, most, n, 1)
		if tightest.limit == 0 || s.wait > 0 || s.remaining < tightest.remaining {
			tightest = s
		}
		if s.wait > 0 {
			break
		}
	}
	h := w.Header()
	h.Set("X-RateLimit-Limit-"+kind, strconv.FormatInt(tightest.limit, 10))
	h.Set("X-RateLimit-Remaining-"+kind, strconv.FormatInt(tightest.remaining, 10))
	h.Set("X-RateLimit-Reset-"+kind, tightest.reset().Round(time.Millisecond).String())
	if tightest.wait > 0 {
		return busy(fmt.Sprintf("limit of %d %s per minute reached", tightest.limit, kind), tightest.wait)
	}
	return nil
}

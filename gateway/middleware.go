package gateway

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gotensor/gotensor/internal/apierror"
)

// maxRequestID is the most characters of a request id that a caller may choose.
const maxRequestID = 64

// record is what the log says of a request in the end. Handlers further in fill it.
type record struct {
	id      string
	route   string
	key     string
	in, out int64
}

type recordKey struct{}

// recordOf is the request's record; one that nobody reads if there is none.
func recordOf(ctx context.Context) *record {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		return r
	}
	return &record{}
}

// outer is what stands around every request: an id, the log, recovery, CORS.
func (g *gateway) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		began := time.Now()
		r = g.throughProxy(r)
		rec := &record{id: requestID(r.Header.Get("X-Request-Id"))}
		w := newWriter(rw, g.metrics)
		g.metrics.running.Inc()
		w.Header().Set("X-Request-Id", rec.id)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		defer func() {
			took := time.Since(began)
			g.logged(r, rec, w, took)
			g.metrics.ended(rec, w, took)
		}()
		defer g.recover(w, rec)
		if g.cors(w, r) {
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), recordKey{}, rec)))
	})
}

// requestID takes the caller's id if it is harmless, else makes one.
func requestID(given string) string {
	harmless := func(r rune) bool {
		return r == '-' || r == '_' || r == '.' || ('0' <= r && r <= '9') || ('a' <= r && r <= 'z') || ('A' <= r && r <= 'Z')
	}
	if given != "" && len(given) <= maxRequestID && strings.IndexFunc(given, func(r rune) bool { return !harmless(r) }) < 0 {
		return given
	}
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return "req_" + hex.EncodeToString(b[:])
}

// logged writes a line about a request: never its prompt, its key or its address.
func (g *gateway) logged(r *http.Request, rec *record, w *writer, took time.Duration) {
	level := g.log.Debug
	if rec.key != "" || (w.status >= http.StatusInternalServerError && rec.route != ready) {
		level = g.log.Info
	}
	level("request", "id", rec.id, "method", r.Method, "route", rec.route, "status", w.status, "bytes", w.bytes, "ms", took.Milliseconds(),
		"key", rec.key, "uid", w.Header().Get("Gt-Uid"), "in", rec.in, "out", rec.out)
}

// recover answers a request whose handler panicked; one that had begun to answer is cut off.
func (g *gateway) recover(w *writer, rec *record) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler { //nolint:errorlint // a value that net/http compares so too
		panic(p)
	}
	g.log.Error("a request's handler panicked", "id", rec.id, "route", rec.route, "panic", p, "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler)
	}
	apierror.Write(w, &apierror.Error{
		Status: http.StatusInternalServerError, Type: apierror.Server, Code: "internal_error",
		Message: "the gateway failed; its log has more under the request id " + rec.id,
	})
}

// exposed are the headers that scripts of other origins may read.
const exposed = "X-Request-Id, Retry-After, Retry-After-Ms, X-RateLimit-Limit-Requests, X-RateLimit-Remaining-Requests, X-RateLimit-Reset-Requests, " +
	"X-RateLimit-Limit-Tokens, X-RateLimit-Remaining-Tokens, X-RateLimit-Reset-Tokens, Gt-Uid, Gt-Hotkey, Gt-Model, Gt-First-Piece-Ms, Gt-Tried"

// cors lets browsers use the gateway from other origins, and tells whether the request was only the question whether they may.
// Keys travel in a header and cookies play no part, so that "*" gives no page anything that it does not have.
func (g *gateway) cors(w http.ResponseWriter, r *http.Request) (answered bool) {
	h, origin := w.Header(), r.Header.Get("Origin")
	all := slices.Contains(g.cfg.Origins, "*")
	if !all {
		h.Add("Vary", "Origin")
	}
	allowed := all || (origin != "" && slices.Contains(g.cfg.Origins, origin))
	if allowed {
		h.Set("Access-Control-Allow-Origin", map[bool]string{true: "*", false: origin}[all])
		h.Set("Access-Control-Expose-Headers", exposed)
	}
	if r.Method != http.MethodOptions {
		return false
	}
	if allowed {
		h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS")
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			h.Set("Access-Control-Allow-Headers", asked) // clients send headers of their own, such as X-Stainless-*
			h.Add("Vary", "Access-Control-Request-Headers")
		}
		h.Set("Access-Control-Max-Age", "7200")
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

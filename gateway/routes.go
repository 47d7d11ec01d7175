package gateway

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gotensor/gotensor/internal/apierror"
)

// ready is asked often, and a no is no news.
const ready = "GET /readyz"

// routes puts together what is served where.
func (g *gateway) routes() *http.ServeMux {
	mux := http.NewServeMux()
	taken := map[string]bool{}
	for _, s := range g.cfg.Networks {
		prefix := fmt.Sprintf("/subnets/%d", s.NetUID)
		for _, route := range s.Front.Routes() {
			method, path, _ := strings.Cut(route.Pattern, " ")
			mux.Handle(method+" "+prefix+path, http.StripPrefix(prefix, g.guarded(route)))
			if !taken[route.Pattern] { // the first subnet's stand at the root
				taken[route.Pattern] = true
				mux.Handle(route.Pattern, g.guarded(route))
			}
		}
	}
	g.plain(mux, "GET /healthz", http.HandlerFunc(g.healthz))
	g.plain(mux, ready, http.HandlerFunc(g.readyz))
	if g.cfg.Metrics != nil {
		g.plain(mux, "GET /metrics", g.cfg.Metrics)
	}
	g.api.routes(mux)
	g.keyRoutes(mux)
	programs := []string{"/v1/", "/api/", "/subnets/{netuid}/v1/"} // the site has pages of its own below /subnets
	if g.cfg.Static == nil {
		programs = append(programs, "/subnets/")
	}
	for _, below := range programs {
		mux.HandleFunc(below, func(w http.ResponseWriter, r *http.Request) { apierror.Write(w, unknownRoute(mux, w, r)) })
	}
	if g.cfg.Static != nil {
		mux.Handle("/", static(g.cfg.Static))
	}
	return mux
}

// plain is a route without a key; its name stands in the log.
func (g *gateway) plain(mux *http.ServeMux, pattern string, h http.Handler) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		recordOf(r.Context()).route = pattern
		h.ServeHTTP(w, r)
	})
}

// unknownRoute tells a wrong method from a wrong path.
func unknownRoute(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); strings.HasPrefix(pattern, method+" ") {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 && !slices.Contains(allowed, r.Method) {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return &apierror.Error{
			Status: http.StatusMethodNotAllowed, Type: apierror.InvalidRequest, Code: "method_not_allowed",
			Message: fmt.Sprintf("%s takes %s, not %s", r.URL.Path, strings.Join(allowed, " or "), r.Method),
		}
	}
	return &apierror.Error{
		Status: http.StatusNotFound, Type: apierror.InvalidRequest, Code: "unknown_url",
		Message: fmt.Sprintf("this gateway has no %s %s", r.Method, r.URL.Path),
	}
}

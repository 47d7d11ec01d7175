package gateway

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/gotensor/gotensor"
)

// healthz tells that the process lives.
func (g *gateway) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// subnetHealth is how one subnet stands.
type subnetHealth struct {
	NetUID gotensor.NetUID `json:"netuid"`
	Height gotensor.Block  `json:"height"`
	AgeMs  int64           `json:"age_ms"`
	Up     int             `json:"up"` // neurons that answered lately
	Ready  bool            `json:"ready"`
	Why    string          `json:"why,omitempty"`
}

// readyz tells whether requests would be served now: the gateway is not stopping, and each subnet has a snapshot that is young
// enough and a neuron that is up.
func (g *gateway) readyz(w http.ResponseWriter, _ *http.Request) {
	out := struct {
		Ready   bool           `json:"ready"`
		Why     string         `json:"why,omitempty"`
		Subnets []subnetHealth `json:"subnets"`
	}{Ready: true}
	for _, s := range g.cfg.Networks {
		h := g.subnetHealth(s)
		if !h.Ready {
			out.Ready, out.Why = false, h.Why
		}
		out.Subnets = append(out.Subnets, h)
	}
	if g.stopping.Load() {
		out.Ready, out.Why = false, "the gateway is stopping"
	}
	status := http.StatusOK
	if !out.Ready {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, status, out)
}

func (g *gateway) subnetHealth(s Subnet) subnetHealth {
	h := subnetHealth{NetUID: s.NetUID}
	m := s.Network.Metagraph()
	if m == nil {
		h.Why = "no snapshot of the subnet yet"
		return h
	}
	age := g.age(m.Time)
	h.Height, h.AgeMs = m.Height, age.Milliseconds()
	serves := false // a neuron that is up was heard to do something, and would be found by it
	for _, p := range s.Network.Peers("") {
		if p.State == "up" {
			h.Up++
			found := func(capability string) bool { return len(s.Network.Peers(capability)) > 0 }
			serves = serves || slices.ContainsFunc(p.Capabilities, found)
		}
	}
	switch {
	case g.cfg.MaxAge > 0 && age > g.cfg.MaxAge:
		h.Why = "the newest snapshot is too old: the node is away or its chain stands still"
	case h.Up == 0:
		h.Why = "no neuron is up"
	case !serves:
		h.Why = "no neuron that is up has said what it can do"
	default:
		h.Ready = true
	}
	return h
}

// age is how long ago a block was made, by its own header.
func (g *gateway) age(block time.Time) time.Duration { return max(g.cfg.Now().Sub(block), 0) }

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if text, written := v.(json.RawMessage); written { // shared by all who read it: a copy for each slow one would add up
		_, _ = w.Write(text)
		return
	}
	_ = json.NewEncoder(w).Encode(v) // the caller may be gone
}

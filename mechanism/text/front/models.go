package front

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/synapse"
)

// listed is an entry of the list of models.
type listed struct {
	ID       string  `json:"id"`
	Object   string  `json:"object"`
	Created  int64   `json:"created"`
	OwnedBy  string  `json:"owned_by"`
	Gotensor details `json:"gotensor"`
}

// details says what a model's name stands for: a "choice" among neurons, a "model" that some serve, or one "neuron".
type details struct {
	Kind         string   `json:"kind"`
	About        string   `json:"about,omitempty"`
	UIDs         []int    `json:"uids,omitempty"` // of a model
	UID          *int     `json:"uid,omitempty"`  // of a neuron, as are all that follow
	Hotkey       string   `json:"hotkey,omitempty"`
	Model        string   `json:"model,omitempty"`
	Stake        string   `json:"stake_rao,omitempty"`
	Share        *float64 `json:"share,omitempty"`
	Capabilities []string `json:"capabilities,omitempty"`
	LatencyMs    *int64   `json:"latency_ms,omitempty"`
	Success      *float64 `json:"success,omitempty"`
	Running      *int     `json:"running,omitempty"`
	State        string   `json:"state,omitempty"`
}

// list has the choices first, then models by name, then neurons by uid.
func (f *Front) list() []listed {
	peers := f.net.Peers("")
	slices.SortFunc(peers, func(a, b mechanism.Peer) int { return int(a.UID) - int(b.UID) })
	out := []listed{
		f.entry(modelAuto, details{Kind: "choice", About: "whichever neuron is best at the moment"}),
		f.entry(modelBest, details{Kind: "choice", About: "the neuron that earns most"}),
	}
	if f.cfg.Mixer != nil {
		out = append(out, f.entry(modelNetwork, details{Kind: "choice", About: "several neurons as one model"}))
	}
	reserved := len(out)
	for i := range peers {
		name := synapse.Printable(peers[i].Model, maxModel)
		if name == "" {
			continue
		}
		at := slices.IndexFunc(out, func(l listed) bool { return l.ID == name })
		switch {
		case at < 0:
			out = append(out, f.entry(name, details{Kind: "model", UIDs: []int{int(peers[i].UID)}}))
		case at >= reserved: // a neuron cannot take the name of a choice
			out[at].Gotensor.UIDs = append(out[at].Gotensor.UIDs, int(peers[i].UID))
		}
	}
	slices.SortFunc(out[reserved:], func(a, b listed) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	for i := range peers {
		out = append(out, f.neuron(&peers[i], "uid-"+strconv.Itoa(int(peers[i].UID))))
	}
	return out
}

func (f *Front) entry(id string, d details) listed {
	return listed{ID: id, Object: "model", Created: f.born, OwnedBy: "gotensor", Gotensor: d}
}

func (f *Front) neuron(p *mechanism.Peer, id string) listed {
	uid, share, success, running, latency := int(p.UID), p.Share, p.Success, p.Running, p.Latency.Milliseconds()
	return f.entry(id, details{
		Kind: "neuron", UID: &uid, Hotkey: keys.Account(p.Hotkey), Model: synapse.Printable(p.Model, maxModel),
		Stake: strconv.FormatUint(uint64(p.Stake), 10), Share: &share, Capabilities: p.Capabilities,
		LatencyMs: &latency, Success: &success, Running: &running, State: p.State,
	})
}

func (f *Front) models(w http.ResponseWriter, _ *http.Request) error {
	return f.writeJSON(w, struct {
		Object string   `json:"object"`
		Data   []listed `json:"data"`
	}{"list", f.list()})
}

// oneModel also knows neurons by their hotkeys.
func (f *Front) oneModel(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	for _, l := range f.list() {
		if l.ID == id {
			return f.writeJSON(w, l)
		}
	}
	if hotkey, err := keys.ParseAccount(id); err == nil {
		for _, p := range f.net.Peers("") {
			if p.Hotkey == hotkey {
				return f.writeJSON(w, f.neuron(&p, id))
			}
		}
	}
	return unknownModel(fmt.Sprintf("%.*s", maxModel, id))
}

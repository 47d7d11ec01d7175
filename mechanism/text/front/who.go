package front

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/synapse"
)

// who is the object "gotensor" of an answer: which neuron gave it. For the model "network" there are members instead.
type who struct {
	UID          *gotensor.UID `json:"uid,omitempty"`
	Hotkey       string        `json:"hotkey,omitempty"`
	Model        string        `json:"model"`
	Stake        string        `json:"stake_rao,omitempty"` // decimal: too large for numbers of JavaScript
	Share        *float64      `json:"share,omitempty"`     // of the subnet's incentive, 0..1
	FirstPieceMs int64         `json:"first_piece_ms"`
	Tried        int           `json:"tried"`
	Members      []member      `json:"members,omitempty"`
}

// member is a neuron with its share of a mixture.
type member struct {
	UID   gotensor.UID `json:"uid"`
	Share float64      `json:"share"`
	Model string       `json:"model"`
}

func whoOf(p *mechanism.Peer, first time.Duration, tried int) *who {
	uid, share := p.UID, p.Share
	return &who{
		UID: &uid, Hotkey: keys.Account(p.Hotkey), Model: synapse.Printable(p.Model, maxModel), Stake: strconv.FormatUint(uint64(p.Stake), 10),
		Share: &share, FirstPieceMs: first.Milliseconds(), Tried: tried,
	}
}

// name is the answer's field "model".
func (w *who) name(asked string) string {
	switch {
	case w.Model != "":
		return w.Model
	case asked != "":
		return asked
	default:
		return modelAuto
	}
}

// fingerprint is the answer's field "system_fingerprint": the same for answers of one neuron and model.
func (w *who) fingerprint() string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(w.Hotkey + "\n" + w.Model)) // never fails
	for _, m := range w.Members {
		_, _ = fmt.Fprintf(h, "\n%d %s", m.UID, m.Model)
	}
	return fmt.Sprintf("fp_%010x", h.Sum64()&(1<<40-1))
}

// set writes the headers.
func (w *who) set(h http.Header) {
	if w.UID != nil {
		h.Set("Gt-Uid", strconv.Itoa(int(*w.UID)))
	}
	if w.Hotkey != "" {
		h.Set("Gt-Hotkey", w.Hotkey)
	}
	h.Set("Gt-Model", ascii(w.Model))
	h.Set("Gt-First-Piece-Ms", strconv.FormatInt(w.FirstPieceMs, 10))
	h.Set("Gt-Tried", strconv.Itoa(w.Tried))
}

func (w *who) json() json.RawMessage {
	out, err := json.Marshal(w)
	if err != nil { // a share that is no number
		return json.RawMessage("{}")
	}
	return out
}

// ascii is what a header may hold.
func ascii(s string) string {
	out := []byte(s)
	for i, b := range out {
		if b < 0x20 || b > 0x7e {
			out[i] = '?'
		}
	}
	return string(out)
}

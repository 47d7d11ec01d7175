package custom

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/synapse"
)

const (
	// pluginTimeout bounds /round and /score.
	pluginTimeout = 30 * time.Second
	maxSecret     = 1 << 20
	maxScores     = 4 << 20
)

// plan is what a plug-in answers to POST /round.
type plan struct {
	Requests []request       `json:"requests"`
	Secret   json.RawMessage `json:"secret"` // given back with the answers; no miner sees it
}

// draw lets the plug-in make a round.
func (j *Judge) draw(ctx context.Context, number int, period mechanism.Period, ids []string) (*plan, error) {
	ctx, cancel := context.WithTimeout(ctx, pluginTimeout)
	defer cancel()
	type miner struct {
		ID string `json:"id"`
	}
	body := struct {
		Round  int     `json:"round"`
		Seed   string  `json:"seed"` // decimal: too large for numbers of JavaScript
		Period uint64  `json:"period"`
		Beacon string  `json:"beacon"` // hex, empty if not known
		Miners []miner `json:"miners"`
	}{Round: number, Seed: strconv.FormatUint(j.rng.Uint64(), 10), Period: period.Number, Miners: make([]miner, len(ids))}
	if period.Beacon != [32]byte{} {
		body.Beacon = hex.EncodeToString(period.Beacon[:])
	}
	for i, id := range ids {
		body.Miners[i].ID = id
	}
	var p plan
	if err := j.post(ctx, "/round", &body, j.settings.Requests*(j.settings.InputBytes+slack)+maxSecret, &p); err != nil {
		return nil, err
	}
	switch n := len(p.Requests); {
	case n < 1 || n > j.settings.Requests:
		return nil, fmt.Errorf("%w: /round: requests: %d of them, want 1 to %d, the subnet's setting requests", ErrPlugin, n, j.settings.Requests)
	case len(p.Secret) > maxSecret:
		return nil, fmt.Errorf("%w: /round: secret has %d bytes, want at most %d", ErrPlugin, len(p.Secret), maxSecret)
	}
	for i := range p.Requests {
		r := &p.Requests[i]
		var ok bool
		if r.op, ok = j.schema.Operation(r.Operation); !ok {
			return nil, fmt.Errorf("%w: /round: requests[%d].operation is %q, which /schema does not declare", ErrPlugin, i, cut(r.Operation))
		}
		if n := len(r.Input); n < 1 || n > j.settings.InputBytes {
			return nil, fmt.Errorf("%w: /round: requests[%d].input has %d bytes, want 1 to %d, the subnet's setting input_bytes", ErrPlugin, i, n, j.settings.InputBytes)
		}
		if err := r.op.CheckInput(r.Input); err != nil {
			return nil, fmt.Errorf("%w: /round: requests[%d].input: %w", ErrPlugin, i, err)
		}
	}
	if p.Secret == nil {
		p.Secret = json.RawMessage("null")
	}
	return &p, nil
}

// score lets the plug-in judge. Who is left out has 0.
func (j *Judge) score(ctx context.Context, number int, secret json.RawMessage, answers []answer) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, pluginTimeout)
	defer cancel()
	body := struct {
		Round   int             `json:"round"`
		Secret  json.RawMessage `json:"secret"`
		Answers []answer        `json:"answers"`
	}{number, secret, answers}
	var said struct {
		Scores map[string]json.Number `json:"scores"`
		Notes  json.RawMessage        `json:"notes"`
	}
	if err := j.post(ctx, "/score", &body, maxScores, &said); err != nil {
		return nil, err
	}
	if said.Scores == nil {
		return nil, fmt.Errorf("%w: /score: scores is missing, want an object with a number for each id", ErrPlugin)
	}
	known := make(map[string]bool, len(answers))
	for _, a := range answers {
		known[a.ID] = true
	}
	out := make(map[string]float64, len(said.Scores))
	for id, text := range said.Scores {
		value, err := text.Float64()
		switch {
		case !known[id]:
			return nil, fmt.Errorf("%w: /score: scores[%q]: nobody of this round has that id", ErrPlugin, cut(id))
		case err != nil || math.IsNaN(value) || value < 0 || value > mostScore:
			return nil, fmt.Errorf("%w: /score: scores[%q] is %s, want a number from 0 to %g", ErrPlugin, cut(id), cut(text.String()), float64(mostScore))
		}
		out[id] = value
	}
	if len(said.Notes) > 0 {
		j.log.Debug("notes of the plug-in", "round", number, "notes", synapse.Printable(string(said.Notes), 2<<10))
	}
	return out, nil
}

// post sends JSON and reads JSON.
func (j *Judge) post(ctx context.Context, path string, body any, most int, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	got, err := j.plugin.do(ctx, path, data, most)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := json.Unmarshal(got, into); err != nil {
		if _, ok := errors.AsType[*json.SyntaxError](err); ok {
			return fmt.Errorf("%w: %s: at %s: %w", ErrPlugin, path, place(got), err)
		}
		return fmt.Errorf("%w: %s: %w", ErrPlugin, path, err)
	}
	return nil
}

// place is where JSON stops to be JSON, e.g. scores.0a1b for a score of NaN, which many languages write and JSON does not know.
func place(data []byte) string {
	dec := json.NewDecoder(bytes.NewReader(data))
	type level struct {
		object bool
		n      int    // values and keys so far
		key    string // of the value that comes next or came last
	}
	var path []level
	for {
		tok, err := dec.Token()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return "its end"
			}
			break
		}
		if d, ok := tok.(json.Delim); ok && (d == '}' || d == ']') {
			path = path[:len(path)-1]
			continue
		}
		if len(path) > 0 {
			top := &path[len(path)-1]
			switch {
			case !top.object:
				top.key = strconv.Itoa(top.n + 1)
			case top.n%2 == 0:
				top.key, _ = tok.(string)
			}
			top.n++
		}
		if d, ok := tok.(json.Delim); ok {
			path = append(path, level{object: d == '{', key: "0"})
		}
	}
	var names []string
	for _, l := range path {
		names = append(names, cut(l.key))
	}
	if len(names) == 0 {
		return "the beginning"
	}
	return strings.Join(names, ".")
}

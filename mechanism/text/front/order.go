package front

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/model"
)

// shape is what differs between the answers of the two routes that write text.
type shape struct {
	id, whole, chunk string // prefix of ids, names of the objects
	chat             bool
}

var (
	shapeChat       = &shape{id: "chatcmpl-", whole: "chat.completion", chunk: "chat.completion.chunk", chat: true}
	shapeCompletion = &shape{id: "cmpl-", whole: "text_completion", chunk: "text_completion"}
)

// order is a checked request for texts.
type order struct {
	shape        *shape
	id           string
	created      int64
	model        string // as the request has it
	ask          mechanism.Ask
	mixed        bool // by the Mixer
	stream       bool
	includeUsage bool
	echo         bool
	calls        []*call
}

// call is one text of an order.
type call struct {
	index  int
	prompt model.Prompt
}

// calls makes n of every prompt, each with a seed of its own where there is a seed.
func calls(prompts []model.Prompt, n int) []*call {
	out := make([]*call, 0, len(prompts)*n)
	for _, p := range prompts {
		for i := range n {
			c := &call{index: len(out), prompt: p}
			if p.Seed != nil {
				seed := *p.Seed + uint64(i)
				c.prompt.Seed = &seed
			}
			out = append(out, c)
		}
	}
	return out
}

func (f *Front) order(c *common, s *shape, tools bool, texts []*call) *order {
	capability := text.CanGenerate
	switch {
	case tools:
		capability = text.CanTools
	case texts[0].prompt.Logprobs:
		capability = text.CanLogprobs
	}
	return &order{
		shape: s, id: s.id + strings.ToLower(rand.Text()), created: f.cfg.Now().Unix(), model: c.Model,
		ask:   mechanism.Ask{Capability: capability, Model: c.Model, Streams: true},
		mixed: c.Model == modelNetwork, stream: c.Stream,
		includeUsage: c.StreamOptions != nil && c.StreamOptions.IncludeUsage,
		calls:        texts,
	}
}

// serve answers an order.
func (f *Front) serve(w http.ResponseWriter, r *http.Request, o *order) error {
	if o.mixed && f.cfg.Mixer == nil {
		return unknownModel(modelNetwork)
	}
	if o.stream {
		return f.serveStream(w, r, o)
	}
	return f.serveWhole(w, r, o)
}

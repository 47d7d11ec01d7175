package text

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/metagraph"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// Bounds of a probe, whatever the neuron sends.
const (
	probeTokens    = 16       // least that is asked for; any model's tokens give the bytes that are compared
	moreTokens     = 32       // at most so many more
	tokenBytes     = 8        // of a token on average, generously
	maxProbeText   = 32 << 10 // bytes of a text; more is no answer to so few tokens
	maxProbePieces = 1 << 12
	maxProbePiece  = 64 << 10 // bytes of a message
	probesAtOnce   = 256      // calls under way at the same time
)

// Shares of the temperatures that probes ask for: 1, where a text tells most; 0.7, 0.8 or 0.9, where it does too; below, where only
// success and speed are looked at.
const freeShare, warmShare = 0.5, 0.35

// ending says what became of a probe.
type ending int

const (
	uncounted ending = iota // not asked, or what failed was not the neuron
	wrote
	failed
	unable // it writes no texts
	late   // nothing came through a gateway before the deadline: its fault or the neuron's, see settleLate
)

// probe is one request for a text as any user sends it, to a neuron that will be asked about the same context later.
type probe struct {
	neuron      metagraph.Neuron
	item        int // of the coming round
	prompt      string
	temperature float64
	tokens      int
	delay       time.Duration
	via         *gatewayClient // nil: directly

	end         ending
	first, rest time.Duration
	text        []byte
}

// size is how many bytes of the text count as quick: as many as the tokens that were asked for can hold. A slow text would otherwise be
// made quick by a lot of nothing at its end.
func (p *probe) size() int { return min(len(p.text), p.tokens*tokenBytes) }

// probing is the probes of one round under way.
type probing struct {
	probes []*probe
	stop   chan struct{} // closed: what has not begun does not begin
	done   sync.WaitGroup
}

// plan draws the probes for those items of the coming round that are apart. Each neuron is asked about items of its own, as far as there are
// enough.
func (j *Judge) plan(neurons []metagraph.Neuron, window time.Duration) []*probe {
	var usable []int
	paid, _ := j.split()
	first := paid * len(j.drawer.Sources()) // they come after those that pay
	prompts := make([]string, len(j.next))
	for i, item := range j.next {
		if prompts[i] = promptOf(item.Context); prompts[i] != "" {
			usable = append(usable, i)
		}
	}
	var out []*probe
	var turn []int
	for _, n := range neurons {
		for range min(j.settings.Probes, len(usable)) {
			if len(turn) == 0 {
				for _, k := range j.rng.Perm(len(usable)) {
					turn = append(turn, usable[k])
				}
			}
			p := &probe{
				neuron: n, item: first + turn[0], prompt: prompts[turn[0]], temperature: j.temperature(),
				tokens: min(probeTokens+j.rng.IntN(moreTokens+1), j.settings.GenerateTokensMax),
				delay:  time.Duration(j.rng.Float64() * float64(max(0, window))),
			}
			turn = turn[1:]
			if len(j.through) > 0 {
				p.via = j.through[j.rng.IntN(len(j.through))]
			}
			out = append(out, p)
		}
	}
	return out
}

func (j *Judge) temperature() float64 {
	switch x := j.rng.Float64(); {
	case x < freeShare:
		return 1
	case x < freeShare+warmShare:
		return float64(7+j.rng.IntN(3)) / 10
	}
	return float64(j.rng.IntN(7)) / 10
}

// promptOf is a context as a user would send it: text. What is cut off at its beginning is at most half a character.
func promptOf(context []byte) string {
	for n := 0; n < utf8.UTFMax-1 && len(context) > 0 && !utf8.RuneStart(context[0]); n++ {
		context = context[1:]
	}
	if !utf8.Valid(context) {
		return ""
	}
	return string(context)
}

// start sends the probes, each at its time, and returns at once. They end with ctx, or by their deadline.
func (j *Judge) start(ctx context.Context, ask mechanism.Asker, probes []*probe) *probing {
	p := &probing{probes: probes, stop: make(chan struct{})}
	room := make(chan struct{}, probesAtOnce)
	for _, one := range probes {
		p.done.Go(func() {
			timer := time.NewTimer(one.delay)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-p.stop:
				return
			case <-ctx.Done():
				return
			}
			select {
			case room <- struct{}{}:
				defer func() { <-room }()
			case <-p.stop:
				return
			case <-ctx.Done():
				return
			}
			j.send(ctx, ask, one)
		})
	}
	return p
}

// finish lets nothing more begin and waits for what has: at most a deadline. Called again it returns at once.
func (p *probing) finish() {
	if p == nil {
		return
	}
	select {
	case <-p.stop:
	default:
		close(p.stop)
	}
	p.done.Wait()
	p.settleLate()
}

// settleLate says whose fault it is that nothing came: the neuron's, if the same gateway brought a text of another one in this round.
func (p *probing) settleLate() {
	brought := map[*gatewayClient]bool{}
	for _, one := range p.probes {
		if one.via != nil && one.end == wrote {
			brought[one.via] = true
		}
	}
	for _, one := range p.probes {
		if one.end != late {
			continue
		}
		if one.end = uncounted; brought[one.via] {
			one.end = failed
		}
	}
}

// send asks for one text. A gateway that cannot reach the neuron proves nothing of it; asked directly then, it can still say that
// it writes no texts, or fail, but earns nothing by answering a validator only.
func (j *Judge) send(ctx context.Context, ask mechanism.Asker, p *probe) {
	if p.via == nil {
		j.write(ctx, p, func(ctx context.Context, w *writing) ending { return direct(ctx, ask.To(p.neuron), p, w) })
		return
	}
	j.write(ctx, p, func(ctx context.Context, w *writing) ending { return p.via.generate(ctx, p, w) })
	if p.end != uncounted || ctx.Err() != nil {
		return
	}
	j.write(ctx, p, func(ctx context.Context, w *writing) ending { return direct(ctx, ask.To(p.neuron), p, w) })
	if p.end == wrote {
		p.end = uncounted
	}
}

// writing takes the pieces of a text.
type writing struct {
	began, first, last time.Time
	text               []byte
	pieces             int
}

// add takes a piece, and says false once the text is longer than any that was asked for.
func (w *writing) add(text string) bool {
	w.pieces++
	if text != "" {
		w.last = time.Now()
		if len(w.text) == 0 {
			w.first = w.last
		}
		w.text = append(w.text, text...)
	}
	return w.pieces <= maxProbePieces && len(w.text) <= maxProbeText
}

// write times one text.
func (j *Judge) write(ctx context.Context, p *probe, by func(ctx context.Context, w *writing) ending) {
	limited, cancel := context.WithTimeout(ctx, j.settings.Deadline())
	defer cancel()
	w := &writing{began: time.Now()}
	p.end = by(limited, w)
	switch {
	case ctx.Err() != nil: // this validator ends
		p.end = uncounted
	case p.end == wrote && len(w.text) == 0:
		p.end = failed
	case p.end == wrote:
		p.first, p.rest, p.text = w.first.Sub(w.began), w.last.Sub(w.first), w.text
	}
}

// direct asks the neuron itself.
func direct(ctx context.Context, conn grpc.ClientConnInterface, p *probe, w *writing) ending {
	stream, err := textv1.NewTextClient(conn).Generate(ctx, &textv1.GenerateRequest{
		Prompt: p.prompt, MaxTokens: uint32(p.tokens), Temperature: p.temperature, TopP: 1,
	}, grpc.MaxCallRecvMsgSize(maxProbePiece))
	if err != nil {
		return endingOf(err)
	}
	finished := false
	for {
		piece, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && finished:
			return wrote
		case errors.Is(err, io.EOF):
			return failed
		case err != nil:
			return endingOf(err)
		case !w.add(piece.GetText()):
			return failed
		}
		finished = finished || piece.GetFinishReason() != ""
	}
}

// endingOf is failed for all but the answer of those that do not offer texts.
func endingOf(err error) ending {
	if coded, ok := errors.AsType[interface {
		error
		GRPCStatus() *status.Status
	}](err); ok && coded.GRPCStatus().Code() == codes.Unimplemented {
		return unable
	}
	return failed
}

// served are a round's probes by neuron.
func (p *probing) served() map[score.Key][]*probe {
	out := map[score.Key][]*probe{}
	if p == nil {
		return out
	}
	for _, one := range p.probes {
		key := keyOf(one.neuron)
		out[key] = append(out[key], one)
	}
	return out
}

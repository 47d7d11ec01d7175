package front

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

const (
	// maxPieceBytes bounds one message of a neuron. Log-probabilities of one token take up to 6 KB, and some miners send many
	// tokens at once.
	maxPieceBytes = 512 << 10
	// trailer is how long a neuron may take to end its stream after the last piece, before it is cut off.
	trailer = time.Second
	// billEvery is the number of pieces after which a long text is put on the caller's meter.
	billEvery = 64
	// leastPace is the bytes a second below which an answer that takes long is the neuron's failure.
	leastPace = 4
)

// sink takes the pieces of one text, from one goroutine.
type sink interface {
	// begin comes first and says who answers.
	begin(w *who)
	// put takes the next piece, which is valid during the call. Its error ends the text.
	put(ctx context.Context, p *piece, lease mechanism.Lease) error
}

// writing is one text on its way.
type writing struct {
	*Front
	order *order
	call  *call
	sink  sink
	bill  bill
	done  func(error)
	told  bool // done was called
}

// write lets the network write all texts of an order, each into its sink, and calls done for each as soon as it is complete or has failed;
// it may return later, since neurons are given a moment to end their calls.
func (f *Front) write(ctx context.Context, o *order, sinks []sink, done func(error)) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for i, c := range o.calls {
		w := &writing{Front: f, order: o, call: c, sink: sinks[i], done: done, bill: bill{meter: mechanism.MeterOf(ctx), prompt: &c.prompt}}
		wg.Go(func() {
			defer w.bill.close()
			defer w.caught()
			if o.mixed {
				w.finished(w.mix(ctx))
			} else {
				w.finished(w.ask(ctx))
			}
		})
	}
}

// caught turns a panic into the failure of one text: outside the handler's own goroutine it would end the whole gateway.
func (w *writing) caught() {
	if p := recover(); p != nil {
		w.log.Error("a text panicked", "panic", p, "stack", string(debug.Stack()))
		w.finished(&apierror.Error{
			Status: http.StatusInternalServerError, Type: apierror.Server, Code: "internal_error", Message: "the gateway failed; its log says why",
		})
	}
}

// finished tells once how the text ended.
func (w *writing) finished(err error) {
	if !w.told {
		w.told = true
		w.done(err)
	}
}

// put passes a piece on.
func (w *writing) put(ctx context.Context, p *piece, lease mechanism.Lease) error {
	w.bill.add(p)
	if err := w.sink.put(ctx, p, lease); err != nil {
		return err
	}
	if p.finish != "" {
		w.finished(nil)
	}
	return nil
}

// answer is one that has begun.
type answer struct {
	ctx    context.Context //nolint:containedctx // the stream's own: its cause tells why the stream ended
	cancel context.CancelFunc
	stream textv1.Text_GenerateClient
	check  checker
	first  *piece
}

// ask lets one neuron write.
func (w *writing) ask(ctx context.Context) error {
	prompt := &w.call.prompt
	req := request(prompt)
	a, lease, err := mechanism.Open(ctx, w.net, w.order.ask, func(ctx context.Context, _ mechanism.Peer, conn grpc.ClientConnInterface) (*answer, error) {
		return open(ctx, conn, req, prompt)
	})
	if err != nil {
		return err
	}
	defer a.cancel()
	peer := lease.Peer()
	w.sink.begin(whoOf(&peer, lease.FirstPiece(), lease.Tried()))
	began := time.Now()
	err = w.relay(ctx, a, lease)
	lease.Done(w.verdict(ctx, err, time.Since(began)))
	return err
}

// verdict is what the network hears of the end of an answer that took so long after its first piece.
func (w *writing) verdict(ctx context.Context, err error, took time.Duration) error {
	s, streams := w.sink.(*streamed)
	behind := streams && s.behind // the client has kept the neuron waiting
	switch e, failed := errors.AsType[*dendrite.Error](err); {
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && w.drips(took):
		return mechanism.ErrStalled // it dripped until the deadline
	case ctx.Err() != nil: // the caller's doing, or his deadline
		return ctx.Err()
	case behind && failed && e.Reason == synapse.ReasonSlowReader:
		return context.Canceled
	default:
		return err
	}
}

// open starts an answer and waits for its first piece. Empty pieces do not count: they cost a neuron nothing.
func open(ctx context.Context, conn grpc.ClientConnInterface, req *textv1.GenerateRequest, p *model.Prompt) (*answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	a := &answer{ctx: ctx, cancel: cancel, check: checker{prompt: p}}
	var err error
	if a.stream, err = textv1.NewTextClient(conn).Generate(ctx, req, grpc.MaxCallRecvMsgSize(maxPieceBytes)); err != nil {
		cancel()
		return nil, err
	}
	var m textv1.GenerateResponse
	for {
		if a.first, err = a.next(&m); err != nil {
			cancel()
			return nil, err
		}
		if !a.first.empty() {
			return a, nil
		}
	}
}

// next waits for a piece.
func (a *answer) next(m *textv1.GenerateResponse) (*piece, error) {
	if err := a.stream.RecvMsg(m); err != nil {
		cause := context.Cause(a.ctx)
		switch {
		case errors.Is(err, io.EOF):
			return nil, bad("it ended without a finish_reason")
		case cause != nil && !errors.Is(cause, context.Canceled):
			return nil, cause // why the network ended it, e.g. mechanism.ErrStalled
		}
		return nil, err
	}
	return a.check.wire(m)
}

// relay passes an answer on until it is complete.
func (w *writing) relay(ctx context.Context, a *answer, lease mechanism.Lease) error {
	var m textv1.GenerateResponse
	began := time.Now()
	p := a.first
	for {
		if err := w.put(ctx, p, lease); err != nil {
			return err
		}
		if p.finish != "" {
			return a.trailer(&m)
		}
		var err error
		if p, err = a.next(&m); err != nil {
			return err
		}
		lease.Touch()
		if took := time.Since(began); took > w.cfg.Patience && w.drips(took) {
			return mechanism.ErrStalled
		}
	}
}

// drips tells whether a neuron gave next to nothing in a time for which no client kept it waiting.
func (w *writing) drips(took time.Duration) bool {
	s, streams := w.sink.(*streamed)
	return (!streams || !s.behind) && float64(w.bill.text) < leastPace*took.Seconds()
}

// trailer waits a moment for the end of the stream, so that the neuron sees a call that ended well. The caller has all of the answer
// by now: the error tells the network only.
func (a *answer) trailer(m *textv1.GenerateResponse) error {
	timer := time.AfterFunc(trailer, a.cancel)
	defer timer.Stop()
	if a.stream.RecvMsg(m) == nil {
		return bad("a piece after the last one")
	}
	return nil
}

// mix lets the Mixer write.
func (w *writing) mix(ctx context.Context) error {
	start := time.Now()
	seen := &members{Network: w.net}
	check := checker{prompt: &w.call.prompt}
	begun := false
	err := w.cfg.Mixer.Generate(ctx, seen, w.call.prompt, func(mp model.Piece) error {
		p, err := check.mixed(&mp)
		if err != nil {
			return err
		}
		if p.empty() {
			return nil
		}
		if !begun {
			begun = true
			w.sink.begin(seen.who(time.Since(start)))
		}
		return w.put(ctx, p, nil)
	})
	if err == nil && !check.finished {
		return bad("the mixture ended without a finish_reason")
	}
	return err
}

// members is a Network that remembers which neurons answered.
type members struct {
	mechanism.Network
	mu    sync.Mutex
	peers []mechanism.Peer
	tried int
}

// Open implements mechanism.Network.
func (m *members) Open(ctx context.Context, ask mechanism.Ask, open func(context.Context, mechanism.Peer, grpc.ClientConnInterface) (any, error)) (any, mechanism.Lease, error) {
	got, lease, err := m.Network.Open(ctx, ask, open)
	if err == nil {
		m.note(lease)
	}
	return got, lease, err
}

func (m *members) note(lease mechanism.Lease) {
	peer := lease.Peer()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.peers {
		if m.peers[i].UID == peer.UID {
			return
		}
	}
	m.peers = append(m.peers, peer)
	m.tried += max(1, lease.Tried())
}

// who shares a mixture out among its members by incentive; equally where none of them earns.
func (m *members) who(first time.Duration) *who {
	m.mu.Lock()
	defer m.mu.Unlock()
	sum := 0.0
	for i := range m.peers {
		sum += m.peers[i].Share
	}
	w := &who{Model: modelNetwork, FirstPieceMs: first.Milliseconds(), Tried: m.tried, Members: make([]member, len(m.peers))}
	for i := range m.peers {
		one := whoOf(&m.peers[i], 0, 0)
		w.Members[i] = member{UID: *one.UID, Share: 1 / float64(len(m.peers)), Model: one.Model}
		if sum > 0 {
			w.Members[i].Share = *one.Share / sum
		}
	}
	return w
}

// bill puts a text on the caller's meter, as it goes and at the end. What is spent is never given back, so it counts low on the way.
type bill struct {
	meter  mechanism.Meter
	prompt *model.Prompt
	pieces int
	text   int // bytes
	paid   mechanism.Usage
	final  *usage
}

func (b *bill) add(p *piece) {
	b.pieces++
	b.text += len(p.text)
	for i := range p.calls {
		b.text += len(p.calls[i].Function.Arguments)
	}
	if p.finish != "" {
		u := p.usage
		b.final = &u
		b.pay(u.Prompt, u.Completion)
		return
	}
	if b.pieces%billEvery == 0 {
		b.pay(promptBytes(b.prompt)/8, b.text/8)
	}
}

// close pays for a text that broke off.
func (b *bill) close() {
	if b.final == nil && b.pieces > 0 {
		b.pay(tokens(promptBytes(b.prompt)), tokens(b.text))
	}
}

func (b *bill) pay(in, out int) {
	u := mechanism.Usage{In: max(0, in-b.paid.In), Out: max(0, out-b.paid.Out)}
	if u.In > 0 || u.Out > 0 {
		b.meter.Spend(u)
		b.paid.In += u.In
		b.paid.Out += u.Out
	}
}

// request is a prompt as neurons get it.
func request(p *model.Prompt) *textv1.GenerateRequest {
	r := &textv1.GenerateRequest{
		Prompt: p.Text, MaxTokens: uint32(p.MaxTokens), Temperature: p.Temperature, TopP: p.TopP, Seed: p.Seed, Stop: p.Stop,
		Logprobs: p.Logprobs, TopLogprobs: uint32(p.TopLogprobs), FrequencyPenalty: p.FrequencyPenalty, PresencePenalty: p.PresencePenalty,
		ToolsJson: p.Tools, ToolChoiceJson: p.ToolChoice, ResponseFormatJson: p.ResponseFormat,
		Messages: make([]*textv1.Message, len(p.Messages)),
	}
	for i := range p.Messages {
		m := &p.Messages[i]
		r.Messages[i] = &textv1.Message{Role: m.Role, Content: m.Content, Name: m.Name, ToolCallId: m.ToolCallID, ToolCallsJson: m.ToolCalls}
	}
	return r
}

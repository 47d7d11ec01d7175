package front

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/mechanism"
)

const (
	// fullOutbox is how many bytes may wait for a client before its neurons wait too.
	fullOutbox = 64 << 10
	// patience is how often a neuron that waits for a client is said to be well.
	patience = 500 * time.Millisecond
	// keepBuffer is the largest buffer that is used again.
	keepBuffer = 256 << 10
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

func takeBuffer() *[]byte { return buffers.Get().(*[]byte) } //nolint:forcetypeassert // it holds nothing else

// giveBuffer empties a buffer, so that nobody reads another's text, and keeps it unless one large answer has swollen it.
func giveBuffer(b *[]byte) {
	if cap(*b) <= keepBuffer {
		*b = (*b)[:0]
		buffers.Put(b)
	}
}

// outbox holds the events of a stream until the handler sends them: what comes while one lot is being sent goes with the next, so that a
// slow client costs few and large writes.
type outbox struct {
	wake, room chan struct{} // of one

	mu   sync.Mutex
	buf  *[]byte
	who  *who  // of the first text that began
	left int   // texts that are not complete
	err  error // of the first text that failed
	used usage
}

func newOutbox(texts int) *outbox {
	return &outbox{wake: make(chan struct{}, 1), room: make(chan struct{}, 1), buf: takeBuffer(), left: texts}
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// done notes the end of a text.
func (b *outbox) done(err error) {
	b.mu.Lock()
	b.left--
	if b.err == nil {
		b.err = err
	}
	b.mu.Unlock()
	poke(b.wake)
}

// wait blocks while the client is behind, and tells whether it was. Meanwhile the neuron is not to blame for its silence.
func (b *outbox) wait(ctx context.Context, lease mechanism.Lease) (behind bool, err error) {
	for {
		b.mu.Lock()
		full := len(*b.buf) >= fullOutbox
		b.mu.Unlock()
		if !full {
			return behind, nil
		}
		behind = true
		timer := time.NewTimer(patience)
		select {
		case <-b.room:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return behind, context.Cause(ctx)
		}
		if lease != nil {
			lease.Touch()
		}
	}
}

// take hands what is there to the sender and goes on with another, empty buffer.
func (b *outbox) take(empty *[]byte) (full *[]byte, complete bool, err error) {
	b.mu.Lock()
	full, b.buf = b.buf, empty
	complete, err = b.left == 0, b.err
	b.mu.Unlock()
	poke(b.room)
	return full, complete, err
}

// streamed turns the pieces of one text into events.
type streamed struct {
	o      *order
	c      *call
	box    *outbox
	head   []byte // of an event, to the choice's own fields
	tail   []byte // of an event, from the end of the choices
	gt     []byte // the object "gotensor"
	legacy legacyProbs
	behind bool // the client was, some time
}

// begin implements sink.
func (s *streamed) begin(w *who) {
	s.head, s.tail = s.o.frame(w)
	s.gt = append([]byte(`],"gotensor":`), w.json()...)
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	if s.box.who == nil {
		s.box.who = w
	}
	buf := s.open(*s.box.buf)
	if s.o.shape.chat {
		buf = append(buf, `,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}`...)
	} else {
		echo := ""
		if s.o.echo {
			echo = s.c.prompt.Text
		}
		buf = appendString(append(buf, `,"text":`...), echo)
		buf = append(buf, `,"logprobs":null,"finish_reason":null}`...)
	}
	*s.box.buf = append(append(buf, s.gt...), s.tail[1:]...)
}

// frame is what all events of a text have in common.
func (o *order) frame(w *who) (head, tail []byte) {
	head = append(appendString([]byte(`data: {"id":`), o.id), `,"object":"`...)
	head = append(append(head, o.shape.chunk...), `","created":`...)
	head = strconv.AppendInt(head, o.created, 10)
	head = appendString(append(head, `,"model":`...), w.name(o.model))
	head = appendString(append(head, `,"system_fingerprint":`...), w.fingerprint())
	head = append(head, `,"choices":[`...)
	if o.includeUsage {
		return head, []byte("],\"usage\":null}\n\n")
	}
	return head, []byte("]}\n\n")
}

func (s *streamed) open(dst []byte) []byte {
	dst = append(append(dst, s.head...), `{"index":`...)
	return strconv.AppendInt(dst, int64(s.c.index), 10)
}

// put implements sink.
func (s *streamed) put(ctx context.Context, p *piece, lease mechanism.Lease) error {
	behind, err := s.box.wait(ctx, lease)
	s.behind = s.behind || behind
	if err != nil {
		return err
	}
	s.box.mu.Lock()
	buf := *s.box.buf
	if p.text != "" || p.calls != nil || len(p.logprobs) > 0 {
		buf = append(s.delta(s.open(buf), p), s.tail...)
	}
	if p.finish != "" {
		buf = s.open(buf)
		if s.o.shape.chat {
			buf = append(buf, `,"delta":{},"logprobs":null,"finish_reason":"`...)
		} else {
			buf = append(buf, `,"text":"","logprobs":null,"finish_reason":"`...)
		}
		buf = append(append(buf, p.finish...), `"}`...)
		buf = append(append(buf, s.gt...), s.tail[1:]...)
		s.box.used.add(p.usage)
	}
	*s.box.buf = buf
	s.box.mu.Unlock()
	poke(s.box.wake)
	return nil
}

// delta appends a choice's fields from the second on.
func (s *streamed) delta(buf []byte, p *piece) []byte {
	if !s.o.shape.chat {
		buf = appendString(append(buf, `,"text":`...), p.text)
		buf = s.legacy.append(append(buf, `,"logprobs":`...), p.logprobs)
		return append(buf, `,"finish_reason":null}`...)
	}
	buf = append(buf, `,"delta":{`...)
	if p.text != "" || p.calls == nil {
		buf = appendString(append(buf, `"content":`...), p.text)
	}
	if p.calls != nil {
		if p.text != "" {
			buf = append(buf, ',')
		}
		buf = appendCalls(append(buf, `"tool_calls":`...), p.calls)
	}
	buf = appendChatLogprobs(append(buf, `},"logprobs":`...), p.logprobs)
	return append(buf, `,"finish_reason":null}`...)
}

func (u *usage) add(v usage) {
	u.Prompt += v.Prompt
	u.Completion += v.Completion
	u.Total += v.Total
}

// last appends the event with the usage, if it was asked for, and the end.
func (o *order) last(dst []byte, box *outbox) []byte {
	if o.includeUsage && box.who != nil {
		head, _ := o.frame(box.who)
		dst = append(append(dst, head...), `],"usage":{"prompt_tokens":`...)
		dst = strconv.AppendInt(dst, int64(box.used.Prompt), 10)
		dst = strconv.AppendInt(append(dst, `,"completion_tokens":`...), int64(box.used.Completion), 10)
		dst = strconv.AppendInt(append(dst, `,"total_tokens":`...), int64(box.used.Total), 10)
		dst = append(append(dst, `},"gotensor":`...), box.who.json()...)
		dst = append(dst, "}\n\n"...)
	}
	return append(dst, "data: [DONE]\n\n"...)
}

// serveStream answers an order with server-sent events. An error before the first one is an error of HTTP; a later one is an event and the
// end.
func (f *Front) serveStream(w http.ResponseWriter, r *http.Request, o *order) error {
	ctx, cancel := context.WithCancelCause(r.Context())
	box := newOutbox(len(o.calls))
	sinks := make([]sink, len(o.calls))
	for i, c := range o.calls {
		sinks[i] = &streamed{o: o, c: c, box: box}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.write(ctx, o, sinks, box.done)
	}()
	out := &sender{front: f, w: w, rc: http.NewResponseController(w), box: box}
	err := out.run(ctx, o)
	if err != nil {
		cancel(err)
	}
	<-done
	cancel(nil)
	giveBuffer(box.buf)
	if out.begun {
		_ = out.rc.SetWriteDeadline(time.Time{}) // not every ResponseWriter can; the connection may be used again
		return nil
	}
	return err
}

// sender is the handler's side of an outbox.
type sender struct {
	front *Front
	w     http.ResponseWriter
	rc    *http.ResponseController
	box   *outbox
	begun bool
}

// run sends until the texts are complete. It returns the error that ended the stream.
func (s *sender) run(ctx context.Context, o *order) error {
	ping := time.NewTimer(s.front.cfg.Ping)
	defer ping.Stop()
	spare := takeBuffer()
	defer func() { giveBuffer(spare) }()
	for {
		pinged := false
		select {
		case <-s.box.wake:
		case <-ping.C:
			pinged = true
		case <-ctx.Done():
		}
		*spare = (*spare)[:0]
		var complete bool
		var err error
		spare, complete, err = s.box.take(spare)
		if err == nil && ctx.Err() != nil && !complete {
			err = context.Cause(ctx)
		}
		switch {
		case err != nil && !s.begun && len(*spare) == 0:
			return err
		case err != nil:
			body := apierror.Body(s.front.problem(ctx, err))
			*spare = append(append(append(*spare, "data: "...), body...), "\n\n"...)
		case complete:
			*spare = o.last(*spare, s.box)
		case pinged && len(*spare) == 0:
			*spare = append(*spare, ": ping\n\n"...)
		}
		if failed := s.send(*spare); err == nil {
			err = failed
		}
		if err != nil || complete {
			return err
		}
		ping.Reset(s.front.cfg.Ping)
	}
}

// send writes and flushes.
func (s *sender) send(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	if err := s.rc.SetWriteDeadline(time.Now().Add(s.front.cfg.WriteTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return errors.Join(errGone, err)
	}
	if !s.begun {
		s.begun = true
		h := s.w.Header()
		h.Set("Content-Type", "text/event-stream; charset=utf-8")
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Accel-Buffering", "no") // nginx would hold events back
		s.box.mu.Lock()
		if s.box.who != nil {
			s.box.who.set(h)
		}
		s.box.mu.Unlock()
		s.w.WriteHeader(http.StatusOK)
	}
	if _, err := s.w.Write(data); err != nil {
		return errors.Join(errGone, err)
	}
	if err := s.rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return errors.Join(errGone, err)
	}
	return nil
}

package gateway

import (
	"net/http"
	"time"
)

// stall is how long a caller may take to accept a piece of an answer.
const stall = time.Minute

// writer is a response that knows how it went, and that ends where its reader went to sleep.
type writer struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int
	bytes   int64
	renewed time.Time // of the deadline for writes
	counts  *metrics  // nil: nothing is counted
	stream  bool      // it comes piece by piece
}

func newWriter(w http.ResponseWriter, counts *metrics) *writer {
	return &writer{ResponseWriter: w, control: http.NewResponseController(w), counts: counts}
}

// Unwrap lets http.ResponseController through.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *writer) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
		w.begun()
		w.extend() // of answers without a body too: the connection may still have the deadline of an earlier one
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *writer) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
		w.begun()
	}
	w.extend()
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Flush implements http.Flusher, for streams.
func (w *writer) Flush() {
	w.extend()
	_ = w.control.Flush() // where it cannot, the piece goes out with the next
}

// extend moves the deadline for writes; often enough, not for each piece.
func (w *writer) extend() {
	if now := time.Now(); now.Sub(w.renewed) > stall/8 {
		w.renewed = now
		_ = w.control.SetWriteDeadline(now.Add(stall)) // not every writer has one
	}
}

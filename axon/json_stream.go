package axon

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"google.golang.org/grpc/metadata"
)

// typeLines is the content type of a stream: one JSON value a line.
const typeLines = "application/x-ndjson"

// streamHTTP answers a call whose answer is a stream: a line of JSON for each message, flushed at once. A stream that fails before its
// first message is refused as any call is; later its last line is {"error": {...}} with the fields of a refusal. A stream that was cut
// lacks HTTP's own end.
func (s *Server) streamHTTP(w http.ResponseWriter, rt route, c *httpCall) {
	st := &httpStream{c: c, w: w, flush: http.NewResponseController(w).Flush}
	err := rt.stream(rt.impl, st)
	switch {
	case err == nil:
		st.begin() // there may have been no message at all
	case !st.begun:
		writeError(w, err)
	default:
		// The caller may be gone; its connection then ends by itself.
		_ = json.NewEncoder(w).Encode(struct {
			Error httpError `json:"error"`
		}{errorBody(refusalOf(err))})
	}
}

// httpStream is a server stream over HTTP: one request, then messages.
type httpStream struct {
	c     *httpCall
	w     http.ResponseWriter
	flush func() error
	asked bool
	begun bool
}

// Context implements grpc.ServerStream.
func (h *httpStream) Context() context.Context { return h.c.call }

// RecvMsg implements grpc.ServerStream: the body is the only message.
func (h *httpStream) RecvMsg(m any) error {
	if h.asked {
		return io.EOF
	}
	h.asked = true
	return h.c.dec(m)
}

// SendMsg implements grpc.ServerStream. A caller that does not read ends it after WriteTimeout at the latest.
func (h *httpStream) SendMsg(m any) error {
	if err := h.c.Err(); err != nil {
		return err
	}
	line, err := encodeBody(typeJSON, m)
	if err != nil {
		return err
	}
	var one bytes.Buffer
	if err := json.Compact(&one, line); err != nil { // protojson may put in spaces, on purpose and at random
		return err
	}
	h.begin()
	if _, err := h.w.Write(append(one.Bytes(), '\n')); err != nil {
		return err
	}
	return h.flush()
}

func (h *httpStream) begin() {
	if !h.begun {
		h.begun = true
		h.w.Header().Set("Content-Type", typeLines)
		h.w.Header().Set("Cache-Control", "no-store")
	}
}

// SetHeader implements grpc.ServerStream; only gRPC carries metadata.
func (*httpStream) SetHeader(metadata.MD) error { return nil }

// SendHeader implements grpc.ServerStream.
func (*httpStream) SendHeader(metadata.MD) error { return nil }

// SetTrailer implements grpc.ServerStream.
func (*httpStream) SetTrailer(metadata.MD) {}

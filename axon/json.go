package axon

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor/synapse"
)

// Content types and headers of HTTP calls. They follow Connect's unary protocol as far as a neuron needs it.
const (
	typeJSON        = "application/json"
	typeProto       = "application/proto"
	headerTimeoutMs = "Connect-Timeout-Ms"
)

// route is a method behind its path: unary or stream is set.
type route struct {
	impl   any
	method *method
	unary  unary
	stream grpc.StreamHandler
}

// httpCall is a call over HTTP that has passed every check of its headers.
type httpCall struct {
	*call
	kind string              // of its body, and of a unary answer
	dec  func(req any) error // reads the body
}

type connKey struct{}

func (s *Server) newHTTP() *http.Server {
	return &http.Server{
		Handler:           http.HandlerFunc(s.serveHTTP),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       httpIdle,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
	}
}

// serveHTTP answers one call as JSON or binary protobuf over HTTP/1.1.
func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*") // on errors too, or browsers report them as something else
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", http.MethodPost)
		h.Set("Access-Control-Allow-Headers", "Content-Type, "+synapse.HTTPHeader+", "+synapse.HTTPTarget+", "+headerTimeoutMs)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	rt, ok := s.routes[r.URL.Path]
	if !ok {
		writeError(w, status.Errorf(codes.Unimplemented, "no method %q that JSON can call: the path is /package.Service/Method", r.URL.Path))
		return
	}
	c, err := s.accept(w, r, rt)
	if err != nil {
		writeError(w, err)
		return
	}
	defer c.cancel()
	if rt.stream != nil {
		s.streamHTTP(w, rt, c)
		return
	}
	res, err := rt.unary(rt.impl, c.call, c.dec, nil)
	var out []byte
	if err == nil {
		out, err = encodeBody(c.kind, res)
	}
	if err != nil {
		writeError(w, err)
		return
	}
	h.Set("Content-Type", c.kind)
	_, _ = w.Write(out) // the caller may be gone; its connection then ends by itself
}

// accept checks everything that headers can tell before the body is asked for. The call must be cancelled.
func (s *Server) accept(w http.ResponseWriter, r *http.Request, rt route) (*httpCall, error) {
	kind, err := s.checkRequest(r)
	if err != nil {
		return nil, err
	}
	if rt.stream != nil && kind != typeJSON {
		return nil, status.Errorf(codes.InvalidArgument, "Content-Type %q, streams over HTTP are made of %s", kind, typeJSON)
	}
	timeout, err := s.timeout(r, rt)
	if err != nil {
		return nil, err
	}
	if err := s.meant(r.Header[synapse.HTTPTarget]); err != nil {
		return nil, err
	}
	c, bodyHash, err := s.authorise(r)
	if err != nil {
		return nil, err
	}
	c.method = rt.method
	c.Context, c.cancel = context.WithTimeout(r.Context(), timeout)
	return &httpCall{call: c, kind: kind, dec: func(req any) error {
		body, err := s.readBody(w, r)
		if err != nil {
			return err
		}
		if bodyHash != nil && sha256.Sum256(body) != *bodyHash {
			s.stats.badProofs.Add(1)
			return synapse.ProofRefusal(fmt.Errorf("%w: the body is not the one that was signed", synapse.ErrProofSignature)).Err()
		}
		return decodeBody(kind, body, req)
	}}, nil
}

func (s *Server) checkRequest(r *http.Request) (kind string, err error) {
	if r.Method != http.MethodPost {
		return "", status.Errorf(codes.Unimplemented, "method %s, calls are made by POST", r.Method)
	}
	kind, _, err = mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != typeJSON && kind != typeProto {
		return "", status.Errorf(codes.InvalidArgument, "Content-Type %q, must be %s or %s", r.Header.Get("Content-Type"), typeJSON, typeProto)
	}
	if r.ContentLength > int64(s.cfg.MaxMessageBytes) {
		return "", s.tooLarge()
	}
	return kind, nil
}

// timeout is the call's: what the header asks for, or the default, at most the server's own bound. A stream's default is its bound.
func (s *Server) timeout(r *http.Request, rt route) (time.Duration, error) {
	limit, otherwise := s.cfg.MaxDeadline, synapse.DefaultTimeout
	if rt.stream != nil {
		limit, otherwise = s.cfg.MaxStream, s.cfg.MaxStream
	}
	text := r.Header.Get(headerTimeoutMs)
	if text == "" {
		return min(otherwise, limit), nil
	}
	ms, err := strconv.ParseUint(text, 10, 32)
	if err != nil || ms == 0 {
		return 0, status.Errorf(codes.InvalidArgument, "%s %q, must be a positive number of milliseconds", headerTimeoutMs, text)
	}
	return min(time.Duration(ms)*time.Millisecond, limit), nil
}

// authorise finds out who calls and whether he may; the hash is what the body must have, nil for anonymous callers.
func (s *Server) authorise(r *http.Request) (*call, *[sha256.Size]byte, error) {
	text := r.Header.Get(synapse.HTTPHeader)
	if text == "" && s.cfg.AllowAnonymous {
		return &call{}, nil, nil
	}
	c, ok := r.Context().Value(connKey{}).(*conn)
	if !ok {
		return nil, nil, errNoCall
	}
	proof, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		s.stats.badProofs.Add(1)
		return nil, nil, synapse.ProofRefusal(fmt.Errorf("%w: header %s is not standard base64", synapse.ErrProofMalformed, synapse.HTTPHeader)).Err()
	}
	id, hash, err := s.verifier.Request(proof, c.channel, r.URL.Path)
	if err != nil {
		s.stats.badProofs.Add(1)
		return nil, nil, synapse.ProofRefusal(err).Err()
	}
	s.stats.proofs.Add(1)
	cl, err := s.claimOf(id.Address)
	if err != nil {
		return nil, nil, err
	}
	s.conns.markProven(c.raw)
	return &call{claim: cl, caller: id}, &hash, nil
}

// readBody reads the body within BodyTimeout and MaxMessageBytes.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	ctl := http.NewResponseController(w)
	if err := ctl.SetReadDeadline(time.Now().Add(s.cfg.BodyTimeout)); err != nil {
		return nil, status.Errorf(codes.Internal, "set deadline: %v", err)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.cfg.MaxMessageBytes)))
	var large *http.MaxBytesError
	var late net.Error
	switch {
	case errors.As(err, &large):
		return nil, s.tooLarge()
	case errors.As(err, &late) && late.Timeout():
		return nil, slowBody(s.cfg.BodyTimeout)
	case err != nil:
		return nil, status.Error(codes.Canceled, "the request ended before its body was complete")
	}
	if err := ctl.SetReadDeadline(time.Time{}); err != nil {
		return nil, status.Errorf(codes.Internal, "lift deadline: %v", err)
	}
	return body, nil
}

func (s *Server) tooLarge() error {
	return synapse.Refusal{Code: codes.ResourceExhausted, Reason: synapse.ReasonTooLarge, Message: fmt.Sprintf(
		"request is larger than the %d bytes that this neuron takes", s.cfg.MaxMessageBytes)}.Err()
}

func decodeBody(kind string, body []byte, req any) error {
	m, ok := req.(proto.Message)
	if !ok {
		return status.Errorf(codes.Internal, "request type %T is no protobuf message", req)
	}
	var err error
	if kind == typeJSON {
		err = protojson.Unmarshal(body, m)
	} else {
		err = proto.Unmarshal(body, m)
	}
	if err != nil {
		return status.Errorf(codes.InvalidArgument, "body is no %s in %s: %v", m.ProtoReflect().Descriptor().FullName(), kind, err)
	}
	return nil
}

func encodeBody(kind string, res any) ([]byte, error) {
	m, ok := res.(proto.Message)
	if !ok {
		return nil, status.Errorf(codes.Internal, "answer type %T is no protobuf message", res)
	}
	var out []byte
	var err error
	if kind == typeJSON {
		out, err = protojson.Marshal(m)
	} else {
		out, err = proto.Marshal(m)
	}
	if err != nil {
		return nil, status.Errorf(codes.Internal, "encode answer: %v", err)
	}
	return out, nil
}

// httpError is the body of a refused call. Code is the gRPC code in lower case, as Connect writes it.
type httpError struct {
	Code         string `json:"code"`
	Message      string `json:"message"`
	Reason       string `json:"reason,omitempty"`
	RetryAfterMs int64  `json:"retryAfterMs,omitempty"`
}

// refusalOf is what an error of a handler says.
func refusalOf(err error) synapse.Refusal {
	r, ok := synapse.RefusalOf(err)
	if !ok {
		r = synapse.Refusal{Code: codes.Unknown, Message: err.Error()}
	}
	return r
}

func errorBody(r synapse.Refusal) httpError {
	name, _ := httpCode(r.Code)
	return httpError{Code: name, Message: r.Message, Reason: string(r.Reason), RetryAfterMs: r.Retry.Milliseconds()}
}

// writeError answers a refused call and ends the connection: whatever is left of its body is never read.
func writeError(w http.ResponseWriter, err error) {
	r := refusalOf(err)
	_, code := httpCode(r.Code)
	if r.Reason == synapse.ReasonTooLarge {
		code = http.StatusRequestEntityTooLarge
	}
	h := w.Header()
	h.Set("Content-Type", typeJSON)
	h.Set("Connection", "close")
	if r.Retry > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((r.Retry+time.Second-1)/time.Second), 10))
	}
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(errorBody(r)) // the caller may be gone; strings and numbers always encode
}

// httpCode maps a gRPC code to its name in JSON and to an HTTP status, as Connect does.
func httpCode(c codes.Code) (string, int) {
	switch c {
	case codes.Canceled:
		return "canceled", 499
	case codes.InvalidArgument:
		return "invalid_argument", http.StatusBadRequest
	case codes.DeadlineExceeded:
		return "deadline_exceeded", http.StatusGatewayTimeout
	case codes.NotFound:
		return "not_found", http.StatusNotFound
	case codes.AlreadyExists:
		return "already_exists", http.StatusConflict
	case codes.PermissionDenied:
		return "permission_denied", http.StatusForbidden
	case codes.ResourceExhausted:
		return "resource_exhausted", http.StatusTooManyRequests
	case codes.FailedPrecondition:
		return "failed_precondition", http.StatusBadRequest
	case codes.Aborted:
		return "aborted", http.StatusConflict
	case codes.OutOfRange:
		return "out_of_range", http.StatusBadRequest
	case codes.Unimplemented:
		return "unimplemented", http.StatusNotFound
	case codes.Internal:
		return "internal", http.StatusInternalServerError
	case codes.Unavailable:
		return "unavailable", http.StatusServiceUnavailable
	case codes.DataLoss:
		return "data_loss", http.StatusInternalServerError
	case codes.Unauthenticated:
		return "unauthenticated", http.StatusUnauthorized
	case codes.OK, codes.Unknown:
		return "unknown", http.StatusInternalServerError
	default:
		return "unknown", http.StatusInternalServerError
	}
}

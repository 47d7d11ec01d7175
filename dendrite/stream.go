package dendrite

import (
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// stream types the errors of a gRPC stream.
type stream struct {
	grpc.ClientStream
	conn   *Conn
	lane   *lane
	method string
	ctx    *outgoing
}

// RecvMsg implements grpc.ClientStream; io.EOF stays what it is.
func (s *stream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if err == nil || errors.Is(err, io.EOF) {
		s.ctx.answered()
		return err
	}
	return s.conn.fail(s.method, err, s.lane)
}

// SendMsg implements grpc.ClientStream; after io.EOF RecvMsg tells why the stream ended.
func (s *stream) SendMsg(m any) error {
	err := s.ClientStream.SendMsg(m)
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return s.conn.fail(s.method, err, s.lane)
}

// Header implements grpc.ClientStream.
func (s *stream) Header() (metadata.MD, error) {
	md, err := s.ClientStream.Header()
	if err != nil {
		return md, s.conn.fail(s.method, err, s.lane)
	}
	return md, nil
}

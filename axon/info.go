package axon

import (
	"context"
	"math"
	"time"

	"google.golang.org/protobuf/proto"

	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
)

const maxModelName = 64

// infoServer answers gotensor.axon.v1.Axon from memory.
type infoServer struct {
	axonv1.UnimplementedAxonServer
	info *axonv1.InfoResponse
}

// newInfo completes the operator's description with the limits that the server keeps; k_max is the mechanism's.
func (s *Server) newInfo(info *axonv1.InfoResponse) *infoServer {
	info = proto.CloneOf(info)
	if info.Limits == nil {
		info.Limits = &axonv1.Limits{}
	}
	info.Limits.MaxMessageBytes = uint64(s.cfg.MaxMessageBytes)
	info.Limits.MaxDeadlineMs = uint32(min(s.cfg.MaxDeadline/time.Millisecond, math.MaxUint32))
	return &infoServer{info: info}
}

// Info implements the service.
func (i *infoServer) Info(context.Context, *axonv1.InfoRequest) (*axonv1.InfoResponse, error) {
	return i.info, nil
}

package route

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
)

// Probe calls a neuron at the endpoint that the chain lists, whatever is known of it here, and tells how long its answer took. It
// changes nothing of what is known: whoever asks for it may be anybody. The error is nil or one of package dendrite, or says
// that another neuron answers there.
func (r *Router) Probe(ctx context.Context, n metagraph.Neuron) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, infoTimeout)
	defer cancel()
	began := time.Now()
	info, err := axonv1.NewAxonClient(r.cfg.Dial(targetOf(n))).Info(ctx, &axonv1.InfoRequest{}, grpc.MaxCallRecvMsgSize(mostInfo))
	took := time.Since(began)
	if err == nil {
		_, err = read(info, keys.Account(n.Hotkey), uint32(r.cfg.NetUID))
	}
	return took, err
}

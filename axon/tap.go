package axon

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/gotensor/gotensor/synapse"
)

// tap sees every gRPC call when its headers have arrived and nothing of its body has been asked for. It runs on the connection's
// reader: it checks, and never waits. It fails closed: a call without a good proof on its connection ends here.
func (s *Server) tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil, status.Error(codes.Unauthenticated, "no connection")
	}
	c, ok := p.AuthInfo.(*conn)
	if !ok {
		return nil, status.Error(codes.Unauthenticated, "no connection")
	}
	id, err := s.prove(c, info.Header[synapse.MetadataKey])
	if err != nil {
		s.stats.badProofs.Add(1)
		return nil, err
	}
	if err := s.meant(info.Header[synapse.TargetKey]); err != nil {
		return nil, err
	}
	cl, err := s.claimOf(id.Address)
	if err != nil {
		return nil, err
	}
	if err := c.admit(); err != nil {
		return nil, status.Error(codes.Unavailable, "connection is closed")
	}
	m := s.methods[info.FullMethodName]
	if m == nil {
		return ctx, nil // gRPC says so
	}
	// The context ends with the stream at the latest, which also frees its timer.
	own := &call{claim: cl, caller: *id, method: m, conn: c}
	s.limitCall(ctx, own)
	return own, nil
}

// meant refuses a call for another neuron, see synapse.TargetKey.
func (s *Server) meant(to []string) error {
	own := s.cfg.Info.GetHotkey()
	if own == "" || len(to) == 0 || to[0] == own {
		return nil
	}
	s.stats.denied.Add(1)
	return synapse.Refusal{
		Code: codes.FailedPrecondition, Reason: synapse.ReasonOtherNeuron,
		Message: "the call is for another neuron: this one is " + own,
	}.Err()
}

// prove returns the identity of the connection, which its first call proves.
func (s *Server) prove(c *conn, headers []string) (*synapse.Identity, error) {
	var proof string
	if len(headers) > 0 {
		proof = headers[0]
	}
	if id := c.identity; id != nil {
		if proof == "" || proof == c.proof {
			return id, nil
		}
		if key, ok := synapse.ProofKey([]byte(proof)); ok && key != id.Key {
			return nil, synapse.Refusal{
				Code: codes.Unauthenticated, Reason: synapse.ReasonProofSignature,
				Message: "this connection is proven for another key: open one connection per key",
			}.Err()
		}
		return id, nil
	}
	if c.failures >= maxBadProofs {
		return nil, synapse.Refusal{
			Code: codes.Unauthenticated, Reason: synapse.ReasonProofLimit,
			Message: "too many failed proofs on this connection",
		}.Err()
	}
	id, err := s.verifier.Connection([]byte(proof), c.channel)
	if err != nil {
		if c.failures++; c.failures == maxBadProofs {
			_ = c.SetReadDeadline(time.Now().Add(lastWords)) // a connection that cannot take a deadline is closed anyway
		}
		return nil, synapse.ProofRefusal(err).Err()
	}
	c.identity, c.proof = &id, proof
	s.stats.proofs.Add(1)
	return &id, nil
}

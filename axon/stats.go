package axon

import "sync/atomic"

// Stats is a snapshot of a server's counters. All but the first five only ever grow.
type Stats struct {
	Conns    int // open now
	Unproven int // of those, without a proven key yet
	Queued   int // calls waiting now
	Running  int // slots in use now
	Held     int // calls that have given their slot back and wait to answer

	Accepted     uint64 // connections taken
	Refused      uint64 // connections closed for lack of room, new ones or the oldest unproven
	Handshakes   uint64 // failed TLS handshakes
	Proofs       uint64 // proofs accepted
	BadProofs    uint64 // calls refused for their proof
	Denied       uint64 // calls refused by policy
	Overloaded   uint64 // calls refused or evicted by the queue
	Served       uint64 // calls answered without error
	Failed       uint64 // calls that got a slot and ended in an error
	Panics       uint64 // handlers that panicked
	BytesRead    uint64 // from the network, TLS included
	BytesWritten uint64

	Methods map[string]MethodStats // by path, e.g. "/gotensor.text.v1.Text/Predict"
}

type counters struct {
	accepted, refused, handshakes, proofs, badProofs, denied, overloaded, panics, read, written atomic.Uint64
}

// Stats returns the counters.
func (s *Server) Stats() Stats {
	queued, running := s.queue.Depth()
	conns, unproven := s.conns.open()
	st := Stats{
		Conns: conns, Unproven: unproven, Queued: queued, Running: running, Held: s.held.open(),
		Accepted: s.stats.accepted.Load(), Refused: s.stats.refused.Load(), Handshakes: s.stats.handshakes.Load(),
		Proofs: s.stats.proofs.Load(), BadProofs: s.stats.badProofs.Load(), Denied: s.stats.denied.Load(),
		Overloaded: s.stats.overloaded.Load(), Panics: s.stats.panics.Load(), BytesRead: s.stats.read.Load(), BytesWritten: s.stats.written.Load(),
		Methods: make(map[string]MethodStats, len(s.methods)),
	}
	for path, m := range s.methods {
		ms := m.stats()
		st.Methods[path] = ms
		if !m.immediate {
			st.Served += ms.Served
			st.Failed += ms.Failed
		}
	}
	return st
}

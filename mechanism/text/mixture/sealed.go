package mixture

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/mechanism"
)

const (
	// sealedFor is how long a neuron that tells no predictions at once is not asked again.
	sealedFor = time.Minute
	// mostPicks bounds how often one text looks for members: neurons that seal are found out by asking them.
	mostPicks = 16
	// mostSealed bounds the neurons that are remembered; a subnet has fewer.
	mostSealed = 1 << 16
)

// ErrSealed is wrapped where every neuron that could be a member tells this caller no predictions at once; dendrite.ErrSealed is too.
var ErrSealed = errors.New("no miner answers this gateway at once, which a text of the whole network needs")

// sealers remembers the neurons that tell this caller nothing at once, by hotkey, with the time until which they are left alone. It is no
// fault of theirs.
type sealers struct {
	mu    sync.Mutex
	until map[gotensor.Address]time.Time
}

func (s *sealers) add(who gotensor.Address) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if len(s.until) >= mostSealed {
		maps.DeleteFunc(s.until, func(_ gotensor.Address, until time.Time) bool { return now.After(until) })
	}
	if s.until == nil || len(s.until) >= mostSealed {
		s.until = map[gotensor.Address]time.Time{}
	}
	s.until[who] = now.Add(sealedFor)
}

func (s *sealers) has(who gotensor.Address) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.until[who]
	return ok && time.Now().Before(until)
}

// allSealed is the error of a text without any member that answers at once.
func allSealed() error {
	return fmt.Errorf("%w: %w: %w", mechanism.ErrUpstream, ErrSealed, dendrite.ErrSealed)
}

// note takes in who of those asked seals, and tells whether nobody answered and somebody did.
func (m *Mixture) note(answers []Answer) (onlySealed bool) {
	sealed, answered := false, false
	for i := range answers {
		switch a := &answers[i]; {
		case a.Err == nil:
			answered = true
		case errors.Is(a.Err, dendrite.ErrSealed):
			sealed = true
			m.sealers.add(a.Peer.Hotkey)
		}
	}
	return sealed && !answered
}

package mixture

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/mechanism"
)

// errLate is the failure of a member for which the others did not wait.
var errLate = fmt.Errorf("%w: the other members did not wait any longer", context.DeadlineExceeded)

// hurry ends a step some time after those with half of the shares have answered: else the slowest would make everybody wait, and one
// that never answers as long as a step may take.
type hurry struct {
	patience time.Duration
	began    time.Time
	late     context.CancelCauseFunc

	mu       sync.Mutex
	answered float64
	timer    *time.Timer
}

func (h *hurry) heard(share float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.answered += share; h.answered >= 0.5 && h.timer == nil {
		h.timer = time.AfterFunc(max(h.patience, 3*time.Since(h.began)), func() { h.late(errLate) })
	}
}

func (h *hurry) over() {
	h.late(nil)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timer != nil {
		h.timer.Stop()
	}
}

// askSoon asks all members at once and does not wait for those that are much slower than the others.
func (m *Mixture) askSoon(ctx context.Context, net mechanism.Network, members []Member, prefix []byte, k int) []Answer {
	ctx, late := context.WithCancelCause(ctx)
	h := &hurry{patience: m.cfg.Patience, began: time.Now(), late: late}
	defer h.over()
	answers := m.ask(ctx, net, members, prefix, k, h.heard)
	if errors.Is(context.Cause(ctx), errLate) {
		for i := range answers {
			if err := answers[i].Err; err != nil && !errors.Is(err, mechanism.ErrBadAnswer) && !errors.Is(err, dendrite.ErrSealed) {
				answers[i].Err = errLate
			}
		}
	}
	return answers
}

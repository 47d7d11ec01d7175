package dataset

import (
	"fmt"
	"math/bits"
)

// State is what a Drawer has drawn, to be kept through a restart (as JSON, for example).
type State struct {
	Context int           `json:"context"`
	Sources []SourceState `json:"sources"`
}

// SourceState is the part of one source: a bit for each of its places, least significant first, set if drawn in this cycle.
type SourceState struct {
	Name   string `json:"name"`
	Digest string `json:"digest"` // sha256 of the text, hex
	Places int    `json:"places"`
	Cycle  int    `json:"cycle"` // how often all places have been drawn
	Used   []byte `json:"used"`
}

// State returns a copy of what has been drawn.
func (d *Drawer) State() State {
	s := State{Context: d.context}
	for i := range d.strata {
		st := &d.strata[i]
		s.Sources = append(s.Sources, SourceState{
			Name: st.source.Name(), Digest: st.digest, Places: len(st.starts), Cycle: st.cycle, Used: append([]byte(nil), st.used...),
		})
	}
	return s
}

// Restore takes up a saved state. A source that the state does not know, with this text and this context length, starts afresh.
// ErrState: the part of a known source is damaged; the Drawer is then unchanged.
func (d *Drawer) Restore(s State) error {
	if s.Context != d.context {
		return nil
	}
	known := make(map[string]SourceState, len(s.Sources))
	for _, src := range s.Sources {
		known[src.Name+"\x00"+src.Digest] = src
	}
	lefts := make([]int, len(d.strata))
	for i := range d.strata {
		st := &d.strata[i]
		src, ok := known[st.source.Name()+"\x00"+st.digest]
		if !ok {
			lefts[i] = -1
			continue
		}
		used := 0
		for _, b := range src.Used {
			used += bits.OnesCount8(b)
		}
		tail := 8*len(src.Used) - len(st.starts)
		if src.Places != len(st.starts) || len(src.Used) != len(st.used) || src.Cycle < 0 ||
			(tail > 0 && src.Used[len(src.Used)-1]>>(8-tail) != 0) {
			return fmt.Errorf("source %q: %d places in %d bytes and cycle %d, want %d places: delete the state: %w",
				src.Name, src.Places, len(src.Used), src.Cycle, len(st.starts), ErrState)
		}
		lefts[i] = len(st.starts) - used
	}
	for i := range d.strata {
		st := &d.strata[i]
		if lefts[i] < 0 {
			continue
		}
		src := known[st.source.Name()+"\x00"+st.digest]
		st.used, st.left, st.cycle = append([]byte(nil), src.Used...), lefts[i], src.Cycle
	}
	return nil
}

package dataset

import (
	"encoding/hex"
	"fmt"
)

// State is what a Drawer has drawn, to be kept through a restart (as JSON, for example).
type State struct {
	Context int           `json:"context"`
	Sources []SourceState `json:"sources"`
	Shard   *ShardState   `json:"shard,omitempty"` // nil: none
}

// ShardState says which shard questions come from, as in Drawer.Shard.
type ShardState struct {
	Beacon string `json:"beacon"` // hex
	Places int    `json:"places"`
	Least  int    `json:"least"`
}

// SourceState is the part of one source: a bit for each of its places, least significant first, set if drawn in this cycle.
type SourceState struct {
	Name   string `json:"name"`
	Digest string `json:"digest"` // sha256 of the text, hex
	Places int    `json:"places"`
	Cycle  int    `json:"cycle"` // how often all places have been drawn
	Used   []byte `json:"used"`
	Queue  []int  `json:"queue,omitempty"` // places of the shard that are still to be drawn in its cycle, in this order
}

// State returns a copy of what has been drawn.
func (d *Drawer) State() State {
	s := State{Context: d.context}
	for i := range d.strata {
		st := &d.strata[i]
		s.Sources = append(s.Sources, SourceState{
			Name: st.source.Name(), Digest: st.digest, Places: len(st.starts), Cycle: st.cycle, Used: append([]byte(nil), st.used...),
			Queue: append([]int(nil), st.queue...),
		})
	}
	if d.shard.places > 0 {
		s.Shard = &ShardState{Beacon: hex.EncodeToString(d.shard.beacon[:]), Places: d.shard.places, Least: d.shard.least}
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
	kept, err := shardOf(s.Shard)
	if err != nil {
		return err
	}
	strata := append([]stratum(nil), d.strata...)
	for i := range strata {
		st := &strata[i]
		src, ok := known[st.source.Name()+"\x00"+st.digest]
		if kept != d.shard {
			st.useShard(kept, d.context, d.rng)
		}
		if !ok {
			continue
		}
		tail := 8*len(src.Used) - len(st.starts)
		if src.Places != len(st.starts) || len(src.Used) != len(st.used) || src.Cycle < 0 ||
			(tail > 0 && src.Used[len(src.Used)-1]>>(8-tail) != 0) {
			return fmt.Errorf("source %q: %d places in %d bytes and cycle %d, want %d places: delete the state: %w",
				src.Name, src.Places, len(src.Used), src.Cycle, len(st.starts), ErrState)
		}
		seen := make([]bool, len(st.shard))
		for _, k := range src.Queue {
			if k < 0 || k >= len(seen) || seen[k] {
				return fmt.Errorf("source %q: place %d is queued, want each of the shard's %d at most once: delete the state: %w",
					src.Name, k, len(seen), ErrState)
			}
			seen[k] = true
		}
		st.used, st.cycle, st.queue = append([]byte(nil), src.Used...), src.Cycle, append([]int(nil), src.Queue...)
	}
	d.strata, d.shard = strata, kept
	return nil
}

// shardOf reads a stored shard; nil is none.
func shardOf(s *ShardState) (shard, error) {
	if s == nil {
		return shard{}, nil
	}
	out := shard{places: s.Places, least: s.Least}
	beacon, err := hex.DecodeString(s.Beacon)
	if err != nil || len(beacon) != len(out.beacon) || s.Places < 1 || s.Least < 1 {
		return shard{}, fmt.Errorf("shard of %d places, at least %d, with the beacon %.80q, want 1 or more and 32 bytes in hex: delete the state: %w",
			s.Places, s.Least, s.Beacon, ErrState)
	}
	copy(out.beacon[:], beacon)
	return out, nil
}

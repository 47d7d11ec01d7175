package dataset

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"slices"
)

// shard says which part of every source questions come from; the zero value is all of it.
type shard struct {
	beacon        [32]byte
	places, least int
}

// place is a question that cannot move: slot is an index of starts, at the byte where the text is cut.
type place struct{ slot, at int }

// Shard has Draw take its items from `places` places of each source from now on, the same ones for everybody who has the same text,
// context length and beacon, whatever the source's name. Who has another beacon cannot tell which. 0 places, or a beacon of zeros,
// ends it. The same again changes nothing: what was drawn of the shard stays drawn.
//
// A shard is asked about again and again, by all who share it. So its places are cut at bytes that the beacon decides, and lie so
// far apart that no context shows the continuation of another place. A short text may have fewer such places; then the shard is
// smaller, but at least `least` places, as many as are asked at once, are in it if the source has so many at all.
func (d *Drawer) Shard(beacon [32]byte, places, least int) {
	s := shard{beacon, places, max(least, 1)}
	if places < 1 || beacon == [32]byte{} {
		s = shard{}
	}
	if s == d.shard {
		return
	}
	d.shard = s
	for i := range d.strata {
		d.strata[i].useShard(s, d.context, d.rng)
	}
}

// Sharded is how many places of a source the shard has; 0: there is no shard.
func (d *Drawer) Sharded(source int) int { return len(d.strata[source].shard) }

func (st *stratum) useShard(s shard, context int, rng *rand.Rand) {
	st.shard, st.queue, st.busy = nil, nil, nil
	if s.places == 0 {
		return
	}
	st.shard = st.choose(s, context)
	st.queue = rng.Perm(len(st.shard))
	st.busy = make([]byte, len(st.used))
	reach := context + slotLen
	for _, p := range st.shard {
		from, _ := slices.BinarySearch(st.starts, st.starts[p.slot]-reach+1)
		for i := from; i < len(st.starts) && st.starts[i] < st.starts[p.slot]+reach; i++ {
			st.busy[i/8] |= 1 << (i % 8)
		}
	}
}

// choose takes the slots with the smallest SHA-256 of beacon, text and slot, and leaves out those too near to one that it has.
func (st *stratum) choose(s shard, context int) []place {
	type lot struct {
		slot       int
		rank, turn uint64 // turn decides at which of the slot's word boundaries
	}
	lots := make([]lot, len(st.starts))
	message := append([]byte("gotensor/dataset/shard\x00"), s.beacon[:]...)
	message = append(message, st.digest...)
	for i, start := range st.starts {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(message, uint64(start)))
		lots[i] = lot{i, binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])}
	}
	slices.SortFunc(lots, func(a, b lot) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.slot, b.slot)) })
	var out []place
	take := func(l lot) {
		cuts := st.places(st.starts[l.slot], context)
		out = append(out, place{l.slot, cuts[l.turn%uint64(len(cuts))]})
	}
	reach := context + slotLen
	cells := map[int]int{} // starts of the slots taken, by start/reach: at most one in each
	var near []lot
	for _, l := range lots {
		if len(out) == max(s.places, s.least) {
			break
		}
		start := st.starts[l.slot]
		cell, free := start/reach, true
		for c := cell - 1; c <= cell+1; c++ {
			if other, taken := cells[c]; taken && max(other-start, start-other) < reach {
				free = false
			}
		}
		if !free {
			near = append(near, l)
			continue
		}
		cells[cell] = start
		take(l)
	}
	for _, l := range near {
		if len(out) >= min(s.least, len(lots)) {
			break
		}
		take(l)
	}
	return out
}

// fromShard takes n places of the shard and returns where to cut. In one call no place comes twice.
func (st *stratum) fromShard(n int, rng *rand.Rand) []int {
	out := make([]int, 0, n)
	drawn := map[int]bool{}
	for range n {
		if len(st.queue) == 0 {
			st.queue = rng.Perm(len(st.shard))
			slices.SortStableFunc(st.queue, func(a, b int) int { return cmp.Compare(rankOf(drawn[a]), rankOf(drawn[b])) })
		}
		k := st.queue[0]
		st.queue = st.queue[1:]
		drawn[k] = true
		p := st.shard[k]
		st.used[p.slot/8] |= 1 << (p.slot % 8)
		out = append(out, p.at)
	}
	return out
}

// rankOf puts what was drawn just now at the end of the next cycle.
func rankOf(drawn bool) int {
	if drawn {
		return 1
	}
	return 0
}

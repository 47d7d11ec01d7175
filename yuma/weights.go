package yuma

import (
	"math"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
)

// matrix is a sparse matrix: row i holds uids[k], vals[k] for k in start[i] .. start[i+1].
type matrix struct {
	start []int
	uids  []uint16
	vals  []fixed.I32F32
}

// reset empties the matrix and makes room for n rows.
func (m *matrix) reset(n int) {
	m.start = sized(m.start, n+1)[:1]
	m.start[0] = 0
	m.uids, m.vals = m.uids[:0], m.vals[:0]
}

// push appends an entry to the row that endRow will end.
func (m *matrix) push(uid uint16, v fixed.I32F32) {
	m.uids = append(m.uids, uid)
	m.vals = append(m.vals, v)
}

// room returns space for n more entries of the current row, of which use takes the first ones.
func (m *matrix) room(n int) ([]uint16, []fixed.I32F32) {
	m.uids, m.vals = slices.Grow(m.uids, n), slices.Grow(m.vals, n)
	from := len(m.uids)
	return m.uids[from : from+n], m.vals[from : from+n]
}

// use appends the first count entries of the space that room returned.
func (m *matrix) use(count int) {
	to := len(m.uids) + count
	m.uids, m.vals = m.uids[:to], m.vals[:to]
}

// endRow ends the current row.
func (m *matrix) endRow() { m.start = append(m.start, len(m.uids)) }

// row returns row i.
func (m *matrix) row(i int) ([]uint16, []fixed.I32F32) {
	from, to := m.start[i], m.start[i+1]
	return m.uids[from:to:to], m.vals[from:to:to]
}

// load reads the weights that count and makes each row sum to one; ascend tells which rows are sorted. Zero weights stay as entries.
func (m *matrix) load(in *Input, s *stakes, ascend []bool) {
	m.reset(in.N)
	commits := commitBlocks(in)
	var newest gotensor.Block
	for _, registered := range in.Registered {
		newest = max(newest, registered)
	}
	for i, row := range in.Weights {
		if s.permit[i] && len(row.UIDs) > 0 {
			// A weight is older than its target unless the target registered before the row was set, and no later than the commitment.
			limit := uint64(in.lastUpdate(i))
			if commits != nil && commits[i] < limit {
				limit = commits[i] + 1
			}
			last := int(row.UIDs[len(row.UIDs)-1])
			if ascend[i] && last < in.N && uint64(newest) < limit {
				m.loadWhole(in, i, row)
			} else {
				m.loadRow(in, i, row, limit)
			}
		}
		m.endRow()
	}
}

// loadWhole appends all entries of row i, which ascends, but for that of a validator for itself.
func (m *matrix) loadWhole(in *Input, i int, row Row) {
	self, found := slices.BinarySearch(row.UIDs, uint16(i))
	before, after := self, self
	if found && !in.owns(i) {
		after++
	}
	uids, vals := m.room(len(row.UIDs))
	copy(uids, row.UIDs[:before])
	copy(uids[before:], row.UIDs[after:])
	low, high := row.Values[:before], row.Values[after:]
	var total fixed.I32F32
	for _, v := range low {
		total += fixed.I32F32(v)
	}
	for _, v := range high {
		total += fixed.I32F32(v)
	}
	d := fixed.NewReciprocal(total) // integers are divided unscaled, see loadRow
	shares(vals, low, d)
	shares(vals[before:], high, d)
	m.use(before + len(high))
}

// shares writes the quotients of values to vals.
func shares(vals []fixed.I32F32, values []uint16, d fixed.Reciprocal) {
	vals = vals[:len(values)]
	for k, v := range values {
		vals[k] = d.OfShare(fixed.I32F32(v))
	}
}

// loadRow appends the entries of row i whose targets registered before the block limit.
func (m *matrix) loadRow(in *Input, i int, row Row, limit uint64) {
	var total fixed.I32F32
	self := -1
	if !in.owns(i) {
		self = i
	}
	uids, vals := m.room(len(row.UIDs))
	count := 0
	for k, uid := range row.UIDs {
		j := int(uid)
		if j >= in.N || j == self || uint64(in.Registered[j]) >= limit {
			continue
		}
		v := fixed.I32F32(row.Values[k])
		uids[count], vals[count] = uid, v
		count++
		total += v
	}
	m.use(count)
	if total == 0 {
		return
	}
	// Integers and their sum are divided unscaled: the quotient is the same, and a value stays below one.
	d := fixed.NewReciprocal(total)
	vals = vals[:count]
	for k, v := range vals {
		vals[k] = d.OfShare(v)
	}
}

// commitBlocks returns for each uid the block of its earliest commitment that counts, 2^64 - 1 if none does; nil if commitments
// are not enabled.
func commitBlocks(in *Input) []uint64 {
	cr := &in.CommitReveal
	if !cr.Enabled {
		return nil
	}
	blocks := make([]uint64, in.N)
	for uid := range blocks {
		blocks[uid] = math.MaxUint64
	}
	queued := make([]bool, in.N)
	for _, c := range cr.Commits {
		if int(c.UID) < in.N && !queued[c.UID] && !cr.expired(c) {
			queued[c.UID] = true
			blocks[c.UID] = uint64(c.Block)
		}
	}
	for _, c := range cr.Timelocked {
		if int(c.UID) < in.N && !cr.expired(c) {
			blocks[c.UID] = min(blocks[c.UID], uint64(c.Block))
		}
	}
	return blocks
}

// expired tells whether the time to reveal c is over.
func (cr *CommitReveal) expired(c Commit) bool {
	return cr.CurrentEpoch > addSaturating(c.Epoch, cr.RevealPeriod)
}

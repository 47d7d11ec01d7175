package pow

import (
	"encoding/binary"
	"math/bits"
)

// width is how many messages are hashed side by side.
const width = 8

// lanes holds the 32 bytes of eight messages or hashes: word i of message j, little-endian, is at [i][j].
type lanes [HashLen / 8][width]uint64

// tryWide does what try does, with the outer hashes eight at a time: on processors with AVX-512 that takes about a third of the time.
func (h *hasher) tryWide(first uint64, goal *target) (tried uint64, solved bool) {
	var in, out lanes
	for ; tried < batch; tried += width {
		for j := range uint64(width) {
			h.hashInner(first + tried + j)
			for i := range in {
				in[i][j] = binary.LittleEndian.Uint64(h.sum[8*i:])
			}
		}
		keccak256x8(&in, &out)
		for j := range uint64(width) {
			if bits.ReverseBytes64(out[0][j]) > goal[0] {
				continue
			}
			for i := range out {
				binary.LittleEndian.PutUint64(h.seal[8*i:], out[i][j])
			}
			if goal.admits(&h.seal) {
				return tried + j + 1, true
			}
		}
	}
	return tried, false
}

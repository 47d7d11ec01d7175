package miner

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
)

func TestStrangersWithoutBandwidthDisplaceNobody(t *testing.T) {
	c := &callers{strangers: map[gotensor.Address]stranger{}}
	until := time.Now().Add(time.Hour)
	key := func(i int) (a gotensor.Address) {
		binary.LittleEndian.PutUint64(a[:], uint64(i))
		return a
	}
	weighs := func(i int) uint64 { return c.strangers[key(i)].weight }
	c.remember(key(1), stranger{weight: 5, until: until})
	for i := 10; i < 10+3*maxStrangers; i++ {
		c.remember(key(i), stranger{until: until})
	}
	require.Equal(t, uint64(5), weighs(1), "keys of no worth push nobody out")
	for i := 10; i < 10+maxStrangers; i++ {
		c.remember(key(i), stranger{weight: 3, until: until})
	}
	require.Equal(t, uint64(5), weighs(1), "nor does dust")
	c.remember(key(2), stranger{weight: 4, until: until})
	require.Equal(t, uint64(4), weighs(2), "the lightest makes room")
	require.Len(t, c.strangers, maxStrangers)
}

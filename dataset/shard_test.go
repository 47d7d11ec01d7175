package dataset_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dataset"
)

func drawer(t testing.TB, src dataset.Source, seed uint64) *dataset.Drawer {
	t.Helper()
	d, err := dataset.NewDrawer([]dataset.Source{src}, 20, rng(seed))
	require.NoError(t, err)
	return d
}

func draw(t testing.TB, d *dataset.Drawer, n int) []string {
	t.Helper()
	items, err := d.Draw(n)
	require.NoError(t, err)
	out := make([]string, n)
	for i, it := range items {
		out[i] = string(it.Context) + "|" + string(it.Continuation)
	}
	return out
}

func TestShardIsSharedByText(t *testing.T) {
	src := numbered(t, 4000)
	renamed, err := dataset.New("other name", bytes.Join(src.Passages(), nil))
	require.NoError(t, err)
	a, b, other := drawer(t, src, 1), drawer(t, renamed, 2), drawer(t, src, 3)
	a.Shard([32]byte{7}, 20, 5)
	b.Shard([32]byte{7}, 20, 5)
	other.Shard([32]byte{8}, 20, 5)
	require.Equal(t, 20, a.Sharded(0))
	mine := draw(t, a, 20)
	require.ElementsMatch(t, mine, draw(t, b, 20))
	require.NotEqual(t, mine, draw(t, a, 20), "the next cycle has another order")
	alike := 0
	for _, x := range draw(t, other, 20) {
		if strings.Contains(strings.Join(mine, "\n"), x) {
			alike++
		}
	}
	require.Less(t, alike, 8)
}

func TestShardEndsWithItsBeacon(t *testing.T) {
	d := drawer(t, numbered(t, 4000), 1)
	for _, c := range []struct {
		name   string
		beacon [32]byte
		places int
		want   int
	}{
		{"on", [32]byte{1}, 16, 16},
		{"no places", [32]byte{1}, 0, 0},
		{"on again", [32]byte{2}, 8, 8},
		{"no beacon", [32]byte{}, 8, 0},
		{"fewer than a round asks", [32]byte{1}, 1, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.Shard(c.beacon, c.places, 5)
			require.Equal(t, c.want, d.Sharded(0))
			draw(t, d, 5)
		})
	}
}

// TestShardTellsNoContinuation: whoever remembers all contexts of a period finds no answer in them, and what is drawn apart
// neither shows one.
func TestShardTellsNoContinuation(t *testing.T) {
	d := drawer(t, numbered(t, 20000), 1)
	d.Shard([32]byte{7}, 100, 10)
	var contexts, answers []string
	for range 100 / 10 {
		items, err := d.Draw(10)
		require.NoError(t, err)
		for _, it := range items {
			contexts, answers = append(contexts, string(it.Context)), append(answers, string(it.Continuation))
		}
	}
	apart, err := d.DrawApart(200)
	require.NoError(t, err)
	for _, it := range apart {
		contexts = append(contexts, string(it.Context))
	}
	all := strings.Join(contexts, "\n")
	for _, a := range answers {
		require.NotContains(t, all, a[:12], "twelve of sixteen bytes hold a whole number")
	}
}

func TestShardCycles(t *testing.T) {
	d := drawer(t, numbered(t, 4000), 1)
	d.Shard([32]byte{7}, 10, 4)
	seen := map[string]int{}
	for range 5 {
		round := draw(t, d, 4)
		once := map[string]bool{}
		for _, x := range round {
			seen[x]++
			once[x] = true
		}
		require.Len(t, once, 4, "no question twice in a round, also where a cycle ends in it")
	}
	require.Len(t, seen, 10)
	for x, n := range seen {
		require.Equal(t, 2, n, x)
	}
}

func TestShardIsSmallWhereTheTextIs(t *testing.T) {
	d, err := dataset.NewDrawer([]dataset.Source{numbered(t, 800)}, 256, rng(1))
	require.NoError(t, err)
	n := d.Places(0)
	d.Shard([32]byte{7}, n, 1)
	require.Less(t, d.Sharded(0), n/2, "places that show each other's answers are left out")
	d.Shard([32]byte{7}, n, n)
	require.Equal(t, n, d.Sharded(0), "as many as a round asks, in any case")
	_, err = d.Draw(n)
	require.NoError(t, err)
	_, err = d.DrawApart(1)
	require.NoError(t, err, "nothing is apart from it: all is drawn from")
	_, err = d.Draw(n + 1)
	require.ErrorIs(t, err, dataset.ErrNoItems)
}

func TestShardSurvivesRestart(t *testing.T) {
	src := numbered(t, 4000)
	one := drawer(t, src, 1)
	one.Shard([32]byte{7}, 20, 5)
	seen := draw(t, one, 10)
	data, err := json.Marshal(one.State())
	require.NoError(t, err)
	var state dataset.State
	require.NoError(t, json.Unmarshal(data, &state))

	two := drawer(t, src, 2)
	require.NoError(t, two.Restore(state))
	two.Shard([32]byte{7}, 20, 5)
	require.Equal(t, one.State(), two.State())
	rest := draw(t, two, 10)
	require.Equal(t, draw(t, one, 10), rest)
	for _, x := range rest {
		require.NotContains(t, seen, x)
	}
	for name, spoil := range map[string]func(*dataset.State){
		"beacon":      func(s *dataset.State) { s.Shard.Beacon = "7" },
		"places":      func(s *dataset.State) { s.Shard.Places = 0 },
		"queue":       func(s *dataset.State) { s.Sources[0].Queue[0] = 20 },
		"queue twice": func(s *dataset.State) { s.Sources[0].Queue[0] = s.Sources[0].Queue[1] },
	} {
		t.Run(name, func(t *testing.T) {
			bad := one.State()
			bad.Sources[0].Queue = []int{0, 1}
			spoil(&bad)
			before := two.State()
			require.ErrorIs(t, two.Restore(bad), dataset.ErrState)
			require.Equal(t, before, two.State())
		})
	}
}

func FuzzShard(f *testing.F) {
	f.Add(uint64(1), uint16(2000), uint8(20), uint8(4))
	f.Add(uint64(2), uint16(900), uint8(0), uint8(30))
	f.Fuzz(func(t *testing.T, beacon uint64, words uint16, places, least uint8) {
		d := drawer(t, numbered(t, 900+int(words)%5000), beacon)
		d.Shard([32]byte{byte(beacon), byte(beacon >> 8), 1}, int(places), int(least))
		if places == 0 {
			require.Zero(t, d.Sharded(0))
			return
		}
		require.LessOrEqual(t, d.Sharded(0), max(int(places), int(least), 1))
		require.GreaterOrEqual(t, d.Sharded(0), min(int(least), d.Places(0)))
		draw(t, d, min(max(int(least), 1), d.Places(0)))
		require.NoError(t, d.Restore(d.State()))
	})
}

func BenchmarkShard(b *testing.B) {
	d := drawer(b, numbered(b, 1_000_000), 1)
	for i := 0; b.Loop(); i++ {
		d.Shard([32]byte{byte(i), byte(i >> 8), byte(i >> 16), 1}, 256, 12)
	}
}

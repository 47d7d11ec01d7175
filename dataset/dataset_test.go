package dataset_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dataset"
)

func rng(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

func embedded(t testing.TB) []dataset.Source {
	t.Helper()
	sources, err := dataset.Embedded()
	require.NoError(t, err)
	return sources
}

func TestEmbeddedTextsAreThoseOfTheReadme(t *testing.T) {
	readme, err := os.ReadFile("corpus/README.md")
	require.NoError(t, err)
	sources := embedded(t)
	require.Len(t, sources, 2)
	for _, src := range sources {
		content := bytes.Join(src.Passages(), nil)
		sum := sha256.Sum256(content)
		require.Contains(t, string(readme), hex.EncodeToString(sum[:]), src.Name())
		require.Len(t, content, src.Size())
		for _, bad := range []string{"Gutenberg", "Produced by Suzanne", "[Illustration", "  ", "\r", "_"} {
			require.NotContains(t, string(content), bad, src.Name())
		}
	}
}

func TestSplitsPartitionTheText(t *testing.T) {
	sources := embedded(t)
	total := 0
	for _, src := range sources {
		total += src.Size()
	}
	training := dataset.Text(dataset.Training, sources...)
	reference := dataset.Text(dataset.Reference, sources...)
	heldOut := dataset.Text(dataset.HeldOut, sources...)
	require.Equal(t, total, len(training)+len(reference)+len(heldOut))
	require.InDelta(t, 12.0/16, float64(len(training))/float64(total), 0.02)
	require.InDelta(t, 1.0/16, float64(len(reference))/float64(total), 0.01)
	require.InDelta(t, 3.0/16, float64(len(heldOut))/float64(total), 0.02)
	require.Equal(t, reference, dataset.Excerpt(dataset.Reference, total, sources...))
	for _, src := range sources {
		excerpt := dataset.Excerpt(dataset.Reference, 1000, src)
		require.Len(t, excerpt, 1000)
		require.True(t, bytes.HasPrefix(dataset.Text(dataset.Reference, src), excerpt))
	}
	// Books repeat themselves, but not for 64 bytes: a longer window of held-out text in training text would be a leak.
	seen := make(map[string]bool)
	for _, text := range [][]byte{training, reference} {
		for i := 0; i+64 <= len(text); i++ {
			seen[string(text[i:i+64])] = true
		}
	}
	leaks := 0
	for i := 0; i+64 <= len(heldOut); i++ {
		if seen[string(heldOut[i:i+64])] {
			leaks++
		}
	}
	require.Less(t, float64(leaks)/float64(len(heldOut)), 0.002, "%d windows", leaks)
}

func TestDrawnItemsAreHeldOutWordBoundaries(t *testing.T) {
	sources := embedded(t)
	d, err := dataset.NewDrawer(sources, 200, rng(1))
	require.NoError(t, err)
	require.Equal(t, []string{"opticks", "sawyer"}, d.Sources())
	items, err := d.Draw(100)
	require.NoError(t, err)
	require.Len(t, items, 200)
	for i, it := range items {
		require.Equal(t, i/100, it.Source)
		require.Len(t, it.Context, 200)
		require.Len(t, it.Continuation, dataset.ContinuationLen)
		require.Equal(t, byte(' '), it.Continuation[0])
		require.NotContains(t, " \n", string(it.Continuation[1]))
		require.NotContains(t, " \n", string(it.Context[199]))
		text := bytes.Join(sources[it.Source].Passages(), nil)
		require.True(t, bytes.Contains(text, append(it.Context[:200:200], it.Continuation...)))
		held := false
		for j, p := range sources[it.Source].Passages() {
			held = held || (dataset.SplitOf(j) == dataset.HeldOut && bytes.Contains(p, it.Continuation))
		}
		require.True(t, held, "%q", it.Continuation)
	}
}

func TestNoPlaceTwiceUntilExhausted(t *testing.T) {
	src := numbered(t, 1200)
	d, err := dataset.NewDrawer([]dataset.Source{src}, 20, rng(3))
	require.NoError(t, err)
	n := d.Places(0)
	require.Greater(t, n, 20)
	seen := map[string]bool{}
	for range n {
		items, err := d.Draw(1)
		require.NoError(t, err)
		key := string(items[0].Continuation)
		require.False(t, seen[key], "%q drawn twice", key)
		seen[key] = true
	}
	_, err = d.Draw(1)
	require.NoError(t, err)
	require.Equal(t, 1, d.State().Sources[0].Cycle)
	_, err = d.Draw(n + 1)
	require.ErrorIs(t, err, dataset.ErrNoItems)
}

func TestStateSurvivesRestart(t *testing.T) {
	src := numbered(t, 2000)
	one, err := dataset.NewDrawer([]dataset.Source{src}, 20, rng(4))
	require.NoError(t, err)
	seen := map[string]bool{}
	n := one.Places(0)
	for range n / 2 {
		items, err := one.Draw(1)
		require.NoError(t, err)
		seen[string(items[0].Continuation)] = true
	}
	saved, err := json.Marshal(one.State())
	require.NoError(t, err)

	var state dataset.State
	require.NoError(t, json.Unmarshal(saved, &state))
	two, err := dataset.NewDrawer([]dataset.Source{src}, 20, rng(99))
	require.NoError(t, err)
	require.NoError(t, two.Restore(state))
	for range n - n/2 {
		items, err := two.Draw(1)
		require.NoError(t, err)
		require.False(t, seen[string(items[0].Continuation)])
	}
	require.Equal(t, 0, two.State().Sources[0].Cycle)

	t.Run("damaged", func(t *testing.T) {
		for name, spoil := range map[string]func(*dataset.SourceState){
			"places": func(s *dataset.SourceState) { s.Places++ },
			"short":  func(s *dataset.SourceState) { s.Used = s.Used[1:] },
			"cycle":  func(s *dataset.SourceState) { s.Cycle = -1 },
		} {
			bad := one.State()
			spoil(&bad.Sources[0])
			require.ErrorIs(t, two.Restore(bad), dataset.ErrState, name)
		}
	})
	t.Run("other text starts afresh", func(t *testing.T) {
		three, err := dataset.NewDrawer([]dataset.Source{numbered(t, 2001)}, 20, rng(5))
		require.NoError(t, err)
		require.NoError(t, three.Restore(state))
		require.Equal(t, make([]byte, len(three.State().Sources[0].Used)), three.State().Sources[0].Used)
	})
}

func TestSameSeedSameItems(t *testing.T) {
	draw := func(seed uint64) []dataset.Item {
		d, err := dataset.NewDrawer(embedded(t), 64, rng(seed))
		require.NoError(t, err)
		items, err := d.Draw(16)
		require.NoError(t, err)
		return items
	}
	require.Equal(t, draw(8), draw(8))
	require.NotEqual(t, draw(8), draw(9))
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	long := strings.Repeat("some words of text \xff\xfe ", 600)
	record := `{"text": "` + strings.Repeat("a line of text ", 400) + `"}` + "\n"
	for _, c := range []struct {
		name, path, source, want string
		err                      error
	}{
		{name: "plain, not UTF-8", path: write("plain.txt", long), source: "plain", want: long + "\n"},
		{name: "jsonl", path: write("two.jsonl", record+"\n"+record), source: "two", want: strings.Repeat(strings.Repeat("a line of text ", 400)+"\n", 2)},
		{name: "folder in order", path: filepath.Dir(write("many/b.txt", long)), source: "many", want: "first\n" + long + "\n"},
		{name: "absent", path: filepath.Join(dir, "nothing.txt"), err: os.ErrNotExist},
		{name: "empty", path: write("empty.txt", ""), err: dataset.ErrTooShort},
		{name: "short", path: write("short.txt", "few words"), err: dataset.ErrTooShort},
		{name: "folder without text", path: filepath.Dir(write("none/readme.md", long)), err: dataset.ErrFormat},
		{name: "broken json", path: write("broken.jsonl", record+"{"), err: dataset.ErrFormat},
		{name: "no field text", path: write("fields.jsonl", `{"content": "x"}`), err: dataset.ErrFormat},
		{name: "parquet", path: write("x.parquet", long), err: dataset.ErrFormat},
		{name: "unknown kind", path: write("x.pdf", long), err: dataset.ErrFormat},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.source == "many" {
				write("many/a.txt", "first")
			}
			src, err := dataset.Open(c.path)
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.source, src.Name())
			require.Equal(t, c.want, string(bytes.Join(src.Passages(), nil)))
		})
	}
}

func TestDrawerRefusesWhatItCannotDraw(t *testing.T) {
	noBlanks, err := dataset.New("dense", bytes.Repeat([]byte("x"), 10000))
	require.NoError(t, err)
	for _, c := range []struct {
		name    string
		sources []dataset.Source
		context int
	}{
		{"no source", nil, 10},
		{"no context", embedded(t), 0},
		{"huge context", embedded(t), dataset.MaxContext + 1},
		{"no word boundary", []dataset.Source{noBlanks}, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := dataset.NewDrawer(c.sources, c.context, rng(1))
			require.ErrorIs(t, err, dataset.ErrNoItems)
		})
	}
	d, err := dataset.NewDrawer(embedded(t), 10, rng(1))
	require.NoError(t, err)
	_, err = d.Draw(0)
	require.ErrorIs(t, err, dataset.ErrNoItems)
}

func FuzzSource(f *testing.F) {
	f.Add([]byte("some words "), uint16(900), uint8(20))
	f.Add([]byte("\n\n x"), uint16(5000), uint8(1))
	f.Fuzz(func(t *testing.T, unit []byte, times uint16, context uint8) {
		if len(unit) > 64 {
			unit = unit[:64]
		}
		content := bytes.Repeat(unit, int(times))
		src, err := dataset.New("fuzz", content)
		if len(content) < dataset.MinText {
			require.ErrorIs(t, err, dataset.ErrTooShort)
			return
		}
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, bytes.Join(src.Passages(), nil)))
		require.GreaterOrEqual(t, len(src.Passages()), 15)
		d, err := dataset.NewDrawer([]dataset.Source{src}, int(context), rng(1))
		if err != nil {
			require.ErrorIs(t, err, dataset.ErrNoItems)
			return
		}
		items, err := d.Draw(min(5, d.Places(0)))
		require.NoError(t, err)
		for _, it := range items {
			require.Len(t, it.Context, int(context))
			require.Equal(t, byte(' '), it.Continuation[0])
		}
	})
}

// numbered makes a text of n words that are all different.
func numbered(t testing.TB, n int) dataset.Source {
	t.Helper()
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "word%06d ", i)
	}
	src, err := dataset.New("numbered", b.Bytes())
	require.NoError(t, err)
	return src
}

func Example() {
	sources, err := dataset.Embedded()
	if err != nil {
		panic(err)
	}
	d, err := dataset.NewDrawer(sources, 40, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		panic(err)
	}
	items, err := d.Draw(1)
	if err != nil {
		panic(err)
	}
	for _, it := range items {
		fmt.Printf("%s: %q -> %q\n", d.Sources()[it.Source], it.Context, it.Continuation)
	}
	// Output:
	// opticks: "pon the Rays of Light at a good distance" -> " in their passin"
	// sawyer: "oys. But they were off in a jiffy, those" -> " villains, and w"
}

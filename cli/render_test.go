package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

func TestDuration(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": -time.Second, "800ms": 800 * time.Millisecond, "1s": time.Second, "1.5s": 1500 * time.Millisecond, "1m": time.Minute,
		"1m30s": 90 * time.Second, "10m": 10 * time.Minute, "1h": time.Hour, "1h12m": 72 * time.Minute, "3d": 72 * time.Hour, "1d2h": 26 * time.Hour,
	} {
		require.Equal(t, want, duration(d))
	}
}

func TestTAOText(t *testing.T) {
	for want, r := range map[string]gotensor.Rao{
		"0 TAO": 0, "0.000000001 TAO": 1, "1 TAO": gotensor.RaoPerTAO, "1.5 TAO": 3 * gotensor.RaoPerTAO / 2, "21000000 TAO": gotensor.MaxSupply, "10 TAO": 10 * gotensor.RaoPerTAO,
	} {
		require.Equal(t, want, taoText(r))
	}
}

func TestTableAlignsByWhatIsSeen(t *testing.T) {
	p := &page{}
	g := grid{columns: []column{num("N"), col("NAME"), col("X")}}
	g.add("1", "…é", "a")
	g.add("10", "long", "b")
	p.table(g)
	require.Equal(t, " N  NAME  X\n 1  …é    a\n10  long  b\n", p.b.String())
}

func TestAddressesAreShortOnATerminalOnly(t *testing.T) {
	const whole = "tao1jy6s25sdf2mja6lrmzspw6agk22marw2mt62kk"
	require.Equal(t, whole, (&page{}).addr(whole))
	require.Equal(t, "tao1jy6s2…62kk", (&page{live: true}).addr(whole))
}

// parseWeights and parseTAO never panic; what they take they take exactly.
func FuzzParseWeights(f *testing.F) {
	for _, seed := range []string{"1=1", "1=0.5 2=1e300", "0=1 0=1", "65535=5e-324 1=1", "=", "1=", "1=NaN", "1=0x1p-2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pairs string) {
		row, err := parseWeights(strings.Fields(pairs), true)
		if err != nil {
			return
		}
		top := uint16(0)
		for i, e := range row {
			require.NotZero(t, e.Value)
			require.True(t, i == 0 || row[i-1].UID < e.UID)
			top = max(top, e.Value)
		}
		require.Equal(t, uint16(65535), top)
	})
}

func FuzzParseTAO(f *testing.F) {
	for _, seed := range []string{"1", "1.5", ".5", "0.000000001", "18446744073.709551615", "18446744073.709551616", "-1", "+1", "1.", "1.-5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseTAO(s)
		if err != nil {
			require.ErrorIs(t, err, ErrUsage)
			return
		}
		again, err := parseTAO(taoNumber(r))
		require.NoError(t, err)
		require.Equal(t, r, again)
	})
}

// Whatever a neuron answers, unpacking it does not panic and what is shown is a prediction that validators would take.
func FuzzCandidates(f *testing.F) {
	f.Add([]byte("ab"), []byte{1, 1}, 0.25, 0.25, 0.5)
	f.Add([]byte("a"), []byte{9}, 1.0, 0.0, 0.0)
	f.Add([]byte{}, []byte{}, 0.0, 0.0, 1.0)
	f.Fuzz(func(t *testing.T, arena, lengths []byte, p1, p2, floor float64) {
		p := &textv1.Prediction{Arena: arena, Lengths: lengths, Floor: floor}
		for i := range lengths {
			p.Probabilities = append(p.Probabilities, []float64{p1, p2}[i%2])
		}
		got, _, err := question{k: 8, top: 3}.candidates(p)
		if err != nil {
			require.ErrorIs(t, err, errAnswer)
			return
		}
		require.LessOrEqual(t, len(got), 3)
		_, err = json.Marshal(got)
		require.NoError(t, err)
	})
}

package price_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/price"
)

func TestUpkeep(t *testing.T) {
	cases := []struct {
		name      string
		pay       []gotensor.Rao
		share     uint16
		want      []gotensor.Rao
		remainder gotensor.Rao
	}{
		{"nobody", nil, 600, nil, 0},
		{"nobody is paid", []gotensor.Rao{0, 0}, 600, []gotensor.Rao{0, 0}, 0},
		{"off", []gotensor.Rao{7, 3, 0}, 0, []gotensor.Rao{7, 3, 0}, 0},
		{"one", []gotensor.Rao{0, 9, 0}, 950, []gotensor.Rao{0, 9, 0}, 0},
		{"one rao", []gotensor.Rao{1}, 950, []gotensor.Rao{1}, 0},
		{"equals keep all", []gotensor.Rao{50, 50, 50}, 600, []gotensor.Rao{50, 50, 50}, 0},
		{"at the rent nothing", []gotensor.Rao{100, 60, 59, 61}, 600, []gotensor.Rao{273, 0, 0, 6}, 1},
		{"weaker ones pay more", []gotensor.Rao{100, 80, 0}, 600, []gotensor.Rao{120, 60, 0}, 0},
		{"more than the most counts as the most", []gotensor.Rao{1000, 995}, 1000, []gotensor.Rao{1330, 665}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := price.Upkeep(c.pay, c.share)
			require.Equal(t, c.want, got)
			require.Equal(t, sum(c.pay), sum(got)+c.remainder)
		})
	}
	big := gotensor.Rao(math.MaxUint64 / 2)
	require.Equal(t, []gotensor.Rao{big, big}, price.Upkeep([]gotensor.Rao{big, big}, price.MaxUpkeep), "no overflow")
}

func sum(pay []gotensor.Rao) gotensor.Rao {
	var out gotensor.Rao
	for _, p := range pay {
		out += p
	}
	return out
}

// The sum stays but for a rao per uid, order stays, nobody below the rent is paid, the best never loses, and a uid that comes with less than the
// rent changes nobody's pay by more than what it takes from the pot before.
func FuzzUpkeep(f *testing.F) {
	f.Add([]byte{255, 3, 10, 200, 201}, uint16(750), uint64(1))
	f.Add([]byte{1, 1}, uint16(1), uint64(1<<50))
	f.Fuzz(func(t *testing.T, raw []byte, share uint16, scale uint64) {
		if len(raw) > 256 {
			raw = raw[:256]
		}
		pay, scale := make([]gotensor.Rao, len(raw)), scale%(1<<48)
		for i, b := range raw {
			pay[i] = gotensor.Rao(uint64(b) * scale)
		}
		got := price.Upkeep(pay, share)
		require.LessOrEqual(t, sum(got), sum(pay))
		require.LessOrEqual(t, sum(pay)-sum(got), gotensor.Rao(len(pay)))
		var most gotensor.Rao
		for _, p := range pay {
			most = max(most, p)
		}
		rent := price.Rent(most, share)
		for i := range pay {
			if pay[i] <= rent {
				require.Zero(t, got[i])
			}
			if pay[i] == most {
				require.GreaterOrEqual(t, got[i], most)
			}
			for j := range pay {
				if pay[i] <= pay[j] {
					require.LessOrEqual(t, got[i], got[j])
				}
			}
		}
	})
}

func ExampleUpkeep() {
	// Two good miners, one three quarters as good, and a clone that earns half.
	for _, paid := range price.Upkeep([]gotensor.Rao{400, 400, 300, 200}, 500) {
		fmt.Print(uint64(paid), " ")
	}
	// Output: 520 520 260 0
}

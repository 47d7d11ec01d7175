package price

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
)

var curve = Curve{Min: 500_000, Max: 100 * gotensor.RaoPerTAO, HalfLife: 360, Factor: 1_260_000}

func TestRootsAreSquareRoots(t *testing.T) {
	const precision = 512
	x := new(big.Int).Lsh(big.NewInt(1), precision-1)
	for i, root := range roots {
		x.Sqrt(x.Lsh(x, precision))
		require.Equal(t, new(big.Int).Rsh(x, precision-64).Uint64(), root, "root %d", i)
	}
}

func TestAfter(t *testing.T) {
	wide := Curve{Min: 1, Max: math.MaxUint64, HalfLife: 360, Factor: One}
	tests := []struct {
		name   string
		curve  Curve
		price  gotensor.Rao
		blocks gotensor.Block
		want   gotensor.Rao
	}{
		{"now", wide, 1_000_000_000, 0, 1_000_000_000},
		{"a half-life", wide, 1_000_000_000, 360, 500_000_000},
		{"two", wide, 1_000_000_000, 720, 250_000_000},
		{"half of one", wide, 1_000_000_000, 180, 707_106_781},
		{"one block", wide, 1_000_000_000, 1, 998_076_443},
		{"one and a quarter", wide, 1_000_000_000, 450, 420_448_207},
		{"for ever", wide, math.MaxUint64, math.MaxUint64, 1},
		{"sixty-three half-lives", wide, math.MaxUint64, 63 * 360, 1},
		{"kept above min", curve, 600_000, 3600, 500_000},
		{"kept below max", curve, math.MaxUint64, 1, 100 * gotensor.RaoPerTAO},
		{"half-life of one", Curve{Min: 1, Max: math.MaxUint64, HalfLife: 1, Factor: One}, 1024, 3, 128},
		{"longest half-life", Curve{Min: 1, Max: math.MaxUint64, HalfLife: MaxHalfLife, Factor: One}, 1000, MaxHalfLife - 1, 500},
		{"no half-life", Curve{Min: 1, Max: 5000, Factor: One}, 1000, 100, 1000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, tt.curve.After(tt.price, tt.blocks))
		})
	}
}

func TestUntil(t *testing.T) {
	wide := Curve{Min: 1, Max: math.MaxUint64, HalfLife: 360, Factor: One}
	tests := []struct {
		name  string
		curve Curve
		price gotensor.Rao
		most  gotensor.Rao
		want  gotensor.Block
		never bool
	}{
		{"at once", wide, 1000, 1000, 0, false},
		{"it is below already", wide, 1000, 2000, 0, false},
		{"a half-life", wide, 1_000_000_000, 500_000_000, 360, false},
		{"three", wide, 1_000_000_000, 125_000_000, 1080, false},
		{"one rao less takes a block more", wide, 1_000_000_000, 499_999_999, 361, false},
		{"as far as it can fall", wide, math.MaxUint64, 1, 63 * 360, false},
		{"down to min", curve, gotensor.RaoPerTAO, 500_000, 3948, false},
		{"below min", curve, gotensor.RaoPerTAO, 499_999, 0, true},
		{"to nothing", wide, 1000, 0, 0, true},
		{"longest half-life", Curve{Min: 1, Max: math.MaxUint64, HalfLife: MaxHalfLife, Factor: One}, 1024, 1, 9*MaxHalfLife + 1, false},
		{"no half-life", Curve{Min: 1, Max: 5000, Factor: One}, 1000, 999, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.curve.Until(tt.price, tt.most)
			require.Equal(t, !tt.never, ok)
			require.Equal(t, tt.want, got)
		})
	}
}

// FuzzUntil checks that the price is low enough then and not a block before.
func FuzzUntil(f *testing.F) {
	f.Add(uint64(1_000_000_000), uint64(250_000_000), uint64(360), uint64(500_000))
	f.Add(uint64(math.MaxUint64), uint64(1), uint64(math.MaxUint32), uint64(1))
	f.Fuzz(func(t *testing.T, p, most, halfLife, least uint64) {
		c := Curve{Min: max(1, gotensor.Rao(least)), Max: math.MaxUint64, HalfLife: 1 + gotensor.Block(halfLife)%MaxHalfLife, Factor: One}
		n, ok := c.Until(gotensor.Rao(p), gotensor.Rao(most))
		require.Equal(t, c.Min <= gotensor.Rao(most), ok)
		if !ok {
			return
		}
		require.LessOrEqual(t, c.After(gotensor.Rao(p), n), gotensor.Rao(most))
		if n > 0 {
			require.Greater(t, c.After(gotensor.Rao(p), n-1), gotensor.Rao(most))
		}
	})
}

func TestJump(t *testing.T) {
	tests := []struct {
		name  string
		curve Curve
		price gotensor.Rao
		want  gotensor.Rao
	}{
		{"by 1.26", curve, gotensor.RaoPerTAO, 1_260_000_000},
		{"rounded up", Curve{Min: 1, Max: 100, Factor: 1_000_001}, 1, 2},
		{"by one", Curve{Min: 1, Max: 100, Factor: One}, 7, 7},
		{"kept below max", curve, 90 * gotensor.RaoPerTAO, 100 * gotensor.RaoPerTAO},
		{"kept above min", curve, 1, 500_000},
		{"beyond the range", Curve{Min: 1, Max: math.MaxUint64, Factor: math.MaxUint32}, math.MaxUint64, math.MaxUint64},
		{"largest exact", Curve{Min: 1, Max: math.MaxUint64, Factor: One}, math.MaxUint64, math.MaxUint64},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, tt.curve.Jump(tt.price))
		})
	}
}

func TestValidate(t *testing.T) {
	require.NoError(t, curve.Validate())
	tests := []struct {
		name   string
		change func(*Curve)
		want   string
	}{
		{"min", func(c *Curve) { c.Min = 0 }, "min is 0 rao"},
		{"max", func(c *Curve) { c.Max = 7 }, "max 7 rao is below min 500000 rao"},
		{"half-life", func(c *Curve) { c.HalfLife = 0 }, "half-life is 0 blocks"},
		{"long half-life", func(c *Curve) { c.HalfLife = MaxHalfLife + 1 }, "half-life is 4294967296 blocks, want 1 to 4294967295"},
		{"factor", func(c *Curve) { c.Factor = 999_999 }, "factor is 999999 parts per million"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := curve
			tt.change(&c)
			require.ErrorIs(t, c.Validate(), ErrCurve)
			require.ErrorContains(t, c.Validate(), tt.want)
		})
	}
}

// FuzzAfter compares with big floats, and checks that a price never rises by itself.
func FuzzAfter(f *testing.F) {
	f.Add(uint64(1_000_000_000), uint64(1), uint64(360))
	f.Add(uint64(math.MaxUint64), uint64(359), uint64(360))
	f.Add(uint64(math.MaxUint64), uint64(math.MaxUint64), uint64(math.MaxUint64))
	f.Fuzz(func(t *testing.T, p, blocks, halfLife uint64) {
		c := Curve{Min: 1, Max: math.MaxUint64, HalfLife: 1 + gotensor.Block(halfLife)%MaxHalfLife, Factor: One}
		got := c.After(gotensor.Rao(p), gotensor.Block(blocks))
		want := float64(p) * math.Exp2(-float64(blocks)/float64(c.HalfLife))
		// float64 carries 53 bits, of which the exponent loses a few for long times; the last rao is rounding and Min.
		require.InDelta(t, want, float64(got), 1.5+want*1e-13)
		require.LessOrEqual(t, got, max(gotensor.Rao(p), c.Min))
		if blocks < math.MaxUint64 {
			require.LessOrEqual(t, c.After(gotensor.Rao(p), gotensor.Block(blocks+1)), got)
		}
	})
}

func BenchmarkAfter(b *testing.B) {
	b.ReportAllocs()
	var n gotensor.Block
	for b.Loop() {
		_ = curve.After(gotensor.RaoPerTAO, n%3600)
		n++
	}
}

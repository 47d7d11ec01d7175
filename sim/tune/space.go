package tune

import (
	"math"
	"math/rand/v2"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/yuma"
)

// Point is what the search may set.
type Point struct {
	Tempo              float64 // minutes
	Kappa              float64 // share of stake
	BondsPenalty       float64 // 0 to 1
	BondsMovingAverage float64 // part of the bonds that stays
	Yuma3, Liquid      bool
	AlphaLow           float64 // pace of bonds under liquid alpha
	AlphaHigh          float64
}

// Setting is one hyperparameter as the chain takes it: a name and an integer in the unit of the schema of x/subnet.
type Setting struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
	Unit  string `json:"unit"`
}

// blockSeconds is the chain's target block time.
const blockSeconds = 2

// Defaults are those of the chain.
func Defaults() Point {
	return Point{
		Tempo: 72, Kappa: 32_767.0 / math.MaxUint16, BondsPenalty: 1, BondsMovingAverage: 0.9, Yuma3: true,
		AlphaLow: 45_875.0 / math.MaxUint16, AlphaHigh: 58_982.0 / math.MaxUint16,
	}
}

// dims is the number of coordinates of a point in the unit cube.
const dims = 8

// Ranges of the numbers that are searched, within those of the schema.
const (
	kappaLow, kappaHigh = 0.35, 0.65
	penaltyLow          = 0.0
	averageLow          = 0.5
	averageHigh         = 0.975
	alphaLow            = 1_638.0 / math.MaxUint16
	edge                = 0.9 // from here on a coordinate means the end of its range: see snap
)

// at is the point of a place in the unit cube; tempos are in minutes.
func at(u [dims]float64, shortest, longest float64) Point {
	p := Point{
		Tempo:              math.Round(shortest * math.Pow(longest/shortest, u[0])),
		Kappa:              kappaLow + (kappaHigh-kappaLow)*u[1],
		BondsPenalty:       penaltyLow + (1-penaltyLow)*snap(u[2]),
		BondsMovingAverage: averageLow + (averageHigh-averageLow)*u[3],
		Yuma3:              u[4] >= 0.3,
		AlphaLow:           alphaLow + (1-alphaLow)*u[6],
	}
	p.Liquid = p.Yuma3 && u[5] >= 0.5
	p.AlphaHigh = p.AlphaLow + (1-p.AlphaLow)*u[7]
	return p
}

// snap lets the last tenth of a range be its end, where good values often are.
func snap(u float64) float64 { return min(1, u/edge) }

// Params are those of an epoch.
func (p Point) Params(validators int) yuma.Params {
	blocks := p.Tempo * 60 / blockSeconds
	return yuma.Params{
		Tempo: uint16(blocks), ActivityCutoff: gotensor.Block(13.889 * blocks), Kappa: share16(p.Kappa), BondsPenalty: share16(p.BondsPenalty),
		BondsMovingAverage: uint64(math.Round(p.BondsMovingAverage * 1e6)), Yuma3: p.Yuma3,
		Liquid:        yuma.Liquid{Enabled: p.Liquid, Low: share16(p.AlphaLow), High: share16(p.AlphaHigh), Steepness: 1000},
		MaxValidators: uint16(validators),
	}
}

// Settings are what to set on the chain, in the order of its schema.
func (p Point) Settings() []Setting {
	return []Setting{
		{"tempo", int64(math.Round(p.Tempo * 60_000)), "ms"},
		{"kappa", int64(share16(p.Kappa)), "u16"},
		{"bonds_moving_average", int64(math.Round(p.BondsMovingAverage * 1e6)), "ppm"},
		{"bonds_penalty", int64(share16(p.BondsPenalty)), "u16"},
		{"yuma3_enabled", bit(p.Yuma3), "bool"},
		{"liquid_alpha_enabled", bit(p.Liquid), "bool"},
		{"alpha_low", int64(share16(p.AlphaLow)), "u16"},
		{"alpha_high", int64(share16(p.AlphaHigh)), "u16"},
	}
}

func share16(x float64) uint16 { return uint16(math.Floor(x*math.MaxUint16 + 0.5)) }

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// hypercube places n points so that each coordinate has one in each of n equal parts (a Latin hypercube).
func hypercube(n int, rng *rand.Rand) [][dims]float64 {
	out := make([][dims]float64, n)
	for d := range dims {
		for i, k := range rng.Perm(n) {
			out[i][d] = (float64(k) + rng.Float64()) / float64(n)
		}
	}
	return out
}

// near is a place around another: each coordinate moves with even chance, at least one does.
func near(u [dims]float64, step float64, rng *rand.Rand) [dims]float64 {
	always := rng.IntN(dims)
	for d := range dims {
		move := step * rng.NormFloat64()
		if rng.Float64() < 0.5 || d == always {
			u[d] = min(max(u[d]+move, 0), 1)
		}
	}
	return u
}

package market

import (
	"fmt"

	"github.com/gotensor/gotensor/sim"
)

// Game is the experiment: people and bots want slots of one subnet.
type Game struct {
	Seed         uint64    `json:"seed" help:"seed of all chance"`
	Days         int       `json:"days" help:"days of a game; the first fifth is not counted"`
	Games        int       `json:"games" help:"games with wishes of their own that are added up"`
	PeoplePerDay float64   `json:"people_per_day" help:"wishes for a slot that people have in a day"`
	BotsPerDay   float64   `json:"bots_per_day" help:"wishes for a slot that bots have in a day"`
	Value        float64   `json:"value" help:"median of what a slot is worth, TAO: the most that is paid for it"`
	Spread       float64   `json:"spread" help:"standard deviation of the logarithm of that value"`
	LookHours    float64   `json:"look_hours" help:"hours between two looks of a person, on average"`
	Night        float64   `json:"night" help:"how much less people look by night: 0 not at all, 1 never at midnight"`
	PatienceDays float64   `json:"patience_days" help:"days after which a wish is given up"`
	HalfLife     float64   `json:"half_life" help:"half-life of the burn price, minutes"`
	Factor       float64   `json:"factor" help:"what a registration multiplies the burn price by"`
	Aims         []float64 `json:"aims" help:"tactics of bots: the share of the last day's mean price that they wait for, 0 for none; the worst for people counts"`
	Factors      []float64 `json:"factors" help:"factors that are compared, each with the half-life that sells as many slots"`
	Cores        float64   `json:"cores" help:"work: hashes that a bot gets for what one hash costs a person"`
}

// Default is a subnet that sells 60 slots a day, wanted by 40 people and 80 bots.
func Default() *Game {
	return &Game{
		Seed: 1, Days: 15, Games: 2, PeoplePerDay: 40, BotsPerDay: 80, Value: 1, Spread: 0.5, LookHours: 6, Night: 0.5, PatienceDays: 3,
		HalfLife: 240, Factor: 1.07, Aims: []float64{0, 0.98, 0.95, 0.85}, Factors: []float64{1.04, 1.12, 1.26}, Cores: 50,
	}
}

// Validate fails with sim.ErrConfig.
func (g *Game) Validate() error {
	bad := func(name string, value any, want string) error {
		return fmt.Errorf("%w: %s is %v, want %s", sim.ErrConfig, name, value, want)
	}
	for _, p := range []struct {
		name            string
		value, min, max float64
	}{
		{"days", float64(g.Days), 5, 365},
		{"games", float64(g.Games), 1, 100},
		{"people_per_day", g.PeoplePerDay, 1, 1000},
		{"bots_per_day", g.BotsPerDay, 1, 1000},
		{"value", g.Value, 0.01, 1e6},
		{"spread", g.Spread, 0, 3},
		{"look_hours", g.LookHours, 0.1, 1000},
		{"night", g.Night, 0, 1},
		{"patience_days", g.PatienceDays, 0.01, 365},
		{"half_life", g.HalfLife, 1, 7220},
		{"factor", g.Factor, 1.001, 3},
		{"cores", g.Cores, 1, 1e6},
	} {
		if !(p.value >= p.min && p.value <= p.max) {
			return bad(p.name, p.value, fmt.Sprintf("%v to %v", p.min, p.max))
		}
	}
	if len(g.Aims) == 0 {
		return bad("aims", "empty", "at least one")
	}
	for _, a := range g.Aims {
		if !(a >= 0 && a <= 2) {
			return bad("aims", a, "0 to 2")
		}
	}
	if len(g.Factors) == 0 {
		return bad("factors", "empty", "at least one")
	}
	for _, f := range g.Factors {
		if !(f >= 1.001 && f <= 3) {
			return bad("factors", f, "1.001 to 3")
		}
	}
	return nil
}

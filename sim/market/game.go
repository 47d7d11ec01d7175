package market

import (
	"cmp"

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
	return cmp.Or(cmp.Or([]error{
		sim.Within("days", 5, 365, float64(g.Days)),
		sim.Within("games", 1, 100, float64(g.Games)),
		sim.Within("people_per_day", 1, 1000, g.PeoplePerDay),
		sim.Within("bots_per_day", 1, 1000, g.BotsPerDay),
		sim.Within("value", 0.01, 1e6, g.Value),
		sim.Within("spread", 0, 3, g.Spread),
		sim.Within("look_hours", 0.1, 1000, g.LookHours),
		sim.Within("night", 0, 1, g.Night),
		sim.Within("patience_days", 0.01, 365, g.PatienceDays),
		sim.Within("half_life", 1, 7220, g.HalfLife),
		sim.Within("factor", 1.001, 3, g.Factor),
		sim.Within("cores", 1, 1e6, g.Cores),
	}...), sim.Within("aims", 0, 2, g.Aims...), sim.Within("factors", 1.001, 3, g.Factors...))
}

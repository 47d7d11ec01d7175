package explain

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/price"
	"github.com/gotensor/gotensor/yuma"
)

// parameter is a hyperparameter that an epoch reads, by its name on the chain.
type parameter struct {
	name  string
	whole float64 // that a decimal number is a share of; 0: only whole numbers
	most  uint64
	set   func(p *yuma.Params, v uint64)
}

var parameters = []parameter{
	{"kappa", math.MaxUint16, math.MaxUint16, func(p *yuma.Params, v uint64) { p.Kappa = uint16(v) }},
	{"bonds_moving_average", 1e6, 1e6, func(p *yuma.Params, v uint64) { p.BondsMovingAverage = v }},
	{"bonds_penalty", math.MaxUint16, math.MaxUint16, func(p *yuma.Params, v uint64) { p.BondsPenalty = uint16(v) }},
	{"yuma3_enabled", 0, 1, func(p *yuma.Params, v uint64) { p.Yuma3 = v == 1 }},
	{"liquid_alpha_enabled", 0, 1, func(p *yuma.Params, v uint64) { p.Liquid.Enabled = v == 1 }},
	{"alpha_low", math.MaxUint16, math.MaxUint16, func(p *yuma.Params, v uint64) { p.Liquid.Low = uint16(v) }},
	{"alpha_high", math.MaxUint16, math.MaxUint16, func(p *yuma.Params, v uint64) { p.Liquid.High = uint16(v) }},
	{"alpha_sigmoid_steepness", 100, math.MaxInt16, func(p *yuma.Params, v uint64) { p.Liquid.Steepness = int16(v) }},
	{"max_allowed_validators", 0, math.MaxUint16, func(p *yuma.Params, v uint64) { p.MaxValidators = uint16(v) }},
	{"activity_cutoff_factor", 1000, math.MaxUint16, func(p *yuma.Params, v uint64) {
		p.ActivityCutoff = gotensor.Block(max(1, v*uint64(p.Tempo)/1000))
	}},
	{"upkeep", 1000, price.MaxUpkeep, func(p *yuma.Params, v uint64) { p.Upkeep = uint16(v) }},
	{"stake_threshold", float64(gotensor.RaoPerTAO), uint64(21_000_000 * gotensor.RaoPerTAO), func(p *yuma.Params, v uint64) { p.MinStake = gotensor.Rao(v) }},
}

// Names lists the hyperparameters that Apply knows.
func Names() []string {
	out := make([]string, len(parameters))
	for i, p := range parameters {
		out[i] = p.name
	}
	return out
}

// Apply returns a copy of an input with changes, each of the form
//
//	PARAMETER=VALUE              a hyperparameter by its name on the chain: a whole number in the unit of its schema, or with a decimal point
//	                             a share of one (steepness as such, stake_threshold in TAO, activity_cutoff_factor in periods)
//	weight:VALIDATOR:MINER=SHARE the part of its row that a validator gives to a miner; the rest of the row keeps its proportions
//	stake:UID=TAO                the stake of a uid
//
// It fails with ErrWhatIf and says what is wanted.
func Apply(in *yuma.Input, changes ...string) (*yuma.Input, error) {
	out := *in
	out.Alpha, out.LastUpdate, out.Weights = slices.Clone(in.Alpha), slices.Clone(in.LastUpdate), slices.Clone(in.Weights)
	for _, change := range changes {
		key, value, ok := strings.Cut(change, "=")
		if !ok {
			return nil, fmt.Errorf("%w %q: want NAME=VALUE, such as kappa=0.6", ErrWhatIf, change)
		}
		var err error
		kind, who, _ := strings.Cut(key, ":")
		switch kind {
		case "weight":
			err = changeWeight(&out, who, value)
		case "stake":
			err = changeStake(&out, who, value)
		default:
			err = changeParameter(&out.Params, key, value)
		}
		if err != nil {
			return nil, fmt.Errorf("%w %q: %w", ErrWhatIf, change, err)
		}
	}
	if out.Liquid.Low > out.Liquid.High {
		return nil, fmt.Errorf("%w: alpha_low %d is above alpha_high %d", ErrWhatIf, out.Liquid.Low, out.Liquid.High)
	}
	return &out, nil
}

func changeParameter(p *yuma.Params, name, value string) error {
	i := slices.IndexFunc(parameters, func(x parameter) bool { return x.name == name })
	if i < 0 {
		return fmt.Errorf("an epoch does not read %s: want one of %s, weight:VALIDATOR:MINER or stake:UID", name, strings.Join(Names(), ", "))
	}
	x := parameters[i]
	switch {
	case value == "true" && x.most == 1:
		value = "1"
	case value == "false" && x.most == 1:
		value = "0"
	}
	v, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(value, 64)
		if ferr != nil || x.whole == 0 || !(f >= 0) || f*x.whole > float64(x.most) {
			return fmt.Errorf("want %s", x.wants())
		}
		v = uint64(math.Round(f * x.whole))
	}
	if v > x.most {
		return fmt.Errorf("want %s", x.wants())
	}
	x.set(p, v)
	return nil
}

// wants says which values a parameter takes.
func (x parameter) wants() string {
	switch {
	case x.most == 1:
		return "true or false"
	case x.whole == 0:
		return fmt.Sprintf("a whole number up to %d", x.most)
	default:
		return fmt.Sprintf("a whole number up to %d, or a decimal number up to %.10g", x.most, float64(x.most)/x.whole)
	}
}

func changeStake(in *yuma.Input, who, value string) error {
	uid, err := uidBelow(who, in.N)
	if err != nil {
		return err
	}
	tao, err := strconv.ParseFloat(value, 64)
	if err != nil || !(tao >= 0 && tao <= 21e6) {
		return fmt.Errorf("want TAO, 0 to 21000000")
	}
	in.Alpha[uid] = gotensor.Rao(math.Round(tao * float64(gotensor.RaoPerTAO)))
	return nil
}

func changeWeight(in *yuma.Input, who, value string) error {
	from, to, ok := strings.Cut(who, ":")
	if !ok {
		return fmt.Errorf("want weight:VALIDATOR:MINER=SHARE, with uids")
	}
	validator, err := uidBelow(from, in.N)
	if err != nil {
		return err
	}
	miner, err := uidBelow(to, in.N)
	if err != nil {
		return err
	}
	share, err := strconv.ParseFloat(value, 64)
	if err != nil || !(share >= 0 && share <= 1) {
		return fmt.Errorf("want a share of the row, 0 to 1")
	}
	if len(in.Weights[validator].UIDs) == 0 { // its first row, as if committed now
		for len(in.LastUpdate) <= int(validator) {
			in.LastUpdate = append(in.LastUpdate, 0)
		}
		in.LastUpdate[validator] = in.Block
	}
	in.Weights[validator] = giveTo(miner, share, in.Weights[validator])
	return nil
}

func uidBelow(text string, n int) (uint16, error) {
	uid, err := strconv.ParseUint(text, 10, 16)
	if err != nil || int(uid) >= n {
		return 0, fmt.Errorf("%q is no uid of this epoch: want 0 to %d", text, n-1)
	}
	return uint16(uid), nil
}

// Mover is a uid's pay, incentive and dividends together, in two replays.
type Mover struct {
	UID    uint16       `json:"uid"`
	Before gotensor.Rao `json:"rao_before"`
	After  gotensor.Rao `json:"rao_after"`
}

// Movers returns the uids that win and lose the most between two replays of equal size, at most top of each.
func Movers(before, after *Replay, top int) (winners, losers []Mover) {
	winners, losers = []Mover{}, []Mover{}
	for uid := range after.Input.N {
		m := Mover{UID: uint16(uid), Before: before.Incentive[uid] + before.Dividends[uid], After: after.Incentive[uid] + after.Dividends[uid]}
		switch {
		case m.After > m.Before:
			winners = append(winners, m)
		case m.After < m.Before:
			losers = append(losers, m)
		}
	}
	slices.SortStableFunc(winners, func(a, b Mover) int { return cmp.Compare(b.After-b.Before, a.After-a.Before) })
	slices.SortStableFunc(losers, func(a, b Mover) int { return cmp.Compare(b.Before-b.After, a.Before-a.After) })
	return winners[:min(top, len(winners))], losers[:min(top, len(losers))]
}

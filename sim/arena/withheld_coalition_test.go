package arena

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
)

// never commits in each epoch and reveals nothing.
type never struct{ Honest }

func (never) Reveal(*View) bool { return false }

// everySecond reveals in even epochs.
type everySecond struct{ Honest }

func (everySecond) Reveal(v *View) bool { return v.Epoch%2 == 0 }

// inTurns is a coalition of which one member at a time keeps its row to itself.
type inTurns struct {
	Honest
	member, members int
}

func (s inTurns) Reveal(v *View) bool { return v.Epoch%s.members != s.member }

// TestCoalitionsThatWithhold: nothing that a coalition with 30 % of stake does with its reveals pays it more than to reveal honest rows.
func TestCoalitionsThatWithhold(t *testing.T) {
	const members, validators, epochs = 6, 20, 80
	everyone := make([]int, members)
	for i := range everyone {
		everyone[i] = i
	}
	play := func(drift float64, plan func(i int) Strategy) float64 {
		got := 0.0
		for seed := range uint64(2) {
			c := Config{Params: DefaultParams(), Quality: Levels(30, 1, 3), Noise: 0.2, Missed: Drops, Seed: seed + 1}
			if drift > 0 {
				c.Move = Drift(drift)
			}
			c.Params.MaxValidators = validators
			for i := range members {
				c.Seats = append(c.Seats, Seat{Stake: gotensor.Rao(5e13), Strategy: plan(i), Late: true})
			}
			c.Seats = append(c.Seats, Seats(validators-members, gotensor.Rao(5e13), Honest{})...)
			w, err := New(c)
			require.NoError(t, err)
			require.NoError(t, w.Run(t.Context(), epochs))
			got += w.Past.Dividends(1, epochs, everyone)
		}
		return got
	}
	for _, drift := range []float64{0, 0.2} {
		honest := play(drift, func(int) Strategy { return Honest{} })
		for name, plan := range map[string]func(i int) Strategy{
			"garbage, never revealed": func(int) Strategy { return never{} },
			"every other epoch":       func(int) Strategy { return everySecond{} },
			"in turns":                func(i int) Strategy { return inTurns{member: i, members: members} },
			"what pays in one epoch":  func(int) Strategy { return &withholder{horizon: 1, missed: Drops} },
			"what pays in ten":        func(int) Strategy { return &withholder{horizon: 10, missed: Drops, spread: 0.2} },
		} {
			gain := play(drift, plan)/honest - 1
			t.Logf("drift %.2f, %s: %+.4f", drift, name, gain)
			require.LessOrEqual(t, gain, 0.005, "drift %.2f, %s", drift, name)
		}
	}
}

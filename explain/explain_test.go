package explain_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/explain"
	"github.com/gotensor/gotensor/fixed"
	"github.com/gotensor/gotensor/yuma"
)

// worlds is how many random epochs each property is checked on.
const worlds = 300

// TestTermsAddUp: on random epochs the terms of every account add up to the epoch's own numbers, to the bit and to the rao.
func TestTermsAddUp(t *testing.T) {
	paid, dropped := 0, map[explain.Why]int{}
	for seed := range uint64(worlds) {
		in, funded := world(seed)
		want, err := yuma.Epoch(in)
		require.NoError(t, err)
		r, err := explain.Run(in, funded)
		require.NoError(t, err)
		for uid := range uint16(in.N) {
			a, err := r.Account(uid)
			require.NoError(t, err)
			requireMiner(t, a, want)
			requireValidator(t, a, want, funded)
			if a.Incentive+a.Dividends > 0 {
				paid++
			}
			for _, v := range a.Miner.Votes {
				dropped[v.Why]++
				require.Equal(t, v.Weight, v.Clipped+v.Cut)
				require.True(t, v.Why == explain.Counts || v.Part == 0, "a vote that does not count has no part: %+v", v)
			}
		}
	}
	require.Greater(t, paid, worlds)
	for _, why := range []explain.Why{explain.Counts, explain.NoPermit, explain.Self, explain.Newer, explain.Inactive, explain.NoStake, explain.NoRow, explain.NotNamed, explain.NoAgreeing} {
		require.Positivef(t, dropped[why], "no vote with reason %q among the worlds", why)
	}
}

func requireMiner(t *testing.T, a *explain.Account, want *yuma.Output) {
	t.Helper()
	var rank explain.Share
	var pay gotensor.Rao
	for _, v := range a.Miner.Votes {
		rank += v.Part
		pay += v.Pay
	}
	m := a.Miner
	require.Equal(t, m.Rank, rank)
	require.Equal(t, m.Incentive, explain.Share(fixed.I32F32(m.Rank).SafeDiv(fixed.I32F32(m.AllRanks))))
	require.Equal(t, want.Incentive[a.UID], m.Incentive.U16())
	require.Equal(t, want.Consensus[a.UID], m.Consensus.U16())
	require.Equal(t, a.Incentive, pay, "votes' pay adds up")
	switch u := m.Upkeep; {
	case u != nil:
		require.Equal(t, want.ServerEmission[a.UID], u.Earned)
		require.Equal(t, min(u.Rent, u.Earned), u.Paid)
		require.Equal(t, a.Incentive, u.Earned-u.Paid+u.Back)
		require.Equal(t, u.Earned <= u.Rent, a.Incentive == 0)
	case a.Paid:
		require.Equal(t, want.ServerEmission[a.UID], a.Incentive)
	}
	if m.Above != nil {
		require.GreaterOrEqual(t, m.Above.Share, m.Incentive)
	}
	if m.Below != nil {
		require.LessOrEqual(t, m.Below.Share, m.Incentive)
	}
	require.Equal(t, m.Incentive > 0, m.Place.Place > 0)
}

func requireValidator(t *testing.T, a *explain.Account, want *yuma.Output, funded []bool) {
	t.Helper()
	v := a.Validator
	var bonded, trust explain.Share
	var pay gotensor.Rao
	for _, x := range v.Targets {
		bonded += x.Part
		pay += x.Pay
		trust += x.Clipped
	}
	require.Equal(t, v.Bonded, bonded)
	worth := fixed.I32F32(bonded)
	if v.Yuma3 {
		worth = worth.MulOrZero(fixed.I32F32(v.Say))
	}
	require.Equal(t, v.Worth, explain.Share(worth))
	require.Equal(t, v.Dividends, explain.Share(worth.SafeDiv(fixed.I32F32(v.AllWorths))))
	require.Equal(t, v.Trust, trust, "what clipping left of the row")
	require.Equal(t, want.Dividends[a.UID], v.Dividends.U16())
	require.Equal(t, want.VTrust[a.UID], v.Trust.U16())
	require.Equal(t, want.Permit[a.UID], v.NextPermit)
	require.Equal(t, a.Dividends, pay, "targets' pay adds up")
	if a.Paid && funded[a.UID] {
		require.Equal(t, want.ValidatorEmission[a.UID], a.Dividends)
	} else {
		require.Zero(t, a.Dividends)
	}
}

func TestCausesAddUp(t *testing.T) {
	effects, causes := 0, map[explain.Cause]int{}
	for seed := range uint64(worlds / 3) {
		in, funded := world(seed)
		before, err := explain.Run(in, funded)
		require.NoError(t, err)
		after, err := explain.Run(next(in, &before.Output, seed), funded)
		require.NoError(t, err)
		for uid := range uint16(in.N) {
			c, err := explain.Compare(before, after, uid)
			require.NoError(t, err)
			require.False(t, c.Newcomer)
			sum := int64(0)
			for _, e := range c.Causes {
				sum += e.Rao
				effects++
				causes[e.Cause]++
			}
			require.Equal(t, int64(c.After)-int64(c.Before), sum, "seed %d uid %d: %+v", seed, uid, c.Causes)
		}
	}
	require.Greater(t, effects, worlds)
	for _, cause := range []explain.Cause{explain.CausePot, explain.CauseStake, explain.CauseVotes, explain.CauseOthers, explain.CauseRow, explain.CauseBonds} {
		require.Positivef(t, causes[cause], "%s never had an effect", cause)
	}
}

// Taking an epoch apart for mixing loses nothing that its result depends on.
func TestPartsMakeTheSameEpoch(t *testing.T) {
	for seed := range uint64(worlds) {
		in, funded := world(seed)
		r, err := explain.Run(in, funded)
		require.NoError(t, err)
		again, err := explain.Run(explain.Canonical(r), funded)
		require.NoError(t, err)
		require.Equal(t, r.Output, again.Output)
	}
}

// A change with one cause is put down to it alone.
func TestOneCause(t *testing.T) {
	in := simple()
	for _, tc := range []struct {
		name   string
		change func(*yuma.Input)
		uid    uint16
		want   explain.Cause
		gains  bool
	}{
		{"a larger pot", func(now *yuma.Input) { now.Emission *= 2 }, 2, explain.CausePot, true},
		{"a vote less", func(now *yuma.Input) { now.Weights[1] = pair(2, 1000, 3, 5000) }, 2, explain.CauseVotes, false},
		{"a rule", func(now *yuma.Input) { now.Kappa = 60_000 }, 2, explain.CauseRules, false},
		{"a stake that moved", func(now *yuma.Input) { now.Alpha = []gotensor.Rao{100, 900, 0, 0} }, 2, explain.CauseStake, false},
		{"bonds from before", func(now *yuma.Input) { now.Bonds = []yuma.Row{pair(2, 60_000, 3, 1), {}, {}, {}} }, 0, explain.CauseBonds, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			now := *in
			now.Weights = append([]yuma.Row(nil), in.Weights...)
			tc.change(&now)
			before, err := explain.Run(in, nil)
			require.NoError(t, err)
			after, err := explain.Run(&now, nil)
			require.NoError(t, err)
			c, err := explain.Compare(before, after, tc.uid)
			require.NoError(t, err)
			require.Len(t, c.Causes, 1, "%+v", c)
			require.Equal(t, tc.want, c.Causes[0].Cause)
			require.Equal(t, tc.gains, c.Causes[0].Rao > 0)
		})
	}
}

// simple is two validators and two miners: uid 0 prefers uid 2, uid 1 prefers uid 3.
func simple() *yuma.Input {
	return &yuma.Input{
		Params: yuma.Params{Tempo: 10, ActivityCutoff: 100, Kappa: 32767, BondsPenalty: 65535, BondsMovingAverage: 900_000, Yuma3: true, MaxValidators: 2},
		N:      4, Block: 100, LastStep: 89, Emission: 1_000_000,
		Alpha: []gotensor.Rao{600, 400, 0, 0}, LastUpdate: []gotensor.Block{95, 95, 0, 0}, Registered: []gotensor.Block{1, 1, 1, 1},
		Permit:  []bool{true, true, false, false},
		Weights: []yuma.Row{pair(2, 30_000, 3, 10_000), pair(2, 20_000, 3, 20_000), {}, {}}, Bonds: make([]yuma.Row, 4),
	}
}

func pair(a, x, b, y uint16) yuma.Row { return yuma.Row{UIDs: []uint16{a, b}, Values: []uint16{x, y}} }

func TestNewcomer(t *testing.T) {
	now := *simple()
	now.Registered = []gotensor.Block{1, 1, 1, 98}
	before, err := explain.Run(simple(), nil)
	require.NoError(t, err)
	after, err := explain.Run(&now, nil)
	require.NoError(t, err)
	c, err := explain.Compare(before, after, 3)
	require.NoError(t, err)
	require.True(t, c.Newcomer)
	require.Empty(t, c.Causes)
	_, err = explain.Compare(before, after, 4)
	require.ErrorIs(t, err, explain.ErrUID)
	_, err = after.Account(4)
	require.ErrorIs(t, err, explain.ErrUID)
}

func TestCheckNamesTheColumn(t *testing.T) {
	r, err := explain.Run(simple(), nil)
	require.NoError(t, err)
	stored := func() *explain.Stored {
		out, err := yuma.Epoch(simple())
		require.NoError(t, err)
		s := &explain.Stored{
			Consensus: out.Consensus, Incentive: out.Incentive, Dividends: out.Dividends, VTrust: out.VTrust, Permit: out.Permit, Active: out.Active,
			Bonds: out.Bonds, Stake: slices.Clone(out.TotalStake), Sums: &explain.Sums{},
		}
		for uid := range out.ServerEmission {
			s.Emission = append(s.Emission, out.ServerEmission[uid]+out.ValidatorEmission[uid])
			s.Sums.Incentive += out.ServerEmission[uid]
			s.Sums.Dividends += out.ValidatorEmission[uid]
		}
		return s
	}
	require.Empty(t, r.Check(stored()))
	for column, spoil := range map[string]func(*explain.Stored){
		"consensus": func(s *explain.Stored) { s.Consensus[2]++ }, "incentive": func(s *explain.Stored) { s.Incentive[2]-- },
		"dividends": func(s *explain.Stored) { s.Dividends[2]++ }, "validator_trust": func(s *explain.Stored) { s.VTrust[2]++ },
		"permit": func(s *explain.Stored) { s.Permit[2] = true }, "active": func(s *explain.Stored) { s.Active[2] = !s.Active[2] },
		"stake":    func(s *explain.Stored) { s.Stake[2]++ },
		"emission": func(s *explain.Stored) { s.Emission = s.Emission[:2] }, "bonds": func(s *explain.Stored) { s.Bonds[2] = pair(1, 1, 3, 1) },
	} {
		s := stored()
		spoil(s)
		d := r.Check(s)
		require.Len(t, d, 1)
		require.Equal(t, column, d[0].Column)
		require.EqualValues(t, 2, d[0].UID)
		if column == "emission" {
			continue // a column that is short cannot be excused
		}
		s.Gone = []bool{false, false, true, false}
		require.Empty(t, r.Check(s), "%s of a uid that somebody else has", column)
	}
}

// TestSumsHoldForAll: that uids are gone does not excuse the sums.
func TestSumsHoldForAll(t *testing.T) {
	r, err := explain.Run(simple(), nil)
	require.NoError(t, err)
	d := r.Check(&explain.Stored{Sums: &explain.Sums{}, Gone: []bool{true, true, true, true}})
	require.Len(t, d, 2)
	require.Equal(t, "all_incentive", d[0].Column)
	require.Equal(t, "all_dividends", d[1].Column)
}

func TestApply(t *testing.T) {
	in := simple()
	changed, err := explain.Apply(in, "kappa=0.6", "bonds_penalty=100", "yuma3_enabled=false", "activity_cutoff_factor=2.5", "stake_threshold=1.5",
		"stake:3=7", "weight:0:3=0.9", "weight:2:1=1", "alpha_sigmoid_steepness=5.5", "max_allowed_validators=9", "upkeep=0.75")
	require.NoError(t, err)
	require.Equal(t, simple(), in, "the input is as it was")
	require.Equal(t, uint16(39321), changed.Kappa)
	require.Equal(t, uint16(100), changed.BondsPenalty)
	require.False(t, changed.Yuma3)
	require.Equal(t, uint16(750), changed.Upkeep)
	require.Equal(t, gotensor.Block(25), changed.ActivityCutoff)
	require.Equal(t, 3*gotensor.RaoPerTAO/2, changed.MinStake)
	require.Equal(t, 7*gotensor.RaoPerTAO, changed.Alpha[3])
	require.Equal(t, int16(550), changed.Liquid.Steepness)
	require.Equal(t, pair(2, 7282, 3, 65535), changed.Weights[0])
	require.Equal(t, yuma.Row{UIDs: []uint16{1}, Values: []uint16{65535}}, changed.Weights[2])
	require.Equal(t, changed.Block, changed.LastUpdate[2])
	for change, says := range map[string]string{
		"kappa": "want NAME=VALUE", "kappa=1.5": "up to 1", "kappa=x": "a whole number up to 65535", "tempo=3": "want one of kappa",
		"yuma3_enabled=2": "true or false", "max_allowed_validators=0.5": "a whole number", "stake:9=1": "want 0 to 3", "stake:0=-1": "want TAO",
		"weight:0=1": "want weight:VALIDATOR:MINER", "weight:0:9=1": "want 0 to 3", "weight:7:1=1": "want 0 to 3", "weight:0:1=2": "0 to 1",
		"alpha_low=0.9": "alpha_low", "kappa=NaN": "whole number", "upkeep=991": "up to 990", "upkeep=0.996": "up to 0.99", "stake:1=NaN": "want TAO", "weight:0:1=NaN": "0 to 1",
	} {
		_, err := explain.Apply(in, change)
		require.ErrorIs(t, err, explain.ErrWhatIf, change)
		require.ErrorContains(t, err, says)
	}
}

func TestMovers(t *testing.T) {
	before, err := explain.Run(simple(), nil)
	require.NoError(t, err)
	in, err := explain.Apply(simple(), "weight:0:3=1", "weight:1:3=1")
	require.NoError(t, err)
	after, err := explain.Run(in, nil)
	require.NoError(t, err)
	win, lose := explain.Movers(before, after, 1)
	require.Len(t, win, 1)
	require.Len(t, lose, 1)
	require.EqualValues(t, 3, win[0].UID)
	require.EqualValues(t, 2, lose[0].UID)
	require.Zero(t, lose[0].After)
}

func TestFiguresAreValid(t *testing.T) {
	for seed := range uint64(30) {
		in, funded := world(seed)
		r, err := explain.Run(in, funded)
		require.NoError(t, err)
		for uid := range uint16(in.N) {
			a, err := r.Account(uid)
			require.NoError(t, err)
			for _, f := range explain.Figures(a, 7) {
				require.NoError(t, f.Validate())
			}
		}
	}
	require.NoError(t, explain.History(3, []explain.Past{{Epoch: 1, Pay: 5}, {Epoch: 2}}).Validate())
}

func TestShareAsJSON(t *testing.T) {
	for _, s := range []explain.Share{0, 1, explain.Share(fixed.One), explain.Share(fixed.One) / 3, explain.Share(fixed.One) - 1} {
		data, err := json.Marshal(s)
		require.NoError(t, err)
		var back explain.Share
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, s, back)
	}
	require.Error(t, new(explain.Share).UnmarshalJSON([]byte(`"x"`)))
}

func TestRunRefuses(t *testing.T) {
	_, err := explain.Run(simple(), make([]bool, 1))
	require.ErrorIs(t, err, yuma.ErrShape)
	bad := simple()
	bad.Alpha = nil
	_, err = explain.Run(bad, nil)
	require.ErrorIs(t, err, yuma.ErrShape)
}

func ExampleRun() {
	r, err := explain.Run(simple(), nil)
	if err != nil {
		panic(err)
	}
	a, err := r.Account(2)
	if err != nil {
		panic(err)
	}
	fmt.Println(a.Incentive, "place", a.Miner.Place)
	for _, v := range a.Miner.Votes {
		fmt.Printf("uid %d: say %.2f, weight %.2f, of which %.2f counts: %d rao\n", v.UID, v.Say.Float(), v.Weight.Float(), v.Clipped.Float(), uint64(v.Pay))
	}
	// Output:
	// 0.000361111 TAO place {1 2}
	// uid 0: say 0.60, weight 0.75, of which 0.75 counts: 250000 rao
	// uid 1: say 0.40, weight 0.50, of which 0.50 counts: 111111 rao
}

// FuzzApply: no change makes Apply or the replay panic.
func FuzzApply(f *testing.F) {
	for _, s := range []string{"kappa=0.6", "weight:0:3=0.9", "stake:1=5", "alpha_low=9", "weight:1:1=1", "kappa=1e309"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, change string) {
		in, err := explain.Apply(simple(), change)
		if err != nil {
			require.ErrorIs(t, err, explain.ErrWhatIf)
			return
		}
		_, err = explain.Run(in, nil)
		require.NoError(t, err)
	})
}

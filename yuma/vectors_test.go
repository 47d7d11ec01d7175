package yuma

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/vectors"
)

// state is the input of a step in the vectors' own words. Decoding a step's "set" into it replaces the keys that it names.
type state struct {
	N              int            `json:"n"`
	Block          gotensor.Block `json:"block"`
	Tempo          uint16         `json:"tempo"`
	LastStep       gotensor.Block `json:"last_mechanism_step_block"`
	ActivityCutoff gotensor.Block `json:"activity_cutoff_blocks"`
	Kappa          uint16         `json:"kappa"`
	BondsPenalty   uint16         `json:"bonds_penalty"`
	BondsAverage   uint64         `json:"bonds_moving_average"`
	Yuma3          bool           `json:"yuma3"`
	Liquid         struct {
		Enabled   bool   `json:"enabled"`
		Low       uint16 `json:"alpha_low"`
		High      uint16 `json:"alpha_high"`
		Steepness int16  `json:"alpha_sigmoid_steepness"`
	} `json:"liquid_alpha"`
	MaxValidators uint16           `json:"max_validators"`
	MinStake      gotensor.Rao     `json:"min_stake"`
	Owner         *uint16          `json:"owner_uid"`
	Emission      gotensor.Rao     `json:"rao_emission"`
	TAOWeight     uint64           `json:"tao_weight"`
	Alpha         []gotensor.Rao   `json:"alpha_stake"`
	TAO           []gotensor.Rao   `json:"tao_stake"`
	LastUpdate    []gotensor.Block `json:"last_update"`
	Registered    []gotensor.Block `json:"block_at_registration"`
	Permit        string           `json:"validator_permit"`
	Weights       flatRows         `json:"weights"`
	Bonds         flatRows         `json:"bonds"`
	CommitReveal  struct {
		Enabled      bool        `json:"enabled"`
		RevealPeriod uint64      `json:"reveal_period"`
		CurrentEpoch uint64      `json:"current_epoch"`
		Commits      [][3]uint64 `json:"commits"`
		Timelocked   [][3]uint64 `json:"timelocked_commits"`
	} `json:"commit_reveal"`
}

// result is the output of a step in the vectors' words.
type result struct {
	Active      string         `json:"active"`
	Consensus   []uint16       `json:"consensus"`
	Incentive   []uint16       `json:"incentive"`
	Dividends   []uint16       `json:"dividends"`
	VTrust      []uint16       `json:"validator_trust"`
	StakeWeight []uint16       `json:"stake_weight"`
	Server      []gotensor.Rao `json:"server_emission"`
	Validator   []gotensor.Rao `json:"validator_emission"`
	Combined    []gotensor.Rao `json:"combined_emission"`
	TotalStake  []gotensor.Rao `json:"total_stake"`
	Permit      string         `json:"new_validator_permit"`
	Bonds       flatRows       `json:"bonds"`
}

// flatRows maps a row's uid to uid, value, uid, value, ...
type flatRows map[string][]uint16

// UnmarshalJSON replaces the rows instead of merging them.
func (f *flatRows) UnmarshalJSON(data []byte) error {
	rows := map[string][]uint16{}
	if err := json.Unmarshal(data, &rows); err != nil {
		return err
	}
	*f = rows
	return nil
}

// rows returns n rows; those of uids from n on are left out, as the reference does.
func (f flatRows) rows(tb testing.TB, n int) []Row {
	tb.Helper()
	rows := make([]Row, n)
	for key, flat := range f {
		uid, err := strconv.Atoi(key)
		require.NoError(tb, err)
		require.Zero(tb, len(flat)%2, "row %s", key)
		if uid >= n {
			continue
		}
		for k := 0; k < len(flat); k += 2 {
			rows[uid].UIDs = append(rows[uid].UIDs, flat[k])
			rows[uid].Values = append(rows[uid].Values, flat[k+1])
		}
	}
	return rows
}

// flatten is the inverse of rows; empty rows are left out.
func flatten(rows []Row) flatRows {
	f := flatRows{}
	for uid, row := range rows {
		for k, j := range row.UIDs {
			key := strconv.Itoa(uid)
			f[key] = append(f[key], j, row.Values[k])
		}
	}
	return f
}

// input returns the state as the epoch reads it.
func (s *state) input(tb testing.TB) *Input {
	tb.Helper()
	in := &Input{
		Params: Params{
			Tempo: s.Tempo, ActivityCutoff: s.ActivityCutoff, Kappa: s.Kappa, BondsPenalty: s.BondsPenalty,
			BondsMovingAverage: s.BondsAverage, Yuma3: s.Yuma3, Liquid: Liquid(s.Liquid),
			MaxValidators: s.MaxValidators, MinStake: s.MinStake, TAOWeight: s.TAOWeight,
		},
		N: s.N, Block: s.Block, LastStep: s.LastStep, Owner: s.Owner, Emission: s.Emission, Alpha: s.Alpha, TAO: s.TAO,
		LastUpdate: s.LastUpdate, Registered: s.Registered, Permit: flags(tb, s.Permit),
		Weights: s.Weights.rows(tb, s.N), Bonds: s.Bonds.rows(tb, s.N),
		CommitReveal: CommitReveal{
			Enabled: s.CommitReveal.Enabled, RevealPeriod: s.CommitReveal.RevealPeriod, CurrentEpoch: s.CommitReveal.CurrentEpoch,
		},
	}
	for _, c := range s.CommitReveal.Commits {
		in.CommitReveal.Commits = append(in.CommitReveal.Commits, Commit{UID: uint16(c[0]), Epoch: c[1], Block: gotensor.Block(c[2])})
	}
	for _, c := range s.CommitReveal.Timelocked {
		in.CommitReveal.Timelocked = append(in.CommitReveal.Timelocked, Commit{UID: uint16(c[1]), Epoch: c[0], Block: gotensor.Block(c[2])})
	}
	return in
}

// describe returns an output in the vectors' words.
func describe(out *Output) result {
	return result{
		Active: digits(out.Active), Consensus: out.Consensus, Incentive: out.Incentive, Dividends: out.Dividends,
		VTrust: out.VTrust, StakeWeight: out.StakeWeight, Server: out.ServerEmission, Validator: out.ValidatorEmission,
		Combined: out.CombinedEmission, TotalStake: out.TotalStake, Permit: digits(out.Permit), Bonds: flatten(out.Bonds),
	}
}

// flags reads a string of 0 and 1.
func flags(tb testing.TB, digits string) []bool {
	tb.Helper()
	flags := make([]bool, len(digits))
	for i, d := range digits {
		require.Contains(tb, "01", string(d))
		flags[i] = d == '1'
	}
	return flags
}

// digits is the inverse of flags.
func digits(flags []bool) string {
	s := make([]byte, len(flags))
	for i, f := range flags {
		s[i] = '0'
		if f {
			s[i] = '1'
		}
	}
	return string(s)
}

// vectorCase is one file of the vectors.
type vectorCase struct {
	Name  string `json:"name"`
	Steps []struct {
		Set json.RawMessage `json:"set"`
		Out result          `json:"out"`
	} `json:"steps"`
}

// loadCase reads a file of the vectors.
func loadCase(tb testing.TB, path string) vectorCase {
	tb.Helper()
	data, err := os.ReadFile(path)
	require.NoError(tb, err)
	var c vectorCase
	require.NoError(tb, json.Unmarshal(data, &c), path)
	return c
}

// caseFiles lists the files of the vectors; those that the index names must be there.
func caseFiles(tb testing.TB, dir string) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	require.NoError(tb, err)
	index := filepath.Join(dir, "index.json")
	if i := slices.Index(files, index); i >= 0 {
		files = slices.Delete(files, i, i+1)
		data, err := os.ReadFile(index)
		require.NoError(tb, err)
		var listed struct{ Cases []struct{ File string } }
		require.NoError(tb, json.Unmarshal(data, &listed))
		for _, c := range listed.Cases {
			require.Contains(tb, files, filepath.Join(dir, c.File), "listed in index.json")
		}
	}
	return files
}

func TestVectorsYuma(t *testing.T) {
	files := caseFiles(t, vectors.Dir(t, "yuma"))
	require.NotEmpty(t, files)
	epochs := 0
	var w Workspace // shared by all cases: nothing may remain of an earlier epoch
	for _, file := range files {
		c := loadCase(t, file)
		t.Run(c.Name, func(t *testing.T) {
			require.NotEmpty(t, c.Steps)
			var s state
			for i, step := range c.Steps {
				require.NoError(t, json.Unmarshal(step.Set, &s))
				var out Output
				require.NoError(t, w.Epoch(s.input(t), &out), "step %d", i)
				requireResult(t, step.Out, describe(&out), fmt.Sprintf("step %d", i))
				s.Bonds, s.Permit = step.Out.Bonds, step.Out.Permit
				epochs++
			}
		})
	}
	if vectors.Committed() {
		require.Len(t, files, 118, "cases")
		require.Equal(t, 407, epochs, "epochs")
	}
}

// requireResult compares field by field, so that a failure names the field.
func requireResult(t *testing.T, want, got result, at string) {
	t.Helper()
	require.Equal(t, want.TotalStake, got.TotalStake, "%s: total stake", at)
	require.Equal(t, want.StakeWeight, got.StakeWeight, "%s: stake weight", at)
	require.Equal(t, want.Active, got.Active, "%s: active", at)
	require.Equal(t, want.Permit, got.Permit, "%s: permit", at)
	require.Equal(t, want.Consensus, got.Consensus, "%s: consensus", at)
	require.Equal(t, want.VTrust, got.VTrust, "%s: vtrust", at)
	require.Equal(t, want.Incentive, got.Incentive, "%s: incentive", at)
	require.Equal(t, want.Bonds, got.Bonds, "%s: bonds", at)
	require.Equal(t, want.Dividends, got.Dividends, "%s: dividends", at)
	require.Equal(t, want.Server, got.Server, "%s: server emission", at)
	require.Equal(t, want.Validator, got.Validator, "%s: validator emission", at)
	require.Equal(t, want.Combined, got.Combined, "%s: combined emission", at)
}

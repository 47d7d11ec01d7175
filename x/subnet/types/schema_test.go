package types_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/subnet/types"
)

func TestSchemaRowsAreComplete(t *testing.T) {
	units := []string{"ms", "u16", "ppm", "permille", "count", "rao", "bool", "hashes", "percent", "number"}
	seen := map[string]bool{}
	for _, p := range types.Schema() {
		t.Run(p.Name, func(t *testing.T) {
			require.False(t, seen[p.Name], "named twice")
			seen[p.Name] = true
			require.Contains(t, units, p.Unit)
			require.LessOrEqual(t, p.Min, p.DefaultValue)
			require.LessOrEqual(t, p.DefaultValue, p.Max)
			require.Contains(t, []types.Setter{types.Setter_SETTER_OWNER, types.Setter_SETTER_GOVERNANCE}, p.Setter)
			require.Positive(t, p.CooldownMs)
			require.True(t, strings.HasSuffix(p.Description, "."), p.Description)
		})
	}
	require.Len(t, seen, 33)
}

// Every field of the typed struct but the block time belongs to exactly one row: setting that row changes that field and no other.
func TestSchemaAndTypedStructAgree(t *testing.T) {
	zero := reflect.ValueOf(types.Hyperparameters{})
	owner := make(map[string]string)
	for _, p := range types.Schema() {
		var h types.Hyperparameters
		require.NoError(t, h.Set(p.Name, p.Max))
		v := reflect.ValueOf(h)
		var changed []string
		for i := range v.NumField() {
			if !reflect.DeepEqual(v.Field(i).Interface(), zero.Field(i).Interface()) {
				changed = append(changed, v.Type().Field(i).Name)
			}
		}
		require.Len(t, changed, 1, "%s changes %v", p.Name, changed)
		require.Equal(t, strings.ReplaceAll(p.Name, "_", ""), strings.ToLower(changed[0]))
		owner[changed[0]] = p.Name
	}
	for i := range zero.NumField() {
		if name := zero.Type().Field(i).Name; name != "TargetBlockMs" {
			require.Contains(t, owner, name, "field without a row")
		}
	}
}

func TestSetKeepsEveryValueOfTheRange(t *testing.T) {
	for _, p := range types.Schema() {
		for _, v := range []int64{p.Min, p.DefaultValue, p.Max} {
			var h types.Hyperparameters
			require.NoError(t, h.Set(p.Name, v))
			got, err := h.Get(p.Name)
			require.NoError(t, err)
			require.Equal(t, v, got, p.Name)
		}
		for _, v := range []int64{p.Min - 1, p.Max + 1} {
			var h types.Hyperparameters
			err := h.Set(p.Name, v)
			require.ErrorIs(t, err, types.ErrOutOfRange)
			require.ErrorContains(t, err, fmt.Sprintf("%s is %d %s, want %d..%d", p.Name, v, p.Unit, p.Min, p.Max))
		}
	}
	var h types.Hyperparameters
	require.ErrorIs(t, h.Set("rho", 10), types.ErrUnknownParameter)
	_, err := h.Get("rho")
	require.ErrorIs(t, err, types.ErrUnknownParameter)
}

func TestDefaultsAreTheWallTimesOfThePeers(t *testing.T) {
	h := types.DefaultHyperparameters(2_000)
	require.NoError(t, h.Validate())
	require.Equal(t, uint64(2_160), h.TempoBlocks(), "72 minutes")
	require.Equal(t, uint64(30_000), h.ImmunityBlocks(), "5,000 blocks of 12 s")
	require.Equal(t, uint64(300), h.ServingBlocks(), "50 blocks of 12 s")
	require.Equal(t, uint64(600), h.AdjustmentBlocks(), "100 blocks of 12 s")
	require.Equal(t, uint64(7_200), h.HalfLifeBlocks(), "four hours, not the peers' 72 minutes: ADR 27")
	require.Equal(t, uint64(30_000), h.ActivityCutoffBlocks(h.TempoBlocks()), "about 5,000 blocks of 12 s")
	require.Equal(t, uint32(6), h.MaxRegistrationsPerInterval())
	require.Equal(t, gotensor.RaoPerTAO, h.InitialBurn)
	for _, target := range []uint32{types.MinTargetBlockMs, 12_000, types.MaxTargetBlockMs} {
		require.NoError(t, types.DefaultHyperparameters(target).Validate(), target)
	}
}

func TestValidateNamesTheConflict(t *testing.T) {
	cases := []struct {
		name string
		set  map[string]int64
		want string
	}{
		{"alpha", map[string]int64{"alpha_low": 60_000}, "alpha_low 60000 is above alpha_high 58982"},
		{"difficulty", map[string]int64{"max_difficulty": 9_999_999}, "min_difficulty 10000000 is above max_difficulty 9999999"},
		{"burn", map[string]int64{"min_burn": 200_000_000, "max_burn": 100_000_000}, "min_burn 200000000 is above max_burn 100000000"},
		{"validators", map[string]int64{"max_allowed_uids": 63}, "max_allowed_validators 64 is above max_allowed_uids 63"},
		{"weights", map[string]int64{"min_allowed_weights": 257}, "min_allowed_weights 257 is above max_allowed_uids 256"},
		{
			"immunity",
			map[string]int64{"immunity_period": 2 * 2_161 * 2_000},
			"immunity_period is 4322 blocks, want more than two periods, 4322 blocks: raise it to 8646000 ms",
		},
		{
			"activity",
			map[string]int64{"activity_cutoff_factor": 2_000},
			"activity_cutoff_factor 2000 keeps a row active for 4320 blocks, want at least two periods, 4322 blocks",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := types.DefaultHyperparameters(2_000)
			for name, v := range c.set {
				require.NoError(t, h.Set(name, v))
			}
			err := h.Validate()
			require.ErrorIs(t, err, types.ErrConflict)
			require.ErrorContains(t, err, c.want)
		})
	}
	h := types.DefaultHyperparameters(2_000)
	require.NoError(t, h.Set("immunity_period", 8_646_000))
	require.NoError(t, h.Validate(), "the fix that the error names")
	h.Tempo = 0
	require.ErrorIs(t, h.Validate(), types.ErrOutOfRange)
}

func TestBlocks(t *testing.T) {
	cases := []struct {
		ms     int64
		target uint32
		want   uint64
	}{
		{0, 2_000, 1}, {-5, 2_000, 1}, {1, 2_000, 1}, {2_000, 2_000, 1}, {2_001, 2_000, 2}, {12_000, 2_000, 6}, {12_000, 500, 24}, {3, 0, 3},
	}
	for _, c := range cases {
		require.Equal(t, c.want, types.Blocks(c.ms, c.target), "%d ms of %d", c.ms, c.target)
	}
}

func FuzzSetHyperparameter(f *testing.F) {
	f.Add("tempo", int64(4_320_000))
	f.Add("alpha_sigmoid_steepness", int64(-1))
	f.Add("kappa", int64(1<<40))
	f.Fuzz(func(t *testing.T, name string, v int64) {
		h := types.DefaultHyperparameters(2_000)
		before := h
		if err := h.Set(name, v); err != nil {
			require.Equal(t, before, h, "a refused value changes nothing")
			return
		}
		got, err := h.Get(name)
		require.NoError(t, err)
		require.Equal(t, v, got)
	})
}

func ExampleHyperparameters() {
	h := types.DefaultHyperparameters(2_000)
	fmt.Println(h.TempoBlocks(), "blocks;", h.Set("tempo", 10))
	// Output: 2160 blocks; tempo is 10 ms, want 1000..25920000: hyperparameter out of range
}

package rules_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	pure  = []string{"fixed", "yuma", "issuance", "pow", "price", "shapley"}
	roles = []string{"miner", "validator", "gateway", "explorer", "bot", "localnet", "bench", "doctor", "sim"}
	// fromL3 is everything that a client may link: no node.
	fromL3 = append([]string{
		"keys", "chain", "metagraph", "fair", "synapse", "axon", "dendrite", "telemetry", "dataset", "mechanism", "model", "cli", "cmd/gotensor",
	}, roles...)
)

// ban says that packages below from must not import, directly or (deep) through others, anything that matches one of not.
type ban struct {
	why  string
	from []string
	not  []string // "a/b" matches a/b and what lies below; "x/*/keeper" matches by pattern; others are import paths
	deep bool
}

var bans = []ban{
	{
		why:  "clients must stay small and quick to build: they see wire types, never the node",
		from: fromL3, deep: true,
		not: []string{
			"x/*/keeper", "x/*/module", "app", "evm", "github.com/ethereum/go-ethereum", "github.com/cosmos/evm",
			"github.com/cosmos/cosmos-sdk/client", "github.com/cosmos/cosmos-sdk/types/module", "github.com/cosmos/ibc-go",
		},
	},
	{
		why: "wire types are linked into clients", from: []string{"x/*/types"}, deep: true,
		not: []string{"x/*/keeper", "x/*/module", "github.com/cosmos/cosmos-sdk/client", "github.com/cosmos/cosmos-sdk/types/module", "github.com/ethereum/go-ethereum"},
	},
	{
		why: "the node must not link what people run", from: []string{"x", "app", "cmd/gotensord"}, deep: true,
		not: append([]string{"chain", "axon", "dendrite", "mechanism", "model", "dataset", "cmd/gotensor"}, roles...),
	},
	{why: "an axon takes a metagraph, not a node", from: []string{"fair", "axon", "dendrite", "synapse"}, deep: true, not: []string{"chain", "x"}},
	{why: "telemetry serves every role and knows none", from: []string{"telemetry", "internal/span"}, deep: true, not: append([]string{"chain", "x", "mechanism", "cli"}, roles...)},
	{why: "a mechanism knows no roles and no chain", from: []string{"mechanism", "model", "dataset"}, deep: true, not: append([]string{"chain", "x", "cli"}, roles...)},
	{
		why: "who measures or simulates returns figures and does not draw them", from: append([]string{"internal/figure"}, roles...), deep: true,
		not: []string{"internal/chart", "gonum.org/v1/plot"},
	},
	{why: "an explanation is a pure function of an epoch", from: []string{"explain"}, deep: true, not: append([]string{"chain", "x", "cli"}, roles...)},
	{why: "an explanation reads nothing but its arguments", from: []string{"explain"}, not: []string{"os", "net", "time", "context", "math/rand", "math/rand/v2"}},
	{why: "tests stay tests", from: []string{""}, deep: false, not: []string{"testing", "github.com/stretchr/testify"}},
}

// testHelpers are packages that exist for tests.
var testHelpers = []string{"internal/vectors", "internal/testnet", "internal/rules", "test"}

func matches(path string, patterns []string) string {
	rel, ours := strings.CutPrefix(path, module+"/")
	for _, p := range patterns {
		switch {
		case ours && inAny(rel, []string{p}):
			return p
		case !ours && (path == p || strings.HasPrefix(path, p+"/")):
			return p
		}
	}
	return ""
}

func TestImports(t *testing.T) {
	for _, b := range bans {
		t.Run(b.why, func(t *testing.T) {
			checked := 0
			for _, p := range packages(t) {
				if (b.from[0] != "" && !p.in(b.from...)) || p.in(testHelpers...) {
					continue
				}
				checked++
				deps := p.Imports
				if b.deep {
					deps = p.Deps
				}
				for _, d := range deps {
					if m := matches(d, b.not); m != "" {
						assert.Fail(t, "forbidden import", "%s imports %s (%s)", p.rel(), d, b.why)
					}
				}
			}
			require.Positive(t, checked, "the ban applies to no package: rename it along with the folder")
		})
	}
}

func TestPurePackagesImportOnlyTheStandardLibrary(t *testing.T) {
	world := []string{"os", "net", "time", "math/rand", "math/rand/v2", "context", "syscall", "log", "log/slog"}
	for _, p := range packages(t) {
		if !p.in(pure...) {
			continue
		}
		for _, d := range p.Imports {
			std := !strings.Contains(strings.SplitN(d, "/", 2)[0], ".")
			switch {
			case std:
				assert.NotContains(t, world, d, "%s imports %s: pure packages know no world", p.rel(), d)
			case p.rel() == "pow" && d == "golang.org/x/crypto/sha3":
			case d == module || inAny(strings.TrimPrefix(d, module+"/"), pure):
			default:
				assert.Fail(t, "forbidden import", "%s imports %s", p.rel(), d)
			}
		}
	}
}

// played are the packages that simulations play with, other than pure ones: no network, no clock.
var played = []string{"", "dataset", "internal/figure", "mechanism/text/score", "mechanism/text/score/compat", "model", "model/ngram", "model/plain"}

// playedWith are what those need of others: hashes, and the lock of the file that a trained model is kept in.
var playedWith = []string{"golang.org/x/crypto/sha3", "golang.org/x/sys/cpu", "github.com/rogpeppe/go-internal/lockedfile"}

// A simulation plays with the code that the network runs, and with nothing else: the same report on every machine.
func TestSimulationsImportPurePackagesOnly(t *testing.T) {
	checked := 0
	for _, p := range packages(t) {
		if !p.in("sim") {
			continue
		}
		checked++
		for _, d := range p.Imports {
			assert.NotContains(t, []string{"os", "net", "net/http", "time", "math/rand", "crypto/rand", "syscall", "log", "log/slog"}, d, "%s imports %s", p.rel(), d)
		}
		for _, d := range p.Deps {
			rel, ours := strings.CutPrefix(d, module)
			rel = strings.TrimPrefix(rel, "/")
			switch {
			case ours:
				assert.True(t, slices.Contains(played, rel) || inAny(rel, pure) || inAny(rel, []string{"sim"}), "%s imports %s", p.rel(), d)
			case strings.Contains(strings.SplitN(d, "/", 2)[0], "."):
				assert.True(t, slices.ContainsFunc(playedWith, func(w string) bool { return strings.HasPrefix(d, w) }), "%s imports %s", p.rel(), d)
			}
		}
	}
	require.Positive(t, checked)
}

// Figures are data: whoever has some needs no library for them.
func TestFiguresAreData(t *testing.T) {
	checked := 0
	for _, p := range packages(t) {
		if !p.in("internal/figure") {
			continue
		}
		checked++
		for _, d := range p.Deps {
			assert.NotContains(t, strings.SplitN(d, "/", 2)[0], ".", "%s imports %s", p.rel(), d)
		}
	}
	require.Equal(t, 1, checked)
}

func TestRolesDoNotImportEachOther(t *testing.T) {
	for _, p := range packages(t) {
		for _, r := range roles {
			if !p.in(r) {
				continue
			}
			for _, d := range p.Deps {
				for _, other := range roles {
					if other != r {
						assert.Empty(t, matches(d, []string{other}), "%s imports %s", p.rel(), d)
					}
				}
			}
		}
	}
}

func TestKeepersDoNotImportEachOther(t *testing.T) {
	for _, p := range packages(t) {
		if !p.in("x/*/keeper") {
			continue
		}
		for _, d := range p.Deps {
			rel, ours := strings.CutPrefix(d, module+"/")
			if ours && inAny(rel, []string{"x/*/keeper"}) {
				assert.Equal(t, p.rel(), rel, "%s imports another keeper", p.rel())
			}
		}
	}
}

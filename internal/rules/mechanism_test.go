package rules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ignorant are the chain, the protocol and the roles: they carry mechanisms and know none.
var ignorant = []string{
	"x", "app", "cmd/gotensord", "genesis", "chain", "metagraph", "fair", "synapse", "axon", "dendrite", "miner", "validator", "gateway", "proto/gotensor/axon",
}

// A mechanism is a package: the chain, the protocol and the roles neither import one nor its wire types, directly or through others.
func TestMechanismsAreUnknownToChainProtocolAndRoles(t *testing.T) {
	checked := 0
	for _, p := range packages(t) {
		if !p.in(ignorant...) {
			continue
		}
		checked++
		for _, d := range p.Deps {
			assert.Empty(t, matches(d, []string{"mechanism/*", "proto/gotensor/text", "proto/gotensor/custom", "model", "dataset"}), "%s imports %s", p.rel(), d)
		}
	}
	require.Greater(t, checked, 30)
}

// Nor do they ask for one by its name. The preset of package genesis is a chain of text by intent.
func TestMechanismsAreNotNamedByChainProtocolAndRoles(t *testing.T) {
	names := []string{`"text"`, `"custom"`}
	checked := 0
	eachFile(t, func(p listed, name string, src []byte) {
		if generated(src) || !p.in(ignorant...) || p.rel() == "genesis" && name == "presets.go" {
			return
		}
		checked++
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, src, 0)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok {
				assert.NotContains(t, names, lit.Value, "%s/%s:%d", p.rel(), name, fset.Position(n.Pos()).Line)
			}
			return true
		})
	})
	require.Greater(t, checked, 100)
}

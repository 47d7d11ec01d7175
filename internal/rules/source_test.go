package rules_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	gopackages "golang.org/x/tools/go/packages"
)

const maxFileLines = 600

// eachFile calls fn with the source of every file of the module that is not a test.
func eachFile(t *testing.T, fn func(p listed, name string, src []byte)) {
	t.Helper()
	for _, p := range packages(t) {
		for _, f := range p.GoFiles {
			src, err := os.ReadFile(filepath.Join(p.Dir, f))
			require.NoError(t, err)
			fn(p, f, src)
		}
	}
}

func generated(src []byte) bool {
	head := src[:min(len(src), 400)]
	return bytes.Contains(head, []byte("Code generated")) && bytes.Contains(head, []byte("DO NOT EDIT"))
}

func TestEveryPackageHasOneDoc(t *testing.T) {
	docs := map[string]int{}
	eachFile(t, func(p listed, name string, src []byte) {
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.PackageClauseOnly|parser.ParseComments)
		require.NoError(t, err)
		if _, seen := docs[p.rel()]; !seen {
			docs[p.rel()] = 0
		}
		if f.Doc != nil && !generated(src) {
			docs[p.rel()]++
		}
	})
	for pkg, n := range docs {
		assert.Equal(t, 1, n, "package %q has %d package comments, want 1", pkg, n)
	}
}

func TestFilesStaySmall(t *testing.T) {
	eachFile(t, func(p listed, name string, src []byte) {
		if n := bytes.Count(src, []byte("\n")); !generated(src) {
			assert.LessOrEqual(t, n, maxFileLines, "%s/%s: perhaps two ideas in one room", p.rel(), name)
		}
	})
}

func TestNoFloatsWhereMoneyIsComputed(t *testing.T) {
	eachFile(t, func(p listed, name string, src []byte) {
		if generated(src) || !p.in("fixed", "yuma", "issuance", "price", "x") {
			return
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, src, 0)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				assert.NotContains(t, []string{"float32", "float64"}, n.Name, "%s/%s:%d", p.rel(), name, fset.Position(n.Pos()).Line)
			case *ast.BasicLit:
				assert.NotEqual(t, token.FLOAT, n.Kind, "%s/%s:%d", p.rel(), name, fset.Position(n.Pos()).Line)
			}
			return true
		})
	})
}

// Consensus code must do the same in the same order on every node: no ranging over maps, no goroutines, no clock.
func TestConsensusCodeIsDeterministic(t *testing.T) {
	pkgs, err := gopackages.Load(&gopackages.Config{
		Mode: gopackages.NeedName | gopackages.NeedFiles | gopackages.NeedSyntax | gopackages.NeedTypes | gopackages.NeedTypesInfo | gopackages.NeedImports,
		Dir:  "../..",
	}, "./x/...", "./fixed/...", "./yuma/...", "./issuance/...", "./price/...", "./pow/...", "./app/ante/...")
	require.NoError(t, err)
	require.Greater(t, len(pkgs), 10)
	for _, p := range pkgs {
		require.Empty(t, p.Errors, p.PkgPath)
		solver := strings.HasSuffix(p.PkgPath, "/pow") // searching is not consensus; verifying is
		for _, f := range p.Syntax {
			name := p.Fset.Position(f.Pos()).Filename
			if strings.Contains(name, ".pb.") {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				at := func() string { return p.Fset.Position(n.Pos()).String() }
				switch n := n.(type) {
				case *ast.RangeStmt:
					if tv := p.TypesInfo.TypeOf(n.X); tv != nil {
						_, isMap := tv.Underlying().(*types.Map)
						assert.False(t, isMap, "%s ranges over a map", at())
					}
				case *ast.GoStmt:
					assert.True(t, solver, "%s starts a goroutine", at())
				case *ast.SelectorExpr:
					if fn, ok := p.TypesInfo.Uses[n.Sel].(*types.Func); ok && fn.Pkg() != nil {
						full := fn.Pkg().Path() + "." + fn.Name()
						assert.NotContains(t, []string{"time.Now", "time.Since"}, full, at())
						assert.NotContains(t, fn.Pkg().Path(), "math/rand", at())
					}
				}
				return true
			})
		}
	}
}

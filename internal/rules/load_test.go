package rules_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/gotensor/gotensor"

// listed is what `go list -json` says about a package.
type listed struct {
	Dir         string
	ImportPath  string
	Standard    bool
	GoFiles     []string
	TestGoFiles []string
	Imports     []string
	Deps        []string
}

// rel is the path below the module: "" for the root, "x/neuron/keeper", ...
func (p listed) rel() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

// in tells whether the package is one of the given folders or below one.
func (p listed) in(folders ...string) bool { return inAny(p.rel(), folders) }

func inAny(rel string, folders []string) bool {
	for _, f := range folders {
		if ok, _ := filepath.Match(f, rel); ok || rel == f || strings.HasPrefix(rel, f+"/") {
			return true
		}
	}
	return false
}

var list = sync.OnceValues(func() ([]listed, error) {
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-json=Dir,ImportPath,Standard,GoFiles,TestGoFiles,Imports,Deps", module+"/...")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.Join(err, errors.New(stderr.String()))
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

// packages are all packages of the module. It fails the test if it finds too few: then the listing is broken, not the house.
func packages(t *testing.T) []listed {
	t.Helper()
	all, err := list()
	require.NoError(t, err)
	require.Greater(t, len(all), 10, "go list found almost nothing")
	return all
}

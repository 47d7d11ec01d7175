// Package vectors finds the golden vectors that tests are checked against.
//
// The committed sets lie in test/vectors/NAME below the module root. The variable GOTENSOR_VECTORS names another folder (absolute, or
// relative to the module root) with other cases of the same form, e.g. made with other seeds; tests then run those
// instead and assert the committed number of cases only while Committed is true:
//
//	dir := vectors.Dir(t, "yuma")
//	if vectors.Committed() { require.Len(t, cases, 118) }
//
// It is imported by tests only. Start at Dir.
package vectors

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Env is the variable that names a folder of other vectors. Unset or empty means the committed set.
const Env = "GOTENSOR_VECTORS"

// sets are the sets of vectors that another folder can replace.
var sets = []string{"yuma", "math", "gain", "scoring"}

// errAbsent says that the folder named by Env lacks the set that was asked for but holds another one.
var errAbsent = errors.New("set of vectors is absent")

// Committed tells whether tests run on the committed vectors rather than on a folder named by the environment.
func Committed() bool { return os.Getenv(Env) == "" }

// Dir returns the folder of the set called name, one of yuma, math, gain and scoring: test/vectors/NAME, or NAME below
// the folder that the environment names. There, a set that is absent skips the test by name; a set without any .json file, and a folder
// that holds none of the four sets, fail it.
func Dir(tb testing.TB, name string) string {
	tb.Helper()
	root, err := moduleRoot()
	if err != nil {
		tb.Fatal(err)
	}
	dir, err := find(root, os.Getenv(Env), name)
	if errors.Is(err, errAbsent) {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

// find is Dir apart from the environment: env is the value of Env.
func find(root, env, name string) (string, error) {
	if !slices.Contains(sets, name) {
		return "", fmt.Errorf("vectors: no set is called %q, want one of %s", name, strings.Join(sets, ", "))
	}
	base := filepath.Join(root, "test", "vectors")
	if env != "" {
		base = env
		if !filepath.IsAbs(base) {
			base = filepath.Join(root, base)
		}
		held, err := held(base)
		if err != nil {
			return "", err
		}
		if !slices.Contains(held, name) {
			return "", fmt.Errorf("%w: %s=%s holds no %s/ (it holds %s)", errAbsent, Env, env, name, strings.Join(held, ", "))
		}
	}
	dir := filepath.Join(base, name)
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("vectors: %w", err)
	}
	if !slices.ContainsFunc(files, func(f os.DirEntry) bool { return filepath.Ext(f.Name()) == ".json" }) {
		return "", fmt.Errorf("vectors: %s holds no .json file", dir)
	}
	return dir, nil
}

// held lists the sets that lie below base; it is an error if there are none.
func held(base string) ([]string, error) {
	var names []string
	for _, name := range sets {
		info, err := os.Stat(filepath.Join(base, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("vectors: %s: %w", Env, err)
		}
		if err == nil && info.IsDir() {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("vectors: %s: %s holds none of the folders %s", Env, base, strings.Join(sets, ", "))
	}
	return names, nil
}

// moduleRoot walks up from the working directory, which for a test is its package's folder, to the folder of go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("vectors: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("vectors: no go.mod above the working directory")
		}
		dir = parent
	}
}

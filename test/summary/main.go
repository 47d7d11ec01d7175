// Command summary reads the stream of `go test -json`, prints what failed and one line a package, and closes with the count
// "N passed, N failed, N skipped". It exits with 1 if anything failed or if fewer tests passed than -min: a wrong flag that
// silently runs half of the tests must not look like success.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

// event is one line of test2json (cmd/test2json in the Go distribution).
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64
	// ImportPath names what a build event is about.
	ImportPath string
}

type summary struct {
	passed, failed, skipped int
	output                  map[string][]string // by package and test, until it is known to have passed
	broken                  []string            // packages that failed or did not build
}

func main() {
	minimum := flag.Int("min", 1, "fail if fewer tests pass")
	flag.Parse()
	s := &summary{output: map[string][]string{}}
	if err := s.read(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(1)
	}
	ok := s.report(os.Stdout, *minimum)
	if !ok {
		os.Exit(1)
	}
}

func (s *summary) read(r io.Reader, w io.Writer) error {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			fmt.Fprintln(w, in.Text()) // not of the stream: a compiler's word, worth reading
			continue
		}
		s.add(e, w)
	}
	return in.Err()
}

func (s *summary) add(e event, w io.Writer) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		s.output[key] = append(s.output[key], e.Output)
	case "build-output":
		fmt.Fprint(w, e.Output)
	case "build-fail":
		s.broken = append(s.broken, e.ImportPath)
	case "pass", "skip":
		if e.Test == "" {
			fmt.Fprintf(w, "%-5s %-60s %6.1f s\n", e.Action, e.Package, e.Elapsed)
		} else {
			s.count(e)
		}
		delete(s.output, key)
	case "fail":
		if e.Test != "" {
			s.failed++
		} else {
			fmt.Fprintf(w, "FAIL  %-60s %6.1f s\n", e.Package, e.Elapsed)
			s.broken = append(s.broken, e.Package)
		}
		fmt.Fprint(w, strings.Join(s.output[key], ""))
		delete(s.output, key)
	}
}

func (s *summary) count(e event) {
	if e.Action == "skip" {
		s.skipped++
		return
	}
	s.passed++
}

func (s *summary) report(w io.Writer, minimum int) bool {
	sort.Strings(s.broken)
	if len(s.broken) > 0 {
		fmt.Fprintf(w, "failed packages: %s\n", strings.Join(s.broken, ", "))
	}
	if s.passed < minimum {
		fmt.Fprintf(w, "only %d tests passed, at least %d are expected: did a flag or a build tag leave some out?\n", s.passed, minimum)
	}
	failed := max(s.failed, len(s.broken))
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", s.passed, failed, s.skipped)
	return failed == 0 && s.passed >= minimum
}

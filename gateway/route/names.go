package route

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gotensor/gotensor/synapse"
)

const maxModel = 64

// clip quotes a user's words for an error.
func clip(name string) string { return fmt.Sprintf("%q", synapse.Printable(name, maxModel)) }

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(out, ", ")
}

// nearest are at most n of the names that are written most like one: within a third of its letters, upper and lower case alike, or
// with it as a part.
func nearest(name string, names []string, n int) []string {
	if len(name) > 2*maxModel {
		return nil
	}
	type near struct {
		name  string
		edits int
	}
	var found []near
	low := strings.ToLower(name)
	for _, other := range names {
		l := strings.ToLower(other)
		d := edits(low, l)
		if d <= max(1, max(len(low), len(l))/3) || (len(low) >= 3 && strings.Contains(l, low)) {
			found = append(found, near{other, d})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.edits, b.edits) })
	out := make([]string, 0, n)
	for _, f := range found[:min(n, len(found))] {
		out = append(out, f.name)
	}
	return out
}

// edits is the number of bytes to put in, take out or change to make b of a (Levenshtein's distance).
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := corner
			if a[i] != b[j] {
				d = 1 + min(corner, row[j], row[j+1])
			}
			corner, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}

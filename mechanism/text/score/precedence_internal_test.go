package score

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhoIsFirst: by the claims if one leads, by what is remembered else; only a clear lead is remembered.
func TestWhoIsFirst(t *testing.T) {
	for _, c := range []struct {
		name               string
		before             int8
		one, other, worth  float64
		want, keeps, blank int8 // blank: what is kept where nobody remembers
	}{
		{"clearly ahead", 0, 2, 0.5, 2, 1, 1, 0},
		{"ahead, not clearly", 0, 2, 1.2, 2, 1, 0, 0},
		{"of the first rounds: luck", 0, 0.19, 0.02, 2, 1, 0, 0},
		{"of the first rounds: clearly", 0, 0.25, 0, 2, 1, 1, 0},
		{"level", 0, 2, 1.9, 2, 0, 0, 0},
		{"caught up", 1, 2, 1.9, 2, 1, 1, 1},
		{"caught up and a little more", 1, 1.9, 2, 2, 1, 1, 1},
		{"overtaken", 1, 1.2, 2, 2, -1, 0, 1},
		{"clearly overtaken", 1, 0.5, 2, 2, -1, -1, 1},
		{"still ahead", 1, 2, 1.2, 2, 1, 1, 1},
		{"worth nothing", 0, 0, 0, 0, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Defaults()
			k := bond{before: c.before}
			require.Equal(t, c.want, k.first(&s, c.one, c.other, c.worth))
			require.Equal(t, c.keeps, k.before)
			turned := bond{before: -c.before}
			require.Equal(t, -c.want, turned.first(&s, c.other, c.one, c.worth), "the other way round")
			require.Equal(t, -c.keeps, turned.before)
			s.Apart = 0
			k = bond{before: c.before}
			k.first(&s, c.one, c.other, c.worth)
			require.Equal(t, c.blank, k.before, "nobody remembers")
		})
	}
}

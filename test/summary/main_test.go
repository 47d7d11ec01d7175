package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSummary(t *testing.T) {
	const ok = `{"Action":"output","Package":"p","Test":"A","Output":"hush\n"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"skip","Package":"p","Test":"B"}
{"Action":"pass","Package":"p","Elapsed":0.5}
`
	for name, c := range map[string]struct {
		in   string
		min  int
		ok   bool
		want string
	}{
		"passes":       {in: ok, min: 1, ok: true, want: "1 passed, 0 failed, 1 skipped\n"},
		"too few":      {in: ok, min: 2, want: "only 1 tests passed"},
		"empty":        {in: "", min: 1, want: "0 passed, 0 failed, 0 skipped\n"},
		"a failure":    {in: ok + `{"Action":"output","Package":"q","Test":"C","Output":"reason\n"}` + "\n" + `{"Action":"fail","Package":"q","Test":"C"}` + "\n", min: 1, want: "reason"},
		"build broken": {in: ok + `{"Action":"build-fail","ImportPath":"q"}` + "\n" + `{"Action":"fail","Package":"q"}` + "\n", min: 1, want: "failed packages: q, q"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			s := &summary{output: map[string][]string{}}
			require.NoError(t, s.read(strings.NewReader(c.in), &out))
			require.Equal(t, c.ok, s.report(&out, c.min))
			require.Contains(t, out.String(), c.want)
			require.NotContains(t, out.String(), "hush")
		})
	}
}

package text

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What a gateway sends is bounded, whatever it is.
func FuzzReadEvents(f *testing.F) {
	f.Add([]byte("data: {\"choices\":[{\"text\":\" a\",\"finish_reason\":null}]}\n\ndata: {\"choices\":[{\"text\":\"\",\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"))
	f.Add([]byte(": ping\n\ndata: {\"error\":{\"code\":\"upstream_failed\"}}\n\n"))
	f.Add([]byte("data: {\"error\":{\"code\":\"overloaded\"}}"))
	f.Add([]byte("data: {\"choices\":[{\"text\":\"\\ud800\"},{},{\"finish_reason\":7}]}\n"))
	f.Add([]byte("<html>\ndata:\ndata: {"))
	f.Fuzz(func(t *testing.T, data []byte) {
		w := &writing{began: time.Now()}
		end := readEvents(bytes.NewReader(data), w)
		require.Contains(t, []ending{uncounted, wrote, failed}, end)
		require.LessOrEqual(t, len(w.text), maxProbeText+maxEventLine)
		require.LessOrEqual(t, w.pieces, maxProbePieces+1)
		if end == wrote {
			require.LessOrEqual(t, len(w.text), maxProbeText)
		}
		if len(w.text) > 0 {
			require.False(t, w.first.IsZero())
			require.False(t, w.last.Before(w.first))
		}
	})
}

func TestPaddingDoesNotMakeATextQuick(t *testing.T) {
	s := DefaultSettings()
	slow := &probe{tokens: 16, text: []byte(" sixty bytes of text that a slow model takes twenty seconds")}
	padded := &probe{tokens: 16, text: append(bytes.Clone(slow.text), strings.Repeat("\n", 4000)...)}
	require.Equal(t, len(slow.text), slow.size())
	require.Zero(t, s.pace(time.Second, 20*time.Second, slow.size()))
	require.InDelta(t, 1, s.pace(time.Second, 20*time.Second, len(padded.text)), 1e-9, "by all of its bytes")
	require.Less(t, s.pace(time.Second, 20*time.Second, padded.size()), 0.6)
}

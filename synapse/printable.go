package synapse

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable makes a stranger's words fit for terminals, logs and pages: what does not print (escape sequences, line ends, marks that
// turn the direction of writing) becomes '?', and what exceeds limit bytes is cut.
func Printable(text string, limit int) string {
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "..."
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, text)
}

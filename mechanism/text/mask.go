package text

import "strings"

const (
	maskedRun = 12  // bytes in a row of a caller's text that no log may show
	maskedMax = 500 // bytes of a model's words that are logged
	leastText = 4   // shorter texts are words of any error
)

// masked returns an error's words without what they repeat of the caller's texts: servers of models like to quote what they could
// not work on.
func masked(words string, texts []string) string {
	words = words[:min(len(words), maskedMax)]
	hidden := make([]bool, len(words))
	for _, t := range texts {
		run := min(maskedRun, len(t))
		if run < leastText {
			continue
		}
		for i := 0; i+run <= len(words); i++ {
			if strings.Contains(t, words[i:i+run]) {
				for j := i; j < i+run; j++ {
					hidden[j] = true
				}
			}
		}
	}
	var out strings.Builder
	for i := range len(words) {
		switch {
		case !hidden[i]:
			out.WriteByte(words[i])
		case i == 0 || !hidden[i-1]:
			out.WriteString("[text of the caller]")
		}
	}
	return strings.ToValidUTF8(out.String(), "")
}

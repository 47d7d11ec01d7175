package ngram

import "github.com/gotensor/gotensor/model"

// wordBlank is the probability that the reference at words gives to the blank; what is left goes to all bytes as the reference has them,
// so that nothing is impossible.
const wordBlank = 1 - 1.0/1024

// behindWord marks a place at which the blank is due. Places are indexes of slots, which are far fewer.
const behindWord = 1 << 31

// WordReference is a Reference that knows how validators of the text mechanism cut their items: where a context ends with a whole word,
// the text goes on with a blank. Whoever says no more than that gains nothing over it. It implements score.Reference and score.Walker, is
// immutable and safe for concurrent use.
type WordReference struct{ anywhere *Reference }

// AtWords returns the same reference with that one more belief, as Model.AtWords does for models.
func (r *Reference) AtWords() *WordReference { return &WordReference{r} }

// Start returns the place after context; only its last four bytes matter.
func (w *WordReference) Start(context []byte) uint32 {
	at := w.anywhere.Start(context)
	if model.AtWordEnd(context) {
		at |= behindWord
	}
	return at
}

// Walk follows s as Reference.Walk does.
func (w *WordReference) Walk(s []byte, at []uint32, p []float64, least float64) int {
	if at[0]&behindWord == 0 || len(s) == 0 {
		return w.anywhere.Walk(s, at, p, least)
	}
	var step float64
	step, at[1] = w.first(at[0], s[0])
	if p[1] = p[0] * step; p[1] < least {
		return 1
	}
	return 1 + w.anywhere.Walk(s[1:], at[1:], p[1:], least)
}

// Prob returns the probability that the text goes on with s after context: the product of its bytes' steps, 1 for no bytes.
func (w *WordReference) Prob(context, s []byte) float64 {
	at := make([]uint32, len(s)+1)
	p := make([]float64, len(s)+1)
	at[0], p[0] = w.Start(context), 1
	w.Walk(s, at, p, 0)
	return p[len(s)]
}

// first is the step behind a word, and the place behind it.
func (w *WordReference) first(at uint32, b byte) (p float64, to uint32) {
	p, to = w.anywhere.step(at&^behindWord, b)
	p *= 1 - wordBlank
	if b == ' ' {
		p += wordBlank
	}
	return p, to
}

// Package hash is an embedder that needs no download: words and parts of words, hashed into a vector. It is a baseline and
// knows no meanings: texts are close that share words, or forms of a word; "car" and "automobile" are strangers to it. For
// meanings put a model behind model/openai.
//
// Every feature of a text adds its weight to, or takes it from, one of 256 sums, which its hash chooses together with the sign (feature
// hashing: Weinberger et al., Feature hashing for large scale multitask learning, 2009: with random signs the inner
// product of two vectors is, on average, that of the features). The sums are whole numbers, so that every machine gets the same vector.
//
// Start at Embedder.
package hash

import (
	"context"
	"hash/fnv"
	"math"
	"unicode"
	"unicode/utf8"

	"github.com/gotensor/gotensor/model"
)

const (
	// Dimensions of the vectors.
	Dimensions = 256
	// Name of the model. Whatever changes vectors changes it.
	Name = "hash-256"

	// A word weighs as much as several of its parts; one of three characters or less as one part: such words say little.
	longWord, shortWord = 4, 1
	wordLetters         = 4
	signWeight          = 2    // of one Chinese character, a word nearly
	leastPart, mostPart = 3, 5 // characters, with a mark at both ends of the word
)

// Embedder makes vectors. The zero value is ready, and safe for concurrent use.
type Embedder struct{}

var _ model.Embedder = Embedder{}

// Name returns "hash-256".
func (Embedder) Name() string { return Name }

// Embed returns one vector of 256 values and length 1 per text. A text without letters and digits has the vector of the empty text. The
// usage counts words. It fails only with ctx.
func (Embedder) Embed(ctx context.Context, texts []string) ([][]float32, model.Usage, error) {
	out := make([][]float32, len(texts))
	usage := model.Usage{}
	for i, t := range texts {
		if err := ctx.Err(); err != nil {
			return nil, model.Usage{}, err
		}
		var s sums
		usage.Prompt += s.text(t)
		out[i] = s.vector()
	}
	return out, usage, nil
}

// sums collects the features of one text.
type sums [Dimensions]int64

// text adds all words, runs of letters, digits and marks in lower case, and returns how many there were.
func (s *sums) text(t string) int {
	words, start := 0, -1
	var word []rune
	for i, r := range t + " " {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			if start < 0 {
				start, word = i, append(word[:0], '<')
			}
			word = append(word, unicode.ToLower(r))
			continue
		}
		if start >= 0 {
			s.word(append(word, '>'))
			words++
			start = -1
		}
	}
	return words
}

// word adds a word, which stands between '<' and '>', and its parts.
func (s *sums) word(w []rune) {
	weight := int64(longWord)
	if len(w)-2 < wordLetters {
		weight = shortWord
	}
	s.add(w, weight)
	for i, r := range w {
		if unicode.Is(unicode.Han, r) {
			s.add(w[i:i+1], signWeight)
		}
	}
	for n := leastPart; n <= min(mostPart, len(w)-1); n++ {
		for i := range len(w) - n + 1 {
			s.add(w[i:i+n], 1)
		}
	}
}

// add hashes a feature: the low byte chooses the sum, the top bit the sign.
func (s *sums) add(feature []rune, weight int64) {
	h := fnv.New64a()
	var buf [utf8.UTFMax]byte
	for _, r := range feature {
		_, _ = h.Write(buf[:utf8.EncodeRune(buf[:], r)]) // never fails
	}
	x := mix(h.Sum64())
	if x>>63 == 1 {
		weight = -weight
	}
	s[x%Dimensions] += weight
}

// mix spreads the bits of a hash, as FNV's low ones depend on little. Source: the finaliser of MurmurHash3, in the public domain.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// vector is the sums scaled to length 1. Where all are 0, as without any word, it is the feature of no characters alone.
func (s *sums) vector() []float32 {
	total := 0.0
	for _, x := range s {
		total += float64(x * x) // whole numbers: exact
	}
	if total == 0 {
		s.add(nil, 1)
		total = 1
	}
	out, length := make([]float32, Dimensions), math.Sqrt(total)
	for i, x := range s {
		out[i] = float32(float64(x) / length)
	}
	return out
}

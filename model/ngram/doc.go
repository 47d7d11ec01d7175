// Package ngram is a language model over bytes that needs no download: interpolated Kneser-Ney of orders 1 to 8.
//
// Load trains a Model once on a text and keeps it in a file; later starts read the file. Model.Predictor is a model.Predictor, the
// default of miners. Reference is the mixture of orders 1 to 5 against which validators score, see
// mechanism/text/score. A Model is a trie of reversed contexts in sorted arrays, about five bytes a gram: one walk from
// the last byte backwards meets the contexts of all lengths, each with the list of bytes that followed it.
//
// Start at Load, Train and NewReference.
package ngram

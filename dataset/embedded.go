package dataset

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the corpus
	"fmt"
	"io"
	"sync"
)

//go:embed corpus/opticks.txt.gz
var opticksGz []byte

//go:embed corpus/sawyer.txt.gz
var sawyerGz []byte

var embedded = sync.OnceValues(func() ([]Source, error) {
	var out []Source
	for _, book := range []struct {
		name   string
		packed []byte
	}{{"opticks", opticksGz}, {"sawyer", sawyerGz}} {
		z, err := gzip.NewReader(bytes.NewReader(book.packed))
		if err != nil {
			return nil, fmt.Errorf("embedded text %s: %w", book.name, err)
		}
		content, err := io.ReadAll(z)
		if err != nil {
			return nil, fmt.Errorf("embedded text %s: %w", book.name, err)
		}
		src, err := New(book.name, content)
		if err != nil {
			return nil, err
		}
		out = append(out, src)
	}
	return out, nil
})

// Embedded returns the texts in the binary: Isaac Newton's Opticks (557 kB) and Mark Twain's Tom Sawyer (385 kB), both in the
// public domain; see corpus/README.md. They are unpacked once.
func Embedded() ([]Source, error) {
	sources, err := embedded()
	return append([]Source(nil), sources...), err
}

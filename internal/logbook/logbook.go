// Package logbook keeps what a program logs, so that tests can read it. Start at Book.Logger.
package logbook

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

// Book is a log that is kept in memory. The zero value is empty; it may be written and read by several goroutines.
type Book struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends to the log.
func (b *Book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// Logger writes into the book as text, one line an entry.
func (b *Book) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// Count tells how often some words stand in the log.
func (b *Book) Count(words string) int { return strings.Count(b.String(), words) }

// String is the whole log.
func (b *Book) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

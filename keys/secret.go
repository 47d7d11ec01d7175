package keys

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// sealed holds a secret where fmt does not find it: of values in unexported fields fmt asks no method how to print them, it walks them, but
// of a pointer to a pointer it prints the address only.
type sealed[T any] struct{ at **T }

func seal[T any](v T) sealed[T] {
	p := &v
	return sealed[T]{&p}
}

func (s sealed[T]) isZero() bool { return s.at == nil }

// open panics if there is nothing.
func (s sealed[T]) open() *T { return *s.at }

// Password opens an encrypted key file. It prints as "[redacted]", but in unexported fields of other types fmt does not ask: keep it in
// variables, not in types that may be printed.
type Password string

// Format keeps the password out of logs, whatever the verb.
func (Password) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String is "[redacted]".
func (Password) String() string { return redacted }

// LogValue keeps the password out of structured logs.
func (Password) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText keeps the password out of JSON.
func (Password) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Format keeps the words out of logs, whatever the verb.
func (Mnemonic) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String is "[redacted]"; Reveal gives the words.
func (Mnemonic) String() string { return redacted }

// LogValue keeps the words out of structured logs.
func (Mnemonic) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText keeps the words out of JSON.
func (Mnemonic) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Format keeps the key out of logs, whatever the verb.
func (PrivateKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String is "[redacted]"; Bytes gives the key.
func (PrivateKey) String() string { return redacted }

// LogValue keeps the key out of structured logs.
func (PrivateKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText keeps the key out of JSON.
func (PrivateKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

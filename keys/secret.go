package keys

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Password opens an encrypted key file. It prints as "[redacted]".
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

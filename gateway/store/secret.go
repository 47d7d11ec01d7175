package store

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
)

// SecretPrefix is what every API key begins with.
const SecretPrefix = "sk-gt-"

const (
	secretBytes = 32
	checkBytes  = 4 // of the key's own hash: a guess or a slip is refused without a look into the store
)

// Secret is an API key as its owner holds it: "sk-gt-", then 32 random bytes and the first four of their SHA-256 in base64 (URL
// alphabet, no padding). It prints as "[redacted]"; Reveal gives the text.
type Secret struct{ text string }

// NewSecret makes a random key.
func NewSecret() Secret {
	var b [secretBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	check := sha256.Sum256(b[:])
	return Secret{SecretPrefix + base64.RawURLEncoding.EncodeToString(append(b[:], check[:checkBytes]...))}
}

// ParseSecret reads an API key. It fails with ErrSecret, which does not repeat the text.
func ParseSecret(text string) (Secret, error) {
	body, ok := strings.CutPrefix(text, SecretPrefix)
	if !ok {
		return Secret{}, fmt.Errorf("%w: it begins with %q", ErrSecret, SecretPrefix)
	}
	if want := base64.RawURLEncoding.EncodedLen(secretBytes + checkBytes); len(body) != want {
		return Secret{}, fmt.Errorf("%w: %d characters after %q, want %d", ErrSecret, len(body), SecretPrefix, want)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || len(b) != secretBytes+checkBytes { // the decoder skips line ends
		return Secret{}, fmt.Errorf("%w: a character is not of base64's URL alphabet", ErrSecret)
	}
	if check := sha256.Sum256(b[:secretBytes]); !bytes.Equal(check[:checkBytes], b[secretBytes:]) {
		return Secret{}, fmt.Errorf("%w: its last characters do not fit, so it was not copied whole", ErrSecret)
	}
	return Secret{text}, nil
}

// Hash is what is stored of the key. A plain hash will do: nobody guesses 32 random bytes.
func (s Secret) Hash() [sha256.Size]byte { return sha256.Sum256([]byte(s.text)) }

// Reveal returns the key's text, for the one time that its owner sees it.
func (s Secret) Reveal() string { return s.text }

// String is "[redacted]".
func (Secret) String() string { return "[redacted]" }

// GoString is "[redacted]".
func (Secret) GoString() string { return "[redacted]" }

// LogValue keeps the key out of logs.
func (Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalText keeps the key out of JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

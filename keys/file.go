package keys

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/gotensor/gotensor"
)

const (
	fileVersion = 1
	// maxFile bounds what is read of a key file; a written one has under 1 kB.
	maxFile = 64 << 10
	// defaultWork is the work of guessing one password, log2 of scrypt's N: about a second and 256 MiB.
	defaultWork = 18
	// maxWork is the most work that a file may ask for when it is opened.
	maxWork = 20
)

// Public is what anyone may know of a key: the part of a key file that is read without a password.
type Public struct {
	Address   gotensor.Address
	PublicKey PublicKey
}

// PublicOf returns the public part of a public key, or ErrKey.
func PublicOf(p PublicKey) (Public, error) {
	a, err := p.Address()
	return Public{Address: a, PublicKey: p}, err
}

// keyFile is the JSON in a key file. At most one of Encrypted and PrivateKey is set; a public file has neither.
type keyFile struct {
	Version   int    `json:"version"`
	Address   string `json:"address"`
	PublicKey string `json:"public_key"`
	// Encrypted is the private key, 32 bytes, encrypted by age with a passphrase, armored: `jq -r .encrypted FILE | age -d` opens it.
	Encrypted string `json:"encrypted,omitempty"`
	// PrivateKey is the private key in hexadecimal, in a file without a password.
	PrivateKey string `json:"private_key,omitempty"`
}

func newKeyFile(pub PublicKey) (keyFile, error) {
	a, err := pub.Address()
	if err != nil {
		return keyFile{}, err
	}
	return keyFile{Version: fileVersion, Address: Account(a), PublicKey: pub.String()}, nil
}

func (f keyFile) encode() ([]byte, error) {
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode key file: %w", err)
	}
	return append(b, '\n'), nil
}

// decodeKeyFile reads a key file and checks that its public parts agree. It fails with ErrFile.
func decodeKeyFile(b []byte) (keyFile, Public, error) {
	var f keyFile
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		// The decoder's own words may repeat a piece of the file, which may be a private key.
		return keyFile{}, Public{}, fmt.Errorf("%w: it is not the JSON of a key file, or only a part of it (%d bytes)", ErrFile, len(b))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return keyFile{}, Public{}, fmt.Errorf("%w: something follows the key", ErrFile)
	}
	if f.Version != fileVersion {
		return keyFile{}, Public{}, fmt.Errorf("%w: version %d, this program reads %d", ErrFile, f.Version, fileVersion)
	}
	raw, err := hex.DecodeString(f.PublicKey)
	if err != nil {
		return keyFile{}, Public{}, fmt.Errorf("%w: public_key is not hexadecimal", ErrFile)
	}
	pub, err := ParsePublicKey(raw)
	if err != nil {
		return keyFile{}, Public{}, fmt.Errorf("%w: public_key: %w", ErrFile, err)
	}
	public, err := PublicOf(pub)
	if err != nil {
		return keyFile{}, Public{}, fmt.Errorf("%w: %w", ErrFile, err)
	}
	if f.Address != Account(public.Address) {
		return keyFile{}, Public{}, fmt.Errorf("%w: address is not that of public_key", ErrFile)
	}
	if f.Encrypted != "" && f.PrivateKey != "" {
		return keyFile{}, Public{}, fmt.Errorf("%w: both encrypted and private_key are set", ErrFile)
	}
	return f, public, nil
}

// open returns the private key of a file, which must fit its public part. It fails with ErrPassword or ErrFile.
func (f keyFile) open(public Public, password Password) (PrivateKey, error) {
	var raw []byte
	var err error
	switch {
	case f.Encrypted != "":
		raw, err = decrypt(f.Encrypted, password)
	case f.PrivateKey != "":
		if raw, err = hex.DecodeString(f.PrivateKey); err != nil {
			err = fmt.Errorf("%w: private_key is not hexadecimal", ErrFile)
		}
	default:
		err = fmt.Errorf("%w: it holds no private key", ErrFile)
	}
	if err != nil {
		return PrivateKey{}, err
	}
	defer clear(raw)
	key, err := NewPrivateKey(raw)
	if err != nil {
		return PrivateKey{}, fmt.Errorf("%w: %w", ErrFile, err)
	}
	if key.PublicKey() != public.PublicKey {
		return PrivateKey{}, fmt.Errorf("%w: the private key is not that of %s", ErrFile, f.Address)
	}
	return key, nil
}

func encrypt(key PrivateKey, password Password, work int) (string, error) {
	if password == "" {
		return "", fmt.Errorf("%w: it is empty", ErrPassword)
	}
	recipient, err := age.NewScryptRecipient(string(password))
	if err != nil {
		return "", fmt.Errorf("encrypt key: %w", err)
	}
	recipient.SetWorkFactor(work)
	var out strings.Builder
	shell := armor.NewWriter(&out)
	w, err := age.Encrypt(shell, recipient)
	if err != nil {
		return "", fmt.Errorf("encrypt key: %w", err)
	}
	raw := key.Bytes()
	defer clear(raw)
	if _, err := w.Write(raw); err != nil {
		return "", fmt.Errorf("encrypt key: %w", err)
	}
	if err := errors.Join(w.Close(), shell.Close()); err != nil {
		return "", fmt.Errorf("encrypt key: %w", err)
	}
	return out.String(), nil
}

func decrypt(armored string, password Password) ([]byte, error) {
	if password == "" {
		return nil, fmt.Errorf("%w: the key is encrypted and no password was given", ErrPassword)
	}
	identity, err := age.NewScryptIdentity(string(password))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPassword, err)
	}
	identity.SetMaxWorkFactor(maxWork)
	r, err := age.Decrypt(armor.NewReader(strings.NewReader(armored)), identity)
	if err != nil {
		if errors.Is(err, age.ErrIncorrectIdentity) {
			return nil, ErrPassword
		}
		return nil, fmt.Errorf("%w: encrypted part: %w", ErrFile, err)
	}
	raw, err := io.ReadAll(io.LimitReader(r, PrivateKeyLen+1))
	if err != nil {
		return nil, fmt.Errorf("%w: encrypted part: %w", ErrFile, err)
	}
	return raw, nil
}

package cli

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/home"
	"github.com/gotensor/gotensor/keys"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// secret is a row that was committed to by hand, with the salt that opens it: without this file it cannot be revealed. Each lies
// in a file of its own in WALLETS/WALLET/weights, named by its commitment, so that none is ever overwritten. The name says nothing
// that a node could choose.
type secret struct {
	ChainID    string               `json:"chain_id"`
	NetUID     gotensor.NetUID      `json:"netuid"`
	Hotkey     string               `json:"hotkey"`
	Registered uint64               `json:"registered_height"`
	Epoch      uint64               `json:"epoch"`
	Row        []weightstypes.Entry `json:"row"`
	Salt       []byte               `json:"salt"`

	path string
}

// newSecret draws a salt.
func newSecret(s secret) (*secret, error) {
	s.Salt = make([]byte, weightstypes.SaltLen)
	if _, err := rand.Read(s.Salt); err != nil {
		return nil, fmt.Errorf("salt: %w", err)
	}
	return &s, nil
}

// hash is the commitment.
func (s *secret) hash() ([]byte, error) {
	hotkey, err := keys.ParseAccount(s.Hotkey)
	if err != nil {
		return nil, err
	}
	row, err := weightstypes.EncodeRow(s.Row)
	if err != nil {
		return nil, err
	}
	h, err := weightstypes.Preimage{
		ChainID: s.ChainID, NetUID: s.NetUID, Hotkey: hotkey, RegisteredHeight: s.Registered, Epoch: s.Epoch, Row: row, Salt: s.Salt,
	}.Hash()
	return h[:], err
}

// secrets is the folder of a wallet's secrets.
func (a *app) secrets() (string, error) {
	dir, err := a.walletDir()
	return filepath.Join(dir, a.wallet, "weights"), err
}

// save writes the file and waits until it is on disk.
func (s *secret) save(dir string) error {
	h, err := s.hash()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("save the salt: %w", err)
	}
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the salt: %w", err)
	}
	s.path = filepath.Join(dir, hex.EncodeToString(h)+".json")
	if err := home.Write(s.path, data, 0o600); err != nil {
		return fmt.Errorf("save the salt: %w", err)
	}
	return nil
}

// drop removes the file of a secret that nobody needs any more.
func (s *secret) drop() error {
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", s.path, err)
	}
	return nil
}

// openSecret reads the secret of a commitment; ErrNothing if this machine does not have it.
func openSecret(dir string, hash []byte) (*secret, error) {
	s := &secret{path: filepath.Join(dir, hex.EncodeToString(hash)+".json")}
	data, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nothingf("the salt of commitment %x is not on this machine: reveal it where it was made (by `gotensor validator run`, if that runs with this hotkey)", hash)
	}
	if err != nil {
		return nil, fmt.Errorf("read the salt: %w", err)
	}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("the file %s of a salt is damaged: %w", s.path, err)
	}
	return s, nil
}

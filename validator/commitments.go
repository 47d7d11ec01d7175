package validator

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/home"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

// ErrCommitments is returned for a file of commitments that cannot be used.
var ErrCommitments = errors.New("unusable file of commitments")

// commitment is a row that was or will be committed to, with the salt that opens it.
type commitment struct {
	Registered uint64         `json:"registered_height"`
	Epoch      uint64         `json:"epoch"`
	UIDs       []gotensor.UID `json:"uids"`
	Weights    []uint16       `json:"weights"`
	Salt       []byte         `json:"salt"`
	Sent       bool           `json:"sent"` // the chain has it
	Revealed   bool           `json:"revealed"`

	refusals  int            // by the chain, of the commitment or, once that is there, of its reveal
	notBefore gotensor.Block // height of the next try after a refusal
}

// commitments is the file that a validator must not lose between commit and reveal. Every change is on disk, synced, before
// anything is sent.
type commitments struct {
	path string
	file struct {
		ChainID string          `json:"chain_id"`
		NetUID  gotensor.NetUID `json:"netuid"`
		Hotkey  string          `json:"hotkey"`
		All     []commitment    `json:"commitments"`
	}
	hotkey gotensor.Address
}

// openCommitments reads the file, or starts one. A file of another chain, subnet or hotkey is refused: its salts open nothing here.
func openCommitments(path, chainID string, netuid gotensor.NetUID, hotkey gotensor.Address) (*commitments, error) {
	c := &commitments{path: path, hotkey: hotkey}
	account := keys.Account(hotkey)
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.file.ChainID, c.file.NetUID, c.file.Hotkey = chainID, netuid, account
		return c, nil
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrCommitments, err)
	}
	if err := json.Unmarshal(data, &c.file); err != nil {
		return nil, fmt.Errorf("%w: %s: %w: move it away to start without it; a commitment not yet revealed is then missed", ErrCommitments, path, err)
	}
	for _, x := range c.file.All {
		if len(x.UIDs) != len(x.Weights) || len(x.Salt) != weights.SaltLen {
			return nil, fmt.Errorf("%w: %s: the commitment of epoch %d is damaged: move the file away to start without it", ErrCommitments, path, x.Epoch)
		}
	}
	if c.file.ChainID != chainID || c.file.NetUID != netuid || c.file.Hotkey != account {
		return nil, fmt.Errorf("%w: %s belongs to hotkey %s on subnet %d of chain %q: give this validator a home of its own",
			ErrCommitments, path, c.file.Hotkey, c.file.NetUID, c.file.ChainID)
	}
	return c, nil
}

// of returns the commitment of a period by this registration, nil if there is none.
func (c *commitments) of(registered, epoch uint64) *commitment {
	for i := range c.file.All {
		if x := &c.file.All[i]; x.Registered == registered && x.Epoch == epoch {
			return x
		}
	}
	return nil
}

// prepare makes a commitment to a row with a fresh salt and puts it on disk.
func (c *commitments) prepare(registered, epoch uint64, row mechanism.Row) (*commitment, error) {
	salt := make([]byte, weights.SaltLen)
	if _, err := rand.Read(salt); err != nil {
		return nil, fmt.Errorf("salt: %w", err)
	}
	c.file.All = append(c.file.All, commitment{
		Registered: registered, Epoch: epoch, UIDs: slices.Clone(row.UIDs), Weights: slices.Clone(row.Weights), Salt: salt,
	})
	if err := c.save(); err != nil {
		return nil, err
	}
	return &c.file.All[len(c.file.All)-1], nil
}

// forget drops what can no longer be revealed in a period, and returns what was sent and never opened.
func (c *commitments) forget(registered, period uint64) (missed []commitment, err error) {
	n := len(c.file.All)
	c.file.All = slices.DeleteFunc(c.file.All, func(x commitment) bool {
		old := x.Registered != registered || x.Epoch+1 < period
		if old && x.Sent && !x.Revealed {
			missed = append(missed, x)
		}
		return old
	})
	if len(c.file.All) == n {
		return nil, nil
	}
	return missed, c.save()
}

func (c *commitments) save() error {
	data, err := json.MarshalIndent(c.file, "", "  ")
	if err != nil {
		return fmt.Errorf("encode commitments: %w", err)
	}
	return home.Write(c.path, data, 0o600)
}

// row is the wire form of what is committed to.
func (x *commitment) row() (weights.Row, error) {
	entries := make([]weights.Entry, len(x.UIDs))
	for i, uid := range x.UIDs {
		entries[i] = weights.Entry{UID: uid, Value: x.Weights[i]}
	}
	return weights.EncodeRow(entries)
}

// hash is what goes to the chain.
func (c *commitments) hash(x *commitment) ([]byte, error) {
	row, err := x.row()
	if err != nil {
		return nil, err
	}
	h, err := weights.Preimage{
		ChainID: c.file.ChainID, NetUID: c.file.NetUID, Hotkey: c.hotkey, RegisteredHeight: x.Registered, Epoch: x.Epoch, Row: row, Salt: x.Salt,
	}.Hash()
	return h[:], err
}

package types

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
)

func preimage(t testing.TB) Preimage {
	t.Helper()
	return Preimage{
		ChainID: "gotensor-1", NetUID: 0x0201, Hotkey: gotensor.Address(bytes.Repeat([]byte{0xab}, 20)),
		RegisteredHeight: 0x0807060504030201, Epoch: 5, Row: row(t, 1, 0x1234, 0x0203, 1), Salt: bytes.Repeat([]byte{0xcd}, 32),
	}
}

// The bytes are written out here a second time, from the design and not from the code.
func TestCommitmentBytes(t *testing.T) {
	written := "13" + hex.EncodeToString([]byte("gotensor/weights/v1")) +
		"0a" + hex.EncodeToString([]byte("gotensor-1")) +
		"0102" + strings.Repeat("ab", 20) + "0102030405060708" + "0500000000000000" +
		"01000302" + "34120100" + strings.Repeat("cd", 32)
	raw, err := hex.DecodeString(written)
	require.NoError(t, err)
	got, err := preimage(t).Hash()
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(raw), got)
}

// Each part of the preimage changes the hash.
func TestCommitmentBindsEverything(t *testing.T) {
	base, err := preimage(t).Hash()
	require.NoError(t, err)
	changes := map[string]func(*Preimage){
		"chain id":   func(p *Preimage) { p.ChainID = "gotensor-2" },
		"netuid":     func(p *Preimage) { p.NetUID++ },
		"hotkey":     func(p *Preimage) { p.Hotkey[19]++ },
		"registered": func(p *Preimage) { p.RegisteredHeight++ },
		"epoch":      func(p *Preimage) { p.Epoch++ },
		"uid":        func(p *Preimage) { p.Row = row(t, 2, 0x1234, 0x0203, 1) },
		"value":      func(p *Preimage) { p.Row = row(t, 1, 0x1235, 0x0203, 1) },
		"length":     func(p *Preimage) { p.Row = row(t, 1, 0x1234) },
		"salt":       func(p *Preimage) { p.Salt = bytes.Repeat([]byte{0xce}, 32) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			p := preimage(t)
			change(&p)
			got, err := p.Hash()
			require.NoError(t, err)
			require.NotEqual(t, base, got)
		})
	}
}

func TestCommitmentRefuses(t *testing.T) {
	tests := map[string]struct {
		change func(*Preimage)
		is     error
	}{
		"no chain id":   {func(p *Preimage) { p.ChainID = "" }, ErrField},
		"long chain id": {func(p *Preimage) { p.ChainID = strings.Repeat("x", 256) }, ErrField},
		"short salt":    {func(p *Preimage) { p.Salt = p.Salt[:31] }, ErrField},
		"unsorted row":  {func(p *Preimage) { p.Row = Row{Uids: []byte{2, 0, 1, 0}, Values: []byte{1, 0, 1, 0}} }, ErrRow},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := preimage(t)
			tt.change(&p)
			_, err := p.Hash()
			require.ErrorIs(t, err, tt.is)
		})
	}
}

package pow

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/sha3"

	"github.com/gotensor/gotensor"
)

func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "test", "vectors", "pow", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, into))
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// TestVectorsSeals: our seals equal those of an independent implementation, by Challenge.Seal and by the solver's hasher.
func TestVectorsSeals(t *testing.T) {
	var cases []struct {
		ChainID   string `json:"chain_id"`
		NetUID    uint16 `json:"netuid"`
		BlockHash string `json:"block_hash"`
		Hotkey    string `json:"hotkey"`
		Coldkey   string `json:"coldkey"`
		Nonce     uint64 `json:"nonce"`
		Seal      string `json:"seal"`
		Meets     string `json:"meets"`
	}
	readVectors(t, "gotensor.json", &cases)
	require.Len(t, cases, 24)
	for _, v := range cases {
		t.Run(strconv.Itoa(len(v.ChainID))+"/"+strconv.FormatUint(v.Nonce, 10), func(t *testing.T) {
			c := Challenge{
				ChainID: v.ChainID, NetUID: gotensor.NetUID(v.NetUID),
				BlockHash: [HashLen]byte(unhex(t, v.BlockHash)),
				Hotkey:    gotensor.Address(unhex(t, v.Hotkey)), Coldkey: gotensor.Address(unhex(t, v.Coldkey)),
			}
			seal, err := c.Seal(v.Nonce)
			require.NoError(t, err)
			require.Equal(t, v.Seal, seal.String())

			h, err := newHasher(c.prefix())
			require.NoError(t, err)
			h.hash(v.Nonce)
			require.Equal(t, seal, h.seal)

			meets, err := strconv.ParseUint(v.Meets, 10, 64)
			require.NoError(t, err)
			require.NoError(t, c.Verify(v.Nonce, Difficulty(meets)))
			require.ErrorIs(t, c.Verify(v.Nonce, Difficulty(meets+1)), ErrUnsolved)
		})
	}
}

type peerCase struct {
	Version       string `json:"version"`
	NetUID        uint16 `json:"netuid"`
	BlockHash     string `json:"block_hash"`
	Hotkey        string `json:"hotkey_pubkey"`
	Coldkey       string `json:"coldkey_pubkey"`
	BlockAndKey   string `json:"block_and_hotkey_hash"`
	Nonce         uint64 `json:"nonce"`
	Seal          string `json:"seal"`
	Difficulty    uint64 `json:"difficulty"`
	MeetsChecker  bool   `json:"meets_checker"`
	Meets         bool   `json:"meets"`
	FirstSolution struct {
		Nonce uint64 `json:"nonce"`
		Seal  string `json:"seal"`
	} `json:"first_solution"`
}

// TestVectorsPeers builds the peers' seals from our primitives, which shows that the hashes are the same and only the messages and the
// reading of the seal differ.
func TestVectorsPeers(t *testing.T) {
	var cases []peerCase
	readVectors(t, "peers.json", &cases)
	require.Len(t, cases, 10)
	seen := map[string]int{}
	for i, v := range cases {
		seen[v.Version]++
		t.Run(v.Version+"/"+strconv.Itoa(i), func(t *testing.T) {
			switch v.Version {
			case "3.4.2":
				seal := sealOf(nonceFirst(v.Nonce, unhex(t, v.BlockHash)))
				require.Equal(t, v.Seal, seal.String())
				require.Equal(t, v.MeetsChecker, seal.Meets(Difficulty(v.Difficulty)), "the checker's rule is ours")
			case "10.2":
				bound := keccak(append(unhex(t, v.BlockHash), unhex(t, v.Hotkey)...))
				require.Equal(t, v.BlockAndKey, hex.EncodeToString(bound))
				seal := sealOf(nonceFirst(v.Nonce, bound))
				require.Equal(t, v.Seal, seal.String())
				require.Equal(t, v.Meets, seal.Meets(Difficulty(v.Difficulty)))
			case "11":
				requireFirstSolution(t, v)
			default:
				t.Fatalf("unknown version %q", v.Version)
			}
		})
	}
	require.Equal(t, map[string]int{"3.4.2": 4, "10.2": 3, "11": 3}, seen)
}

// requireFirstSolution repeats the search of version 11: upwards, seals read little-endian.
func requireFirstSolution(t *testing.T, v peerCase) {
	t.Helper()
	prefix := binary.LittleEndian.AppendUint16([]byte("subtensor-pow-register-v1"), v.NetUID)
	for _, field := range []string{v.BlockHash, v.Hotkey, v.Coldkey} {
		prefix = append(prefix, unhex(t, field)...)
	}
	at := func(nonce uint64) Seal {
		return sealOf(binary.LittleEndian.AppendUint64(slices.Clone(prefix), nonce))
	}
	require.Equal(t, v.Seal, at(v.Nonce).String())
	for nonce := v.Nonce; ; nonce++ {
		seal := at(nonce)
		reversed := seal
		slices.Reverse(reversed[:])
		if nonce == v.FirstSolution.Nonce {
			require.Equal(t, v.FirstSolution.Seal, seal.String())
			require.True(t, reversed.Meets(Difficulty(v.Difficulty)))
			return
		}
		require.False(t, reversed.Meets(Difficulty(v.Difficulty)), "nonce %d solves before the first solution", nonce)
	}
}

func nonceFirst(nonce uint64, rest []byte) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, nonce), rest...)
}

func sealOf(message []byte) Seal {
	inner := sha256.Sum256(message)
	return Seal(keccak(inner[:]))
}

func keccak(b []byte) []byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(b)
	return h.Sum(nil)
}

// bigMeets is the definition of a solved seal, in big integers.
func bigMeets(s Seal, d Difficulty) bool {
	limit := new(big.Int).Lsh(big.NewInt(1), 256)
	limit.Sub(limit, big.NewInt(1)).Quo(limit, new(big.Int).SetUint64(uint64(d)))
	return new(big.Int).SetBytes(s[:]).Cmp(limit) <= 0
}

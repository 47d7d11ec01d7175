package keys

import (
	"fmt"
	"strings"

	"github.com/cosmos/go-bip39"
	"github.com/decred/dcrd/hdkeychain/v3"
)

// Mnemonic is a list of English BIP-39 words from which keys are derived. It prints as "[redacted]".
type Mnemonic struct{ words sealed[string] }

// NewMnemonic returns new random words, 12 (128 bits) or 24 (256 bits). It fails with ErrMnemonic for another number.
func NewMnemonic(words int) (Mnemonic, error) {
	if words != 12 && words != 24 {
		return Mnemonic{}, fmt.Errorf("%w: %d words asked for, want 12 or 24", ErrMnemonic, words)
	}
	entropy, err := bip39.NewEntropy(words / 3 * 32)
	if err != nil {
		return Mnemonic{}, fmt.Errorf("random mnemonic: %w", err)
	}
	phrase, err := bip39.NewMnemonic(entropy)
	if err != nil {
		return Mnemonic{}, fmt.Errorf("%w: %w", ErrMnemonic, err)
	}
	return Mnemonic{words: seal(phrase)}, nil
}

// ParseMnemonic reads 12, 15, 18, 21 or 24 words, in any case and with any space between them. It fails with ErrMnemonic, which
// says which word is unknown by its place and never repeats it, or that the checksum is wrong.
func ParseMnemonic(phrase string) (Mnemonic, error) {
	words := strings.Fields(strings.ToLower(phrase))
	if n := len(words); n < 12 || n > 24 || n%3 != 0 {
		return Mnemonic{}, fmt.Errorf("%w: %d words, want 12, 15, 18, 21 or 24", ErrMnemonic, n)
	}
	for i, word := range words {
		if _, known := bip39.ReverseWordMap[word]; !known {
			return Mnemonic{}, fmt.Errorf("%w: word %d is not in the English list of BIP-39", ErrMnemonic, i+1)
		}
	}
	normal := strings.Join(words, " ")
	if _, err := bip39.MnemonicToByteArray(normal); err != nil {
		return Mnemonic{}, fmt.Errorf("%w: the checksum does not fit, a word is wrong or misplaced", ErrMnemonic)
	}
	return Mnemonic{words: seal(normal)}, nil
}

// Reveal returns the words, for the one time that they are shown to their owner.
func (m Mnemonic) Reveal() string {
	if m.words.isZero() {
		return ""
	}
	return *m.words.open()
}

// Derive returns the key at m/44'/60'/0'/0/index, without a BIP-39 passphrase. Index is below 2^31. It fails with ErrMnemonic for the
// zero Mnemonic and with ErrKey if the path has no key (one in 2^127).
func (m Mnemonic) Derive(index uint32) (PrivateKey, error) {
	if m.words.isZero() {
		return PrivateKey{}, fmt.Errorf("%w: no words", ErrMnemonic)
	}
	if index >= hdkeychain.HardenedKeyStart {
		return PrivateKey{}, fmt.Errorf("%w: index %d, want below %d", ErrKey, index, uint32(hdkeychain.HardenedKeyStart))
	}
	seed := bip39.NewSeed(m.Reveal(), "")
	defer clear(seed)
	node, err := hdkeychain.NewMaster(seed, versions{})
	if err != nil {
		return PrivateKey{}, fmt.Errorf("%w: master key: %w", ErrKey, err)
	}
	const hardened = hdkeychain.HardenedKeyStart
	for _, step := range []uint32{hardened + 44, hardened + 60, hardened, 0, index} {
		parent := node
		node, err = parent.ChildBIP32Std(step)
		parent.Zero()
		if err != nil {
			return PrivateKey{}, fmt.Errorf("%w: derive step %d: %w", ErrKey, step, err)
		}
	}
	defer node.Zero()
	raw, err := node.SerializedPrivKey()
	if err != nil {
		return PrivateKey{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	defer clear(raw)
	return NewPrivateKey(raw)
}

// versions are the version bytes of serialised extended keys, which are never serialised here.
type versions struct{}

func (versions) HDPrivKeyVersion() [4]byte { return [4]byte{0x04, 0x88, 0xad, 0xe4} }
func (versions) HDPubKeyVersion() [4]byte  { return [4]byte{0x04, 0x88, 0xb2, 0x1e} }

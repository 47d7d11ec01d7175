package text

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"github.com/gotensor/gotensor"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// ErrSeal is returned for an opening that does not fit its seal.
var ErrSeal = errors.New("the answer does not fit its seal")

// sealDomain keeps these hashes apart from all others.
const sealDomain = "gotensor.text.v1 sealed prediction"

const nonceBytes = 32

// seal commits a neuron to an answer: it returns the first and the second message of PredictSealed.
func seal(hotkey gotensor.Address, answer []byte) (sealed, opened *textv1.SealedPrediction) {
	nonce := make([]byte, nonceBytes)
	_, _ = rand.Read(nonce) // it never fails
	hash := sealOf(hotkey, nonce, answer)
	return &textv1.SealedPrediction{Seal: hash[:]}, &textv1.SealedPrediction{Nonce: nonce, Answer: answer}
}

// unseal returns the answer that a neuron committed itself to, or ErrSeal.
func unseal(hotkey gotensor.Address, sealed, opened *textv1.SealedPrediction) ([]byte, error) {
	hash := sealOf(hotkey, opened.GetNonce(), opened.GetAnswer())
	if len(opened.GetNonce()) != nonceBytes || subtle.ConstantTimeCompare(hash[:], sealed.GetSeal()) != 1 {
		return nil, ErrSeal
	}
	return opened.GetAnswer(), nil
}

// sealOf has a nonce of fixed length before the answer, so no two openings hash the same bytes.
func sealOf(hotkey gotensor.Address, nonce, answer []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(sealDomain))
	h.Write(hotkey[:])
	h.Write(nonce)
	h.Write(answer)
	return [sha256.Size]byte(h.Sum(nil))
}

package app_test

import (
	"crypto/sha256"
	"testing"

	"github.com/cosmos/evm/crypto/ethsecp256k1"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
)

// TestKeysParityAppointment: what a hotkey signs with package keys is what x/neuron checks, for appointments, grants and
// registrations by burn.
func TestKeysParityAppointment(t *testing.T) {
	seed := sha256.Sum256([]byte("hotkey"))
	ours, err := keys.NewPrivateKey(seed[:])
	require.NoError(t, err)
	theirs := (&ethsecp256k1.PrivKey{Key: seed[:]}).PubKey()
	owner := gotensor.Address{1, 2, 3}

	signature, err := ours.Sign(neurontypes.AppointTag, neurontypes.AppointMessage("gotensor-test", owner, neurontypes.AllSubnets))
	require.NoError(t, err)
	require.True(t, theirs.VerifySignature(neurontypes.AppointBytes("gotensor-test", owner, neurontypes.AllSubnets), signature))
	require.False(t, theirs.VerifySignature(neurontypes.AppointBytes("gotensor-test", owner, 1), signature))

	signature, err = ours.Sign(neurontypes.GrantTag, neurontypes.GrantMessage("gotensor-test", owner))
	require.NoError(t, err)
	require.True(t, theirs.VerifySignature(neurontypes.GrantBytes("gotensor-test", owner), signature))
	require.False(t, theirs.VerifySignature(neurontypes.GrantBytes("other-chain", owner), signature))

	signature, err = ours.Sign(neurontypes.RegisterTag, neurontypes.RegisterMessage("gotensor-test", owner, 1))
	require.NoError(t, err)
	require.True(t, theirs.VerifySignature(neurontypes.RegisterBytes("gotensor-test", owner, 1), signature))
	require.False(t, theirs.VerifySignature(neurontypes.AppointBytes("gotensor-test", owner, 1), signature))
}

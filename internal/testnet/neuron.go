package testnet

import (
	"bytes"
	"crypto/sha256"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/pow"
	neuronkeeper "github.com/gotensor/gotensor/x/neuron/keeper"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// Subnet is the subnet that the helpers below act on.
const Subnet gotensor.NetUID = 1

// Work solves a registration of the hotkey for the coldkey on the latest block.
func (c *Chain) Work(hotkey, coldkey Key) *neurontypes.MsgRegisterPow {
	c.t.Helper()
	return c.WorkFor(hotkey, coldkey.Account())
}

// WorkFor is Work for a coldkey of which only the address is known.
func (c *Chain) WorkFor(hotkey Key, coldkey sdk.AccAddress) *neurontypes.MsgRegisterPow {
	c.t.Helper()
	res, err := neuronkeeper.NewQueryServer(c.Neuron).Registration(c.Context(), &neurontypes.QueryRegistrationRequest{Netuid: uint32(Subnet)})
	require.NoError(c.t, err)
	challenge := pow.Challenge{
		ChainID: c.id, NetUID: Subnet, BlockHash: [pow.HashLen]byte(res.BlockHash), Hotkey: hotkey.Address(), Coldkey: gotensor.Address(coldkey),
	}
	solved, err := pow.Solver{Workers: 1}.Solve(nil, challenge, pow.Difficulty(res.Difficulty), 0)
	require.NoError(c.t, err)
	return &neurontypes.MsgRegisterPow{
		Hotkey: hotkey.String(), Coldkey: coldkey.String(), Netuid: uint32(Subnet), BlockHeight: res.Height, Nonce: solved.Nonce,
	}
}

// SignWork signs a registration by work as its ante wants it: account number 0, the account's sequence.
func (c *Chain) SignWork(hotkey Key, msg *neurontypes.MsgRegisterPow) []byte {
	c.t.Helper()
	return c.Sign(Tx{Key: hotkey, Msgs: []sdk.Msg{msg}, Gas: 400_000, AccountNumber: Uint(0)})
}

// Register registers the hotkey by work, in a block of its own, and returns its uid.
func (c *Chain) Register(hotkey, coldkey Key) gotensor.UID {
	c.t.Helper()
	res := c.Block(c.SignWork(hotkey, c.Work(hotkey, coldkey))).TxResults[0]
	require.Zero(c.t, res.Code, "%s", res.Log)
	return c.UID(hotkey)
}

// UID of a registered hotkey.
func (c *Chain) UID(hotkey Key) gotensor.UID {
	c.t.Helper()
	uid, found, err := c.Neuron.UIDOf(c.Context(), Subnet, hotkey.Address())
	require.NoError(c.t, err)
	require.True(c.t, found, "%s is not registered", hotkey.Name)
	return uid
}

// Clock of the subnet.
func (c *Chain) Clock() subnettypes.Clock {
	c.t.Helper()
	clock, err := c.Subnet.Clock(c.Context(), Subnet)
	require.NoError(c.t, err)
	return clock
}

// NextPeriod makes blocks until a new period has begun.
func (c *Chain) NextPeriod() {
	c.t.Helper()
	for epoch := c.Clock().Epoch; c.Clock().Epoch == epoch; {
		c.Block()
	}
}

// Weights is a row: one value per uid, zeros left out.
func Weights(values ...uint16) weightstypes.Row {
	var entries []weightstypes.Entry
	for uid, v := range values {
		if v != 0 {
			entries = append(entries, weightstypes.Entry{UID: gotensor.UID(uid), Value: v})
		}
	}
	row, err := weightstypes.EncodeRow(entries)
	if err != nil {
		panic(err) // uids are ascending by construction
	}
	return row
}

// Hide is the message that hides a row in the present period, and the message that opens it in the next.
func (c *Chain) Hide(hotkey Key, row weightstypes.Row) (*weightstypes.MsgCommit, *weightstypes.MsgReveal) {
	c.t.Helper()
	n, err := c.Neuron.NeuronAt(c.Context(), Subnet, c.UID(hotkey))
	require.NoError(c.t, err)
	epoch := c.Clock().Epoch
	salt := sha256.Sum256(bytes.Join([][]byte{hotkey.Account(), row.Values}, []byte{byte(epoch)}))
	hash, err := weightstypes.Preimage{
		ChainID: c.id, NetUID: Subnet, Hotkey: hotkey.Address(), RegisteredHeight: uint64(n.RegisteredHeight),
		Epoch: epoch, Row: row, Salt: salt[:],
	}.Hash()
	require.NoError(c.t, err)
	return &weightstypes.MsgCommit{Hotkey: hotkey.String(), Netuid: uint32(Subnet), Epoch: epoch, Hash: hash[:]},
		&weightstypes.MsgReveal{Hotkey: hotkey.String(), Netuid: uint32(Subnet), Epoch: epoch, Row: row, Salt: salt[:]}
}

// Serve is the message that publishes an endpoint.
func Serve(hotkey Key) *neurontypes.MsgServe {
	pin := sha256.Sum256([]byte(hotkey.Name))
	return &neurontypes.MsgServe{Hotkey: hotkey.String(), Netuid: uint32(Subnet), Host: "192.0.2.1", Port: 8091, CertificatePin: pin[:]}
}

package chain

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	tendermintv1beta1 "cosmossdk.io/api/cosmos/base/tendermint/v1beta1"

	"github.com/gotensor/gotensor/metagraph"
)

// Beacon is a number of a subnet's present period that is the same for all and that nobody knew before the block of its boundary:
// SHA-256 over a tag, the netuid, the number of the period and the hash of that block. It says nothing about later ones.
//
// Who made that block could try several, by leaving transactions out, and take the one it likes best; nobody else has a say, since
// weights of the period before were committed by then. ErrNotFound: the first period has no boundary before it. A node that joined
// the chain later, or that throws old blocks away, may not have the block; then the error says so.
func (c *Client) Beacon(ctx context.Context, m *metagraph.Metagraph) ([32]byte, error) {
	if m.LastBoundary == 0 {
		return [32]byte{}, fmt.Errorf("beacon of subnet %d: period %d begins with the chain, no block is before it: %w", m.NetUID, m.Epoch, ErrNotFound)
	}
	r, err := tendermintv1beta1.NewServiceClient(c.conn).GetBlockByHeight(ctx, &tendermintv1beta1.GetBlockByHeightRequest{Height: int64(m.LastBoundary)})
	if err != nil {
		return [32]byte{}, fmt.Errorf("beacon of subnet %d: block %d: %w", m.NetUID, m.LastBoundary, err)
	}
	hash := r.GetBlockId().GetHash()
	if len(hash) != sha256.Size {
		return [32]byte{}, fmt.Errorf("beacon of subnet %d: the hash of block %d has %d bytes, want %d: %w", m.NetUID, m.LastBoundary, len(hash), sha256.Size, ErrBadAnswer)
	}
	message := binary.BigEndian.AppendUint16([]byte("gotensor/beacon\x00"), uint16(m.NetUID))
	message = binary.BigEndian.AppendUint64(message, m.Epoch)
	return sha256.Sum256(append(message, hash...)), nil
}

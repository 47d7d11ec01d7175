package cli

import (
	"context"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/metagraph"
)

// metagraphOf reads a subnet for a command that knows one mechanism only.
func metagraphOf(ctx context.Context, node *chain.Client, netuid gotensor.NetUID, command, mechanism string) (*metagraph.Metagraph, error) {
	m, err := node.Metagraph(ctx, netuid)
	if err != nil {
		return nil, err
	}
	if m.Mechanism != mechanism {
		return nil, usagef("subnet %d has the mechanism %q; %s asks subnets of %q", m.NetUID, m.Mechanism, command, mechanism)
	}
	return m, nil
}

// dendrite asks neurons with the chosen hotkey; a timeout of 0 is the default.
func (a *app) dendrite(ctx context.Context, node *chain.Client, timeout time.Duration) (*dendrite.Client, error) {
	key, err := a.openHotkey()
	if err != nil {
		return nil, err
	}
	chainID, err := node.ChainID(ctx)
	if err != nil {
		return nil, err
	}
	return dendrite.New(dendrite.Config{ChainID: chainID, Signer: key, Timeout: timeout})
}

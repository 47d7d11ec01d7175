package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

func (a *app) subnetCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "subnet",
		Short: "Look at subnets, their neurons and rules, and join one",
		Long: `A subnet is a market for one kind of answer: miners serve, validators judge, and the chain pays by what they agree on.

Shares (incentive, dividends, trust, consensus, weights) are numbers from 0 to 65535 in JSON and from 0 to 1 in text.`,
		Example: `  gotensor subnet list --network FOLDER
  gotensor subnet metagraph --network FOLDER --watch
  gotensor subnet register --network FOLDER --wallet me`,
	}, a.subnetListCommand(), a.subnetShowCommand(), a.subnetMetagraphCommand(), a.subnetRegisterCommand(), a.subnetHyperparametersCommand())
}

// subnetView is one subnet beside its clock.
type subnetView struct {
	NetUID       gotensor.NetUID `json:"netuid"`
	Name         string          `json:"name"`
	Mechanism    string          `json:"mechanism"`
	Settings     string          `json:"settings"` // of the mechanism, JSON; empty: its defaults
	Owner        string          `json:"owner"`
	OwnerHotkey  string          `json:"owner_hotkey"`
	Created      gotensor.Block  `json:"created_height"`
	Epoch        uint64          `json:"epoch"`
	LastBoundary gotensor.Block  `json:"last_boundary"`
	NextBoundary gotensor.Block  `json:"next_boundary"`
	Tempo        uint64          `json:"tempo_blocks"`
}

func viewSubnet(v subnettypes.SubnetView) subnetView {
	s, c := v.Subnet, v.Clock
	return subnetView{
		NetUID: gotensor.NetUID(s.Netuid), Name: s.Name, Mechanism: s.Mechanism, Settings: s.Settings, Owner: s.Owner, OwnerHotkey: s.OwnerHotkey,
		Created: gotensor.Block(s.CreatedHeight), Epoch: c.Epoch,
		LastBoundary: gotensor.Block(c.LastBoundary), NextBoundary: gotensor.Block(c.NextBoundary), Tempo: c.Tempo,
	}
}

// chainView says when an answer held.
type chainView struct {
	ChainID     string         `json:"chain_id"`
	Height      gotensor.Block `json:"height"`
	Time        time.Time      `json:"time"` // of that block
	TargetBlock int64          `json:"target_block_ms"`
}

func viewChain(s chain.Status) chainView {
	return chainView{ChainID: s.ChainID, Height: s.Height, Time: s.Time, TargetBlock: s.TargetBlock.Milliseconds()}
}

func (c chainView) target() time.Duration { return time.Duration(c.TargetBlock) * time.Millisecond }

// until is the way to a block from here, in words.
func (c chainView) until(height gotensor.Block) string {
	if height <= c.Height {
		return "now"
	}
	return blocksText(height-c.Height, c.target())
}

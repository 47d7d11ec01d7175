package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/metagraph"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// matrixColumns is how many uids a matrix shows side by side; larger subnets are shown as lists.
const matrixColumns = 16

// weightsShowOptions are the flags of weights show.
type weightsShowOptions struct {
	netuid *uint16
	uid    int
	bonds  bool
}

func (a *app) weightsShowCommand() *cobra.Command {
	var o weightsShowOptions
	c := &cobra.Command{
		Use:   "show",
		Short: "Show the weights in force, by validator",
		Long: `Shows the revealed weights of a subnet, one row per validator, each row as shares of its sum: as a matrix while the subnet is
small, else as lists. With --bonds the bonds of the latest epoch are shown instead, from which validators earn dividends.`,
		Example: `  gotensor weights show --network FOLDER
  gotensor weights show --network FOLDER --uid 0 --output json
  gotensor weights show --network FOLDER --bonds`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.weightsShow(c.Context(), o) },
	}
	o.netuid = netuidFlag(c)
	c.Flags().IntVar(&o.uid, "uid", -1, "only the row of this validator; -1: all")
	c.Flags().BoolVar(&o.bonds, "bonds", false, "bonds of the latest epoch instead of weights")
	return c
}

// weightsRow is what one validator says.
type weightsRow struct {
	UID        gotensor.UID   `json:"uid"`
	Hotkey     string         `json:"hotkey"`
	LastUpdate gotensor.Block `json:"last_update"` // height of the commitment
	Weights    []weightView   `json:"weights"`
}

// weightsAnswer is the answer of weights show.
type weightsAnswer struct {
	NetUID  gotensor.NetUID `json:"netuid"`
	Height  gotensor.Block  `json:"height"`
	Kind    string          `json:"kind"` // weights or bonds
	Neurons int             `json:"neurons"`
	Rows    []weightsRow    `json:"rows"`
}

func (a *app) weightsShow(ctx context.Context, o weightsShowOptions) error {
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	m, err := node.Metagraph(ctx, gotensor.NetUID(*o.netuid))
	if err != nil {
		return err
	}
	v := weightsAnswer{NetUID: m.NetUID, Height: m.Height, Kind: "weights", Neurons: m.N(), Rows: []weightsRow{}}
	var rows []weightstypes.UIDRow
	if o.bonds {
		v.Kind = "bonds"
		rows, err = node.Bonds(ctx, m.NetUID)
	} else {
		rows, err = node.Weights(ctx, m.NetUID)
	}
	if err != nil {
		return err
	}
	for i := range rows {
		if o.uid >= 0 && uint32(o.uid) != rows[i].Uid {
			continue
		}
		row, err := viewRow(m, &rows[i])
		if err != nil {
			return err
		}
		v.Rows = append(v.Rows, row)
	}
	if o.uid >= 0 && len(v.Rows) == 0 {
		return nothingf("uid %d of subnet %d has no %s in force", o.uid, m.NetUID, v.Kind)
	}
	return a.show(v)
}

func viewRow(m *metagraph.Metagraph, r *weightstypes.UIDRow) (weightsRow, error) {
	entries, err := r.Row.Entries(1 << 16)
	if err != nil {
		return weightsRow{}, fmt.Errorf("%w: row of uid %d: %w", chain.ErrBadAnswer, r.Uid, err)
	}
	row := weightsRow{UID: gotensor.UID(r.Uid), Weights: viewEntries(entries)}
	if n, ok := m.At(row.UID); ok {
		row.Hotkey, row.LastUpdate = accountOf(n.Hotkey), n.LastUpdate
	}
	return row, nil
}

func (v weightsAnswer) print(p *page) {
	if len(v.Rows) == 0 {
		p.linef("No %s on subnet %d yet: the first come two periods after the first commitment.", v.Kind, v.NetUID)
		return
	}
	t := grid{columns: []column{num("UID"), col("HOTKEY")}}
	small := v.Neurons <= matrixColumns
	if small {
		for uid := range v.Neurons {
			t.columns = append(t.columns, num(strconv.Itoa(uid)))
		}
	} else {
		t.columns = append(t.columns, col("UID=SHARE"))
	}
	for _, r := range v.Rows {
		cells := []string{strconv.Itoa(int(r.UID)), p.addr(r.Hotkey)}
		if small {
			cells = append(cells, matrixCells(r, v.Neurons)...)
		} else {
			cells = append(cells, weightsText(r.Weights))
		}
		t.add(cells...)
	}
	p.table(t)
}

func matrixCells(r weightsRow, n int) []string {
	cells := make([]string, n)
	for i := range cells {
		cells[i] = "-"
	}
	for _, w := range r.Weights {
		if int(w.UID) < n {
			cells[w.UID] = strconv.FormatFloat(w.Share, 'f', 4, 64)
		}
	}
	return cells
}

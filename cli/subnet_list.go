package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"
)

func (a *app) subnetListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the subnets",
		Long:  "Lists all subnets with their mechanism and the epoch clock of each.",
		Example: `  gotensor subnet list --network FOLDER
  gotensor subnet list --network FOLDER --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.subnetList(c.Context()) },
	}
}

// subnetList is the answer of subnet list.
type subnetList struct {
	chainView
	Subnets []subnetView `json:"subnets"`
}

func (a *app) subnetList(ctx context.Context) error {
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	status, err := node.Status(ctx)
	if err != nil {
		return err
	}
	all, err := node.Subnets(ctx)
	if err != nil {
		return err
	}
	v := subnetList{chainView: viewChain(status), Subnets: []subnetView{}}
	for _, s := range all {
		v.Subnets = append(v.Subnets, viewSubnet(s))
	}
	return a.show(v)
}

func (v subnetList) print(p *page) {
	p.linef("%s at block %d", p.bold(v.ChainID), v.Height)
	t := grid{columns: []column{num("NETUID"), col("NAME"), col("MECHANISM"), num("TEMPO"), num("EPOCH"), col("NEXT EPOCH IN"), col("OWNER")}}
	for _, s := range v.Subnets {
		t.add(strconv.Itoa(int(s.NetUID)), s.Name, s.Mechanism, strconv.FormatUint(s.Tempo, 10), strconv.FormatUint(s.Epoch, 10),
			v.until(s.NextBoundary), orDash(p.addr(s.Owner)))
	}
	p.table(t)
}

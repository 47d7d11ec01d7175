package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
)

// metagraphOptions are the flags of subnet metagraph.
type metagraphOptions struct {
	netuid *uint16
	watch  bool
	blocks int
	sort   string
}

// orders are the values of --sort; all but uid put the largest first.
var orders = map[string]func(x, y neuronView) int{
	"uid":       func(x, y neuronView) int { return cmp.Compare(x.UID, y.UID) },
	"incentive": func(x, y neuronView) int { return cmp.Compare(y.Incentive, x.Incentive) },
	"dividends": func(x, y neuronView) int { return cmp.Compare(y.Dividends, x.Dividends) },
	"stake":     func(x, y neuronView) int { return cmp.Compare(y.Stake, x.Stake) },
	"emission":  func(x, y neuronView) int { return cmp.Compare(y.Emission, x.Emission) },
}

func (a *app) subnetMetagraphCommand() *cobra.Command {
	var o metagraphOptions
	c := &cobra.Command{
		Use:   "metagraph",
		Short: "Show all neurons of a subnet: who earns what",
		Long: `Shows one row per uid: stake and validator's permit, what the latest epoch gave (trust, consensus, incentive, dividends, emission),
incentive that is not paid out yet, the age of its weights in blocks, and where it serves.

With --watch the table is drawn anew at each block until Ctrl-C; without a terminal one table (or one line of JSON) follows the
other. Neurons whose hotkey is in your wallets are drawn bold on a terminal.`,
		Example: `  gotensor subnet metagraph --network FOLDER
  gotensor subnet metagraph --network FOLDER --sort incentive --watch
  gotensor subnet metagraph --network FOLDER --watch --blocks 10 --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.subnetMetagraph(c.Context(), o) },
	}
	o.netuid = netuidFlag(c)
	c.Flags().BoolVar(&o.watch, "watch", false, "go on with each block")
	c.Flags().IntVar(&o.blocks, "blocks", 0, "with --watch: end after so many tables; 0: never")
	c.Flags().StringVar(&o.sort, "sort", "uid", "order: uid, incentive, dividends, stake or emission")
	return c
}

// neuronView is one uid. Shares are numbers of 65535.
type neuronView struct {
	UID        gotensor.UID   `json:"uid"`
	Hotkey     string         `json:"hotkey"`
	Coldkey    string         `json:"coldkey"`
	Registered gotensor.Block `json:"registered_height"`
	LastUpdate gotensor.Block `json:"last_update"` // height of the commitment whose weights are in force; 0: none
	Stake      gotensor.Rao   `json:"rao_stake"`
	Validator  string         `json:"validator"` // operator of the staking validator behind it; empty: none
	Permit     bool           `json:"permit"`
	Active     bool           `json:"active"`
	Trust      uint16         `json:"validator_trust"`
	Consensus  uint16         `json:"consensus"`
	Incentive  uint16         `json:"incentive"`
	Dividends  uint16         `json:"dividends"`
	Emission   gotensor.Rao   `json:"rao_emission"` // of the latest epoch
	Accrued    gotensor.Rao   `json:"rao_accrued"`  // incentive not paid out yet
	Axon       string         `json:"axon"`         // IP:PORT; empty: it does not serve
	mine       bool
}

// metagraphView is the answer of subnet metagraph.
type metagraphView struct {
	NetUID       gotensor.NetUID `json:"netuid"`
	Mechanism    string          `json:"mechanism"`
	Height       gotensor.Block  `json:"height"`
	Time         time.Time       `json:"time"`
	Epoch        uint64          `json:"epoch"`
	LastBoundary gotensor.Block  `json:"last_boundary"`
	NextBoundary gotensor.Block  `json:"next_boundary"`
	Tempo        gotensor.Block  `json:"tempo_blocks"`
	Neurons      []neuronView    `json:"neurons"`
}

func (a *app) subnetMetagraph(ctx context.Context, o metagraphOptions) error {
	order, ok := orders[o.sort]
	if !ok {
		return usagef("--sort is %q, want uid, incentive, dividends, stake or emission", o.sort)
	}
	if o.blocks < 0 || o.blocks > 0 && !o.watch {
		return usagef("--blocks counts the tables of --watch: give both, and a number above 0")
	}
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	mine := a.ownHotkeys()
	netuid := gotensor.NetUID(*o.netuid)
	m, err := node.Metagraph(ctx, netuid)
	if err != nil {
		return err
	}
	if !o.watch {
		return a.show(viewMetagraph(m, order, mine))
	}
	shown, errEnough := 0, errors.New("enough")
	err = node.Follow(ctx, netuid, func(m *metagraph.Metagraph) error {
		if a.outOnTerminal() && !a.asJSON() {
			fmt.Fprint(a.Out, "\033[H\033[2J") // home, clear
		}
		if err := a.show(viewMetagraph(m, order, mine)); err != nil {
			return err
		}
		if shown++; shown == o.blocks {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) || errors.Is(err, context.Canceled) {
		return nil // Ctrl-C is how one stops watching
	}
	return err
}

// ownHotkeys are the addresses of the hotkeys on this machine; none if they cannot be read, for they only stand out.
func (a *app) ownHotkeys() map[string]bool {
	mine := map[string]bool{}
	store, err := a.store()
	if err != nil {
		return mine
	}
	wallets, _ := store.List()
	for _, w := range wallets {
		for _, h := range w.Hotkeys {
			mine[keys.Account(h.Address)] = true
		}
	}
	return mine
}

func viewMetagraph(m *metagraph.Metagraph, order func(x, y neuronView) int, mine map[string]bool) metagraphView {
	v := metagraphView{
		NetUID: m.NetUID, Mechanism: m.Mechanism, Height: m.Height, Time: m.Time, Epoch: m.Epoch,
		LastBoundary: m.LastBoundary, NextBoundary: m.NextBoundary, Tempo: m.Tempo, Neurons: make([]neuronView, 0, m.N()),
	}
	for n := range m.All() {
		x := neuronView{
			UID: n.UID, Hotkey: keys.Account(n.Hotkey), Coldkey: keys.Account(n.Coldkey), Registered: n.Registered, LastUpdate: n.LastUpdate,
			Stake: n.Stake, Validator: operatorOf(n.Validator), Permit: n.Permit, Active: n.Active, Trust: n.Trust, Consensus: n.Consensus,
			Incentive: n.Incentive, Dividends: n.Dividends, Emission: n.Emission, Accrued: n.Accrued,
		}
		if n.Endpoint.Serves() {
			x.Axon = n.Endpoint.Addr.String()
		}
		x.mine = mine[x.Hotkey]
		v.Neurons = append(v.Neurons, x)
	}
	slices.SortStableFunc(v.Neurons, order)
	return v
}

func (v metagraphView) print(p *page) {
	next := "due now"
	if v.NextBoundary > v.Height {
		next = fmt.Sprintf("the next at block %d", v.NextBoundary)
	}
	p.linef("%s", p.bold(fmt.Sprintf("subnet %d (%s) at block %d: epoch %d, %s", v.NetUID, v.Mechanism, v.Height, v.Epoch, next)))
	t := grid{columns: []column{
		num("UID"), col("HOTKEY"), num("STAKE"), col("PERMIT"), num("TRUST"), num("CONSENSUS"), num("INCENTIVE"), num("DIVIDENDS"),
		num("EMISSION"), num("ACCRUED"), num("UPDATED"), col("AXON"),
	}, strong: map[int]bool{}}
	for i, n := range v.Neurons {
		updated, permit := "-", "-"
		if n.LastUpdate > 0 && n.LastUpdate <= v.Height {
			updated = strconv.FormatUint(uint64(v.Height-n.LastUpdate), 10)
		}
		if n.Permit {
			permit = "yes"
		}
		t.strong[i] = n.mine
		t.add(strconv.Itoa(int(n.UID)), p.addr(n.Hotkey), taoShort(n.Stake), permit, share(n.Trust), share(n.Consensus), share(n.Incentive),
			share(n.Dividends), taoShort(n.Emission), taoShort(n.Accrued), updated, orDash(n.Axon))
	}
	p.table(t)
}

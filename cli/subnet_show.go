package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/pow"
	emissiontypes "github.com/gotensor/gotensor/x/emission/types"
)

func (a *app) subnetShowCommand() *cobra.Command {
	var netuid *uint16
	c := &cobra.Command{
		Use:   "show",
		Short: "Show one subnet: clock, cost of joining, pay",
		Long: `Shows a subnet's epoch clock, what a registration costs in TAO and in work, how much work newcomers put in together, and what its
latest epoch paid.`,
		Example: `  gotensor subnet show --network FOLDER --netuid 1
  gotensor subnet show --network FOLDER --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return a.subnetShow(c.Context(), gotensor.NetUID(*netuid)) },
	}
	netuid = netuidFlag(c)
	return c
}

// registrationView is what joining costs.
type registrationView struct {
	Open       bool         `json:"open"`
	PowOpen    bool         `json:"pow_open"`
	Closed     string       `json:"closed_because"` // empty while open
	Price      gotensor.Rao `json:"rao_burn_price"`
	Difficulty uint64       `json:"difficulty"`        // hashes that a proof of work takes on average
	HashRate   uint64       `json:"network_hash_rate"` // of all newcomers together, hashes per second
	GPUs       float64      `json:"network_gpus"`      // the same as a number of cards of the kind gpu
	GPU        string       `json:"gpu"`
	Neurons    uint32       `json:"neurons"`
	Slots      uint32       `json:"slots"`
	WouldPrune int32        `json:"would_prune"` // uid that the next newcomer takes when no slot is free; -1: none can be taken
}

// payView is the outcome of the latest epoch.
type payView struct {
	Pending    gotensor.Rao   `json:"rao_pending"` // issued since the latest epoch
	Carried    gotensor.Rao   `json:"rao_carried"` // from earlier epochs, not yet paid
	Halted     string         `json:"halted"`      // why pay is stopped; empty: it is not
	Epoch      uint64         `json:"epoch"`
	Height     gotensor.Block `json:"height"` // of that epoch; 0: none yet
	Incentive  gotensor.Rao   `json:"rao_incentive"`
	Dividends  gotensor.Rao   `json:"rao_dividends"`
	Owner      gotensor.Rao   `json:"rao_owner"`
	PaidEpochs uint64         `json:"paid_epochs"`
	Error      string         `json:"error"` // why that epoch failed; empty: it did not
}

// subnetInfo is the answer of subnet show.
type subnetInfo struct {
	chainView
	Subnet       subnetView       `json:"subnet"`
	Registration registrationView `json:"registration"`
	Pay          payView          `json:"pay"`
}

func (a *app) subnetShow(ctx context.Context, netuid gotensor.NetUID) error {
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	status, err := node.Status(ctx)
	if err != nil {
		return err
	}
	s, err := node.Subnet(ctx, netuid)
	if err != nil {
		return err
	}
	v := subnetInfo{chainView: viewChain(status), Subnet: viewSubnet(s)}
	if v.Registration, err = readRegistration(ctx, node, netuid); err != nil {
		return err
	}
	e, err := node.Emission(ctx, netuid)
	if err != nil {
		return err
	}
	v.Pay = viewPay(e)
	return a.show(v)
}

func viewPay(e *emissiontypes.QueryEmissionResponse) payView {
	return payView{
		Pending: gotensor.Rao(e.Pot.Pending), Carried: gotensor.Rao(e.Pot.Carried), Halted: e.Pot.Halted,
		Epoch: e.Latest.Epoch, Height: gotensor.Block(e.Latest.Height), Incentive: gotensor.Rao(e.Latest.Incentive),
		Dividends: gotensor.Rao(e.Latest.Dividends), Owner: gotensor.Rao(e.Latest.Owner), PaidEpochs: e.Latest.PaidEpochs, Error: e.Latest.Error,
	}
}

func readRegistration(ctx context.Context, node *chain.Client, netuid gotensor.NetUID) (registrationView, error) {
	q, err := node.Registration(ctx, netuid)
	if err != nil {
		return registrationView{}, err
	}
	return registrationView{
		Open: q.Open, PowOpen: q.PowOpen, Closed: q.ClosedBecause, Price: gotensor.Rao(q.BurnPrice), Difficulty: q.Difficulty,
		HashRate: q.NetworkHashRate, GPUs: pow.GPUs(float64(q.NetworkHashRate)), GPU: pow.GPUName,
		Neurons: q.N, Slots: q.MaxUids, WouldPrune: q.WouldPrune,
	}, nil
}

func (v subnetInfo) print(p *page) {
	s, r, e := v.Subnet, v.Registration, v.Pay
	p.linef("%s", p.bold(fmt.Sprintf("subnet %d: %s", s.NetUID, s.Name)))
	slots := fmt.Sprintf("%d of %d", r.Neurons, r.Slots)
	if r.Neurons >= r.Slots && r.WouldPrune >= 0 {
		slots += fmt.Sprintf("; a newcomer takes uid %d", r.WouldPrune)
	}
	p.facts(
		fact{"mechanism", s.Mechanism}, fact{"settings", orDash(s.Settings)}, fact{"owner", orDash(s.Owner)},
		fact{"epoch", fmt.Sprintf("%d, the next in %s", s.Epoch, v.until(s.NextBoundary))},
		fact{"neurons", slots},
		fact{"registration", r.state()},
		fact{"  by burn", taoText(r.Price)},
		fact{"  by work", count(float64(r.Difficulty)) + " hashes on average"},
		fact{"work of the network", fmt.Sprintf("%s/s, as much as %s × %s", count(float64(r.HashRate)), strconv.FormatFloat(r.GPUs, 'g', 2, 64), r.GPU)},
		fact{"latest epoch", e.latest()},
		fact{"paid epochs", strconv.FormatUint(e.PaidEpochs, 10)},
		fact{"next epoch has", taoText(e.Pending + e.Carried)},
	)
	if e.Halted != "" {
		p.linef("%s", p.bold("Pay is stopped: "+e.Halted))
	}
}

func (r registrationView) state() string {
	switch {
	case !r.Open:
		return "closed: " + r.Closed
	case !r.PowOpen:
		return "open by burn only"
	default:
		return "open"
	}
}

func (e payView) latest() string {
	switch {
	case e.Height == 0:
		return "none yet"
	case e.Error != "":
		return fmt.Sprintf("%d at block %d failed: %s", e.Epoch, e.Height, e.Error)
	default:
		return fmt.Sprintf("%d at block %d paid %s to miners, %s to validators, %s to the owner",
			e.Epoch, e.Height, taoText(e.Incentive), taoText(e.Dividends), taoText(e.Owner))
	}
}

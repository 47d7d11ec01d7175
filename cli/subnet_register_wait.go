package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/price"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

const (
	// leastLook bounds how often a node is asked whether there is a new block.
	leastLook = 20 * time.Millisecond
	// orderRefusals is how many blocks in a row the chain may refuse although price and subnet look well, before it is believed:
	// the node looks at a block that the order has not seen yet.
	orderRefusals = 5
	// orderHold is how many blocks to let pass after a transaction of which nobody knows whether a block takes it.
	orderHold gotensor.Block = 20
)

// step is what a look at a block tells an order to do.
type step int

const (
	stay step = iota // wait for the next block
	buy              // the price is right
	have             // the hotkey holds a uid
)

// order is a standing order: a registration by burn that waits until it costs at most v.MaxPrice. One transaction is under way at a
// time, and its message bounds what is paid, so that an order which looked at an old block pays no more either.
type order struct {
	app     *app
	node    *chain.Client
	hotkey  gotensor.Address
	coldkey keys.PrivateKey
	msg     chain.Msg
	v       registered

	status  chain.Status   // at the latest look
	seen    gotensor.Block // block that was looked at in full
	hold    gotensor.Block // nothing is sent before this one
	refused int            // times in a row that the chain refused for no reason that shows
	unsure  bool           // a transaction of this order may be in a block

	said string // what was waited for at the latest report
	tick ticker // when to report it again
}

func (a *app) newOrder(node *chain.Client, hotkey gotensor.Address, v registered) *order {
	o := &order{app: a, node: node, hotkey: hotkey, v: v, tick: ticker{every: time.Minute}}
	if a.errOnTerminal() {
		o.tick.every = time.Second
	}
	return o
}

// canFall tells how long the price takes to fall, and refuses an order that would never be carried out.
func (a *app) canFall(ctx context.Context, node *chain.Client, v registered) error {
	status, err := node.Status(ctx)
	if err != nil {
		return err
	}
	curve, err := readCurve(ctx, node, v.NetUID, status)
	if err != nil {
		return err
	}
	if curve.Min > v.MaxPrice {
		return refusedf("--max-price is %s, and min_burn of subnet %d keeps the price at %s or above: raise --max-price", taoText(v.MaxPrice), v.NetUID, taoText(curve.Min))
	}
	if v.DryRun {
		a.line(true, "%s", waitsFor(curve, v, status))
	}
	return nil
}

// waitForPrice unlocks the coldkey, waits, and shows the uid.
func (a *app) waitForPrice(ctx context.Context, o *order, msg chain.Msg, timeout time.Duration) error {
	var err error
	if o.coldkey, err = a.openColdkey(); err != nil {
		return err
	}
	o.msg = msg
	if err := o.run(ctx, timeout); err != nil {
		return err
	}
	return a.show(o.v)
}

// run looks at every block until the hotkey is registered. It ends with ErrLater when timeout (0: none) has passed or ctx ends; a
// transaction under way is waited for beyond the timeout.
func (o *order) run(ctx context.Context, timeout time.Duration) error {
	waiting, cancel := context.WithCancel(ctx)
	if timeout > 0 {
		waiting, cancel = context.WithTimeout(ctx, timeout)
	}
	defer cancel()
	silent := wait.Pause{Least: 250 * time.Millisecond, Most: 5 * time.Second}
	for waiting.Err() == nil {
		next, err := o.look(waiting)
		if waiting.Err() != nil {
			break
		}
		if err == nil && next == buy {
			next, err = o.send(ctx)
		}
		switch {
		case ctx.Err() != nil && err != nil:
			return err // it says whether a transaction may still come
		case errors.Is(err, chain.ErrUnreachable):
			o.seen = 0
			o.report("node", "the node does not answer, it is asked again: %v", err)
			_ = silent.Sleep(waiting) // the loop looks at the context
		case err != nil:
			return err
		case next == have:
			return nil
		default:
			silent.Reset()
			_ = wait.Sleep(waiting, max(o.status.TargetBlock/4, leastLook))
		}
	}
	return o.stopped(ctx, timeout)
}

func (o *order) stopped(ctx context.Context, timeout time.Duration) error {
	why := "stopped"
	if ctx.Err() == nil {
		why = "--timeout " + timeout.String() + " has passed"
	}
	paid := "nothing was burned"
	if o.unsure {
		paid = "look at `gotensor subnet metagraph` whether the transaction that was sent took effect"
	}
	return laterf("%s: a registration on subnet %d cost %s at block %d, --max-price is %s; %s", why, o.v.NetUID, taoText(o.v.Cost.Price), o.status.Height, taoText(o.v.MaxPrice), paid)
}

// look reads a block that was not looked at before.
func (o *order) look(ctx context.Context) (step, error) {
	status, err := o.node.Status(ctx)
	if err != nil {
		return stay, err
	}
	o.status = status
	if status.Height <= o.seen {
		return stay, nil
	}
	switch err := findUID(ctx, o.node, o.hotkey, &o.v); {
	case err == nil:
		o.v.Already = !o.unsure
		return have, nil
	case !errors.Is(err, chain.ErrNotFound):
		return stay, err
	}
	if o.v.Cost, err = readRegistration(ctx, o.node, o.v.NetUID); err != nil {
		return stay, err
	}
	next, err := o.judge(ctx)
	if err == nil {
		o.seen = status.Height
	}
	return next, err
}

// judge tells what to do about what was read.
func (o *order) judge(ctx context.Context) (step, error) {
	if o.v.Cost.Open && o.v.Cost.Price <= o.v.MaxPrice && o.status.Height >= o.hold {
		o.said = ""
		o.app.line(true, "a registration costs %s at block %d: registering", taoText(o.v.Cost.Price), o.status.Height)
		return buy, nil
	}
	o.refused = 0
	switch cost := o.v.Cost; {
	case o.status.Height < o.hold:
		o.report("block", "waiting until block %d whether a block takes the transaction that was sent", o.hold)
	case !cost.Open:
		o.report("open", "waiting until subnet %d takes registrations: %s", o.v.NetUID, orDash(cost.Closed))
	default:
		curve, err := readCurve(ctx, o.node, o.v.NetUID, o.status)
		if err != nil {
			return stay, err
		}
		o.report("price", "%s", waitsFor(curve, o.v, o.status))
	}
	return stay, nil
}

// report shows what is waited for: when that changes, and now and then.
func (o *order) report(what, format string, args ...any) {
	if due := o.tick.due(); !due && what == o.said {
		return
	}
	o.said = what
	o.app.line(false, format, args...)
}

// send registers. It returns stay where a later block may do better: somebody else was faster, or nobody knows what became of the
// transaction. Even in that case nothing is paid twice, because the chain refuses a hotkey that holds a uid.
func (o *order) send(ctx context.Context) (step, error) {
	r, err := o.node.Sender(o.coldkey).Send(ctx, o.msg)
	var failed *chain.TxError
	switch {
	case err == nil:
		o.v.Tx = txOf(r)
		return have, findUID(ctx, o.node, o.hotkey, &o.v)
	case ctx.Err() != nil:
		return stay, err
	case errors.Is(err, chain.ErrNotIncluded):
		o.unsure, o.hold = true, o.status.Height+orderHold
		o.app.line(true, "not known whether it took effect: %v", err)
		return stay, nil
	case errors.As(err, &failed) && outrun(failed):
		o.app.line(true, "somebody else was faster: %v", err)
		return stay, nil
	case errors.Is(err, chain.ErrRefused) && o.refused < orderRefusals:
		o.refused++
		o.report("refusal", "refused for now: %v", err)
		return stay, nil
	default:
		return stay, err
	}
}

// outrun tells whether the chain refused because of what others did in the same block, which a later block may mend; and a uid that
// the hotkey got meanwhile shows at the next look.
func outrun(e *chain.TxError) bool {
	for _, err := range []interface {
		Codespace() string
		ABCICode() uint32
	}{neurontypes.ErrPrice, neurontypes.ErrTooMany, neurontypes.ErrRegistered} {
		if e.Codespace == err.Codespace() && e.Code == err.ABCICode() {
			return true
		}
	}
	return false
}

// readCurve reads how the burn price of a subnet moves.
func readCurve(ctx context.Context, node *chain.Client, netuid gotensor.NetUID, status chain.Status) (price.Curve, error) {
	r, err := node.Hyperparameters(ctx, netuid)
	if err != nil {
		return price.Curve{}, err
	}
	h := subnettypes.Hyperparameters{TargetBlockMs: uint32(status.TargetBlock.Milliseconds())}
	for _, x := range r.Values {
		switch x.Name {
		case "min_burn", "max_burn", "burn_half_life", "burn_increase_mult":
			if err := h.Set(x.Name, x.Value); err != nil {
				return price.Curve{}, fmt.Errorf("%w: %w", chain.ErrBadAnswer, err)
			}
		}
	}
	c := price.Curve{
		Min: h.MinBurn, Max: h.MaxBurn, HalfLife: min(gotensor.Block(h.HalfLifeBlocks()), price.MaxHalfLife), Factor: h.BurnIncreaseMult * (price.One / 100),
	}
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("%w: %w", chain.ErrBadAnswer, err)
	}
	return c, nil
}

// waitsFor says how long the price takes to fall to the most that is paid.
func waitsFor(c price.Curve, v registered, s chain.Status) string {
	head := fmt.Sprintf("waiting: a registration on subnet %d costs %s, --max-price is %s", v.NetUID, taoText(v.Cost.Price), taoText(v.MaxPrice))
	blocks, ok := c.Until(v.Cost.Price, v.MaxPrice)
	if !ok {
		return fmt.Sprintf("%s; it does not fall so far while min_burn is %s", head, taoText(c.Min))
	}
	return fmt.Sprintf("%s; unless others register it falls so far in %s", head, blocksText(blocks, s.TargetBlock))
}

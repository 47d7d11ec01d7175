package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
)

func (a *app) stakeCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "stake",
		Short: "Put TAO behind a validator, take it back, claim what it earned",
		Long: `Stake is TAO delegated to a staking validator. It gives weight to that validator's judgement, earns a share of its dividends,
votes, and buys bandwidth with miners. It stays yours; taking it back takes the chain's unbonding time.`,
		Example: `  gotensor stake list --network FOLDER --validators
  gotensor stake add --network FOLDER --validator taovaloper1... --amount 10`,
	}, a.stakeAddCommand(), a.stakeRemoveCommand(), a.stakeClaimCommand(), a.stakeListCommand(), a.stakeLendCommand())
}

// validatorFlags name a staking validator.
type validatorFlags struct {
	validator string
	netuid    *uint16
}

func (v *validatorFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&v.validator, "validator", "", "staking validator: taovaloper1..., its operator's account tao1..., or a uid of --netuid that acts for it")
	v.netuid = netuidFlag(c)
}

// find reads the validator that was named. What does not exist is told before anything is signed.
func (v *validatorFlags) find(ctx context.Context, node *chain.Client) (chain.Validator, error) {
	operator, err := v.operator(ctx, node)
	if err != nil {
		return chain.Validator{}, err
	}
	found, err := node.Validator(ctx, operator)
	if err != nil {
		return found, fmt.Errorf("%w (`gotensor stake list --validators` shows whom you can stake with)", err)
	}
	return found, nil
}

func (v *validatorFlags) operator(ctx context.Context, node *chain.Client) (gotensor.Address, error) {
	name := v.validator
	switch {
	case name == "":
		return gotensor.Address{}, usagef("--validator is required: taovaloper1..., tao1... or a uid")
	case strings.HasPrefix(name, gotensor.Bech32Prefix+"valoper"):
		return keys.ParseOperator(name)
	case strings.HasPrefix(name, gotensor.Bech32Prefix):
		return keys.ParseAccount(name)
	}
	uid, err := strconv.ParseUint(name, 10, 16)
	if err != nil {
		return gotensor.Address{}, usagef("--validator is %q, want taovaloper1..., tao1... or a uid", name)
	}
	m, err := node.Metagraph(ctx, gotensor.NetUID(*v.netuid))
	if err != nil {
		return gotensor.Address{}, err
	}
	n, ok := m.At(gotensor.UID(uid))
	if !ok {
		return gotensor.Address{}, nothingf("subnet %d has uids 0 to %d, no %d", *v.netuid, m.N()-1, uid)
	}
	if n.Validator.IsZero() {
		return gotensor.Address{}, nothingf("uid %d of subnet %d acts for no staking validator: it is a miner, nobody can stake with it", uid, *v.netuid)
	}
	return n.Validator, nil
}

// validatorView is a staking validator in answers.
type validatorView struct {
	Operator string       `json:"operator"`
	Account  string       `json:"account"`
	Moniker  string       `json:"moniker"`
	Stake    gotensor.Rao `json:"rao_stake"` // all that is delegated to it
	TakePPM  uint32       `json:"take_ppm"`  // of delegators' dividends, parts per million
	Bonded   bool         `json:"bonded"`    // it counts
	Jailed   bool         `json:"jailed"`
}

func viewValidator(v chain.Validator) validatorView {
	return validatorView{
		Operator: keys.Operator(v.Operator), Account: keys.Account(v.Operator), Moniker: v.Moniker,
		Stake: v.Stake, TakePPM: v.TakePPM, Bonded: v.Bonded, Jailed: v.Jailed,
	}
}

func (v validatorView) state() string {
	switch {
	case v.Jailed:
		return "jailed"
	case !v.Bonded:
		return "not bonded"
	default:
		return "bonded"
	}
}

func (v validatorView) title() string {
	if v.Moniker == "" {
		return v.Operator
	}
	return fmt.Sprintf("%s (%s)", v.Moniker, v.Operator)
}

func takeText(ppm uint32) string {
	return strconv.FormatFloat(float64(ppm)/10_000, 'f', -1, 64) + " %"
}

// stakeMove is the answer of stake add and stake remove.
type stakeMove struct {
	Delegator string        `json:"delegator"`
	Validator validatorView `json:"validator"`
	Amount    gotensor.Rao  `json:"rao_amount"`
	Stake     gotensor.Rao  `json:"rao_staked"`             // with this validator, after it
	Free      gotensor.Rao  `json:"rao_free"`               // after it, before the fee
	Unbonding int64         `json:"unbonding_time_seconds"` // that stake takes to come back
	FreeAt    *time.Time    `json:"free_at,omitempty"`      // when what was taken back is free
	DryRun    bool          `json:"dry_run"`
	Tx        *txView       `json:"tx,omitempty"`
	removing  bool
}

func (v stakeMove) print(p *page) {
	verb := "staked"
	if v.removing {
		verb = "taken back"
	}
	p.facts(
		fact{"validator", v.Validator.title()}, fact{"take", takeText(v.Validator.TakePPM)},
		fact{verb, taoText(v.Amount)}, fact{"stake there then", taoText(v.Stake)}, fact{"free then", taoText(v.Free) + " before the fee"},
	)
	unbonding := duration(time.Duration(v.Unbonding) * time.Second)
	switch {
	case !v.removing:
		p.linef("Taking it back would take %s.", unbonding)
	case v.FreeAt != nil:
		p.linef("It is free at %s.", v.FreeAt.Format(time.RFC3339))
	default:
		p.linef("It would be free %s later.", unbonding)
	}
	v.Tx.print(p)
}

package gateway

import (
	"context"
	"errors"
	"math/big"
	"net/http"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/keys"
)

// account is what the node says of an account.
type account struct {
	balance   *big.Int
	stake     []chain.Delegation
	bandwidth gotensor.Rao
	status    chain.Status
}

// account asks the node, if not too many do.
func (a *api) account(ctx context.Context, who gotensor.Address) (account, error) {
	select {
	case a.lookups <- struct{}{}:
		defer func() { <-a.lookups }()
	default:
		return account{}, &apierror.Error{
			Status: http.StatusTooManyRequests, Type: apierror.RateLimit, Code: "rate_limit_exceeded", Retry: time.Second,
			Message: "many accounts are being looked up; try again",
		}
	}
	node := a.g.cfg.Chain
	var out account
	var err error
	if out.status, err = node.Status(ctx); err != nil {
		return out, err
	}
	if out.balance, err = node.Balance(ctx, who); err != nil {
		return out, err
	}
	if out.stake, err = node.Delegations(ctx, who); err != nil && !errors.Is(err, chain.ErrNotFound) {
		return out, err
	}
	if out.bandwidth, err = node.Bandwidth(ctx, who); err != nil && !errors.Is(err, chain.ErrNotFound) {
		return out, err
	}
	return out, nil
}

type stakeView struct {
	Validator string `json:"validator"`
	Moniker   string `json:"moniker"`
	Stake     rao    `json:"rao"`
}

type roleView struct {
	NetUID gotensor.NetUID `json:"netuid"`
	UID    gotensor.UID    `json:"uid"`
	Role   string          `json:"role"` // validator or miner
	Key    string          `json:"key"`  // as which the account stands there: hotkey or coldkey
}

func (a *api) showAccount(r *http.Request) (any, error) {
	who, err := keys.ParseAccount(r.PathValue("address"))
	if err != nil {
		return nil, apierror.Invalid("address", err.Error())
	}
	known, _, err := a.accounts.get(r.Context(), who)
	if err != nil {
		return nil, err
	}
	monikers, _, err := a.monikers.get(r.Context(), struct{}{})
	if err != nil {
		return nil, err
	}
	v := struct {
		moment
		Address   string      `json:"address"`
		Balance   amount      `json:"balance_atao"`
		Stake     []stakeView `json:"stake"`
		Neurons   []roleView  `json:"neurons"`
		Bandwidth rao         `json:"bandwidth_rao"`
	}{a.moment(known.status.Height, known.status.Time), keys.Account(who), amount{known.balance}, []stakeView{}, []roleView{}, rao(known.bandwidth)}
	for _, d := range known.stake {
		v.Stake = append(v.Stake, stakeView{keys.Operator(d.Operator), monikers[d.Operator], rao(d.Stake)})
	}
	for _, s := range a.g.cfg.Networks {
		m := s.Network.Metagraph()
		if m == nil {
			continue
		}
		for n := range m.All() {
			x := roleView{NetUID: s.NetUID, UID: n.UID, Role: "miner", Key: "hotkey"}
			if n.Permit {
				x.Role = "validator"
			}
			switch who {
			case n.Hotkey:
			case n.Coldkey:
				x.Key = "coldkey"
			default:
				continue
			}
			v.Neurons = append(v.Neurons, x)
		}
	}
	return v, nil
}

package chain

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	authv1beta1 "cosmossdk.io/api/cosmos/auth/v1beta1"
	nodev1beta1 "cosmossdk.io/api/cosmos/base/node/v1beta1"
	basev1beta1 "cosmossdk.io/api/cosmos/base/v1beta1"
	signingv1beta1 "cosmossdk.io/api/cosmos/tx/signing/v1beta1"
	txv1beta1 "cosmossdk.io/api/cosmos/tx/v1beta1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
)

// Signer is a key that signs transactions. keys.PrivateKey is one; a hardware wallet could be another.
type Signer interface {
	Address() gotensor.Address
	PublicKey() keys.PublicKey
	// SignTx signs what a transaction's signer signs.
	SignTx(signBytes []byte) []byte
}

// account is what a signature is bound to.
type account struct {
	number   uint64
	sequence uint64
}

// account reads the number and sequence of an account; ErrNotFound if there is none.
func (c *Client) account(ctx context.Context, addr gotensor.Address) (account, error) {
	r, err := authv1beta1.NewQueryClient(c.conn).Account(ctx, &authv1beta1.QueryAccountRequest{Address: keys.Account(addr)})
	if err != nil {
		return account{}, fmt.Errorf("account %s: %w", keys.Account(addr), err)
	}
	// The public key inside stays an undecoded Any: its type is not linked into clients.
	var base authv1beta1.BaseAccount
	if err := proto.Unmarshal(r.Account.GetValue(), &base); err != nil {
		return account{}, fmt.Errorf("account %s: %w: %w", keys.Account(addr), ErrBadAnswer, err)
	}
	return account{number: base.AccountNumber, sequence: base.Sequence}, nil
}

// unsigned is a transaction before its signature.
type unsigned struct {
	msgs []Msg
	acct account
	gas  uint64
	fee  *basev1beta1.Coin // nil: none
	memo string
}

// sign encodes and signs a transaction for a chain.
func (u *unsigned) sign(chainID string, key Signer) ([]byte, error) {
	body := &txv1beta1.TxBody{Memo: u.memo}
	for _, m := range u.msgs {
		body.Messages = append(body.Messages, m.any)
	}
	var pub anypb.Any
	if err := proto.Unmarshal(key.PublicKey().Any(), &pub); err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	info := &txv1beta1.AuthInfo{
		SignerInfos: []*txv1beta1.SignerInfo{{
			PublicKey: &pub,
			ModeInfo: &txv1beta1.ModeInfo{Sum: &txv1beta1.ModeInfo_Single_{
				Single: &txv1beta1.ModeInfo_Single{Mode: signingv1beta1.SignMode_SIGN_MODE_DIRECT},
			}},
			Sequence: u.acct.sequence,
		}},
		Fee: &txv1beta1.Fee{GasLimit: u.gas},
	}
	if u.fee != nil {
		info.Fee.Amount = []*basev1beta1.Coin{u.fee}
	}
	det := proto.MarshalOptions{Deterministic: true}
	bodyBytes, err := det.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode transaction body: %w", err)
	}
	infoBytes, err := det.Marshal(info)
	if err != nil {
		return nil, fmt.Errorf("encode auth info: %w", err)
	}
	doc, err := det.Marshal(&txv1beta1.SignDoc{
		BodyBytes: bodyBytes, AuthInfoBytes: infoBytes, ChainId: chainID, AccountNumber: u.acct.number,
	})
	if err != nil {
		return nil, fmt.Errorf("encode sign document: %w", err)
	}
	raw, err := det.Marshal(&txv1beta1.TxRaw{BodyBytes: bodyBytes, AuthInfoBytes: infoBytes, Signatures: [][]byte{key.SignTx(doc)}})
	if err != nil {
		return nil, fmt.Errorf("encode transaction: %w", err)
	}
	return raw, nil
}

// estimate asks the node what gas a transaction takes, adds a third, and prices it by the node's own minimum.
func (c *Client) estimate(ctx context.Context, u *unsigned, chainID string, key Signer) error {
	raw, err := u.sign(chainID, key)
	if err != nil {
		return err
	}
	sim, err := txv1beta1.NewServiceClient(c.conn).Simulate(ctx, &txv1beta1.SimulateRequest{TxBytes: raw})
	if err != nil {
		return fmt.Errorf("simulate: %w", refusalOf(err))
	}
	used := sim.GetGasInfo().GetGasUsed()
	if used > math.MaxInt64/4 {
		return fmt.Errorf("%w: a simulation that used %d gas", ErrBadAnswer, used)
	}
	u.gas = used*4/3 + 10_000
	conf, err := nodev1beta1.NewServiceClient(c.conn).Config(ctx, &nodev1beta1.ConfigRequest{})
	if err != nil {
		return fmt.Errorf("gas price: %w", err)
	}
	u.fee, err = priceOf(conf.GetMinimumGasPrice(), u.gas)
	if err != nil || u.fee == nil {
		return err
	}
	if atao, ok := new(big.Int).SetString(u.fee.Amount, 10); !ok || atao.Cmp(c.maxFee.Atao()) > 0 {
		return fmt.Errorf("%w: %s%s for %d gas at %q, more than %s: use another node", ErrFee, u.fee.Amount, u.fee.Denom, u.gas, conf.GetMinimumGasPrice(), c.maxFee)
	}
	return nil
}

// priceOf multiplies gas by the price of our denomination in a list such as "0.5atao", rounding up; nil if it is free.
func priceOf(prices string, gas uint64) (*basev1beta1.Coin, error) {
	for _, p := range strings.Split(prices, ",") {
		num, ok := strings.CutSuffix(strings.TrimSpace(p), gotensor.BaseDenom)
		if !ok || num == "" {
			continue
		}
		price, ok := new(big.Rat).SetString(num)
		if !ok || price.Sign() < 0 {
			return nil, fmt.Errorf("%w: minimum gas price %q", ErrBadAnswer, prices)
		}
		if price.Sign() == 0 {
			return nil, nil //nolint:nilnil // no fee is a legal answer
		}
		total := new(big.Rat).Mul(price, new(big.Rat).SetInt(new(big.Int).SetUint64(gas)))
		up := new(big.Int).Add(total.Num(), new(big.Int).Sub(total.Denom(), big.NewInt(1)))
		return &basev1beta1.Coin{Denom: gotensor.BaseDenom, Amount: up.Quo(up, total.Denom()).String()}, nil
	}
	return nil, nil //nolint:nilnil // a node without a price takes transactions without a fee
}

// Result is a transaction that a block holds and that succeeded.
type Result struct {
	Hash    string // hex
	Height  gotensor.Block
	GasUsed uint64
	Events  []Event
}

// Event is one thing that a transaction says has happened; typed events carry their protobuf name as type.
type Event struct {
	Type       string
	Attributes map[string]string
}

// result asks for a transaction by hash: ErrNotFound while no block holds it, *TxError if it failed in its block.
func (c *Client) result(ctx context.Context, hash string) (Result, error) {
	r, err := txv1beta1.NewServiceClient(c.conn).GetTx(ctx, &txv1beta1.GetTxRequest{Hash: hash})
	if err != nil {
		if strings.Contains(err.Error(), "indexing is disabled") {
			return Result{}, ErrNoIndex
		}
		if strings.Contains(err.Error(), "not found") && !errors.Is(err, ErrNotFound) {
			return Result{}, fmt.Errorf("%w: %w", ErrNotFound, err)
		}
		return Result{}, err
	}
	t := r.TxResponse
	if t.GetCode() != 0 {
		return Result{}, &TxError{Codespace: t.Codespace, Code: t.Code, Log: t.RawLog, Hash: hash, Height: t.Height}
	}
	out := Result{Hash: hash, Height: gotensor.Block(t.GetHeight()), GasUsed: uint64(max(t.GetGasUsed(), 0))}
	for _, e := range t.GetEvents() {
		ev := Event{Type: e.Type_, Attributes: map[string]string{}}
		for _, a := range e.Attributes {
			v := a.Value
			if unq, err := strconv.Unquote(v); err == nil {
				v = unq
			}
			ev.Attributes[a.Key] = v
		}
		out.Events = append(out.Events, ev)
	}
	return out, nil
}

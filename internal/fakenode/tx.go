package fakenode

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	errorsmod "cosmossdk.io/errors"

	abciv1beta1 "cosmossdk.io/api/cosmos/base/abci/v1beta1"
	txv1beta1 "cosmossdk.io/api/cosmos/tx/v1beta1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
)

// The SDK's own errors that clients tell apart, with their codes (cosmos-sdk types/errors).
const (
	sdkSpace           = "sdk"
	codeInsufficient   = 5
	codeUnknownAccount = 9
	codeUnauthorized   = 4
	codeMempoolFull    = 20
	codeWrongSequence  = 32
)

// refusal is a refused transaction.
type refusal struct {
	space string
	code  uint32
	log   string
}

func (r *refusal) Error() string { return r.log }

func sdkRefusal(code uint32, format string, args ...any) *refusal {
	return &refusal{sdkSpace, code, fmt.Sprintf(format, args...)}
}

// refusalOf reads codespace, code and words of an error.
func refusalOf(err error) *refusal {
	if r, ok := err.(*refusal); ok { //nolint:errorlint // never wrapped in this package
		return r
	}
	space, code, log := errorsmod.ABCIInfo(err, false)
	return &refusal{space, code, log}
}

// txResult is what became of a transaction.
type txResult struct {
	height int64
	failed *refusal
}

// signed is a decoded transaction.
type signed struct {
	body   *txv1beta1.TxBody
	info   *txv1beta1.AuthInfo
	raw    *txv1beta1.TxRaw
	signer gotensor.Address
	pub    keys.PublicKey
}

func decode(raw []byte) (*signed, error) {
	t := &signed{body: &txv1beta1.TxBody{}, info: &txv1beta1.AuthInfo{}, raw: &txv1beta1.TxRaw{}}
	if err := proto.Unmarshal(raw, t.raw); err != nil {
		return nil, err
	}
	if err := proto.Unmarshal(t.raw.BodyBytes, t.body); err != nil {
		return nil, err
	}
	if err := proto.Unmarshal(t.raw.AuthInfoBytes, t.info); err != nil {
		return nil, err
	}
	if len(t.info.GetSignerInfos()) != 1 || len(t.raw.GetSignatures()) != 1 || len(t.body.GetMessages()) == 0 {
		return nil, fmt.Errorf("%d signers, %d signatures, %d messages", len(t.info.GetSignerInfos()), len(t.raw.GetSignatures()), len(t.body.GetMessages()))
	}
	var err error
	if t.pub, err = keys.PublicKeyFromProto(t.info.GetSignerInfos()[0].GetPublicKey().GetValue()); err != nil {
		return nil, err
	}
	t.signer, err = t.pub.Address()
	return t, err
}

// check is the ante handler: account, sequence and signature. Work makes an account and is signed with number 0.
func (w *World) check(t *signed) error {
	acct, ok := w.Accounts[t.signer]
	number, sequence := uint64(0), uint64(0)
	work := strings.HasSuffix(t.body.GetMessages()[0].GetTypeUrl(), ".MsgRegisterPow")
	switch {
	case ok:
		sequence = acct.Sequence + acct.Waiting
		if !work {
			number = acct.Number
		}
	case !work:
		return sdkRefusal(codeUnknownAccount, "account %s does not exist: unknown address", keys.Account(t.signer))
	}
	if got := t.info.GetSignerInfos()[0].GetSequence(); got != sequence {
		return sdkRefusal(codeWrongSequence, "account sequence mismatch, expected %d, got %d: incorrect account sequence", sequence, got)
	}
	doc, err := proto.MarshalOptions{Deterministic: true}.Marshal(&txv1beta1.SignDoc{
		BodyBytes: t.raw.BodyBytes, AuthInfoBytes: t.raw.AuthInfoBytes, ChainId: w.ChainID, AccountNumber: number,
	})
	if err != nil {
		return err
	}
	if err := keys.VerifyTx(t.pub, doc, t.raw.GetSignatures()[0]); err != nil {
		return sdkRefusal(codeUnauthorized, "signature verification failed: %v: unauthorized", err)
	}
	return nil
}

type txService struct {
	txv1beta1.UnimplementedServiceServer
	*Node
}

const gasUsed = 90_000

// Simulate runs the ante handler alone: messages are tried out when they are broadcast.
func (s txService) Simulate(_ context.Context, r *txv1beta1.SimulateRequest) (*txv1beta1.SimulateResponse, error) {
	t, err := decode(r.GetTxBytes())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if err := s.world.check(t); err != nil {
		return nil, status.Error(codes.Unknown, err.Error())
	}
	return &txv1beta1.SimulateResponse{GasInfo: &abciv1beta1.GasInfo{GasUsed: gasUsed}}, nil
}

// BroadcastTx checks and carries out a transaction, in a block of its own.
func (s txService) BroadcastTx(_ context.Context, r *txv1beta1.BroadcastTxRequest) (*txv1beta1.BroadcastTxResponse, error) {
	t, err := decode(r.GetTxBytes())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if down(&s.faults.Dropped) {
		return nil, status.Error(codes.Unavailable, "the node went away")
	}
	err = s.world.check(t)
	switch f := &s.faults; {
	case err != nil:
	case down(&f.WrongSequence):
		err = sdkRefusal(codeWrongSequence, "account sequence mismatch, expected 99, got 98: incorrect account sequence")
	case down(&f.Full):
		err = sdkRefusal(codeMempoolFull, "mempool is full")
	case f.Refuse != nil:
		err = f.Refuse
	}
	if err != nil {
		x := refusalOf(err)
		return &txv1beta1.BroadcastTxResponse{TxResponse: &abciv1beta1.TxResponse{Codespace: x.space, Code: x.code, RawLog: x.log}}, nil
	}
	sum := sha256.Sum256(r.GetTxBytes())
	hash := strings.ToUpper(hex.EncodeToString(sum[:]))
	s.world.account(t.signer).Sequence++
	s.world.Height++
	result := &txResult{height: s.world.Height}
	if err := s.faults.FailInBlock; err != nil {
		result.failed = refusalOf(err)
	} else if err := s.world.apply(t); err != nil {
		result.failed = refusalOf(err)
	}
	s.txs[hash] = result
	if down(&s.faults.Lost) {
		return nil, status.Error(codes.Unavailable, "the node went away")
	}
	return &txv1beta1.BroadcastTxResponse{TxResponse: &abciv1beta1.TxResponse{Txhash: hash}}, nil
}

// GetTx looks a transaction up.
func (s txService) GetTx(_ context.Context, r *txv1beta1.GetTxRequest) (*txv1beta1.GetTxResponse, error) {
	if s.faults.NoIndex {
		return nil, status.Error(codes.Unknown, "transaction indexing is disabled")
	}
	x, ok := s.txs[strings.ToUpper(r.GetHash())]
	if !ok || down(&s.faults.Hidden) {
		return nil, status.Errorf(codes.NotFound, "tx not found: %s", r.GetHash())
	}
	out := &abciv1beta1.TxResponse{Txhash: r.GetHash(), Height: x.height, GasUsed: gasUsed}
	if x.failed != nil {
		out.Codespace, out.Code, out.RawLog = x.failed.space, x.failed.code, x.failed.log
	}
	return &txv1beta1.GetTxResponse{TxResponse: out}, nil
}

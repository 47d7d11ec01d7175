package chain

import (
	"context"
	"errors"
	"fmt"
	"time"

	txv1beta1 "cosmossdk.io/api/cosmos/tx/v1beta1"
)

const (
	broadcastTries = 6
	// includeBlocks is how many target block times to wait for a transaction that the node accepted.
	includeBlocks = 60
)

// Sender sends one key's transactions, one after the other. There is one per key and Client, however often it is asked for, so
// that two parts of a program never race for a sequence.
type Sender struct {
	client *Client
	key    Signer
	turn   chan struct{} // holds one token: who has it broadcasts

	// Guarded by turn.
	known bool
	acct  account
}

// Sender returns the sender of a key.
func (c *Client) Sender(key Signer) *Sender {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.senders[key.Address()]; ok {
		return s
	}
	s := &Sender{client: c, key: key, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	c.senders[key.Address()] = s
	return s
}

// Send signs and broadcasts messages in one transaction and waits until a block holds it. Messages that go without a fee must
// be alone. It returns *TxError if the chain refused, ErrUnreachable if no node answered, ErrNotIncluded if the wait was too
// long (the transaction may still come), or the context's error. A wrong sequence is put right and tried again.
func (s *Sender) Send(ctx context.Context, msgs ...Msg) (Result, error) {
	if len(msgs) == 0 {
		return Result{}, errors.New("send: no messages")
	}
	for _, m := range msgs {
		if m.fee != FeeGas && len(msgs) > 1 {
			return Result{}, fmt.Errorf("send: %s goes without a fee and must be alone in its transaction", m.TypeURL())
		}
	}
	status, err := s.client.Status(ctx)
	if err != nil {
		return Result{}, err
	}
	hash, err := s.broadcast(ctx, status.ChainID, msgs)
	if err != nil {
		return Result{}, err
	}
	wait, cancel := context.WithTimeout(ctx, includeBlocks*max(status.TargetBlock, 500*time.Millisecond))
	defer cancel()
	return s.included(wait, hash, max(status.TargetBlock/4, 20*time.Millisecond))
}

func (s *Sender) broadcast(ctx context.Context, chainID string, msgs []Msg) (string, error) {
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-s.turn:
	}
	defer func() { s.turn <- struct{}{} }()

	var last error
	for try := range broadcastTries {
		if try > 0 {
			if err := sleep(ctx, time.Duration(try)*200*time.Millisecond); err != nil {
				return "", err
			}
		}
		hash, err := s.once(ctx, chainID, msgs)
		if err == nil {
			return hash, nil
		}
		last = err
		var refused *TxError
		if errors.As(err, &refused) {
			full := refused.Codespace == codespaceSDK && refused.Code == codeMempoolFull
			if !refused.wrongSequence() && !full {
				return "", err
			}
		} else if !errors.Is(err, ErrUnreachable) {
			return "", err
		}
		s.known = false
	}
	return "", fmt.Errorf("gave up after %d tries: %w", broadcastTries, last)
}

// once signs with the sequence that is believed to be next and hands the transaction to the node.
func (s *Sender) once(ctx context.Context, chainID string, msgs []Msg) (string, error) {
	fee := msgs[0].fee
	if err := s.refresh(ctx, fee); err != nil {
		return "", err
	}
	u := &unsigned{msgs: msgs, acct: s.acct}
	switch fee {
	case FeeWork:
		// The number of an account that does not exist cannot be known, so a proof of work is always signed with 0.
		u.acct.number, u.gas = 0, msgs[0].gas
	case FeeNone:
		u.gas = msgs[0].gas
	case FeeGas:
		if err := s.client.estimate(ctx, u, chainID, s.key); err != nil {
			return "", err
		}
	}
	raw, err := u.sign(chainID, s.key)
	if err != nil {
		return "", err
	}
	r, err := txv1beta1.NewServiceClient(s.client.conn).BroadcastTx(ctx, &txv1beta1.BroadcastTxRequest{
		TxBytes: raw, Mode: txv1beta1.BroadcastMode_BROADCAST_MODE_SYNC,
	})
	if err != nil {
		return "", fmt.Errorf("broadcast: %w", err)
	}
	t := r.GetTxResponse()
	inMempool := t.GetCodespace() == codespaceSDK && t.GetCode() == codeTxInMempool
	if t.GetCode() != 0 && !inMempool {
		return "", &TxError{Codespace: t.GetCodespace(), Code: t.GetCode(), Log: t.GetRawLog()}
	}
	s.acct.sequence++
	return t.GetTxhash(), nil
}

// refresh reads the account unless it is known. Only a proof of work may come from a key without one.
func (s *Sender) refresh(ctx context.Context, fee Fee) error {
	if s.known {
		return nil
	}
	acct, err := s.client.account(ctx, s.key.Address())
	switch {
	case err == nil:
		s.acct, s.known = acct, true
	case errors.Is(err, ErrNotFound) && fee == FeeWork:
		s.acct = account{} // not known: the chain makes the account and its number
	default:
		return err
	}
	return nil
}

func (s *Sender) included(ctx context.Context, hash string, every time.Duration) (Result, error) {
	for {
		r, err := s.client.result(ctx, hash)
		switch {
		case err == nil:
			return r, nil
		case errors.Is(err, ErrNotFound), errors.Is(err, ErrUnreachable):
		default:
			return Result{}, err
		}
		if sleep(ctx, every) != nil {
			return Result{Hash: hash}, fmt.Errorf("transaction %s: %w", hash, ErrNotIncluded)
		}
	}
}

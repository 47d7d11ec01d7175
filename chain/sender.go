package chain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	txv1beta1 "cosmossdk.io/api/cosmos/tx/v1beta1"

	"github.com/gotensor/gotensor/internal/wait"
)

const (
	broadcastTries = 6
	retryAfter     = 200 * time.Millisecond // times the number of tries so far
	// includeBlocks is how many target block times to wait for a transaction that the node accepted, and landBlocks for one
	// whose sequence is used, which is in a block already unless somebody else used it.
	includeBlocks, landBlocks = 60, 3
	leastBlock                = 500 * time.Millisecond // that these count, at least
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
// be alone, else ErrMessages. It returns *TxError if the chain refused, ErrRefused if it would, ErrUnreachable if no node
// answered, ErrNotIncluded if nobody knows yet (the transaction may still come: look before sending it again), or the context's
// error. A wrong sequence is put right and tried again, and so is a node that goes away: what it may have taken is never signed
// a second time.
func (s *Sender) Send(ctx context.Context, msgs ...Msg) (Result, error) {
	if len(msgs) == 0 {
		return Result{}, fmt.Errorf("%w: there are none", ErrMessages)
	}
	for _, m := range msgs {
		if m.fee != FeeGas && len(msgs) > 1 {
			return Result{}, fmt.Errorf("%w: %s goes without a fee and must be alone, not one of %d", ErrMessages, m.TypeURL(), len(msgs))
		}
	}
	status, err := s.client.Status(ctx)
	if err != nil {
		return Result{}, err
	}
	hash, err := s.broadcast(ctx, status, msgs)
	if err != nil {
		return Result{Hash: hash}, err
	}
	return s.included(ctx, hash, status, includeBlocks)
}

// signedTx is a transaction as it goes to the node.
type signedTx struct {
	raw      []byte
	hash     string
	sequence uint64
}

// broadcast hands a transaction to the node and returns its hash; with an error, the hash of what the node may have taken.
func (s *Sender) broadcast(ctx context.Context, status Status, msgs []Msg) (string, error) {
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-s.turn:
	}
	defer func() { s.turn <- struct{}{} }()

	var last error
	var open *signedTx // was handed over, and no answer came
	for try := range broadcastTries {
		if try > 0 {
			if err := wait.Sleep(ctx, time.Duration(try)*retryAfter); err != nil {
				return s.unsure(open, err)
			}
		}
		tx := open
		if tx == nil {
			var err error
			if tx, err = s.sign(ctx, status.ChainID, msgs); err != nil {
				if s.final(err) {
					return "", err
				}
				last = err
				continue
			}
		}
		err := s.hand(ctx, tx)
		switch {
		case err == nil:
			return tx.hash, nil
		case errors.Is(err, ErrUnreachable):
			open = tx
		case open == nil && s.final(err):
			return "", err
		case open != nil:
			// Refused this time: because the node took it the time before, or because it never will.
			taken, lerr := s.landed(ctx, tx, status)
			if taken || lerr != nil {
				return tx.hash, lerr
			}
			if open = nil; s.final(err) {
				return "", err
			}
		}
		last = err
	}
	return s.unsure(open, fmt.Errorf("gave up after %d tries: %w", broadcastTries, last))
}

// unsure is the end of a broadcast; if a transaction may have been taken, the error says so.
func (s *Sender) unsure(open *signedTx, err error) (string, error) {
	if open == nil {
		return "", err
	}
	s.known = false
	return open.hash, fmt.Errorf("transaction %s: %w: %w", open.hash, ErrNotIncluded, err)
}

// final tells whether trying again cannot help, and puts the sequence right where it can.
func (s *Sender) final(err error) bool {
	var refused *TxError
	switch {
	case errors.Is(err, ErrUnreachable):
		return false
	case !errors.As(err, &refused):
		return true
	case refused.mempoolFull():
		return false
	case refused.wrongSequence():
		if n, ok := refused.expected(); ok && s.known && n > s.acct.sequence {
			s.acct.sequence = n
		} else {
			s.known = false
		}
		return false
	default:
		return true
	}
}

// landed tells whether a transaction that was refused after it had been handed over is in a block. It waits a little: a node
// indexes a block after making it.
func (s *Sender) landed(ctx context.Context, tx *signedTx, status Status) (bool, error) {
	_, err := s.included(ctx, tx.hash, status, landBlocks)
	var failed *TxError
	switch {
	case err == nil, errors.As(err, &failed):
		s.acct.sequence = tx.sequence + 1
		return true, nil
	case ctx.Err() == nil && errors.Is(err, ErrNotIncluded):
		return false, nil
	default:
		s.known = false
		return false, err
	}
}

// sign makes the transaction with the sequence that is believed to be next.
func (s *Sender) sign(ctx context.Context, chainID string, msgs []Msg) (*signedTx, error) {
	fee := msgs[0].fee
	if err := s.refresh(ctx, fee); err != nil {
		return nil, err
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
			return nil, err
		}
	}
	raw, err := u.sign(chainID, s.key)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return &signedTx{raw: raw, hash: strings.ToUpper(hex.EncodeToString(sum[:])), sequence: u.acct.sequence}, nil
}

// hand gives a transaction to the node; one that waits in its mempool already is as good.
func (s *Sender) hand(ctx context.Context, tx *signedTx) error {
	r, err := txv1beta1.NewServiceClient(s.client.conn).BroadcastTx(ctx, &txv1beta1.BroadcastTxRequest{
		TxBytes: tx.raw, Mode: txv1beta1.BroadcastMode_BROADCAST_MODE_SYNC,
	})
	if ctx.Err() != nil && err != nil {
		err = fmt.Errorf("%w: %w", ErrUnreachable, err) // it may have arrived all the same
	}
	if err != nil {
		return fmt.Errorf("broadcast: %w", err)
	}
	t := r.GetTxResponse()
	waiting := t.GetCodespace() == codespaceSDK && t.GetCode() == codeTxInMempool
	if t.GetCode() != 0 && !waiting {
		return &TxError{Codespace: t.GetCodespace(), Code: t.GetCode(), Log: t.GetRawLog()}
	}
	s.acct.sequence = tx.sequence + 1
	return nil
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

// included waits for a transaction for some target block times.
func (s *Sender) included(ctx context.Context, hash string, status Status, blocks time.Duration) (Result, error) {
	bounded, cancel := context.WithTimeout(ctx, blocks*max(status.TargetBlock, leastBlock))
	defer cancel()
	for {
		r, err := s.client.result(bounded, hash)
		switch {
		case err == nil:
			return r, nil
		case bounded.Err() != nil, errors.Is(err, ErrNotFound), errors.Is(err, ErrUnreachable):
		default:
			return Result{Hash: hash}, err
		}
		if wait.Sleep(bounded, pollEvery(status)) == nil {
			continue
		}
		if ctx.Err() != nil {
			return Result{Hash: hash}, fmt.Errorf("transaction %s: %w: %w", hash, ErrNotIncluded, ctx.Err())
		}
		return Result{Hash: hash}, fmt.Errorf("transaction %s: %w", hash, ErrNotIncluded)
	}
}

package chain

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var (
	// ErrUnreachable means that no node answered in time; trying again may help.
	ErrUnreachable = errors.New("the node does not answer")
	// ErrNotFound means that the chain knows no such thing.
	ErrNotFound = errors.New("not found on the chain")
	// ErrBadAnswer means that a node's answer does not hold together.
	ErrBadAnswer = errors.New("the node's answer is malformed")
	// ErrRefused means that the chain would refuse a transaction: its trial run failed, and it was not sent.
	ErrRefused = errors.New("the chain would refuse the transaction")
	// ErrNotIncluded means that a transaction was accepted but no block took it in time; it may still come.
	ErrNotIncluded = errors.New("the transaction is not in a block yet")
	// ErrFee means that a node asks for a higher fee than Options.MaxFee.
	ErrFee = errors.New("the node asks for too high a fee")
	// ErrMessages is returned for messages that cannot go into one transaction.
	ErrMessages = errors.New("messages do not make a transaction")
	// ErrNoIndex means that the node keeps no index of transactions, so that results cannot be read from it.
	ErrNoIndex = errors.New("the node keeps no transaction index: set indexer = \"kv\" in its config.toml or use another node")
)

// What is wrong with an epoch that was asked for.
var (
	// ErrPruned means that a node no longer keeps the state of a height.
	ErrPruned = errors.New("the node keeps no state of that height: ask an archive node, or start yours with pruning = \"nothing\" in its app.toml")
	// ErrNotEnded means that an epoch is still to come.
	ErrNotEnded = errors.New("the epoch has not ended yet")
	// ErrUnpaid means that an epoch failed on the chain, or that the subnet's payouts were halted.
	ErrUnpaid = errors.New("the epoch paid nobody")
)

// noState is how a node says that it cannot load a height.
const noState = "failed to load state at height"

// TxError is a transaction that the chain refused: before a block took it (Height 0) or in the block at Height.
type TxError struct {
	Codespace string // module that refused
	Code      uint32 // its code, never reused
	Log       string // its words
	Hash      string // of the transaction, hex; empty if it was refused before
	Height    int64
}

// Error gives the module's words and its stable code.
func (e *TxError) Error() string {
	return fmt.Sprintf("the chain refused the transaction: %s (%s code %d)", e.Log, e.Codespace, e.Code)
}

// codespaceSDK and its codes are those of the SDK's own errors (cosmos-sdk types/errors).
const (
	codespaceSDK      = "sdk"
	codeWrongSequence = 32
	codeMempoolFull   = 20
	codeTxInMempool   = 19
)

func (e *TxError) wrongSequence() bool {
	return e.Codespace == codespaceSDK && e.Code == codeWrongSequence
}

func (e *TxError) mempoolFull() bool {
	return e.Codespace == codespaceSDK && e.Code == codeMempoolFull
}

// expectedSequence finds what a node that refused a sequence expects instead: it counts what waits in its mempool, which the
// account that it reports does not.
var expectedSequence = regexp.MustCompile(`account sequence mismatch, expected (\d+), got`)

func (e *TxError) expected() (uint64, bool) {
	m := expectedSequence.FindStringSubmatch(e.Log)
	if !e.wrongSequence() || m == nil {
		return 0, false
	}
	n, err := strconv.ParseUint(m[1], 10, 64)
	return n, err == nil
}

// refusalOf turns the text of a failed simulation, which carries no code, into the refusal that a broadcast would give.
func refusalOf(err error) error {
	s, ok := status.FromError(err)
	if !ok || errors.Is(err, ErrUnreachable) || errors.Is(err, ErrNotFound) {
		return err
	}
	if strings.Contains(s.Message(), "account sequence mismatch") {
		return &TxError{Codespace: codespaceSDK, Code: codeWrongSequence, Log: s.Message()}
	}
	return fmt.Errorf("%w: %s", ErrRefused, s.Message())
}

// fromGRPC turns a gRPC error into one of this package's, keeping its words. The end of the caller's own context stays what it
// is, so that callers who stopped can tell.
func fromGRPC(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	if strings.Contains(s.Message(), noState) {
		return fmt.Errorf("%w (%s)", ErrPruned, s.Message())
	}
	switch s.Code() { // every other code is the node's own refusal and passes as it is
	case codes.NotFound:
		return fmt.Errorf("%w: %s", ErrNotFound, s.Message())
	case codes.Canceled:
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%w: %s", ErrUnreachable, s.Message()) // by the node, or because the client was closed
	case codes.Unavailable, codes.DeadlineExceeded:
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w: %s", ErrUnreachable, ctx.Err(), s.Message())
		}
		return fmt.Errorf("%w: %s", ErrUnreachable, s.Message())
	default:
		return err
	}
}

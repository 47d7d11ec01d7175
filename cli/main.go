package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/explain"
	"github.com/gotensor/gotensor/gateway"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/miner"
	"github.com/gotensor/gotensor/sim"
)

// Version of the software; the build sets it.
var Version = "dev"

// Exit codes.
const (
	ExitOK         = 0
	ExitUnexpected = 1
	ExitUsage      = 2
	ExitRetry      = 3
	ExitRefused    = 4
	ExitNotFound   = 5
)

// ErrUsage marks an error in how a command was called.
var ErrUsage = errors.New("usage")

// Streams are where a command reads and writes, and its environment.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
}

// Main runs one command and returns its exit code. args are those after the program's name. It returns soon after ctx ends.
func Main(ctx context.Context, args []string, s Streams) int {
	a := &app{Streams: s}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	code := exitCode(err)
	if a.asJSON() {
		out, merr := json.Marshal(map[string]any{"error": err.Error(), "exit_code": code})
		if merr == nil {
			fmt.Fprintln(s.Err, string(out))
			return code
		}
	}
	fmt.Fprintf(s.Err, "gotensor: %v\n", err)
	if hint := hintFor(err); hint != "" {
		fmt.Fprintln(s.Err, hint)
	}
	return code
}

// exits lists which errors end with which code. The first list that holds one of an error's causes decides.
var exits = []struct {
	code   int
	causes []error
}{
	{ExitUsage, []error{ErrUsage, chain.ErrNetwork, gotensor.ErrAddress, miner.ErrConfig, keys.ErrName, keys.ErrMnemonic, keys.ErrKey, gateway.ErrConfig, store.ErrKey, sim.ErrConfig, explain.ErrWhatIf}},
	{ExitRetry, []error{
		chain.ErrUnreachable, chain.ErrNotIncluded, dendrite.ErrOverloaded, dendrite.ErrUnreachable, dendrite.ErrDeadline, context.Canceled, ErrLater, chain.ErrNotEnded,
	}},
	{ExitRefused, []error{
		chain.ErrRefused, chain.ErrFee, ErrRefused, keys.ErrPassword, keys.ErrExists, miner.ErrNotRegistered, miner.ErrColdkey,
		dendrite.ErrNotPermitted,
	}},
	{ExitNotFound, []error{chain.ErrNotFound, keys.ErrNotFound, store.ErrNotFound, ErrNothing, chain.ErrPruned, chain.ErrUnpaid}},
}

func exitCode(err error) int {
	for _, e := range exits {
		if slices.ContainsFunc(e.causes, func(cause error) bool { return errors.Is(err, cause) }) {
			return e.code
		}
	}
	var refused *chain.TxError
	if errors.As(err, &refused) {
		return ExitRefused
	}
	return ExitUnexpected
}

// hintFor says what to do next where the error itself does not.
func hintFor(err error) string {
	switch {
	case errors.Is(err, chain.ErrUnreachable):
		return "Is the node running, and is --network right? Trying again is safe."
	case errors.Is(err, chain.ErrNotIncluded):
		return "Look whether it took effect before sending it again."
	case errors.Is(err, keys.ErrPassword):
		return "Give the right password at the prompt, or the right file with --password-file."
	case errors.Is(err, keys.ErrNotFound):
		return "`gotensor wallet list` shows what there is; `gotensor wallet create` makes a wallet."
	case errors.Is(err, dendrite.ErrNotPermitted):
		return "This neuron answers validators and keys with stake behind them: `gotensor stake add` raises your bandwidth."
	default:
		return ""
	}
}

// usagef makes an error about how the command was called.
func usagef(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUsage, fmt.Sprintf(format, args...))
}

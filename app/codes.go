package app

import (
	"context"
	"errors"
	"strings"

	gogogrpc "github.com/cosmos/gogoproto/grpc"
	"google.golang.org/grpc"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// CometBFT's results carry a codespace and a code by which clients tell errors apart. The SDK finds them only in errors that its own
// package wrapped; modules here wrap their sentinels in Go's way, with %w. The two functions below close the gap for the ante
// handler and for every message server.

// codedAnte gives the handler's errors the code of the sentinel that they wrap.
func codedAnte(inner sdk.AnteHandler) sdk.AnteHandler {
	return func(ctx sdk.Context, tx sdk.Tx, simulate bool) (sdk.Context, error) {
		next, err := inner(ctx, tx, simulate)
		return next, coded(err)
	}
}

// codedServer registers message servers whose errors have the code of the sentinel that they wrap.
type codedServer struct{ gogogrpc.Server }

// RegisterService registers a copy of the service whose methods pass their errors through coded.
func (s codedServer) RegisterService(desc *grpc.ServiceDesc, impl any) {
	wrapped := *desc
	wrapped.Methods = make([]grpc.MethodDesc, len(desc.Methods))
	for i, m := range desc.Methods {
		inner := m.Handler
		wrapped.Methods[i] = grpc.MethodDesc{
			MethodName: m.MethodName,
			Handler: func(srv any, ctx context.Context, dec func(any) error, i grpc.UnaryServerInterceptor) (any, error) {
				res, err := inner(srv, ctx, dec, i)
				return res, coded(err)
			},
		}
	}
	s.Server.RegisterService(&wrapped, impl)
}

// coded returns an error that the SDK finds the code of, with the same words.
func coded(err error) error {
	if err == nil {
		return nil
	}
	if space, _, _ := errorsmod.ABCIInfo(err, false); space != errorsmod.UndefinedCodespace {
		return err
	}
	var sentinel *errorsmod.Error
	if !errors.As(err, &sentinel) {
		return err
	}
	return errorsmod.Wrap(sentinel, strings.TrimSuffix(err.Error(), ": "+sentinel.Error()))
}

package app

import (
	"context"

	gogogrpc "github.com/cosmos/gogoproto/grpc"
	"google.golang.org/grpc"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor/internal/codes"
)

// codedAnte gives the handler's errors the code of the sentinel that they wrap.
func codedAnte(inner sdk.AnteHandler) sdk.AnteHandler {
	return func(ctx sdk.Context, tx sdk.Tx, simulate bool) (sdk.Context, error) {
		next, err := inner(ctx, tx, simulate)
		return next, codes.Of(err)
	}
}

// codedServer registers message servers whose errors have the code of the sentinel that they wrap.
type codedServer struct{ gogogrpc.Server }

// RegisterService registers a copy of the service whose methods pass their errors through codes.Of.
func (s codedServer) RegisterService(desc *grpc.ServiceDesc, impl any) {
	wrapped := *desc
	wrapped.Methods = make([]grpc.MethodDesc, len(desc.Methods))
	for i, m := range desc.Methods {
		inner := m.Handler
		wrapped.Methods[i] = grpc.MethodDesc{
			MethodName: m.MethodName,
			Handler: func(srv any, ctx context.Context, dec func(any) error, i grpc.UnaryServerInterceptor) (any, error) {
				res, err := inner(srv, ctx, dec, i)
				return res, codes.Of(err)
			},
		}
	}
	s.Server.RegisterService(&wrapped, impl)
}

package bench

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// The echo that Loopback measures: it answers with the bytes it was sent. Its messages are protobuf's own wrapper of bytes, so that
// nothing but the payload is encoded.
const (
	echoService = "gotensor.bench.v1.Echo"
	echoMethod  = "/" + echoService + "/Echo"
)

// echoer is what answers an echo.
type echoer interface {
	Echo(ctx context.Context, req *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error)
}

type parrot struct{}

func (parrot) Echo(_ context.Context, req *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error) {
	return req, nil
}

var echoDesc = grpc.ServiceDesc{
	ServiceName: echoService,
	HandlerType: (*echoer)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Echo", Handler: handleEcho}},
}

// handleEcho is what protoc-gen-go-grpc writes for a unary method.
func handleEcho(srv any, ctx context.Context, dec func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) { //nolint:revive // gRPC's order
	req := new(wrapperspb.BytesValue)
	if err := dec(req); err != nil {
		return nil, err
	}
	answer := func(ctx context.Context, req any) (any, error) {
		return srv.(echoer).Echo(ctx, req.(*wrapperspb.BytesValue)) //nolint:forcetypeassert // as registered and as decoded
	}
	if intercept == nil {
		return answer(ctx, req)
	}
	return intercept(ctx, req, &grpc.UnaryServerInfo{Server: srv, FullMethod: echoMethod}, answer)
}

// echo asks for one echo.
func echo(ctx context.Context, conn grpc.ClientConnInterface, req *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error) {
	res := new(wrapperspb.BytesValue)
	return res, conn.Invoke(ctx, echoMethod, req, res)
}

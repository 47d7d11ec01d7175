package fakenode

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	authv1beta1 "cosmossdk.io/api/cosmos/auth/v1beta1"
	bankv1beta1 "cosmossdk.io/api/cosmos/bank/v1beta1"
	nodev1beta1 "cosmossdk.io/api/cosmos/base/node/v1beta1"
	tendermintv1beta1 "cosmossdk.io/api/cosmos/base/tendermint/v1beta1"
	distributionv1beta1 "cosmossdk.io/api/cosmos/distribution/v1beta1"
	stakingv1beta1 "cosmossdk.io/api/cosmos/staking/v1beta1"
	txv1beta1 "cosmossdk.io/api/cosmos/tx/v1beta1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	emissiontypes "github.com/gotensor/gotensor/x/emission/types"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	producertypes "github.com/gotensor/gotensor/x/producer/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// Faults are the ways in which the node misbehaves. Counts go down as they happen.
type Faults struct {
	Unavailable   int             // calls that fail as if the node were going away
	Dropped       int             // broadcasts that fail as if it had gone away before it took them
	Lost          int             // broadcasts that it takes, and whose answers get lost
	WrongSequence int             // broadcasts refused for their sequence although it is right
	Full          int             // broadcasts refused because the mempool is full
	Refuse        error           // every broadcast is refused with this registered error
	FailInBlock   error           // every transaction fails with it in its block
	Hidden        int             // look-ups of a transaction that do not find it yet
	NoIndex       bool            // look-ups fail for want of an index
	Hang          <-chan struct{} // calls wait until it is closed or the caller gives up
	ShortColumn   bool            // the metagraph's column of incentives lacks a byte
	ShortHash     bool            // hashes of blocks lack a byte
}

// Node is a running fake.
type Node struct {
	server *grpc.Server
	addr   string

	mu     sync.Mutex
	world  *World
	faults Faults
	calls  map[string]int
	txs    map[string]*txResult
}

// Start serves a world at addr, e.g. "127.0.0.1:0", until Stop.
func Start(addr string, w *World) (*Node, error) {
	lis, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("fake node: %w", err)
	}
	n := &Node{world: w, addr: lis.Addr().String(), calls: map[string]int{}, txs: map[string]*txResult{}}
	n.server = grpc.NewServer(grpc.ForceServerCodec(codec{}), grpc.UnaryInterceptor(n.intercept))
	subnettypes.RegisterQueryServer(n.server, subnetQueries{n})
	neurontypes.RegisterQueryServer(n.server, neuronQueries{n})
	weightstypes.RegisterQueryServer(n.server, weightsQueries{n})
	emissiontypes.RegisterQueryServer(n.server, emissionQueries{n})
	producertypes.RegisterQueryServer(n.server, producerQueries{n})
	authv1beta1.RegisterQueryServer(n.server, authQueries{Node: n})
	bankv1beta1.RegisterQueryServer(n.server, bankQueries{Node: n})
	stakingv1beta1.RegisterQueryServer(n.server, stakingQueries{Node: n})
	distributionv1beta1.RegisterQueryServer(n.server, distributionQueries{Node: n})
	nodev1beta1.RegisterServiceServer(n.server, nodeService{Node: n})
	tendermintv1beta1.RegisterServiceServer(n.server, blockService{Node: n})
	txv1beta1.RegisterServiceServer(n.server, txService{Node: n})
	go n.server.Serve(lis) //nolint:errcheck // it ends with Stop
	return n, nil
}

// Addr is the address that a client dials.
func (n *Node) Addr() string { return n.addr }

// Stop ends the node and all connections at once.
func (n *Node) Stop() { n.server.Stop() }

// Edit changes the world between two calls.
func (n *Node) Edit(f func(*World)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f(n.world)
}

// Break changes how the node misbehaves.
func (n *Node) Break(f func(*Faults)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f(&n.faults)
}

// Calls is how often a method was called, by its full name such as "/cosmos.tx.v1beta1.Service/BroadcastTx".
func (n *Node) Calls(method string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls[method]
}

// intercept counts, misbehaves, and gives every call the world for itself.
func (n *Node) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	n.mu.Lock()
	n.calls[info.FullMethod]++
	hang := n.faults.Hang
	n.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if down(&n.faults.Unavailable) {
		return nil, status.Error(codes.Unavailable, "the node is going away")
	}
	return handle(ctx, req)
}

// down takes one from a count and tells whether there was one.
func down(count *int) bool {
	if *count == 0 {
		return false
	}
	*count--
	return true
}

// codec reads and writes both kinds of generated types.
type codec struct{}

type selfCoded interface {
	Marshal() ([]byte, error)
	Unmarshal(data []byte) error
}

func (codec) Name() string { return "proto" }

func (codec) Marshal(v any) ([]byte, error) {
	if m, ok := v.(selfCoded); ok {
		return m.Marshal()
	}
	return proto.Marshal(v.(proto.Message)) //nolint:forcetypeassert // generated code gives nothing else
}

func (codec) Unmarshal(data []byte, v any) error {
	if m, ok := v.(selfCoded); ok {
		return m.Unmarshal(data)
	}
	return proto.Unmarshal(data, v.(proto.Message)) //nolint:forcetypeassert // generated code gives nothing else
}

// timeOf is the header time of a block.
func (w *World) timeOf(height int64) time.Time {
	return w.Began.Add(time.Duration(height) * time.Duration(w.TargetMs) * time.Millisecond)
}

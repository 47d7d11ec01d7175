package dendrite_test

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/gotensor/gotensor/dendrite"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
)

// A neuron may announce any address: those that would make a client knock at doors near itself are not called.
func TestAddressesThatAreNotCalled(t *testing.T) {
	for _, c := range []struct {
		name, host            string
		publicOnly, everybody bool // who refuses
	}{
		{"cloud metadata", "169.254.169.254", true, true},
		{"link-local", "fe80::1", true, true},
		{"unspecified", "0.0.0.0", true, true},
		{"unspecified 6", "::", true, true},
		{"multicast", "224.0.0.1", true, true},
		{"broadcast", "255.255.255.255", true, true},
		{"loopback", "127.0.0.1", true, false},
		{"loopback 6", "::1", true, false},
		{"loopback as IPv6", "::ffff:127.0.0.1", true, false},
		{"private", "10.1.2.3", true, false},
		{"private 6", "fd00::1", true, false},
		{"carrier", "100.64.0.1", true, false},
		{"translated", "64:ff9b::7f00:1", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for public, refused := range map[bool]bool{true: c.publicOnly, false: c.everybody} {
				if !refused {
					continue // to call it would need the network
				}
				_, err := info(t, public, netip.AddrPortFrom(netip.MustParseAddr(c.host), 8091))
				require.ErrorIs(t, err, dendrite.ErrUnreachable)
				require.ErrorContains(t, err, "is not called")
			}
		})
	}
}

// Not one packet goes there.
func TestAPublicClientDoesNotKnock(t *testing.T) {
	lis, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	knocked := make(chan struct{})
	go func() {
		defer close(knocked)
		if c, err := lis.Accept(); err == nil {
			_ = c.Close()
		}
	}()
	at := netip.MustParseAddrPort(lis.Addr().String())
	_, err = info(t, true, at)
	require.ErrorContains(t, err, "is not called")
	select {
	case <-knocked:
		t.Fatal("it knocked")
	default:
	}
	_, err = info(t, false, at)
	require.ErrorIs(t, err, dendrite.ErrUnreachable)
	require.NotContains(t, err.Error(), "is not called")
	<-knocked
	require.NoError(t, lis.Close())
}

func info(t *testing.T, public bool, at netip.AddrPort) (*axonv1.InfoResponse, error) {
	t.Helper()
	c, err := dendrite.New(dendrite.Config{ChainID: chainID, Signer: testKey(t), Public: public, Timeout: 5 * time.Second})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return axonv1.NewAxonClient(c.To(dendrite.Target{Addr: at})).Info(t.Context(), &axonv1.InfoRequest{})
}

// A request that a model cannot stand must not look as if the neuron were gone: gateways would ask sixteen more.
func TestAModelThatFailsIsNotANeuronThatIsGone(t *testing.T) {
	gone := synapse.Refusal{Code: codes.Unavailable, Reason: synapse.ReasonModel, Message: "out of memory"}.Err()
	a, _, _ := serve(t, "127.0.0.1:0", certificate(t), echo{before: func(context.Context) error { return gone }})
	err := ask(t.Context(), newClient(t, nil), a)
	require.ErrorIs(t, err, dendrite.ErrFailed)
	require.NotErrorIs(t, err, dendrite.ErrUnreachable)
}

package chain

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/metagraph"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
)

// Metagraph reads a subnet's whole state by uid, or ErrNotFound.
func (c *Client) Metagraph(ctx context.Context, netuid gotensor.NetUID) (*metagraph.Metagraph, error) {
	r, err := neuron.NewQueryClient(c.conn).Metagraph(ctx, &neuron.QueryMetagraphRequest{Netuid: uint32(netuid)})
	if err != nil {
		return nil, fmt.Errorf("metagraph of subnet %d: %w", netuid, err)
	}
	m, err := unpack(r)
	if err != nil {
		return nil, fmt.Errorf("metagraph of subnet %d: %w", netuid, err)
	}
	return m, nil
}

// unpack reads the packed columns; ErrBadAnswer names the first that has the wrong length.
func unpack(r *neuron.QueryMetagraphResponse) (*metagraph.Metagraph, error) {
	n := int(r.N)
	if r.Netuid == 0 || r.Netuid > 65535 || n > 65536 {
		return nil, fmt.Errorf("%w: netuid %d with %d uids", ErrBadAnswer, r.Netuid, n)
	}
	if r.Height < 0 || r.LastBoundary < 0 || r.NextBoundary < 0 {
		return nil, fmt.Errorf("%w: height %d between boundaries %d and %d", ErrBadAnswer, r.Height, r.LastBoundary, r.NextBoundary)
	}
	col := &r.Columns
	for _, c := range []struct {
		name string
		data []byte
		size int
	}{
		{"hotkeys", r.Hotkeys, gotensor.AddressLen},
		{"coldkeys", r.Coldkeys, gotensor.AddressLen},
		{"registered", r.Registered, 8},
		{"last_update", r.LastUpdate, 8},
		{"live_stake", r.LiveStake, 8},
		{"validators", r.Validators, gotensor.AddressLen},
		{"stake", col.Stake, 8},
		{"consensus", col.Consensus, 2},
		{"incentive", col.Incentive, 2},
		{"dividends", col.Dividends, 2},
		{"validator_trust", col.ValidatorTrust, 2},
		{"permit", col.Permit, 1},
		{"active", col.Active, 1},
		{"emission", col.Emission, 8},
		{"accrued", col.Accrued, 8},
	} {
		if len(c.data) != n*c.size {
			return nil, fmt.Errorf("%w: column %s has %d bytes, want %d for %d uids", ErrBadAnswer, c.name, len(c.data), n*c.size, n)
		}
	}
	if len(r.Endpoints) != n {
		return nil, fmt.Errorf("%w: %d endpoints for %d uids", ErrBadAnswer, len(r.Endpoints), n)
	}
	neurons := make([]metagraph.Neuron, n)
	for i := range neurons {
		e, err := endpoint(&r.Endpoints[i])
		if err != nil {
			return nil, fmt.Errorf("uid %d: %w", i, err)
		}
		neurons[i] = metagraph.Neuron{
			UID: gotensor.UID(i), Hotkey: address(r.Hotkeys, i), Coldkey: address(r.Coldkeys, i),
			Registered: gotensor.Block(u64(r.Registered, i)), LastUpdate: gotensor.Block(u64(r.LastUpdate, i)),
			Stake: gotensor.Rao(u64(r.LiveStake, i)), EpochStake: gotensor.Rao(u64(col.Stake, i)), Validator: address(r.Validators, i),
			Consensus: u16(col.Consensus, i), Incentive: u16(col.Incentive, i), Dividends: u16(col.Dividends, i), Trust: u16(col.ValidatorTrust, i),
			Permit: col.Permit[i] != 0, Active: col.Active[i] != 0,
			Emission: gotensor.Rao(u64(col.Emission, i)), Accrued: gotensor.Rao(u64(col.Accrued, i)),
			Endpoint: e,
		}
	}
	m, err := metagraph.New(metagraph.Info{
		NetUID: gotensor.NetUID(r.Netuid), Height: gotensor.Block(r.Height), Time: time.UnixMilli(r.TimeUnixMs).UTC(), Epoch: r.Epoch,
		LastBoundary: gotensor.Block(r.LastBoundary), NextBoundary: gotensor.Block(r.NextBoundary), Tempo: gotensor.Block(r.Tempo),
		Mechanism: r.Mechanism, Settings: r.Settings,
	}, neurons)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	return m, nil
}

func endpoint(e *neuron.Endpoint) (metagraph.Endpoint, error) {
	if e.Host == "" {
		return metagraph.Endpoint{}, nil
	}
	ip, err := netip.ParseAddr(e.Host)
	if err != nil || e.Port == 0 || e.Port > 65535 || len(e.CertificatePin) != 32 {
		return metagraph.Endpoint{}, fmt.Errorf("%w: endpoint %q port %d with a pin of %d bytes", ErrBadAnswer, e.Host, e.Port, len(e.CertificatePin))
	}
	out := metagraph.Endpoint{Addr: netip.AddrPortFrom(ip, uint16(e.Port))}
	copy(out.Pin[:], e.CertificatePin)
	return out, nil
}

func address(b []byte, i int) (a gotensor.Address) {
	copy(a[:], b[i*gotensor.AddressLen:])
	return a
}

func u64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i*8:]) }
func u16(b []byte, i int) uint16 { return binary.LittleEndian.Uint16(b[i*2:]) }

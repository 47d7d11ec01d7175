package fakenode

import (
	"context"
	"encoding/binary"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	emissiontypes "github.com/gotensor/gotensor/x/emission/types"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	producertypes "github.com/gotensor/gotensor/x/producer/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// only fails for a subnet other than the first.
func only(netuid uint32) error {
	if netuid != 1 {
		return status.Errorf(codes.NotFound, "there is no subnet %d", netuid)
	}
	return nil
}

type subnetQueries struct{ *Node }

func (q subnetQueries) Status(context.Context, *subnettypes.QueryStatusRequest) (*subnettypes.QueryStatusResponse, error) {
	w := q.world
	if w.Ticks {
		w.Height++
	}
	return &subnettypes.QueryStatusResponse{
		ChainId: w.ChainID, Height: w.Height, TimeUnixMs: w.timeOf(w.Height).UnixMilli(), TargetBlockMs: w.TargetMs,
	}, nil
}

func (q subnetQueries) view() subnettypes.SubnetView {
	w := q.world
	return subnettypes.SubnetView{
		Subnet: subnettypes.Subnet{Netuid: 1, Name: w.Name, Mechanism: w.Mechanism, Settings: w.Settings, Owner: keys.Account(Addr("owner"))},
		Clock:  w.clock(),
	}
}

func (q subnetQueries) Subnets(context.Context, *subnettypes.QuerySubnetsRequest) (*subnettypes.QuerySubnetsResponse, error) {
	return &subnettypes.QuerySubnetsResponse{Height: q.world.Height, Subnets: []subnettypes.SubnetView{q.view()}}, nil
}

func (q subnetQueries) Subnet(_ context.Context, r *subnettypes.QuerySubnetRequest) (*subnettypes.QuerySubnetResponse, error) {
	return &subnettypes.QuerySubnetResponse{Height: q.world.Height, Subnet: q.view()}, only(r.Netuid)
}

func (q subnetQueries) Hyperparameters(_ context.Context, r *subnettypes.QueryHyperparametersRequest) (*subnettypes.QueryHyperparametersResponse, error) {
	out := &subnettypes.QueryHyperparametersResponse{Height: q.world.Height, Values: q.world.Rules.Values()}
	for _, p := range subnettypes.Schema() {
		out.Schema = append(out.Schema, p.HyperparameterSchema)
	}
	return out, only(r.Netuid)
}

type neuronQueries struct{ *Node }

func (q neuronQueries) Neuron(_ context.Context, r *neurontypes.QueryNeuronRequest) (*neurontypes.QueryNeuronResponse, error) {
	if err := only(r.Netuid); err != nil {
		return nil, err
	}
	hotkey, err := keys.ParseAccount(r.Hotkey)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	uid, n, ok := q.world.neuron(hotkey)
	if !ok {
		return nil, status.Errorf(codes.NotFound, "hotkey %s is not registered on subnet %d", r.Hotkey, r.Netuid)
	}
	return &neurontypes.QueryNeuronResponse{
		Height: q.world.Height, Stake: uint64(n.Stake), Permit: n.Permit,
		Validator: operatorOf(n.Validator),
		Neuron: neurontypes.Neuron{
			Uid: uint32(uid), Hotkey: r.Hotkey, Coldkey: keys.Account(n.Coldkey), RegisteredHeight: n.Registered, LastUpdate: n.LastUpdate, Endpoint: n.Endpoint,
		},
	}, nil
}

func (q neuronQueries) Metagraph(ctx context.Context, r *neurontypes.QueryMetagraphRequest) (*neurontypes.QueryMetagraphResponse, error) {
	m, err := q.then(ctx)
	if err != nil || only(r.Netuid) != nil {
		return nil, cmpErr(err, only(r.Netuid))
	}
	if m != nil {
		return m.metagraph, nil
	}
	w := q.world
	if w.Ticks {
		w.Height++
	}
	clock := w.clock()
	out := &neurontypes.QueryMetagraphResponse{
		Netuid: 1, Height: w.Height, TimeUnixMs: w.timeOf(w.Height).UnixMilli(), Epoch: clock.Epoch,
		LastBoundary: clock.LastBoundary, NextBoundary: clock.NextBoundary, Tempo: clock.Tempo, N: uint32(len(w.Neurons)),
		Mechanism: w.Mechanism, Settings: w.Settings,
	}
	c := &out.Columns
	for _, n := range w.Neurons {
		out.Hotkeys, out.Coldkeys = append(out.Hotkeys, n.Hotkey[:]...), append(out.Coldkeys, n.Coldkey[:]...)
		out.Validators = append(out.Validators, n.Validator[:]...)
		out.Registered, out.LastUpdate = u64(out.Registered, uint64(n.Registered)), u64(out.LastUpdate, uint64(n.LastUpdate))
		out.LiveStake = u64(out.LiveStake, uint64(n.Stake))
		out.Endpoints = append(out.Endpoints, n.Endpoint)
		c.Stake, c.Emission, c.Accrued = u64(c.Stake, uint64(n.Stake)), u64(c.Emission, uint64(n.Emission)), u64(c.Accrued, uint64(n.Accrued))
		c.Consensus, c.Incentive = u16(c.Consensus, n.Consensus), u16(c.Incentive, n.Incentive)
		c.Dividends, c.ValidatorTrust = u16(c.Dividends, n.Dividends), u16(c.ValidatorTrust, n.Trust)
		c.Permit, c.Active = flag(c.Permit, n.Permit), flag(c.Active, n.Active || w.past == nil && n.LastUpdate > 0)
	}
	if q.faults.ShortColumn {
		c.Incentive = c.Incentive[1:]
	}
	return out, nil
}

func u64(b []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(b, v) }
func u16(b []byte, v uint16) []byte { return binary.LittleEndian.AppendUint16(b, v) }

func flag(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func (q neuronQueries) Registration(_ context.Context, r *neurontypes.QueryRegistrationRequest) (*neurontypes.QueryRegistrationResponse, error) {
	w := q.world
	hash := w.blockHash(w.Height)
	return &neurontypes.QueryRegistrationResponse{
		Height: w.Height, BlockHash: hash[:], Open: w.Closed == "", PowOpen: w.Closed == "", ClosedBecause: w.Closed, Difficulty: w.Difficulty,
		BurnPrice: uint64(w.price()), N: uint32(len(w.Neurons)), MaxUids: uint32(w.Rules.MaxAllowedUIDs), WouldPrune: -1, NetworkHashRate: 2_000_000,
	}, only(r.Netuid)
}

func (q neuronQueries) Appointments(context.Context, *neurontypes.QueryAppointmentsRequest) (*neurontypes.QueryAppointmentsResponse, error) {
	out := &neurontypes.QueryAppointmentsResponse{Height: q.world.Height, Appointments: slices.Clone(q.world.Appointments)}
	for _, n := range q.world.Neurons {
		if !n.Validator.IsZero() {
			out.Appointments = append(out.Appointments, neurontypes.Appointment{Validator: keys.Operator(n.Validator), Netuid: 1, Hotkey: keys.Account(n.Hotkey)})
		}
	}
	return out, nil
}

func (q neuronQueries) Bandwidth(_ context.Context, r *neurontypes.QueryBandwidthRequest) (*neurontypes.QueryBandwidthResponse, error) {
	out := &neurontypes.QueryBandwidthResponse{Height: q.world.Height}
	for _, d := range q.world.Delegations {
		if keys.Account(d.Delegator) == r.Hotkey {
			out.Stake += uint64(d.Stake)
		}
		for _, g := range q.world.Grants {
			if g.Hotkey == r.Hotkey && g.Delegator == keys.Account(d.Delegator) {
				out.Stake += uint64(d.Stake) / 1_000_000 * uint64(g.SharePpm)
				out.Grants = append(out.Grants, g)
			}
		}
	}
	return out, nil
}

// operatorOf writes an operator as the chain does: nothing for none.
func operatorOf(a gotensor.Address) string {
	if a.IsZero() {
		return ""
	}
	return keys.Operator(a)
}

type producerQueries struct{ *Node }

func (q producerQueries) Producers(context.Context, *producertypes.QueryProducersRequest) (*producertypes.QueryProducersResponse, error) {
	out := &producertypes.QueryProducersResponse{Height: q.world.Height}
	for _, v := range q.world.Validators {
		if v.Producer {
			out.Producers = append(out.Producers, producertypes.Producer{Validator: keys.Operator(v.Operator)})
		}
	}
	return out, nil
}

type weightsQueries struct{ *Node }

func (q weightsQueries) rows(of func(*Neuron) []weightstypes.Entry) ([]weightstypes.UIDRow, error) {
	var out []weightstypes.UIDRow
	for uid, n := range q.world.Neurons {
		if len(of(n)) == 0 {
			continue
		}
		row, err := weightstypes.EncodeRow(of(n))
		if err != nil {
			return nil, err
		}
		out = append(out, weightstypes.UIDRow{Uid: uint32(uid), Row: row})
	}
	return out, nil
}

func (q weightsQueries) Weights(_ context.Context, r *weightstypes.QueryWeightsRequest) (*weightstypes.QueryWeightsResponse, error) {
	if err := only(r.Netuid); err != nil {
		return nil, err
	}
	rows, err := q.rows(func(n *Neuron) []weightstypes.Entry { return n.Row })
	return &weightstypes.QueryWeightsResponse{Height: q.world.Height, Rows: rows}, err
}

func (q weightsQueries) Bonds(ctx context.Context, r *weightstypes.QueryBondsRequest) (*weightstypes.QueryBondsResponse, error) {
	m, err := q.then(ctx)
	if err != nil || only(r.Netuid) != nil {
		return nil, cmpErr(err, only(r.Netuid))
	}
	if m != nil {
		return m.bonds, nil
	}
	rows, err := q.rows(func(n *Neuron) []weightstypes.Entry { return n.Bonds })
	return &weightstypes.QueryBondsResponse{Height: q.world.Height, Rows: rows}, err
}

func (q weightsQueries) Commitments(_ context.Context, r *weightstypes.QueryCommitmentsRequest) (*weightstypes.QueryCommitmentsResponse, error) {
	out := &weightstypes.QueryCommitmentsResponse{Height: q.world.Height}
	hotkey, err := keys.ParseAccount(r.Hotkey)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if _, n, ok := q.world.neuron(hotkey); ok {
		out.Commitments = n.Commitments
	}
	return out, nil
}

type emissionQueries struct{ *Node }

func (q emissionQueries) Issuance(context.Context, *emissiontypes.QueryIssuanceRequest) (*emissiontypes.QueryIssuanceResponse, error) {
	supply := (2000 * tao).Atao().String() // all of it there since genesis
	return &emissiontypes.QueryIssuanceResponse{Height: q.world.Height, SupplyAtao: supply, Rate: uint64(tao), GenesisSupplyAtao: supply}, nil
}

func (q emissionQueries) Emission(ctx context.Context, r *emissiontypes.QueryEmissionRequest) (*emissiontypes.QueryEmissionResponse, error) {
	m, err := q.then(ctx)
	if err != nil {
		return nil, err
	}
	if m != nil {
		return m.emission, only(r.Netuid)
	}
	if q.world.report != nil {
		return &emissiontypes.QueryEmissionResponse{Height: q.world.Height, Pot: emissiontypes.Pot{Netuid: 1, Pending: uint64(tao)}, Latest: *q.world.report}, only(r.Netuid)
	}
	return &emissiontypes.QueryEmissionResponse{
		Height: q.world.Height,
		Pot:    emissiontypes.Pot{Netuid: 1, Pending: uint64(tao), Carried: uint64(tao / 2)},
		Latest: emissiontypes.EpochReport{
			Netuid: 1, Epoch: 0, Height: 10, Drained: uint64(5 * tao), Owner: uint64(tao), Incentive: uint64(2 * tao), Dividends: uint64(2 * tao), PaidEpochs: q.world.PaidEpochs,
		},
	}, only(r.Netuid)
}

func (q emissionQueries) Streams(context.Context, *emissiontypes.QueryStreamsRequest) (*emissiontypes.QueryStreamsResponse, error) {
	return &emissiontypes.QueryStreamsResponse{Height: q.world.Height}, nil
}

// atao is an amount as the bank writes it.
func atao(r gotensor.Rao) string { return r.Atao().String() }

package chain

import (
	"context"
	"fmt"
	"math/big"
	"time"

	bankv1beta1 "cosmossdk.io/api/cosmos/bank/v1beta1"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	emission "github.com/gotensor/gotensor/x/emission/types"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
	producer "github.com/gotensor/gotensor/x/producer/types"
	subnet "github.com/gotensor/gotensor/x/subnet/types"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

// Status is where the chain stands.
type Status struct {
	ChainID     string
	Height      gotensor.Block
	Time        time.Time     // header time of that block
	TargetBlock time.Duration // that a block is meant to take
}

// Status asks the node where its chain stands.
func (c *Client) Status(ctx context.Context) (Status, error) {
	r, err := subnet.NewQueryClient(c.conn).Status(ctx, &subnet.QueryStatusRequest{})
	if err != nil {
		return Status{}, fmt.Errorf("status: %w", err)
	}
	c.mu.Lock()
	c.chainID = r.ChainId
	c.mu.Unlock()
	return Status{
		ChainID: r.ChainId, Height: gotensor.Block(r.Height), Time: time.UnixMilli(r.TimeUnixMs).UTC(),
		TargetBlock: time.Duration(r.TargetBlockMs) * time.Millisecond,
	}, nil
}

// ChainID is the chain's name, asked for once.
func (c *Client) ChainID(ctx context.Context) (string, error) {
	c.mu.Lock()
	id := c.chainID
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	s, err := c.Status(ctx)
	return s.ChainID, err
}

// Subnets lists all subnets by netuid with their clocks.
func (c *Client) Subnets(ctx context.Context) ([]subnet.SubnetView, error) {
	r, err := subnet.NewQueryClient(c.conn).Subnets(ctx, &subnet.QuerySubnetsRequest{})
	if err != nil {
		return nil, fmt.Errorf("subnets: %w", err)
	}
	return r.Subnets, nil
}

// Subnet returns one subnet with its clock, or ErrNotFound.
func (c *Client) Subnet(ctx context.Context, netuid gotensor.NetUID) (subnet.SubnetView, error) {
	r, err := subnet.NewQueryClient(c.conn).Subnet(ctx, &subnet.QuerySubnetRequest{Netuid: uint32(netuid)})
	if err != nil {
		return subnet.SubnetView{}, fmt.Errorf("subnet %d: %w", netuid, err)
	}
	return r.Subnet, nil
}

// Hyperparameters returns the settings of a subnet and, in the same order, their schema.
func (c *Client) Hyperparameters(ctx context.Context, netuid gotensor.NetUID) (*subnet.QueryHyperparametersResponse, error) {
	r, err := subnet.NewQueryClient(c.conn).Hyperparameters(ctx, &subnet.QueryHyperparametersRequest{Netuid: uint32(netuid)})
	if err != nil {
		return nil, fmt.Errorf("hyperparameters of subnet %d: %w", netuid, err)
	}
	return r, nil
}

// Registration says what a registration costs now, in TAO and in work, and the block hash to work on.
func (c *Client) Registration(ctx context.Context, netuid gotensor.NetUID) (*neuron.QueryRegistrationResponse, error) {
	r, err := neuron.NewQueryClient(c.conn).Registration(ctx, &neuron.QueryRegistrationRequest{Netuid: uint32(netuid)})
	if err != nil {
		return nil, fmt.Errorf("registration on subnet %d: %w", netuid, err)
	}
	return r, nil
}

// Neuron returns the neuron of a hotkey, or ErrNotFound.
func (c *Client) Neuron(ctx context.Context, netuid gotensor.NetUID, hotkey gotensor.Address) (*neuron.QueryNeuronResponse, error) {
	r, err := neuron.NewQueryClient(c.conn).Neuron(ctx, &neuron.QueryNeuronRequest{Netuid: uint32(netuid), Hotkey: keys.Account(hotkey)})
	if err != nil {
		return nil, fmt.Errorf("neuron %s on subnet %d: %w", keys.Account(hotkey), netuid, err)
	}
	return r, nil
}

// Appointments lists which hotkeys act for which staking validators.
func (c *Client) Appointments(ctx context.Context) ([]neuron.Appointment, error) {
	r, err := neuron.NewQueryClient(c.conn).Appointments(ctx, &neuron.QueryAppointmentsRequest{})
	if err != nil {
		return nil, fmt.Errorf("appointments: %w", err)
	}
	return r.Appointments, nil
}

// Bandwidth is the stake behind a key that calls axons.
func (c *Client) Bandwidth(ctx context.Context, hotkey gotensor.Address) (gotensor.Rao, error) {
	r, err := neuron.NewQueryClient(c.conn).Bandwidth(ctx, &neuron.QueryBandwidthRequest{Hotkey: keys.Account(hotkey)})
	if err != nil {
		return 0, fmt.Errorf("bandwidth of %s: %w", keys.Account(hotkey), err)
	}
	return gotensor.Rao(r.Stake), nil
}

// Weights returns the rows in force of a subnet by uid of the validator.
func (c *Client) Weights(ctx context.Context, netuid gotensor.NetUID) ([]weights.UIDRow, error) {
	r, err := weights.NewQueryClient(c.conn).Weights(ctx, &weights.QueryWeightsRequest{Netuid: uint32(netuid)})
	if err != nil {
		return nil, fmt.Errorf("weights of subnet %d: %w", netuid, err)
	}
	return r.Rows, nil
}

// Bonds returns the bonds of a subnet's latest epoch by uid of the validator.
func (c *Client) Bonds(ctx context.Context, netuid gotensor.NetUID) ([]weights.UIDRow, error) {
	r, err := weights.NewQueryClient(c.conn).Bonds(ctx, &weights.QueryBondsRequest{Netuid: uint32(netuid)})
	if err != nil {
		return nil, fmt.Errorf("bonds of subnet %d: %w", netuid, err)
	}
	return r.Rows, nil
}

// Commitments returns what a hotkey committed to and the chain still remembers.
func (c *Client) Commitments(ctx context.Context, netuid gotensor.NetUID, hotkey gotensor.Address) ([]weights.Commitment, error) {
	r, err := weights.NewQueryClient(c.conn).Commitments(ctx, &weights.QueryCommitmentsRequest{Netuid: uint32(netuid), Hotkey: keys.Account(hotkey)})
	if err != nil {
		return nil, fmt.Errorf("commitments of %s: %w", keys.Account(hotkey), err)
	}
	return r.Commitments, nil
}

// Issuance is the money supply and the present rate.
func (c *Client) Issuance(ctx context.Context) (*emission.QueryIssuanceResponse, error) {
	r, err := emission.NewQueryClient(c.conn).Issuance(ctx, &emission.QueryIssuanceRequest{})
	if err != nil {
		return nil, fmt.Errorf("issuance: %w", err)
	}
	return r, nil
}

// Emission is what a subnet holds and what its latest epoch paid.
func (c *Client) Emission(ctx context.Context, netuid gotensor.NetUID) (*emission.QueryEmissionResponse, error) {
	r, err := emission.NewQueryClient(c.conn).Emission(ctx, &emission.QueryEmissionRequest{Netuid: uint32(netuid)})
	if err != nil {
		return nil, fmt.Errorf("emission of subnet %d: %w", netuid, err)
	}
	return r, nil
}

// Streams are the dividends on their way to a staking validator.
func (c *Client) Streams(ctx context.Context, operator gotensor.Address) (*emission.QueryStreamsResponse, error) {
	r, err := emission.NewQueryClient(c.conn).Streams(ctx, &emission.QueryStreamsRequest{Validator: keys.Operator(operator)})
	if err != nil {
		return nil, fmt.Errorf("dividends of %s: %w", keys.Operator(operator), err)
	}
	return r, nil
}

// Producers lists the validators that produce blocks.
func (c *Client) Producers(ctx context.Context) (*producer.QueryProducersResponse, error) {
	r, err := producer.NewQueryClient(c.conn).Producers(ctx, &producer.QueryProducersRequest{})
	if err != nil {
		return nil, fmt.Errorf("producers: %w", err)
	}
	return r, nil
}

// Balance is what an account holds in atao; an account that does not exist holds nothing.
func (c *Client) Balance(ctx context.Context, account gotensor.Address) (*big.Int, error) {
	r, err := bankv1beta1.NewQueryClient(c.conn).Balance(ctx, &bankv1beta1.QueryBalanceRequest{
		Address: keys.Account(account), Denom: gotensor.BaseDenom,
	})
	if err != nil {
		return nil, fmt.Errorf("balance of %s: %w", keys.Account(account), err)
	}
	atao, ok := new(big.Int).SetString(r.Balance.GetAmount(), 10)
	if !ok {
		return nil, fmt.Errorf("balance of %s: %w: amount %q", keys.Account(account), ErrBadAnswer, r.Balance.GetAmount())
	}
	return atao, nil
}

package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
	subnet "github.com/gotensor/gotensor/x/subnet/types"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

// ErrConfig is returned by Run for a configuration that cannot work.
var ErrConfig = errors.New("doctor configuration")

// DefaultTimeout bounds a whole run.
const DefaultTimeout = 40 * time.Second

// Chain is what is asked of a node; *chain.Client is one.
type Chain interface {
	Status(ctx context.Context) (chain.Status, error)
	Metagraph(ctx context.Context, netuid gotensor.NetUID) (*metagraph.Metagraph, error)
	Hyperparameters(ctx context.Context, netuid gotensor.NetUID) (*subnet.QueryHyperparametersResponse, error)
	Registration(ctx context.Context, netuid gotensor.NetUID) (*neuron.QueryRegistrationResponse, error)
	Neuron(ctx context.Context, netuid gotensor.NetUID, hotkey gotensor.Address) (*neuron.QueryNeuronResponse, error)
	Appointments(ctx context.Context) ([]neuron.Appointment, error)
	Validator(ctx context.Context, operator gotensor.Address) (chain.Validator, error)
	Unbondings(ctx context.Context, delegator gotensor.Address) ([]chain.Unbonding, error)
	Commitments(ctx context.Context, netuid gotensor.NetUID, hotkey gotensor.Address) ([]weights.Commitment, error)
	Bandwidth(ctx context.Context, hotkey gotensor.Address) (gotensor.Rao, error)
}

// Config says what to look at. Chain and NetUID are required.
type Config struct {
	Chain   Chain
	Network chain.Network // as it was named; its ChainID and RPC may be empty
	NetUID  gotensor.NetUID

	// Hotkey is looked at; Wallet says why it is zero.
	Hotkey gotensor.Address
	Wallet error
	// Key signs calls to miners. Zero: a new key that nobody knows is used, which most miners refuse after the handshake.
	Key keys.PrivateKey
	// Secrets are files that nobody else may read.
	Secrets []string

	// Roles to look at; none: those that the chain and the homes show.
	Roles []Role
	// MinerHome, ValidatorHome and GatewayHome are the roles' folders. They need not be there.
	MinerHome, ValidatorHome, GatewayHome string
	// GatewayURL names a gateway that is not the one that runs in its home.
	GatewayURL string
	// From is the URL of a gateway that is asked whether it reaches the miner; empty: none.
	From string

	// What only others know; each may be nil. Speed asks a question as validators of this subnet do, Risk says whether stake can be
	// lost, Store reads the store of the gateway in GatewayHome.
	Speed func(ctx context.Context, conn grpc.ClientConnInterface, m *metagraph.Metagraph, n metagraph.Neuron) (Speed, error)
	Risk  func(ctx context.Context) (string, error)
	Store func(ctx context.Context) (Store, error)

	// Timeout bounds all of it (DefaultTimeout).
	Timeout time.Duration
	// Progress, if not nil, is told after each answer how many of how many there are and what is waited for. More questions may come.
	Progress func(done, asked int, waiting []string)
	// Now is the clock (time.Now).
	Now func() time.Time
}

// Run asks everything and looks at the answers. It takes no longer than Config.Timeout and a second. What cannot be reached is a
// finding and no error; the errors are ErrConfig and the context's.
func Run(ctx context.Context, cfg Config) (Report, error) {
	f, err := Gather(ctx, cfg)
	if err != nil {
		return Report{}, err
	}
	return Judge(f), nil
}

func (c Config) complete() (Config, error) {
	if c.Chain == nil || c.NetUID == 0 {
		return c, fmt.Errorf("%w: Chain and NetUID are needed", ErrConfig)
	}
	for _, r := range c.Roles {
		if r != Miner && r != Validator && r != Gateway {
			return c, fmt.Errorf("%w: role is %q, want %s, %s or %s", ErrConfig, r, Miner, Validator, Gateway)
		}
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}

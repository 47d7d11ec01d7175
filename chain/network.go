package chain

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
)

// NetworkFile is the name of the file in a network's folder that says how to reach it.
const NetworkFile = "network.json"

// ErrNetwork is returned for a description of a network that cannot be used.
var ErrNetwork = errors.New("unknown network")

// Network says where a network's node is.
type Network struct {
	Name    string `json:"name"`
	ChainID string `json:"chain_id"`
	GRPC    string `json:"grpc"`              // host:port of the node's gRPC, which everything here needs
	RPC     string `json:"rpc,omitempty"`     // URL of CometBFT's own interface
	REST    string `json:"rest,omitempty"`    // URL of the REST interface
	Gateway string `json:"gateway,omitempty"` // URL of a gateway that offers the network to applications
}

// FindNetwork reads what a person gave as network: a folder with a network.json (a localnet's home), such a file itself, or the
// host:port of a node's gRPC interface. It fails with ErrNetwork and says what was expected.
func FindNetwork(where string) (Network, error) {
	if where == "" {
		return Network{}, fmt.Errorf("%w: none given: pass --network FOLDER or --network HOST:PORT, or set GOTENSOR_NETWORK; `gotensor localnet` starts one", ErrNetwork)
	}
	info, err := os.Stat(where)
	switch {
	case err == nil && info.IsDir():
		return readNetwork(filepath.Join(where, NetworkFile))
	case err == nil:
		return readNetwork(where)
	case !errors.Is(err, fs.ErrNotExist):
		return Network{}, fmt.Errorf("%w: %w", ErrNetwork, err)
	}
	if host, port, err := net.SplitHostPort(where); err == nil && host != "" && port != "" {
		return Network{Name: where, GRPC: where}, nil
	}
	return Network{}, fmt.Errorf("%w: %q is neither a folder with a %s nor the host:port of a node's gRPC", ErrNetwork, where, NetworkFile)
}

func readNetwork(path string) (Network, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Network{}, fmt.Errorf("%w: %w", ErrNetwork, err)
	}
	var n Network
	if err := json.Unmarshal(data, &n); err != nil {
		return Network{}, fmt.Errorf("%w: %s: %w", ErrNetwork, path, err)
	}
	if n.GRPC == "" {
		return Network{}, fmt.Errorf("%w: %s has no \"grpc\" address", ErrNetwork, path)
	}
	if host, port, err := net.SplitHostPort(n.GRPC); err != nil || host == "" || port == "" {
		return Network{}, fmt.Errorf("%w: %s: \"grpc\" is %q, want the host:port of a node's gRPC, without a scheme", ErrNetwork, path, n.GRPC)
	}
	return n, nil
}

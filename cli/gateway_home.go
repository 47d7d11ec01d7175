package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// gatewayChainFile is the file in a gateway's folder that says of which chain it is.
const gatewayChainFile = "chain-id"

// tieGateway keeps a gateway's folder to one chain: the snapshots, keys and history in it mean nothing on another.
func tieGateway(home, chainID string) error {
	path := filepath.Join(home, gatewayChainFile)
	data, err := os.ReadFile(path)
	switch was := strings.TrimSpace(string(data)); {
	case errors.Is(err, fs.ErrNotExist):
		return os.WriteFile(path, []byte(chainID+"\n"), 0o600)
	case err != nil:
		return err
	case was != chainID:
		return usagef("%s is the folder of a gateway on chain %q, and this network is %q: name another one with --home", home, was, chainID)
	}
	return nil
}

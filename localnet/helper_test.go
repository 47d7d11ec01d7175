package localnet

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/keys"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
)

// helperEnv makes the test binary the programs that a localnet starts.
const helperEnv = "LOCALNET_TEST_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) == "" || len(os.Args) < 2 {
		os.Exit(m.Run())
	}
	if err := help(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

// help plays a program: the node's commands, a role, or one with a fault.
func help(name string, args []string) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	if name != "init" && name != "genesis" {
		defer fmt.Println("ended", name)
	}
	switch name {
	case "init":
		return json.NewEncoder(os.Stdout).Encode(map[string][]byte{"consensus_pubkey": make([]byte, 32)})
	case "genesis":
		return nil
	case "start":
		return serveNode(flag(args, "--home"), stop)
	case "miner", "gateway":
		fmt.Println("begun", name)
		<-stop
		return nil
	case "validator":
		return playValidator(flag(args, "--home"), stop)
	case "ends":
		return fmt.Errorf("ended by itself")
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		child := exec.Command("sleep", "600") // in the group
		if err := child.Start(); err != nil {
			return err
		}
		fmt.Println("child", child.Process.Pid)
		fmt.Println("begun", name)
		select {}
	case "stays":
		fmt.Println("begun", name)
		<-stop
		return nil
	default:
		return fmt.Errorf("unknown command %q", name)
	}
}

func flag(args []string, name string) string {
	for i, a := range args {
		if a == name && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

// serveNode is a node with the sample chain, on which time goes on, at the address of the network's file.
func serveNode(dir string, stop <-chan os.Signal) error {
	network, err := chain.FindNetwork(filepath.Dir(dir))
	if err != nil {
		return err
	}
	w := fakenode.Sample()
	w.Ticks = true
	// The sample chain knows none of this home's keys, so that nothing can be lent: it was before.
	hot, _, err := keys.NewStore(walletsIn(filepath.Dir(dir))).HotkeyPublic(gatewayName, "default")
	if err != nil {
		return err
	}
	w.Grants = append(w.Grants, neuron.Grant{Delegator: keys.Account(fakenode.Addr("alice")), Hotkey: keys.Account(hot.Address), SharePpm: 1, ExpiryUnix: 1 << 40})
	n, err := fakenode.Start(network.GRPC, w)
	if err != nil {
		return err
	}
	defer n.Stop()
	<-stop
	return nil
}

// playValidator says in its status file what it found.
func playValidator(dir string, stop <-chan os.Signal) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	status := fmt.Sprintf(`{"round":12,"min_rounds":10,"mixture_gain":0.5,"committed_epoch":1,"neurons":[{"hotkey":%q,"gain":0.25,"weight":0.75}],"models":{%q:"from-outside"}}`,
		keys.Account(fakenode.Addr("miner-1")), keys.Account(fakenode.Addr("miner-1")))
	if err := writeJSON(filepath.Join(dir, "status.json"), json.RawMessage(status)); err != nil {
		return err
	}
	fmt.Println("begun validator")
	<-stop
	return nil
}

// self is the path of this program, as which every other is played.
func self(t *testing.T) string {
	t.Helper()
	t.Setenv(helperEnv, "1")
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

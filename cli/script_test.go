package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/cli"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/custom"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/model"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

var update = flag.Bool("update", false, "write what commands print into the scripts and golden files")

// TestMain lets scripts run gotensor: this very binary, started again.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gotensor": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		code := cli.Main(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv})
		stop()
		os.Exit(code)
	}})
}

// TestScripts runs the scripts, one for each command. Each has wallets and addresses of its own (setup), and these commands:
//
//	exits CODE gotensor ...    run, and fail unless the exit code is this one
//	node start [ticks]         a fake node, which GOTENSOR_NETWORK names from then on; with ticks time goes on
//	node stop
//	node fault NAME [N]        make it misbehave: wrong-sequence, full, unavailable, hidden, refuse, fail-in-block, no-index
//	node set NAME VALUE        change the world: height, closed, mechanism, sequence (of alice); clock now: the newest block is of now;
//	                           of the epochs that were played: pruned HEIGHT, incentive (of uid 1 in the latest), failed REASON
//	node play EPOCHS           run epochs as the chain does, in which the weight of miner 2 grows
//	until FILE REGEXP          wait until a file that a command in the background writes matches
//	axon UID KIND              the neuron of a uid serves: says, nobody (admits no one), broken (wrong answers)
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setup,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Deadline:            time.Now().Add(8 * time.Minute), // of all scripts together: a command that hangs fails its script
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"node":  node,
			"axon":  serve,
			"until": until,
		},
	})
}

const nodeKey = "node"

// setup gives a script wallets whose keys the fake node knows, and their addresses as variables.
func setup(env *testscript.Env) error {
	env.Values[nodeKey] = new(*fakenode.Node)
	dir := filepath.Join(env.WorkDir, "wallets")
	env.Setenv("GOTENSOR_WALLETS", dir)
	env.Setenv("GOTENSOR_NETWORK", "")
	env.Setenv("HOME", env.WorkDir)
	if err := os.WriteFile(filepath.Join(env.WorkDir, "password"), []byte("secret\n"), 0o600); err != nil {
		return err
	}
	for _, name := range []string{"alice", "bob", "north", "south", "owner", "judge", "newcomer", "miner-1", "miner-2", "miner-3"} {
		variable := strings.ReplaceAll(name, "-", "")
		env.Setenv(variable, keys.Account(fakenode.Addr(name)))
		env.Setenv(variable+"_op", keys.Operator(fakenode.Addr(name)))
	}
	store := keys.NewStore(dir, keys.WithWorkFactor(1)) // these keys are worth nothing
	for _, w := range []struct{ wallet, cold, hot string }{{"alice", "alice", "newcomer"}, {"judge", "north", "judge"}} {
		if _, err := store.CreateColdkey(w.wallet, fakenode.Key(w.cold), "secret"); err != nil {
			return err
		}
		if _, err := store.CreateHotkey(w.wallet, "default", fakenode.Key(w.hot), keys.Unencrypted()); err != nil {
			return err
		}
	}
	return nil
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE gotensor ...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func node(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: node start|stop|fault|set ...")
	}
	at := ts.Value(nodeKey).(**fakenode.Node) //nolint:forcetypeassert // set by setup
	switch args[0] {
	case "start":
		w := fakenode.Sample()
		w.Ticks = len(args) > 1 && args[1] == "ticks"
		n, err := fakenode.Start("127.0.0.1:0", w)
		ts.Check(err)
		*at = n
		ts.Defer(n.Stop)
		ts.Setenv("GOTENSOR_NETWORK", n.Addr())
	case "stop":
		(*at).Stop()
	case "fault":
		fault(ts, *at, args[1:])
	case "set":
		change(ts, *at, args[1:])
	case "play":
		play(ts, *at, args[1:])
	default:
		ts.Fatalf("node %s: no such thing", args[0])
	}
}

func fault(ts *testscript.TestScript, n *fakenode.Node, args []string) {
	times := 1
	if len(args) > 1 {
		var err error
		times, err = strconv.Atoi(args[1])
		ts.Check(err)
	}
	n.Break(func(f *fakenode.Faults) {
		switch args[0] {
		case "wrong-sequence":
			f.WrongSequence = times
		case "full":
			f.Full = times
		case "unavailable":
			f.Unavailable = times
		case "hidden":
			f.Hidden = times
		case "no-index":
			f.NoIndex = true
		case "refuse":
			f.Refuse = neurontypes.ErrRateLimit.Wrap("the next is taken at block 99")
		case "fail-in-block":
			f.FailInBlock = weightstypes.ErrPeriod.Wrap("the period is over")
		default:
			ts.Fatalf("node fault %s: no such thing", args[0])
		}
	})
}

func play(ts *testscript.TestScript, n *fakenode.Node, args []string) {
	epochs, err := strconv.Atoi(args[0])
	ts.Check(err)
	n.Edit(func(w *fakenode.World) {
		ts.Check(w.Play(epochs, func(epoch int) { w.Neurons[0].Row[1].Value = uint16(10_000 * (epoch + 1)) }))
	})
}

func change(ts *testscript.TestScript, n *fakenode.Node, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: node set NAME VALUE")
	}
	number, err := strconv.ParseInt(args[1], 10, 64)
	n.Edit(func(w *fakenode.World) {
		switch args[0] {
		case "height":
			ts.Check(err)
			w.Height = number
		case "sequence":
			ts.Check(err)
			w.Accounts[fakenode.Addr("alice")].Sequence = uint64(number)
		case "clock":
			w.Began = time.Now().Add(-time.Duration(w.Height*int64(w.TargetMs)) * time.Millisecond) // its newest block is of now
		case "closed":
			w.Closed = args[1]
		case "mechanism":
			w.Mechanism = args[1]
		case "pruned":
			ts.Check(err)
			w.Pruned = number
		case "incentive":
			ts.Check(err)
			w.Forge(uint16(number))
		case "failed":
			w.Fail(args[1])
		default:
			ts.Fatalf("node set %s: no such thing", args[0])
		}
	})
}

// says is a model with three candidates, whatever it is asked; broken ones do not sum to 1.
type says struct{ broken bool }

func (says) Name() string { return "says" }

func (s says) Predict(_ context.Context, contexts [][]byte, _ int) ([]model.Prediction, error) {
	p := model.Prediction{
		Candidates: []model.Candidate{{Text: []byte(" cat"), P: 0.25}, {Text: []byte(" dog"), P: 0.5}, {Text: []byte(" e"), P: 0.0625}}, Floor: 0.1875,
	}
	if s.broken {
		p.Floor = 0.9
	}
	out := make([]model.Prediction, len(contexts))
	for i := range out {
		out[i] = p
	}
	return out, nil
}

// knows tells whether an axon admits everybody or nobody.
type knows bool

func (k knows) Lookup(gotensor.Address) (axon.Caller, bool) {
	if !k {
		return axon.Caller{}, false
	}
	return axon.Caller{Weight: 1}, true
}

func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: axon UID says|sealed|nobody|broken|plugin")
	}
	uid, err := strconv.Atoi(args[0])
	ts.Check(err)
	at := ts.Value(nodeKey).(**fakenode.Node) //nolint:forcetypeassert // set by setup
	cert, err := synapse.NewCertificate(time.Now())
	ts.Check(err)
	pin, err := synapse.SPKIHash(&cert)
	ts.Check(err)
	var served mechanism.Server
	var hotkey gotensor.Address
	(*at).Edit(func(w *fakenode.World) { hotkey = w.Neurons[uid].Hotkey })
	if args[1] == "plugin" {
		served, err = pluggedIn(ts)
	} else {
		s := text.DefaultSettings()
		s.DeadlineMs = 1000
		served, err = text.NewServer(text.ServerConfig{
			Predictor: says{broken: args[1] == "broken"}, Settings: s, Hotkey: hotkey,
			AtOnce: func(gotensor.Address) bool { return args[1] != "sealed" },
		})
	}
	ts.Check(err)
	server, err := axon.New(axon.Config{
		ChainID: "fake-1", Certificate: cert, Callers: knows(args[1] != "nobody"), Policy: axon.PolicyBandwidth,
		Info: &axonv1.InfoResponse{Netuid: 1, Model: "says", Schema: served.Describe().Schema},
	})
	ts.Check(err)
	server.Register(served.Service())
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, lis) }()
	ts.Defer(func() {
		cancel()
		if err := <-done; err != nil {
			ts.Logf("axon: %v", err)
		}
	})
	addr, err := netip.ParseAddrPort(lis.Addr().String())
	ts.Check(err)
	(*at).Edit(func(w *fakenode.World) {
		w.Neurons[uid].Endpoint = neurontypes.Endpoint{Host: addr.Addr().String(), Port: uint32(addr.Port()), CertificatePin: pin[:]}
	})
	ts.Setenv(fmt.Sprintf("axon%d", uid), addr.String())
}

// pluggedIn serves a plug-in that turns a text around at once, and spells it in pieces.
func pluggedIn(ts *testscript.TestScript) (mechanism.Server, error) {
	plugin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in string
		_ = json.NewDecoder(r.Body).Decode(&in) // GET has none
		switch r.URL.Path {
		case "/schema":
			_, _ = io.WriteString(w, `{"name": "words", "model": "mirror", "operations": [
				{"name": "turn", "description": "Turns a word around.", "input": {"type": "string"}, "output": {"type": "string"}},
				{"name": "spell", "description": "Spells a word.", "stream": true, "input": {"type": "string"}, "output": {"type": "string", "maxLength": 1}}]}`)
		case "/call/turn":
			out := []byte(in)
			slices.Reverse(out)
			_ = json.NewEncoder(w).Encode(string(out))
		default:
			for _, c := range in {
				_ = json.NewEncoder(w).Encode(string(c))
			}
		}
	}))
	ts.Defer(plugin.Close)
	return custom.NewServer(context.Background(), custom.ServerConfig{URL: plugin.URL, Settings: custom.DefaultSettings(), StartTimeout: 10 * time.Second})
}

// until waits for a file to match, a minute at most: there is no event for what another process writes.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: until FILE REGEXP")
	}
	want, err := regexp.Compile(args[1])
	ts.Check(err)
	for range 600 {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && want.Match(data) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("%s does not match %s", args[0], want)
}

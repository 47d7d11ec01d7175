package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/custom"
	"github.com/gotensor/gotensor/metagraph"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
)

// maxDeclared is the most bytes of a neuron's description of itself with its schema.
const maxDeclared = 128 << 10

// callOptions are the flags of call.
type callOptions struct {
	netuid  *uint16
	uid     int
	list    bool
	timeout time.Duration
}

func (a *app) callCommand() *cobra.Command {
	var o callOptions
	c := &cobra.Command{
		Use:   "call OPERATION JSON|@FILE|-",
		Short: "Call an operation of a plug-in subnet",
		Long: `Calls an operation of a neuron on a subnet of the mechanism custom, with the wallet's hotkey, and prints the JSON that it answers; where the
operation streams, one line for each piece. Input and output are checked against the schema that the neuron declares.

By default the neuron with the highest incentive is asked; --uid names another. --list shows the operations.`,
		Example: `  gotensor call --network FOLDER --wallet me --netuid 2 --list
  gotensor call --network FOLDER --wallet me --netuid 2 factor '{"n": "15"}'
  gotensor call --network FOLDER --wallet me --netuid 2 --uid 4 factor @input.json`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case o.list && len(args) > 0:
				return usagef("--list takes no operation")
			case !o.list && len(args) != 2:
				return usagef("got %d arguments, want an operation and its input: JSON, @FILE, or - for standard input", len(args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.call(c.Context(), o, args) },
	}
	o.netuid = netuidFlag(c)
	f := c.Flags()
	f.IntVar(&o.uid, "uid", -1, "ask this uid (default: the one with the highest incentive)")
	f.BoolVar(&o.list, "list", false, "show what can be called")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "longest wait for the whole answer")
	return c
}

// operationsView is the answer of call --list.
type operationsView struct {
	NetUID gotensor.NetUID `json:"netuid"`
	UID    gotensor.UID    `json:"uid"`
	Hotkey string          `json:"hotkey"`
	Schema *custom.Schema  `json:"schema"`
}

// callView is the answer of call.
type callView struct {
	NetUID    gotensor.NetUID   `json:"netuid"`
	UID       gotensor.UID      `json:"uid"`
	Hotkey    string            `json:"hotkey"`
	Operation string            `json:"operation"`
	Latency   float64           `json:"latency_ms"`
	Output    json.RawMessage   `json:"output,omitempty"`
	Pieces    []json.RawMessage `json:"pieces,omitempty"` // of an operation that streams
}

func (a *app) call(ctx context.Context, o callOptions, args []string) error {
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	m, err := metagraphOf(ctx, node, gotensor.NetUID(*o.netuid), "call", custom.Name)
	if err != nil {
		return err
	}
	settings, err := custom.ParseSettings(m.Settings)
	if err != nil {
		return err
	}
	n, err := whom(m, o.uid)
	if err != nil {
		return err
	}
	var input []byte
	if !o.list {
		if input, err = a.callInput(args[1], settings.InputBytes); err != nil {
			return err
		}
	}
	client, err := a.dendrite(ctx, node, o.timeout)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	conn := client.To(dendrite.Target{Addr: n.Endpoint.Addr, Pin: n.Endpoint.Pin, Hotkey: n.Hotkey})
	schema, err := declared(ctx, conn)
	if err != nil {
		return err
	}
	if o.list {
		return a.show(operationsView{NetUID: m.NetUID, UID: n.UID, Hotkey: keys.Account(n.Hotkey), Schema: schema})
	}
	op, ok := schema.Operation(args[0])
	if !ok {
		return nothingf("uid %d declares no operation %q; --list shows those it does", n.UID, args[0])
	}
	if err := op.CheckInput(input); err != nil {
		return usagef("input of %s: %v", op.Name, err)
	}
	v := callView{NetUID: m.NetUID, UID: n.UID, Hotkey: keys.Account(n.Hotkey), Operation: op.Name}
	began := time.Now()
	err = op.Ask(ctx, conn, input, settings.OutputBytes, func(piece []byte) error { return a.takePiece(&v, op, piece) })
	v.Latency = float64(time.Since(began).Microseconds()) / 1000
	switch {
	case errors.Is(err, mechanism.ErrBadAnswer):
		return errors.New(synapse.Printable(err.Error(), 400)) // it quotes the neuron
	case err != nil:
		return err
	case a.asJSON():
		return a.show(v)
	}
	return nil
}

// takePiece prints a piece at once, or keeps it for the answer in JSON.
func (a *app) takePiece(v *callView, op *custom.Operation, piece []byte) error {
	var line bytes.Buffer
	if err := json.Compact(&line, piece); err != nil {
		return err
	}
	switch {
	case !a.asJSON():
		// JSON may hold control characters of a terminal beyond ASCII's own.
		_, err := fmt.Fprintln(a.Out, synapse.Printable(line.String(), line.Len()))
		return err
	case op.Stream:
		v.Pieces = append(v.Pieces, line.Bytes())
	default:
		v.Output = line.Bytes()
	}
	return nil
}

func (v callView) print(*page) {} // text was printed as it came

func (v operationsView) print(p *page) {
	p.linef("%s  uid %d  %s", p.bold(synapse.Printable(v.Schema.Name, 64)), v.UID, orDash(synapse.Printable(v.Schema.Model, 64)))
	t := grid{columns: []column{col("OPERATION"), col("ANSWERS"), col("WHAT IT DOES")}}
	for i := range v.Schema.Operations {
		op := &v.Schema.Operations[i]
		how := "at once"
		if op.Stream {
			how = "in pieces"
		}
		t.add(op.Name, how, synapse.Printable(op.Description, 200))
	}
	p.table(t)
	p.linef("%s", p.faint("-o json shows the schemas of inputs and outputs"))
}

// whom finds the neuron to ask.
func whom(m *metagraph.Metagraph, uid int) (metagraph.Neuron, error) {
	if uid < -1 || uid > 65535 {
		return metagraph.Neuron{}, usagef("--uid is %d, want 0 to 65535", uid)
	}
	o := queryOptions{best: 1}
	if uid >= 0 {
		o.uids = []uint{uint(uid)}
	}
	chosen, err := choose(m, o)
	if err != nil {
		return metagraph.Neuron{}, err
	}
	return chosen[0], nil
}

// declared is the schema of a neuron.
func declared(ctx context.Context, conn grpc.ClientConnInterface) (*custom.Schema, error) {
	info, err := axonv1.NewAxonClient(conn).Info(ctx, &axonv1.InfoRequest{}, grpc.MaxCallRecvMsgSize(maxDeclared))
	if err != nil {
		return nil, err
	}
	s, err := custom.ParseSchema(info.GetSchema())
	if err != nil {
		return nil, errors.New("the neuron declares what cannot be called: " + synapse.Printable(err.Error(), 400))
	}
	return s, nil
}

// callInput reads the input: JSON itself, a file's, or that of standard input.
func (a *app) callInput(arg string, most int) ([]byte, error) {
	in := io.Reader(strings.NewReader(arg))
	if name, ok := strings.CutPrefix(arg, "@"); ok {
		f, err := os.Open(name)
		if err != nil {
			return nil, usagef("input: %v", err)
		}
		defer f.Close()
		in = f
	} else if arg == "-" {
		in = a.In
	}
	data, err := io.ReadAll(io.LimitReader(in, int64(most)+1))
	if err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	if len(data) > most {
		return nil, usagef("the input has over %d bytes, the most that this subnet takes", most)
	}
	return bytes.TrimSpace(data), nil
}

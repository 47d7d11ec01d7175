package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
)

// Bounds of what strangers say.
const (
	maxInfo  = 128 << 10
	maxWords = 64
)

// miner asks what a miner's checks need.
func (r *round) miner() {
	c, f := r.cfg, r.facts
	m := &f.Miner
	ask(r, "certificate", &m.Certificate, func(context.Context) (Certificate, error) {
		return certificateOf(filepath.Join(c.MinerHome, "axon.pem"))
	})
	n, found := f.me()
	if !found || !n.Endpoint.Serves() {
		return
	}
	if c.From != "" {
		ask(r, "the view from outside", &m.Outside, func(ctx context.Context) (Probe, error) {
			return probe(ctx, c.From, c.NetUID, n)
		})
	}
	if !f.Status.known() {
		return
	}
	r.group.Go(func() { r.call(n) })
}

// call asks the neuron itself, as others do: over the address that the chain lists.
func (r *round) call(n metagraph.Neuron) {
	c, f := r.cfg, r.facts
	client, err := callAs(c.Key, f.Status.Value.ChainID)
	if err != nil {
		f.Miner.Dial = Miss[Dial](err)
		return
	}
	defer client.Close()
	conn := client.To(dendrite.Target{Addr: n.Endpoint.Addr, Pin: n.Endpoint.Pin, Hotkey: n.Hotkey})
	askNow(r, "the endpoint", askFor, &f.Miner.Dial, func(ctx context.Context) (Dial, error) { return dial(ctx, conn, n.Endpoint.Addr) })
	if errors.Is(f.Miner.Dial.Err, dendrite.ErrNotPermitted) {
		f.Miner.Speed = Miss[Speed](f.Miner.Dial.Err)
	}
	if c.Speed == nil || !f.Miner.Dial.known() {
		return
	}
	// The question has the mechanism's own deadline; this one holds where that hangs.
	askNow(r, "the model", c.Timeout, &f.Miner.Speed, func(ctx context.Context) (Speed, error) { return c.Speed(ctx, conn, f.Graph.Value, n) })
}

// callAs makes a client with the hotkey, or with a key that nobody knows.
func callAs(key keys.PrivateKey, chainID string) (*dendrite.Client, error) {
	if key.IsZero() {
		var err error
		if key, err = keys.GenerateKey(); err != nil {
			return nil, err
		}
	}
	return dendrite.New(dendrite.Config{ChainID: chainID, Signer: key, Timeout: time.Minute})
}

func dial(ctx context.Context, conn grpc.ClientConnInterface, at netip.AddrPort) (Dial, error) {
	began := time.Now()
	info, err := axonv1.NewAxonClient(conn).Info(ctx, &axonv1.InfoRequest{}, grpc.MaxCallRecvMsgSize(maxInfo))
	if err != nil {
		return Dial{}, err
	}
	d := Dial{
		Addr: at, Took: time.Since(began), Hotkey: synapse.Printable(info.GetHotkey(), 90), NetUID: gotensor.NetUID(min(info.GetNetuid(), 65535)),
		Mechanism: synapse.Printable(info.GetMechanism(), maxWords), Model: synapse.Printable(info.GetModel(), maxWords),
		Version: synapse.Printable(info.GetVersion(), maxWords),
	}
	for _, x := range info.GetCapabilities()[:min(len(info.GetCapabilities()), 32)] {
		d.Capabilities = append(d.Capabilities, synapse.Printable(x, 32))
	}
	return d, nil
}

// certificateOf reads a miner's certificate; it makes none.
func certificateOf(path string) (Certificate, error) {
	data, err := readFile(path)
	if err != nil {
		return Certificate{}, err
	}
	cert, err := tls.X509KeyPair(data, data)
	if err != nil {
		return Certificate{}, fmt.Errorf("%s: %w", path, err)
	}
	pin, err := synapse.SPKIHash(&cert)
	if err != nil {
		return Certificate{}, fmt.Errorf("%s: %w", path, err)
	}
	return Certificate{Path: path, Pin: pin, NotAfter: cert.Leaf.NotAfter}, nil
}

// probe lets a gateway look at a neuron.
func probe(ctx context.Context, from string, netuid gotensor.NetUID, n metagraph.Neuron) (Probe, error) {
	v, err := getJSON[struct {
		Probe
		Hotkey string `json:"hotkey"`
	}](ctx, fmt.Sprintf("%s/api/probe?netuid=%d&uid=%d", base(from), netuid, n.UID))
	if err != nil {
		return Probe{}, err
	}
	if v.Hotkey != keys.Account(n.Hotkey) {
		return Probe{}, fmt.Errorf("%w: it looked at hotkey %s under uid %d: it is of another chain, or its snapshot is old", errAnswer, synapse.Printable(v.Hotkey, 90), n.UID)
	}
	v.Error = synapse.Printable(v.Error, maxWords)
	v.Local = near(from)
	return v.Probe, nil
}

// near tells whether a URL names this machine or its own network: what is there sees no more than we do. Names are not looked up:
// behind one there may be any machine.
func near(from string) bool {
	u, err := url.Parse(from)
	if err != nil {
		return false
	}
	if u.Hostname() == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && inside(ip)
}

package regions

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Addresses are subnetA.subnetB.REGION.1.
const subnetA, subnetB = 10, 77

// World is six regions and the round trips between them in milliseconds, in the range that people on different continents see.
var World = struct {
	Names      []string
	RoundTrips [][]int
}{
	Names: []string{"virginia", "oregon", "frankfurt", "sao-paulo", "tokyo", "sydney"},
	RoundTrips: [][]int{
		{1, 100, 100, 120, 160, 200},
		{100, 1, 140, 180, 100, 140},
		{100, 140, 1, 200, 230, 250},
		{120, 180, 200, 1, 250, 250},
		{160, 100, 230, 250, 1, 110},
		{200, 140, 250, 250, 110, 1},
	},
}

// Config describes a network.
type Config struct {
	Regions int
	// RoundTrip between two regions; half of it is spent each way.
	RoundTrip func(a, b int) time.Duration
	// Loss is the probability that a packet is lost, each way.
	Loss float64
	// Seed of the losses.
	Seed uint64
}

// OfWorld is the network between the first n regions of World.
func OfWorld(n int, loss float64) Config {
	return Config{
		Regions: n, Loss: loss, Seed: 1,
		RoundTrip: func(a, b int) time.Duration { return time.Duration(World.RoundTrips[a][b]) * time.Millisecond },
	}
}

// Net is a running network.
type Net struct {
	cfg    Config
	prefix string
	router *router
	made   []string // namespaces
}

// Start makes the namespaces, their devices and the router. Close takes all of it away.
func Start(cfg Config) (*Net, error) {
	n := &Net{cfg: cfg, prefix: fmt.Sprintf("gt%d-", os.Getpid())}
	var tuns []*os.File
	for i := range cfg.Regions {
		tun, err := n.region(i)
		if err != nil {
			for _, t := range tuns {
				err = errors.Join(err, t.Close())
			}
			return nil, errors.Join(err, n.Close())
		}
		tuns = append(tuns, tun)
	}
	n.router = newRouter(cfg, tuns)
	return n, nil
}

// region makes one namespace with its device.
func (n *Net) region(i int) (*os.File, error) {
	name := n.namespace(i)
	if err := ip("netns", "add", name); err != nil {
		return nil, err
	}
	n.made = append(n.made, name)
	var tun *os.File
	err := within(name, func() error {
		var err error
		tun, err = openTUN("region")
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"addr", "add", n.Addr(i).String() + "/32", "dev", "region"},
		{"link", "set", "region", "mtu", fmt.Sprint(mtu), "up"},
		{"route", "add", "default", "dev", "region"},
	} {
		if err := ip(append([]string{"-n", name}, args...)...); err != nil {
			return nil, errors.Join(err, tun.Close())
		}
	}
	return tun, nil
}

func (n *Net) namespace(i int) string { return fmt.Sprintf("%s%d", n.prefix, i) }

// Addr is a region's only address.
func (n *Net) Addr(i int) netip.Addr { return netip.AddrFrom4([4]byte{subnetA, subnetB, byte(i), 1}) }

// Command is a program that runs in a region.
func (n *Net) Command(ctx context.Context, region int, program string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", n.namespace(region), program}, args...)...)
}

// Listen opens a port in a region for this process.
func (n *Net) Listen(region int, addr string) (net.Listener, error) {
	var lis net.Listener
	err := within(n.namespace(region), func() error {
		var err error
		lis, err = net.Listen("tcp", addr)
		return err
	})
	return lis, err
}

// Dial connects to an address as seen from a region.
func (n *Net) Dial(ctx context.Context, region int, addr string) (net.Conn, error) {
	var conn net.Conn
	err := within(n.namespace(region), func() error {
		var err error
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		return err
	})
	return conn, err
}

// Close ends the network. Programs in it should have ended before.
func (n *Net) Close() error {
	var errs []error
	if n.router != nil {
		errs = append(errs, n.router.close())
	}
	for _, name := range n.made {
		errs = append(errs, ip("netns", "del", name))
	}
	return errors.Join(errs...)
}

func ip(args ...string) error {
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

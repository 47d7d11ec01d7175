package regions

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	mtu = 1500
	// queued packets between two regions; more are dropped, as a router does whose buffer is full.
	queued = 16384
)

// packet is one that is under way.
type packet struct {
	due  time.Time
	data []byte
}

// router carries packets between the regions' devices.
type router struct {
	cfg   Config
	tuns  []*os.File
	paths [][]chan packet // from, to
	wait  sync.WaitGroup
}

func newRouter(cfg Config, tuns []*os.File) *router {
	r := &router{cfg: cfg, tuns: tuns, paths: make([][]chan packet, len(tuns))}
	for from := range tuns {
		r.paths[from] = make([]chan packet, len(tuns))
		for to := range tuns {
			path := make(chan packet, queued)
			r.paths[from][to] = path
			r.wait.Go(func() { r.deliver(tuns[to], path) })
		}
	}
	for from := range tuns {
		r.wait.Go(func() { r.read(from) })
	}
	return r
}

// read takes the packets that leave a region until its device is closed.
func (r *router) read(from int) {
	defer func() {
		for _, path := range r.paths[from] {
			close(path)
		}
	}()
	rng := rand.New(rand.NewPCG(r.cfg.Seed, uint64(from)))
	buffer := make([]byte, mtu+64)
	for {
		n, err := r.tuns[from].Read(buffer)
		if err != nil {
			return
		}
		to, ok := regionOf(buffer[:n])
		if !ok || to >= len(r.tuns) || rng.Float64() < r.cfg.Loss {
			continue
		}
		p := packet{time.Now().Add(r.cfg.RoundTrip(from, to) / 2), append([]byte(nil), buffer[:n]...)}
		select {
		case r.paths[from][to] <- p:
		default:
		}
	}
}

// deliver hands packets over when they are due. The delay of a path is constant, so they stay in order.
func (r *router) deliver(tun *os.File, path <-chan packet) {
	for p := range path {
		time.Sleep(time.Until(p.due))
		_, _ = tun.Write(p.data) // the device is closed at the end
	}
}

func (r *router) close() error {
	var errs []error
	for _, t := range r.tuns {
		errs = append(errs, t.Close())
	}
	r.wait.Wait()
	return errors.Join(errs...)
}

// regionOf is the region that an IPv4 packet is for: the third byte of its address.
func regionOf(b []byte) (int, bool) {
	if len(b) < 20 || b[0]>>4 != 4 || b[16] != subnetA || b[17] != subnetB {
		return 0, false
	}
	return int(b[18]), true
}

// within runs f in a network namespace. What f opens stays there.
func within(namespace string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine, and with it the change of namespace
		ns, err := os.Open("/run/netns/" + namespace)
		if err != nil {
			done <- err
			return
		}
		defer ns.Close()
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("enter namespace %s: %w", namespace, err)
			return
		}
		done <- f()
	}()
	return <-done
}

// openTUN makes the device of the present namespace.
func openTUN(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	req, err := unix.NewIfreq(name)
	if err != nil {
		return nil, err
	}
	var flags [2]byte
	binary.NativeEndian.PutUint16(flags[:], unix.IFF_TUN|unix.IFF_NO_PI)
	req.SetUint16(binary.NativeEndian.Uint16(flags[:]))
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
		return nil, errors.Join(fmt.Errorf("make device %s: %w", name, err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), name), nil
}

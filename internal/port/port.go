// Package port finds ports for programs that have to be told theirs before they start.
//
// Start at Free.
package port

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports are taken from [first, end), below those that systems give out by themselves (from 32768 on Linux, from 49152
// elsewhere). A port of that range can be gone to any connection that leaves this machine before its program listens.
const (
	first = 10_000
	end   = 26_000
)

// ErrNone says that no port could be found.
var ErrNone = errors.New("no free port")

var (
	mu    sync.Mutex
	given = map[int]bool{}
)

// Free returns n addresses of 127.0.0.1 at which nobody listens now, none of which it returned before to this process.
// Another process may still listen there first: only that is left to chance, one in thousands.
// The error wraps ErrNone; then none was taken.
func Free(n int) ([]string, error) {
	mu.Lock()
	defer mu.Unlock()
	var out []string
	taken := map[int]bool{}
	for from, i := rand.IntN(end-first), 0; len(out) < n; i++ {
		if i == end-first {
			return nil, fmt.Errorf("%w: %d of the %d asked for are left of %d to %d", ErrNone, len(out), n, first, end-1)
		}
		p := first + (from+i)%(end-first)
		if given[p] {
			continue
		}
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(p))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue // somebody listens there
		}
		if err := l.Close(); err != nil {
			return nil, fmt.Errorf("close %s: %w", addr, err)
		}
		taken[p] = true
		out = append(out, addr)
	}
	maps.Copy(given, taken)
	return out, nil
}

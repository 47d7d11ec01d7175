//go:build !linux

package bench

import "net"

// wireBytes is not known here.
func wireBytes(*net.TCPConn) (uint64, bool) { return 0, false }

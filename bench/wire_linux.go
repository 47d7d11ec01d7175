package bench

import (
	"net"

	"golang.org/x/sys/unix"
)

// wireBytes is how much TCP has carried over the connection so far, both ways, resent bytes not counted.
func wireBytes(c *net.TCPConn) (uint64, bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, false
	}
	var info *unix.TCPInfo
	var infoErr error
	if err := raw.Control(func(fd uintptr) {
		info, infoErr = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	}); err != nil || infoErr != nil {
		return 0, false
	}
	return info.Bytes_acked + info.Bytes_received, true
}

//go:build !linux

package localnet

import "syscall"

// detached keeps a terminal's Ctrl-C from reaching the processes, which are stopped in order.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

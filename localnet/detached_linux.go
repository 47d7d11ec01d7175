package localnet

import "syscall"

// detached keeps a terminal's Ctrl-C from reaching the processes, which are stopped in order, and ends them if this one is killed.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

package localnet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrRunning is returned by Run where a network runs in the home already.
var ErrRunning = errors.New("a network is running there already")

// lock keeps two localnets out of one home. The system lets go of it when the process ends, however it ends.
func lock(home string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(home, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%w: %s", ErrRunning, home)
	}
	return func() { f.Close() }, nil
}

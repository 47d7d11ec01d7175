package localnet

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/logbook"
)

// program is the test binary playing a program, with a log that is looked at.
func program(t *testing.T, log *logbook.Book, args ...string) *process {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(logsIn(dir), 0o700))
	return &process{name: "p", path: self(t), args: args, log: log.Logger(), home: dir, restart: 10 * time.Millisecond, patient: 10 * time.Second}
}

func printed(t *testing.T, p *process) string {
	t.Helper()
	data, err := os.ReadFile(p.logFile())
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	require.NoError(t, err)
	return string(data)
}

func eventually(t *testing.T, fits func() bool) {
	t.Helper()
	require.Eventually(t, fits, 20*time.Second, 5*time.Millisecond)
}

func begun(t *testing.T, p *process) {
	t.Helper()
	eventually(t, func() bool { return strings.Contains(printed(t, p), "begun") })
}

func pidOf(t *testing.T, p *process) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(logsIn(p.home), p.name+".pid"))
	require.NoError(t, err)
	pid, err := strconv.Atoi(string(data))
	require.NoError(t, err)
	return pid
}

// gone tells whether there is no process of this number, or only one that nobody has waited for.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

// TestStop: a process that is asked to stop finishes what it was doing, and its pid file goes.
func TestStop(t *testing.T) {
	log := &logbook.Book{}
	p := program(t, log, "stays")
	c := start(p)
	begun(t, p)
	pid := pidOf(t, p)
	c.stop()
	require.Contains(t, printed(t, p), "ended stays")
	require.True(t, gone(pid))
	require.NoFileExists(t, filepath.Join(logsIn(p.home), "p.pid"))
	require.Zero(t, log.Count("level=WARN"))
}

// TestRestart: a process that ends by itself, or is killed, is started again, ever less often.
func TestRestart(t *testing.T) {
	t.Run("ends by itself", func(t *testing.T) {
		log := &logbook.Book{}
		p := program(t, log, "ends")
		c := start(p)
		eventually(t, func() bool { return log.Count("starting it again") >= 4 })
		c.stop()
		require.Contains(t, printed(t, p), "ended by itself")
		for _, pause := range []string{"in=10ms", "in=20ms", "in=40ms", "in=80ms"} {
			require.Equal(t, 1, log.Count(pause), pause)
		}
	})
	t.Run("killed", func(t *testing.T) {
		log := &logbook.Book{}
		p := program(t, log, "stays")
		c := start(p)
		begun(t, p)
		require.NoError(t, syscall.Kill(pidOf(t, p), syscall.SIGKILL))
		eventually(t, func() bool { return strings.Count(printed(t, p), "begun") == 2 })
		c.stop()
		require.Equal(t, 1, log.Count("starting it again"))
	})
	t.Run("no such program", func(t *testing.T) {
		log := &logbook.Book{}
		p := program(t, log)
		p.path = filepath.Join(p.home, "none")
		c := start(p)
		eventually(t, func() bool { return log.Count("starting it again") >= 2 })
		c.stop()
		require.Positive(t, log.Count("no such file"))
	})
}

// TestKill: a process that does not stop is killed, and what it had started as well.
func TestKill(t *testing.T) {
	log := &logbook.Book{}
	p := program(t, log, "stubborn")
	p.patient = 50 * time.Millisecond
	c := start(p)
	begun(t, p)
	pid := pidOf(t, p)
	var child int
	for line := range strings.Lines(printed(t, p)) {
		if number, ok := strings.CutPrefix(line, "child "); ok {
			var err error
			child, err = strconv.Atoi(strings.TrimSpace(number))
			require.NoError(t, err)
		}
	}
	require.NotZero(t, child)
	c.stop()
	require.True(t, gone(pid))
	eventually(t, func() bool { return gone(child) })
	require.Equal(t, 1, log.Count("it did not stop in time and was killed"))
}

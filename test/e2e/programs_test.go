//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
)

const (
	// soon bounds what takes some blocks, epochs what takes some epochs, of 12 s each on a machine that is not overloaded.
	soon   = time.Minute
	epochs = 4 * time.Minute
	// stopWithin bounds a stop: ten seconds for the roles and as many for the node, before they are killed.
	stopWithin = 40 * time.Second
	// pollEvery is how often a condition is looked at.
	pollEvery = 100 * time.Millisecond
	netuid    = 1
)

func newSuite(t *testing.T) *suite {
	t.Helper()
	s := &suite{root: t, bin: os.Getenv("GOTENSOR_BUILD")}
	if s.bin == "" {
		s.bin = filepath.Join("..", "..", "build")
	}
	var err error
	s.bin, err = filepath.Abs(s.bin)
	require.NoError(t, err)
	for _, name := range []string{"gotensor", "gotensord"} {
		_, err := os.Stat(filepath.Join(s.bin, name))
		require.NoErrorf(t, err, "%s is not built: run `make build` first, or `make test-e2e`, which does", name)
	}
	s.home = filepath.Join(t.TempDir(), "net")
	s.wallets = keys.NewStore(filepath.Join(s.home, "wallets"))
	t.Cleanup(func() {
		if t.Failed() {
			s.showLogs(t)
		}
		for pid, line := range s.running(t) {
			t.Logf("still running, killed: %s", line)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return s
}

// connect reads the network's addresses as anybody would, and dials its node.
func (s *suite) connect(t *testing.T) {
	t.Helper()
	eventually(t, soon, "network.json", func() error {
		var err error
		s.network, err = chain.FindNetwork(s.home)
		return err
	})
	var err error
	s.node, err = chain.Dial(s.network.GRPC, chain.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { s.node.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	_, err = s.node.WaitHeight(ctx, 1)
	require.NoError(t, err, "the node makes no blocks")
}

// program is a process that a test has started.
type program struct {
	cmd    *exec.Cmd
	out    *bytes.Buffer // standard output; to be read after the end
	log    string        // file of standard error
	ended  chan struct{}
	status error // valid once ended is closed
}

// start runs `gotensor localnet` on the suite's home until it ends by itself or is stopped.
func (s *suite) start(t *testing.T, args ...string) *program {
	t.Helper()
	args = append([]string{"localnet", "--home", s.home, "--output", "json", "--gotensord", filepath.Join(s.bin, "gotensord")}, args...)
	return s.launch(t, "localnet", nil, args...)
}

// launch starts a process that is stopped when t ends, at the latest.
func (s *suite) launch(t *testing.T, name string, env []string, args ...string) *program {
	t.Helper()
	p := &program{log: filepath.Join(filepath.Dir(s.home), name+".log"), out: &bytes.Buffer{}, ended: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(t, err)
	defer log.Close()
	p.cmd = exec.Command(filepath.Join(s.bin, "gotensor"), args...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, log
	p.cmd.WaitDelay = time.Second
	require.NoError(t, p.cmd.Start())
	go func() {
		p.status = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.signal(t, os.Interrupt)
		select {
		case <-p.ended:
		case <-time.After(stopWithin):
			t.Errorf("%s did not stop within %s and is killed", name, stopWithin)
			p.signal(t, os.Kill)
			<-p.ended
		}
	})
	return p
}

func (p *program) signal(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal: %v", err)
	}
}

// wait returns what the program printed once it has ended well.
func (p *program) wait(t *testing.T, within time.Duration) []byte {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(within):
		require.FailNowf(t, "still running", "%s after %s", p.cmd, within)
	}
	require.NoError(t, p.status, "%s", tail(p.log, 20))
	return p.out.Bytes()
}

// pid of a process of the network by its name; 0 while it does not run.
func (s *suite) pid(name string) int {
	data, err := os.ReadFile(filepath.Join(s.home, "logs", name+".pid"))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || syscall.Kill(pid, 0) != nil {
		return 0
	}
	return pid
}

// kill ends a process of the network as a power cut would, and returns the pid that it had.
func (s *suite) kill(t *testing.T, name string) int {
	t.Helper()
	pid := s.pid(name)
	require.NotZerof(t, pid, "%s does not run", name)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	return pid
}

// running are all processes that belong to the network or work for it: their command line names its home.
func (s *suite) running(t *testing.T) map[int]string {
	t.Helper()
	list, err := exec.Command("ps", "-axww", "-o", "pid=,args=").Output()
	if err != nil {
		list = procList(t)
	}
	out := map[int]string{}
	for line := range strings.Lines(string(list)) {
		number, args, _ := strings.Cut(strings.TrimSpace(line), " ")
		if pid, err := strconv.Atoi(number); err == nil && strings.Contains(args, s.home) {
			out[pid] = line
		}
	}
	return out
}

// procList is what ps would say, for systems without it.
func procList(t *testing.T) []byte {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	require.NotEmpty(t, files, "neither ps nor /proc is there")
	var out bytes.Buffer
	for _, f := range files {
		if data, err := os.ReadFile(f); err == nil { // it may have ended meanwhile
			fmt.Fprintf(&out, "%s %s\n", filepath.Base(filepath.Dir(f)), bytes.ReplaceAll(data, []byte{0}, []byte{' '}))
		}
	}
	return out.Bytes()
}

func (s *suite) showLogs(t *testing.T) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(s.home, "logs", "*.log"))
	if err != nil {
		t.Log(err)
	}
	own, err := filepath.Glob(filepath.Join(filepath.Dir(s.home), "*.log"))
	if err != nil {
		t.Log(err)
	}
	for _, path := range append(own, logs...) {
		t.Logf("end of %s:\n%s", filepath.Base(path), tail(path, 15))
	}
}

// tail returns the last lines of a file.
func tail(path string, n int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// eventually waits until f finds nothing wrong. The last thing that was wrong is told when time is over.
func eventually(t *testing.T, within time.Duration, what string, f func() error) {
	t.Helper()
	began := time.Now()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Since(began) > within {
			require.FailNowf(t, what, "not within %s: %v", within, err)
		}
		<-tick.C
	}
}

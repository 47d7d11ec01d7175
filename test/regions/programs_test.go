//go:build regions && linux

package regions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/port"
	"github.com/gotensor/gotensor/test/regions"
)

// world is the network with the programs in it.
type world struct {
	*regions.Net
	bin  string // folder of the binaries
	home string // of the localnet
	logs string
	env  []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	bin := os.Getenv("GOTENSOR_BUILD")
	if bin == "" {
		bin = filepath.Join("..", "..", "build")
	}
	bin, err := filepath.Abs(bin)
	require.NoError(t, err)
	for _, name := range []string{"gotensor", "gotensord"} {
		require.FileExists(t, filepath.Join(bin, name), "run `make build`, or name a folder in GOTENSOR_BUILD")
	}
	dir := t.TempDir()
	w := &world{Net: start(t, regions.OfWorld(6, loss)), bin: bin, home: filepath.Join(dir, "net"), logs: filepath.Join(dir, "logs")}
	require.NoError(t, os.MkdirAll(w.logs, 0o700))
	w.env = append(os.Environ(), "GOTENSOR_WALLETS="+filepath.Join(w.home, "wallets"), "GOTENSOR_PASSWORD_FILE="+filepath.Join(w.home, "password"), "GOTENSOR_NETWORK="+w.home)
	t.Cleanup(func() {
		if t.Failed() {
			w.showLogs(t)
		}
	})
	return w
}

func (w *world) showLogs(t *testing.T) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(w.logs, "*"))
	for _, f := range files {
		if data, err := os.ReadFile(f); err == nil {
			t.Logf("%s: ... %s", filepath.Base(f), data[max(0, len(data)-1500):])
		}
	}
}

// launch runs a program in a region until the test ends, with a log of its own.
func (w *world) launch(t *testing.T, region int, name, program string, args ...string) {
	t.Helper()
	out, err := os.Create(filepath.Join(w.logs, name))
	require.NoError(t, err)
	cmd := w.Command(context.Background(), region, program, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = w.env, out, out, time.Second
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		defer out.Close()
		if err := cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("stop %s: %v", name, err)
		}
		select {
		case <-ended: //nolint:errcheck // it was told to end
		case <-time.After(stopWithin):
			t.Logf("%s is killed", name)
			_ = cmd.Process.Kill()
			<-ended //nolint:errcheck // it was killed
		}
	})
}

// gotensor runs a command in a region to its end and reads its JSON.
func (w *world) gotensor(ctx context.Context, region int, into any, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	cmd := w.Command(ctx, region, filepath.Join(w.bin, "gotensor"), append(args, "--output", "json")...)
	var out, complaint bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = w.env, &out, &complaint
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("gotensor %s: %w: %s", strings.Join(args, " "), err, complaint.String())
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(out.Bytes(), into)
}

// must is gotensor for commands that cannot fail.
func (w *world) must(t *testing.T, into any, args ...string) {
	t.Helper()
	require.NoError(t, w.gotensor(t.Context(), 0, into, args...))
}

// forward hands connections to a port of a region on to another address, as seen from a region or (-1) from this process.
func (w *world) forward(t *testing.T, region int, at string, to int, target string) string {
	t.Helper()
	lis, err := w.Listen(region, at)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		_ = lis.Close()
	})
	dial := func() (net.Conn, error) {
		if to < 0 {
			return (&net.Dialer{}).DialContext(ctx, "tcp", target)
		}
		return w.Dial(ctx, to, target)
	}
	go func() {
		for {
			in, err := lis.Accept()
			if err != nil {
				return
			}
			go func() {
				defer in.Close()
				out, err := dial()
				if err != nil {
					return
				}
				defer out.Close()
				stop := context.AfterFunc(ctx, func() { _ = errors.Join(in.Close(), out.Close()) })
				defer stop()
				go func() {
					_, _ = io.Copy(out, in)
					_ = out.(*net.TCPConn).CloseWrite() // the other way may go on
				}()
				_, _ = io.Copy(in, out)
			}()
		}
	}()
	return lis.Addr().String()
}

// eventually waits until f succeeds.
func eventually(t *testing.T, within time.Duration, what string, f func() error) {
	t.Helper()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for end := time.Now().Add(within); ; {
		err := f()
		if err == nil {
			return
		}
		require.True(t, time.Now().Before(end), "%s: %v", what, err)
		<-tick.C
	}
}

// languageModel serves SmolLM2 in this machine's own network and returns its host:port; empty without its packages.
func languageModel(t *testing.T, logs string) string {
	t.Helper()
	python := os.Getenv("GOTENSOR_LLM_PYTHON")
	if python == "" {
		return ""
	}
	free, err := port.Free(1)
	require.NoError(t, err)
	addr := free[0]
	_, at, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	out, err := os.Create(filepath.Join(logs, "llm"))
	require.NoError(t, err)
	cmd := exec.Command(python, filepath.Join("..", "llm", "serve.py"), "--port", at, "--parallel", "2")
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		_ = out.Close()
	})
	eventually(t, 3*time.Minute, "the language model loads", func() error {
		data, err := os.ReadFile(out.Name())
		if err == nil && !strings.Contains(string(data), "listening on ") {
			err = errors.New("not yet")
		}
		return err
	})
	return addr
}

package localnet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/gotensor/gotensor/internal/wait"
	"github.com/gotensor/gotensor/keys"
)

const (
	// restartAfter is how long to wait before a role that ended by itself is started again; it doubles up to maxRestart.
	restartAfter = 500 * time.Millisecond
	maxRestart   = 10 * time.Second
	// stopWithin bounds the time that a process gets to finish what it was doing.
	stopWithin = 10 * time.Second
)

// process is one program that is kept running until it is stopped.
type process struct {
	name string
	path string
	args []string
	log  *slog.Logger
	home string

	restart time.Duration // 0: restartAfter
	patient time.Duration // 0: stopWithin
}

// run keeps the program running until ctx ends; then it is asked to stop, and killed if it does not. A program that ends by itself
// is started again.
func (p *process) run(ctx context.Context) {
	pause := wait.Pause{Least: cmp.Or(p.restart, restartAfter), Most: maxRestart}
	for {
		began := time.Now()
		err := p.once(ctx)
		if ctx.Err() != nil {
			if err != nil {
				p.log.Warn("a process did not end well", "process", p.name, "err", err, "log", p.logFile())
			}
			return
		}
		if time.Since(began) > time.Minute {
			pause.Reset()
		}
		in := pause.Next()
		p.log.Warn("a process ended by itself, starting it again", "process", p.name, "err", err, "log", p.logFile(), "in", in)
		if wait.Sleep(ctx, in) != nil {
			return
		}
	}
}

func (p *process) logFile() string { return filepath.Join(logsIn(p.home), p.name+".log") }

func (p *process) once(ctx context.Context) error {
	out, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("log of %s: %w", p.name, err)
	}
	defer out.Close()
	// On Linux the process is tied to the thread that starts it: it ends when that thread does. So the thread stays.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(p.path, p.args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = detached()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	pidFile := filepath.Join(logsIn(p.home), p.name+".pid")
	if err := os.WriteFile(pidFile, []byte(strconv.Itoa(cmd.Process.Pid)), 0o644); err != nil {
		p.log.Warn("pid not written", "process", p.name, "err", err)
	}
	defer func() { _ = os.Remove(pidFile) }() // it is for people
	// What the process has started itself ends with it.
	defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.log.Warn("cannot be asked to stop", "process", p.name, "err", err)
	}
	t := time.NewTimer(cmp.Or(p.patient, stopWithin))
	defer t.Stop()
	select {
	case err := <-ended:
		p.log.Debug("stopped", "process", p.name, "err", err) // as it was asked to
		return nil
	case <-t.C:
	}
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill: %w", err)
	}
	return fmt.Errorf("%w: %w", errKilled, <-ended)
}

// errKilled is the end of a process that did not stop when it was asked to.
var errKilled = errors.New("it did not stop in time and was killed")

// crew is a set of processes that are stopped together.
type crew struct {
	cancel context.CancelFunc
	wait   sync.WaitGroup
}

// start begins to run processes under a context of their own, so that crews can be stopped one after the other.
func start(processes ...*process) *crew {
	ctx, cancel := context.WithCancel(context.Background())
	c := &crew{cancel: cancel}
	for _, p := range processes {
		c.wait.Go(func() { p.run(ctx) })
	}
	return c
}

func (c *crew) stop() {
	c.cancel()
	c.wait.Wait()
}

// node is the chain's process.
func (c *Config) node() *process {
	return &process{
		name: "node", path: c.Gotensord, home: c.Home, log: c.Log,
		args: []string{"start", "--home", nodeIn(c.Home), "--log_no_color", "--log_level", "info"},
	}
}

// roles are all validators and miners.
func (c *Config) roles(p *plan, openAIURL string) []*process {
	var out []*process
	for _, name := range p.Validators {
		out = append(out, c.role(name, "validator", "run", "--reference-bytes", strconv.Itoa(referenceBytes)))
	}
	atOnce := c.atOnce(p)
	for _, m := range p.Miners {
		args := append([]string{"miner", "run", "--model", m.Model}, atOnce...)
		switch m.Model {
		case "silent":
			args = append(args, "--silent-after", c.SilentAfter.String())
		case "openai":
			args = append(args, "--openai-url", openAIURL, "--openai-model", c.OpenAIModel)
		}
		out = append(out, c.role(m.Wallet, args...))
	}
	return out
}

// atOnce makes miners answer the gateway without a seal, which the model of the whole network needs: here all have one owner.
func (c *Config) atOnce(p *plan) []string {
	if p.Gateway == "" {
		return nil
	}
	hotkey, _, err := c.wallets().HotkeyPublic(gatewayName, "default")
	if err != nil {
		c.Log.Warn("miners seal what they tell the gateway: its hotkey is not known", "err", err)
		return nil
	}
	return []string{"--at-once", keys.Account(hotkey.Address)}
}

// referenceBytes is how little text of each source the validators' reference is trained on, so that weak models gain over it too.
const referenceBytes = 100

func (c *Config) role(name string, args ...string) *process { return c.roleOf(name, name, args...) }

// roleOf runs a role with a wallet under a name of its own.
func (c *Config) roleOf(wallet, name string, args ...string) *process {
	args = append(args, "--network", c.Home, "--wallet-path", walletsIn(c.Home), "--wallet", wallet, "--home", roleIn(c.Home, name))
	args = append(args, c.watched(name, args[0])...)
	return &process{name: name, path: c.Gotensor, args: args, home: c.Home, log: c.Log}
}

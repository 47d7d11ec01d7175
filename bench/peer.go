package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// stopTime is how long the serving process may take to end after its standard input has closed.
const stopTime = 10 * time.Second

// peer is the serving process as the measuring one holds it.
type peer struct {
	hello  hello
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Scanner
}

// startPeer starts the serving process and waits for its addresses.
func startPeer(cmd *exec.Cmd) (*peer, error) {
	p := &peer{cmd: cmd}
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPeer, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPeer, err)
	}
	p.stdout = bufio.NewScanner(stdout)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: start: %w", ErrPeer, err)
	}
	if err := p.read(&p.hello); err != nil {
		_ = p.stop()
		return nil, err
	}
	if !p.hello.Axon.IsValid() || !p.hello.Bare.IsValid() {
		_ = p.stop()
		return nil, fmt.Errorf("%w: its first line lacks an address", ErrPeer)
	}
	return p, nil
}

func (p *peer) read(into any) error {
	if !p.stdout.Scan() {
		return fmt.Errorf("%w: it ended early: %w", ErrPeer, orEOF(p.stdout.Err()))
	}
	if err := json.Unmarshal(p.stdout.Bytes(), into); err != nil {
		return fmt.Errorf("%w: it said %.80q: %w", ErrPeer, p.stdout.Text(), err)
	}
	return nil
}

func orEOF(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

// usage asks the process what it has used so far.
func (p *peer) usage() (usage, error) {
	var u usage
	if _, err := io.WriteString(p.stdin, "\n"); err != nil {
		return u, fmt.Errorf("%w: %w", ErrPeer, err)
	}
	if err := p.read(&u); err != nil {
		return u, err
	}
	if u.Err != "" {
		return u, fmt.Errorf("%w: %s", ErrPeer, u.Err)
	}
	return u, nil
}

// stop ends the process and waits for it; one that does not end is killed.
func (p *peer) stop() error {
	_ = p.stdin.Close()                                                   // it may have ended already
	late := time.AfterFunc(stopTime, func() { _ = p.cmd.Process.Kill() }) // fails only if it has just ended
	defer late.Stop()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %w", ErrPeer, err)
	}
	return nil
}

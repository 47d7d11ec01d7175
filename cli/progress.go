package cli

import (
	"fmt"
	"time"

	"github.com/gotensor/gotensor/miner"
	"github.com/gotensor/gotensor/model/ngram"
)

// ticker lets something through at most every so often, so that progress does not flood a terminal or a log.
type ticker struct {
	every time.Duration
	last  time.Time
}

func (t *ticker) due() bool {
	if now := time.Now(); now.Sub(t.last) >= t.every {
		t.last = now
		return true
	}
	return false
}

func (a *app) progressEvery() *ticker {
	if a.errOnTerminal() {
		return &ticker{every: 200 * time.Millisecond}
	}
	return &ticker{every: 5 * time.Second}
}

// line shows one line of progress: in place on a terminal, else as a line of the log.
func (a *app) line(done bool, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	switch {
	case !a.errOnTerminal():
		a.log().Info(msg)
	case done:
		fmt.Fprintf(a.Err, "\r\033[K%s\n", msg)
	default:
		fmt.Fprintf(a.Err, "\r\033[K%s", msg)
	}
}

// workProgress shows how a proof of work goes.
func (a *app) workProgress() func(miner.Work) {
	t := a.progressEvery()
	return func(w miner.Work) {
		switch {
		case w.Done:
			a.line(true, "registered by proof of work: uid %d after %s hashes", w.UID, count(float64(w.Hashes)))
		case t.due():
			a.line(false, "proof of work: %s hashes of %s expected, %s/s, half a chance within %s",
				count(float64(w.Hashes)), count(float64(w.Difficulty)), count(w.Rate), w.Expected.Round(100*time.Millisecond))
		}
	}
}

// trainProgress shows how training goes.
func (a *app) trainProgress(order int) func(ngram.Progress) {
	t := a.progressEvery()
	return func(p ngram.Progress) {
		rate := p.Rate()
		if p.Done < p.Total && !t.due() || p.Total == 0 {
			return
		}
		left := time.Duration(0)
		if rate > 0 {
			left = time.Duration(float64(p.Total-p.Done) / rate * float64(time.Second))
		}
		a.line(p.Done >= p.Total, "training ngram-%d: %d %%, %sB/s, %s left", order, 100*p.Done/p.Total, count(rate), left.Round(100*time.Millisecond))
	}
}

// count writes a number with a unit prefix: 1.5M.
func count(x float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if x >= u.size {
			return fmt.Sprintf("%.3g%s", x/u.size, u.name)
		}
	}
	return fmt.Sprintf("%.3g", x)
}

package sim

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Experiment is a game that can be played. It is a pointer to a struct of parameters with JSON names and the tag `help`: they are
// the flags of its command, the fields of its parameter file and part of its report. One field is `Seed uint64` ("seed").
type Experiment interface {
	// Name of the command and of files: a-z, 0-9 and hyphens.
	Name() string
	// About is one line, then, after an empty line, what is played, by which rules, and what the numbers mean.
	About() string
	// Validate fails with ErrConfig and names the parameter, its value and what is wanted.
	Validate() error
	// Run plays. The report depends on the parameters alone, seed included, whatever the number of processors. Progress may be nil;
	// it hears how many of how many steps are done, from one goroutine at a time, never fewer than before.
	Run(ctx context.Context, progress Progress) (*Report, error)
}

// Progress hears how far an experiment is.
type Progress func(done, of int)

// Parallel calls work(i) for 0 <= i < n on all processors and returns the first error in order of i, or the context's. Work
// must write only what belongs to its i, so that the outcome does not depend on the order.
func Parallel(ctx context.Context, n int, progress Progress, work func(i int) error) error {
	errs := make([]error, n)
	var next atomic.Int64
	var failed atomic.Bool
	var mu sync.Mutex
	done := 0
	var all sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || failed.Load() || ctx.Err() != nil {
					return
				}
				if errs[i] = work(i); errs[i] != nil {
					failed.Store(true)
				}
				mu.Lock()
				done++
				if progress != nil {
					progress(done, n)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

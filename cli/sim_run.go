package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/sim/catalog"
)

// simRun plays one experiment and shows its report.
func (a *app) simRun(ctx context.Context, e sim.Experiment, out string) error {
	if err := e.Validate(); err != nil {
		return err
	}
	if err := simFolder(out); err != nil {
		return err
	}
	r, err := a.simPlay(ctx, e, e.Name())
	if err != nil {
		return err
	}
	v := simAnswer{Report: r}
	if out != "" {
		if v.files, err = writeReport(out, r); err != nil {
			return err
		}
	}
	return a.show(v)
}

// simFolder makes the folder, so that a run of minutes is not lost to one that can't be written.
func simFolder(out string) error {
	if out == "" {
		return nil
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return usagef("--out: %v", err)
	}
	probe, err := os.CreateTemp(out, ".probe-*")
	if err != nil {
		return usagef("--out: %v", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func (a *app) simPlay(ctx context.Context, e sim.Experiment, title string) (*sim.Report, error) {
	start := time.Now()
	progress, end := a.simProgress(title)
	r, err := e.Run(ctx, progress)
	end()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s was interrupted after %s, nothing is written: %w", e.Name(), duration(time.Since(start)), ctx.Err())
	}
	return r, err
}

// simProgress shows how far an experiment is and how long the rest will take: in place on a terminal, else a line every 10 s. The second
// function ends it.
func (a *app) simProgress(title string) (progress sim.Progress, end func()) {
	t := &ticker{every: 10 * time.Second, last: time.Now()}
	if a.errOnTerminal() {
		t.every = 200 * time.Millisecond
	}
	start, shown := time.Now(), false
	var first time.Time // when the first step was done: what came before, as training models, tells nothing of the rest
	from := 0
	progress = func(done, of int) {
		if done < 1 {
			return
		}
		if first.IsZero() {
			first, from = time.Now(), done
		}
		if !t.due() {
			return
		}
		shown = true
		left := ""
		if done > from {
			rest := time.Duration(float64(time.Since(first)) * float64(of-done) / float64(done-from))
			left = fmt.Sprintf(", about %s left", duration(rest.Round(time.Second)))
		}
		a.line(false, "%s: %d %%, %s%s", title, 100*done/of, duration(time.Since(start).Round(time.Second)), left)
	}
	return progress, func() {
		if shown {
			a.line(true, "%s: ended after %s", title, duration(time.Since(start).Round(100*time.Millisecond)))
		}
	}
}

func (a *app) simAllCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "all",
		Short: "Run all experiments",
		Long: `Runs all experiments with their default parameters, one after the other, writes the report of each into its own folder below --out, and
shows whether their numbers are within the bounds that they are held to. The exit code is 1 if one is not.`,
		Example: `  gotensor sim all --out FOLDER`,
		Args:    takes(0, 0, ""),
		RunE:    func(c *cobra.Command, _ []string) error { return a.simAll(c.Context(), out) },
	}
	c.Flags().StringVar(&out, "out", "", "folder to write the reports into")
	return c
}

var errBroken = errors.New("a number is outside its bounds")

func (a *app) simAll(ctx context.Context, out string) error {
	if out == "" {
		return usagef("the reports of all experiments are too long for a screen: name a folder for them with --out")
	}
	if err := simFolder(out); err != nil {
		return err
	}
	v := simAll{}
	broken := []string{}
	all := catalog.All()
	for i, e := range all {
		r, err := a.simPlay(ctx, e, fmt.Sprintf("%d of %d, %s", i+1, len(all), e.Name()))
		if err != nil {
			return err
		}
		folder := filepath.Join(out, e.Name())
		if _, err := writeReport(folder, r); err != nil {
			return err
		}
		d := simDone{Name: e.Name(), Title: r.Title, Folder: folder, Numbers: len(r.Numbers), Broken: append([]sim.Number{}, r.Broken()...)}
		v.Experiments = append(v.Experiments, d)
		for _, n := range d.Broken {
			broken = append(broken, fmt.Sprintf("%s of %s is %s, want %s", n.Name, e.Name(), figures(n.Value), bound(n)))
		}
	}
	if err := a.show(v); err != nil || len(broken) == 0 {
		return err
	}
	return fmt.Errorf("%w: %s", errBroken, strings.Join(broken, "; "))
}

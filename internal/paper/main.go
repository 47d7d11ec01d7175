// Command paper plays every experiment of sim/catalog and sets what they found into the text of docs/paper: figures, tables and
// numbers come from seeds, never from hand. `make paper` runs it and makes a web page and a PDF of the result.
//
// The text is docs/paper/paper.tmpl.md, a template in which
//
//	{{num "experiment" "number" 2}}       is the value of a number, with two significant digits, else four; before and published likewise
//	{{pct "experiment" "number" 2}}       the same in per cent; before_pct likewise
//	{{table "experiment" "table"}}        is a table; "column=cell" chooses rows (again for more of them), "column:shown name" columns
//	{{fig "experiment" "figure"}}         is a figure with its caption
//	{{title "experiment"}} and {{about}}  are what the experiment says of itself
//	{{params "experiment"}}               is the table of what it was played with
//	{{bounds "experiment"}}               is the table of its numbers that tests keep within bounds
//	{{range names}}                       goes through all experiments
//
// A name that no experiment knows is an error, and so is a number outside its bounds.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/gotensor/gotensor/sim/catalog"
)

func main() {
	folder := flag.String("folder", "docs/paper", "where paper.tmpl.md is and where paper.md, results.json, figures and tables go")
	check := flag.Bool("check", false, "write nothing; fail if what is there differs from what the experiments find now")
	flag.Parse()
	if err := run(*folder, *check); err != nil {
		fmt.Fprintln(os.Stderr, "paper:", err)
		os.Exit(1)
	}
}

func run(folder string, check bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	start := time.Now()
	p, err := play(ctx, catalog.All(), folder, steps(os.Stderr, start))
	if err != nil {
		return err
	}
	return p.finish(folder, check)
}

// steps returns a listener that tells at each experiment's beginning and, of long ones, every five seconds how far it is.
func steps(w io.Writer, start time.Time) func(name string, done, of int) {
	last := time.Duration(0)
	return func(name string, done, of int) {
		now := time.Since(start)
		if done > 0 && now-last < 5*time.Second {
			return
		}
		last = now
		fmt.Fprintf(w, "%6.1fs %s", now.Seconds(), name)
		if done > 0 {
			fmt.Fprintf(w, " %d of %d", done, of)
		}
		fmt.Fprintln(w)
	}
}

// Command paper plays every experiment of sim/catalog and sets what they found into the text of docs/paper: figures, tables and
// numbers come from seeds, never from hand. `make paper` runs it and makes a web page and a PDF of the result.
//
// The text is docs/paper/paper.tmpl.md, a template in which
//
//	{{num "experiment" "number"}}      is the value of a number, with four significant digits; before and published likewise
//	{{table "experiment" "table"}}     is a table
//	{{fig "experiment" "figure"}}      is a figure with its caption
//	{{about "experiment"}}             is what the experiment says of itself
//	{{bounds}}                         is the table of all numbers that tests keep within bounds
//
// A name that no experiment knows is an error, and so is a number outside its bounds.
package main

import (
	"context"
	"flag"
	"fmt"
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
	p, err := play(ctx, catalog.All(), folder, func(name string) {
		fmt.Fprintf(os.Stderr, "%6.1fs %s\n", time.Since(start).Seconds(), name)
	})
	if err != nil {
		return err
	}
	return p.finish(folder, check)
}

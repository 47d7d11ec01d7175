package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/gotensor/gotensor/bench"
)

// watchBench measures and shows how it goes: a live picture on a terminal, a line every five seconds elsewhere, on standard error.
func (a *app) watchBench(ctx context.Context, cfg bench.Config, v benchAnswer) (bench.Report, error) {
	if a.asJSON() || !isTerminal(a.Out) {
		every := a.progressEvery()
		every.due() // not at once
		cfg.Observe = func(r bench.Report) {
			if every.due() {
				a.line(false, "%s", v.with(r).summary())
			}
		}
		r, err := bench.Run(ctx, cfg)
		if err == nil {
			a.line(true, "%s", v.with(r).summary())
		}
		return r, err
	}
	return a.liveBench(ctx, cfg, v)
}

// liveBench draws on the terminal until the measurement has ended; q or Ctrl-C ends it early.
func (a *app) liveBench(ctx context.Context, cfg bench.Config, v benchAnswer) (bench.Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	view := tea.NewProgram(benchView{stop: cancel, page: a.page, state: v, duration: cfg.Duration},
		tea.WithInput(a.In), tea.WithOutput(a.Out), tea.WithoutSignalHandler())
	cfg.Observe = func(r bench.Report) { view.Send(v.with(r)) }
	type outcome struct {
		report bench.Report
		err    error
	}
	ended := make(chan outcome, 1)
	go func() {
		r, err := bench.Run(ctx, cfg)
		ended <- outcome{r, err}
		view.Quit()
	}()
	_, err := view.Run()
	cancel()
	out := <-ended
	if out.err != nil {
		return out.report, out.err
	}
	return out.report, err
}

// benchView is the live picture.
type benchView struct {
	stop     context.CancelFunc
	page     func() *page
	state    benchAnswer
	duration time.Duration
}

func (v benchView) Init() tea.Cmd { return nil }

func (v benchView) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case benchAnswer:
		v.state = msg
	case tea.KeyPressMsg:
		if k := msg.String(); k == "ctrl+c" || k == "q" {
			v.stop()
		}
	}
	return v, nil
}

func (v benchView) View() tea.View {
	p := v.page()
	left := v.duration - time.Duration(v.state.Seconds*float64(time.Second))
	if left > 0 {
		p.linef("%s", p.faint(fmt.Sprintf("%s left, q stops", duration(left.Round(time.Second)))))
	} else {
		p.linef("%s", p.faint("waiting for the last answers, q stops"))
	}
	v.state.print(p)
	return tea.NewView(p.b.String())
}

// summary is how it goes in one line.
func (v benchAnswer) summary() string {
	parts := make([]string, len(v.Wallets))
	for i, w := range v.Wallets {
		parts[i] = fmt.Sprintf("%s %.1f answers/s %.2f Mbit/s, %.1f %% of %d answered", w.Name, w.QueriesPerSecond, w.MbitPerSecond, 100*w.SuccessRate, w.Queries)
	}
	return fmt.Sprintf("%.0f s: %s", v.Seconds, strings.Join(parts, "; "))
}

func (v benchAnswer) print(p *page) {
	p.linef("%s  block %d, %d miners, %d texts of %d bytes a query, %d at a time for each wallet, deadline %s", p.bold(fmt.Sprintf("subnet %d", v.NetUID)),
		v.Height, v.Miners, v.Items, v.ContextBytes, v.Concurrency, duration(time.Duration(v.Deadline*float64(time.Second))))
	p.linef("")
	t := grid{columns: append([]column{col("WALLET"), num("STAKE"), num("BANDWIDTH")}, figureColumns()...), strong: map[int]bool{}}
	most := v.fastest()
	if p.live {
		t.columns = append(t.columns, col("COURSE"))
	}
	for i, w := range v.Wallets {
		cells := append([]string{w.Name, taoNumber(w.Stake), taoNumber(w.Bandwidth)}, figureCells(w.Figures)...)
		if p.live {
			cells = append(cells, courseOf(w.Series, most))
		}
		t.add(cells...)
		t.strong[i] = true
	}
	p.table(t)
	p.linef("")
	t = grid{columns: append([]column{num("UID"), col("WALLET")}, figureColumns()...)}
	for i := range v.Miners {
		for _, w := range v.Wallets {
			if i < len(w.Neurons) {
				n := w.Neurons[i]
				t.add(append([]string{fmt.Sprint(n.UID), w.Name}, figureCells(n.Figures)...)...)
			}
		}
	}
	p.table(t)
	for _, w := range v.Wallets {
		if w.Error != "" {
			p.linef("%s", p.faint(fmt.Sprintf("%s: %s; the first: %s", w.Name, failures(w.Figures), w.Error)))
		}
	}
}

// figureColumns are the heads of what figureCells gives.
func figureColumns() []column {
	return []column{
		num("QUERIES"), num("ANSWERED"), num("TIMEOUT"), num("REFUSED"), num("ANSWERS/S"), num("MBIT/S"), num("P50 MS"), num("P90"), num("P99"), num("MAX"),
	}
}

func figureCells(f bench.Figures) []string {
	part := func(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }
	return []string{
		fmt.Sprint(f.Queries), part(f.SuccessRate), part(f.TimeoutRate), part(f.RefusedRate),
		fmt.Sprintf("%.1f", f.QueriesPerSecond), fmt.Sprintf("%.2f", f.MbitPerSecond),
		fmt.Sprintf("%.1f", f.P50), fmt.Sprintf("%.1f", f.P90), fmt.Sprintf("%.1f", f.P99), fmt.Sprintf("%.1f", f.Max),
	}
}

// courseOf draws the rates from the beginning until now as a row of bars, as parts of the highest rate of all wallets.
func courseOf(points []bench.Point, most float64) string {
	const width = 30
	levels := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for some := range slices.Chunk(points, max(1, (len(points)+width-1)/width)) { // a bar is the mean of some points
		sum := 0.0
		for _, x := range some {
			sum += x.QueriesPerSecond
		}
		level := 0
		if most > 0 {
			level = min(int(sum/float64(len(some))/most*float64(len(levels))), len(levels)-1)
		}
		b.WriteRune(levels[level])
	}
	return b.String()
}

// fastest is the highest rate of any wallet at any time.
func (v benchAnswer) fastest() float64 {
	most := 0.0
	for _, w := range v.Wallets {
		for _, x := range w.Series {
			most = max(most, x.QueriesPerSecond)
		}
	}
	return most
}

// failures lists what happened instead of answers: "12 refused, 3 timeout".
func failures(f bench.Figures) string {
	var out []string
	for _, k := range f.Kinds() {
		out = append(out, fmt.Sprintf("%d %s", f.Outcomes[k], strings.ReplaceAll(k, "_", " ")))
	}
	return strings.Join(out, ", ")
}

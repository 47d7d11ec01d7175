package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/localnet"
)

// watchLocalnet runs the network and shows it: a live picture on a terminal, a line per epoch elsewhere, nothing with JSON.
func (a *app) watchLocalnet(ctx context.Context, cfg localnet.Config) (localnet.State, error) {
	if a.asJSON() {
		return localnet.Run(ctx, cfg)
	}
	if !isTerminal(a.Out) {
		epoch := uint64(0)
		fmt.Fprintf(a.Out, "network: %s\n", cfg.Home)
		cfg.Observe = func(s localnet.State) {
			if s.Epoch != epoch {
				epoch = s.Epoch
				p := a.page()
				p.localnetPicture(s)
				fmt.Fprintln(a.Out, p.b.String())
			}
		}
		return localnet.Run(ctx, cfg)
	}
	return a.liveLocalnet(ctx, cfg)
}

// liveLocalnet draws on the terminal until the network has stopped.
func (a *app) liveLocalnet(ctx context.Context, cfg localnet.Config) (localnet.State, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	view := tea.NewProgram(localnetView{stop: cancel, home: cfg.Home, page: a.page}, tea.WithInput(a.In), tea.WithOutput(a.Out), tea.WithoutSignalHandler())
	cfg.Observe = func(s localnet.State) { view.Send(s) }
	cfg.Log = slog.New(slog.NewTextHandler(newsWriter{view}, &slog.HandlerOptions{ReplaceAttr: dropTime}))
	type outcome struct {
		state localnet.State
		err   error
	}
	ended := make(chan outcome, 1)
	go func() {
		s, err := localnet.Run(ctx, cfg)
		ended <- outcome{s, err}
		view.Quit()
	}()
	_, verr := view.Run()
	cancel()
	out := <-ended
	if out.err == nil && verr == nil {
		p := a.page()
		p.localnetPicture(out.state)
		fmt.Fprint(a.Out, p.b.String())
	}
	if out.err != nil {
		return out.state, out.err
	}
	return out.state, verr
}

func dropTime(_ []string, at slog.Attr) slog.Attr {
	if at.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return at
}

// newsWriter puts log lines under the picture.
type newsWriter struct{ view *tea.Program }

func (w newsWriter) Write(p []byte) (int, error) {
	w.view.Send(news(strings.TrimSpace(string(p))))
	return len(p), nil
}

var _ io.Writer = newsWriter{}

type news string

// localnetView is the live picture.
type localnetView struct {
	stop  context.CancelFunc
	home  string
	page  func() *page
	state *localnet.State
	news  []string
	ends  bool
}

func (v localnetView) Init() tea.Cmd { return nil }

func (v localnetView) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case localnet.State:
		v.state = &msg
	case news:
		v.news = append(v.news, string(msg))
		if len(v.news) > 4 {
			v.news = v.news[len(v.news)-4:]
		}
	case tea.KeyPressMsg:
		if k := msg.String(); k == "ctrl+c" || k == "q" {
			v.ends = true
			v.stop()
		}
	}
	return v, nil
}

func (v localnetView) View() tea.View {
	p := v.page()
	switch {
	case v.ends:
		p.linef("stopping ...")
	case v.state == nil:
		p.linef("starting the network in %s", v.home)
	default:
		p.localnetPicture(*v.state)
	}
	for _, n := range v.news {
		p.linef("%s", p.faint(n))
	}
	return tea.NewView(p.b.String())
}

// localnetPicture draws a state. The best earner comes first.
func (p *page) localnetPicture(s localnet.State) {
	p.subnetPicture(s)
	p.linef("")
	for _, other := range s.Subnets {
		p.subnetPicture(other)
		p.linef("")
	}
	p.linef("%s", p.faint(fmt.Sprintf("gain of text in nats over the validators' reference, of other subnets a score; all answers mixed gain %+.3f; from shapley on: shown, not paid", s.MixtureGain)))
	p.linef("%s", p.faint("join from a second terminal: gotensor miner run --wallet me --network "+s.Home+"    Ctrl-C stops all"))
}

// subnetPicture draws one subnet.
func (p *page) subnetPicture(s localnet.State) {
	left := gotensor.Block(0)
	if s.NextBoundary > s.Height {
		left = s.NextBoundary - s.Height
	}
	p.linef("%s  subnet %d (%s)  block %d  epoch %d, next in %d blocks %s  paid epochs %d", p.bold(s.ChainID), s.NetUID, s.Mechanism, s.Height, s.Epoch, left, epochClock(s), s.PaidEpochs)
	if s.Gateway != "" {
		p.linef("open %s in a browser; for clients of OpenAI's API: %s/v1, without a key", p.bold(s.Gateway), s.Gateway)
	}
	if s.WarmingUp != "" {
		p.linef("%s", p.bold("warming up: "+s.WarmingUp))
	}
	p.linef("")
	miners := slices.Clone(s.Miners)
	slices.SortStableFunc(miners, func(x, y localnet.Miner) int { return cmp.Compare(y.RaoEarned, x.RaoEarned) })
	t := grid{columns: []column{
		num("uid"), col("model"), num("gain"), num("weight"), num("incentive"), num("TAO earned"),
		num("shapley"), num("size (2022)"), num("pay (2022)"), col(""),
	}}
	for _, m := range miners {
		note := ""
		if m.Silent {
			note = "silent"
		}
		if m.Name == "" {
			note = strings.TrimSpace(note + " joined")
		}
		t.add(fmt.Sprint(m.UID), m.Model, number(m.Gain, 1, "%+.3f"), number(m.Weight, 100, "%.1f %%"), share(m.Incentive),
			fmt.Sprintf("%.6f", m.TAOEarned), number(m.Shapley, 1, "%+.3f"), sized(m.ModelSize), number(m.Pay2022, 100, "%.1f %%"), note)
	}
	p.table(t)
	p.linef("")
	t = grid{columns: []column{
		num("uid"), col("validator"), num("stake"), num("rounds"), num("committed"), num("revealed"), num("vtrust"), num("dividends"), num("TAO earned"), col(""),
	}}
	for _, v := range s.Validators {
		uid := "-"
		if v.UID != nil {
			uid = fmt.Sprint(*v.UID)
		}
		name := v.Name
		if name == "" {
			name = "(joined)"
		}
		t.add(uid, name, taoNumber(v.Stake), fmt.Sprint(v.Rounds), epochOf(v.Committed), epochOf(v.Revealed), share(v.Trust), share(v.Dividends),
			fmt.Sprintf("%.6f", v.RaoEarned.TAO()), shorten(v.Waiting, 60))
	}
	p.table(t)
}

// epochClock shows how far the period is.
func epochClock(s localnet.State) string {
	const width = 12
	period := s.Tempo + 1
	if s.NextBoundary < s.Height || s.NextBoundary-s.Height > period {
		return ""
	}
	done := int((period - (s.NextBoundary - s.Height)) * width / period)
	return "[" + strings.Repeat("=", done) + strings.Repeat(" ", width-done) + "]"
}

func number(x *float64, times float64, format string) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf(format, *x*times)
}

func sized(x *float64) string {
	if x == nil {
		return "-"
	}
	return count(*x)
}

func epochOf(e *uint64) string {
	if e == nil {
		return "-"
	}
	return fmt.Sprint(*e)
}

func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n-3] + "..."
}

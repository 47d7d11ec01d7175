package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
)

// answer is what a command found out or did. As JSON it is one line with the fields that its struct names, which keep their
// names and meanings between versions; amounts are whole rao in fields that begin with rao_. For people, print draws it.
type answer interface{ print(p *page) }

// show writes an answer in the form that was asked for.
func (a *app) show(v answer) error {
	if a.asJSON() {
		enc := json.NewEncoder(a.Out)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
		return nil
	}
	p := a.page()
	v.print(p)
	if _, err := io.WriteString(a.Out, p.b.String()); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

// page is where an answer is drawn. On a terminal it has colours (unless NO_COLOR is set) and short addresses; elsewhere it is
// plain, and addresses are whole so that they can be searched for and copied.
type page struct {
	b     strings.Builder
	live  bool
	color bool
}

func (a *app) page() *page {
	live := a.outOnTerminal()
	return &page{live: live, color: live && a.Getenv("NO_COLOR") == "" && a.Getenv("TERM") != "dumb"}
}

// outOnTerminal tells whether a person sees the output as it comes.
func (a *app) outOnTerminal() bool { return isTerminal(a.Out) }

func (p *page) linef(format string, args ...any) {
	fmt.Fprintf(&p.b, format, args...)
	p.b.WriteByte('\n')
}

// fact is a line "name  value"; facts of one answer are aligned.
type fact struct{ name, value string }

func (p *page) facts(facts ...fact) {
	width := 0
	for _, f := range facts {
		width = max(width, len(f.name))
	}
	for _, f := range facts {
		p.linef("%s%s  %s", p.faint(f.name), strings.Repeat(" ", width-len(f.name)), f.value)
	}
}

func (p *page) bold(s string) string {
	if !p.color {
		return s
	}
	return lipgloss.NewStyle().Bold(true).Render(s)
}

func (p *page) faint(s string) string {
	if !p.color {
		return s
	}
	return lipgloss.NewStyle().Faint(true).Render(s)
}

// addr is an address as tao1...: the middle is left out on a terminal.
func (p *page) addr(account string) string {
	const head, tail = 9, 4
	if !p.live || len(account) <= head+tail+1 {
		return account
	}
	return account[:head] + "…" + account[len(account)-tail:]
}

// accountOf is the form of an address in answers; the zero address is the empty string.
func accountOf(a gotensor.Address) string {
	if a.IsZero() {
		return ""
	}
	return keys.Account(a)
}

// operatorOf is the form of a staking validator in answers; the zero address is the empty string.
func operatorOf(a gotensor.Address) string {
	if a.IsZero() {
		return ""
	}
	return keys.Operator(a)
}

// taoText prints an amount without needless zeros: "1.5 TAO".
func taoText(r gotensor.Rao) string { return taoNumber(r) + " TAO" }

// taoNumber is taoText for a column whose head names the unit.
func taoNumber(r gotensor.Rao) string {
	s := strings.TrimSuffix(r.String(), " TAO")
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// taoShort rounds an amount to what fits a column.
func taoShort(r gotensor.Rao) string { return strconv.FormatFloat(r.TAO(), 'f', 4, 64) }

// share prints a u16 share of 65535.
func share(v uint16) string { return strconv.FormatFloat(float64(v)/65535, 'f', 4, 64) }

// orDash stands in for what is absent.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// duration prints a time span in at most two units: "1h12m", "3d", "45s".
func duration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "0s"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d >= day:
		days, hours := d/day, (d%day)/time.Hour
		if hours == 0 {
			return fmt.Sprintf("%dd", days)
		}
		return fmt.Sprintf("%dd%dh", days, hours)
	case d >= time.Hour:
		h, m := d/time.Hour, (d%time.Hour)/time.Minute
		if m == 0 {
			return fmt.Sprintf("%dh", h)
		}
		return fmt.Sprintf("%dh%dm", h, m)
	default:
		s := d.Round(100 * time.Millisecond).String()
		if whole, ok := strings.CutSuffix(s, "m0s"); ok {
			return whole + "m"
		}
		return s
	}
}

// blocksText prints a number of blocks with the time that they are meant to take.
func blocksText(n gotensor.Block, target time.Duration) string {
	unit := "blocks"
	if n == 1 {
		unit = "block"
	}
	return fmt.Sprintf("%d %s (about %s)", n, unit, duration(time.Duration(n)*target))
}

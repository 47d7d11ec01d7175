package cli

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/gotensor/gotensor/doctor"
)

// doctorSummary counts checks by their state.
type doctorSummary struct {
	OK   int `json:"ok"`
	Warn int `json:"warn"`
	Fail int `json:"fail"`
	Skip int `json:"skip"`
}

// doctorAnswer is the answer of doctor.
type doctorAnswer struct {
	doctor.Report
	Summary doctorSummary `json:"summary"`
}

func summarize(r doctor.Report) doctorSummary {
	return doctorSummary{OK: r.Count(doctor.OK), Warn: r.Count(doctor.Warn), Fail: r.Count(doctor.Fail), Skip: r.Count(doctor.Skip)}
}

func (v doctorAnswer) print(p *page) {
	facts := []fact{{"chain", orDash(v.ChainID)}, {"subnet", fmt.Sprint(v.NetUID)}, {"hotkey", orDash(p.addr(v.Hotkey))}}
	if v.UID != nil {
		facts = append(facts, fact{"uid", fmt.Sprint(*v.UID)})
	}
	roles := make([]string, len(v.Roles))
	for i, r := range v.Roles {
		roles[i] = string(r)
	}
	p.facts(append(facts, fact{"roles", orDash(strings.Join(roles, ", "))})...)
	width := 0
	for _, c := range v.Checks {
		width = max(width, len(c.Name))
	}
	var role doctor.Role
	for _, c := range v.Checks {
		if c.Role != role {
			role = c.Role
			p.linef("")
			p.linef("%s", p.bold(string(role)))
		}
		p.linef("%s  %s%s  %s", p.state(c.State), c.Name, strings.Repeat(" ", width-len(c.Name)), c.Seen)
		if c.Next != "" {
			p.linef("%s  %s %s", strings.Repeat(" ", width+len(doctor.Fail)+2), p.faint("next:"), c.Next)
		}
	}
	s := v.Summary
	p.linef("")
	p.linef("%d ok, %s, %d failed, %d skipped", s.OK, plural(s.Warn, "warning"), s.Fail, s.Skip)
}

// state colours the word for a state; all are padded to the same width.
func (p *page) state(s doctor.State) string {
	word := fmt.Sprintf("%-*s", len(doctor.Fail), s)
	if !p.color {
		return word
	}
	switch s {
	case doctor.OK:
		return lipgloss.NewStyle().Foreground(lipgloss.Green).Render(word)
	case doctor.Warn:
		return lipgloss.NewStyle().Foreground(lipgloss.Yellow).Render(word)
	case doctor.Fail:
		return lipgloss.NewStyle().Foreground(lipgloss.Red).Bold(true).Render(word)
	case doctor.Skip:
		return p.faint(word)
	default:
		return word
	}
}

// plural writes "1 thing" or "n things".
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

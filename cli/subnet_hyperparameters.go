package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

func (a *app) subnetHyperparametersCommand() *cobra.Command {
	var netuid *uint16
	var name string
	c := &cobra.Command{
		Use:     "hyperparameters",
		Aliases: []string{"params"},
		Short:   "Show the rules of a subnet and who may change them",
		Long: `Shows every hyperparameter of a subnet: its value, the range it may have, its default, who may set it, how long a change must wait
for the one before, and what it does. Names, ranges and texts come from the chain itself.

In JSON values are integers in the unit that stands beside them: ms, u16 (a share of 65535), ppm, permille, percent, rao, hashes,
count, bool or number.`,
		Example: `  gotensor subnet hyperparameters --network FOLDER
  gotensor subnet hyperparameters --network FOLDER --name tempo
  gotensor subnet hyperparameters --network FOLDER --netuid 1 --output json`,
		Args: takes(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.subnetHyperparameters(c.Context(), gotensor.NetUID(*netuid), name)
		},
	}
	netuid = netuidFlag(c)
	c.Flags().StringVar(&name, "name", "", "show only this one")
	return c
}

// hyperparameter is one rule with its schema, numbers in its unit.
type hyperparameter struct {
	Name        string `json:"name"`
	Value       int64  `json:"value"`
	Unit        string `json:"unit"`
	Min         int64  `json:"min"`
	Max         int64  `json:"max"`
	Default     int64  `json:"default"`
	Setter      string `json:"setter"` // owner (or governance), or governance alone
	Cooldown    int64  `json:"cooldown_ms"`
	Description string `json:"description"`
}

// hyperparameters is the answer of subnet hyperparameters.
type hyperparameters struct {
	NetUID          gotensor.NetUID  `json:"netuid"`
	Height          gotensor.Block   `json:"height"`
	Hyperparameters []hyperparameter `json:"hyperparameters"`
}

func (a *app) subnetHyperparameters(ctx context.Context, netuid gotensor.NetUID, name string) error {
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	r, err := node.Hyperparameters(ctx, netuid)
	if err != nil {
		return err
	}
	if len(r.Values) != len(r.Schema) {
		return fmt.Errorf("%w: %d values for %d hyperparameters", chain.ErrBadAnswer, len(r.Values), len(r.Schema))
	}
	v := hyperparameters{NetUID: netuid, Height: gotensor.Block(r.Height), Hyperparameters: []hyperparameter{}}
	var names []string
	for i, s := range r.Schema {
		names = append(names, s.Name)
		if name != "" && s.Name != name {
			continue
		}
		v.Hyperparameters = append(v.Hyperparameters, hyperparameter{
			Name: s.Name, Value: r.Values[i].Value, Unit: s.Unit, Min: s.Min, Max: s.Max, Default: s.DefaultValue,
			Setter: setterName(s.Setter), Cooldown: s.CooldownMs, Description: s.Description,
		})
	}
	if name != "" && len(v.Hyperparameters) == 0 {
		return nothingf("there is no hyperparameter %q; there are %s", name, strings.Join(names, ", "))
	}
	return a.show(v)
}

func setterName(s subnettypes.Setter) string {
	switch s {
	case subnettypes.Setter_SETTER_OWNER:
		return "owner"
	case subnettypes.Setter_SETTER_GOVERNANCE:
		return "governance"
	case subnettypes.Setter_SETTER_UNSPECIFIED:
		return "nobody"
	default:
		return s.String()
	}
}

func (v hyperparameters) print(p *page) {
	if len(v.Hyperparameters) == 1 {
		v.Hyperparameters[0].print(p)
		return
	}
	t := grid{columns: []column{col("NAME"), num("VALUE"), col("RANGE"), num("DEFAULT"), col("SET BY"), num("COOLDOWN"), col("MEANING")}}
	for _, h := range v.Hyperparameters {
		t.add(h.Name, h.human(h.Value), h.human(h.Min)+" .. "+h.human(h.Max), h.human(h.Default), h.Setter,
			duration(time.Duration(h.Cooldown)*time.Millisecond), h.Description)
	}
	p.table(t)
}

func (h hyperparameter) print(p *page) {
	p.linef("%s  %s", p.bold(h.Name), h.Description)
	p.facts(
		fact{"value", fmt.Sprintf("%s (%d %s)", h.human(h.Value), h.Value, h.Unit)},
		fact{"range", h.human(h.Min) + " .. " + h.human(h.Max)}, fact{"default", h.human(h.Default)},
		fact{"set by", h.Setter}, fact{"cooldown", duration(time.Duration(h.Cooldown) * time.Millisecond)},
	)
}

// human prints a number of the parameter's unit.
func (h hyperparameter) human(v int64) string {
	fraction := func(whole float64) string { return strconv.FormatFloat(float64(v)/whole, 'g', 4, 64) }
	switch h.Unit {
	case "ms":
		return duration(time.Duration(v) * time.Millisecond)
	case "u16":
		return fraction(65535)
	case "ppm":
		return fraction(1e6)
	case "permille":
		return fraction(1e3) + "x"
	case "percent":
		return fraction(100) + "x"
	case "rao":
		return taoText(gotensor.Rao(max(v, 0)))
	case "hashes":
		return count(float64(v))
	case "bool":
		return map[bool]string{true: "yes", false: "no"}[v != 0]
	default:
		return strconv.FormatInt(v, 10)
	}
}

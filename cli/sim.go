package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/sim/catalog"
)

func (a *app) simCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "sim",
		Short: "Play the network's games: what consensus withstands, what attacks earn",
		Long: `Plays games of honest and dishonest participants with the very consensus, prices and scoring that the network runs, without a network.
Each command below is one experiment. Its flags are its parameters; --params reads them from a JSON file. The same parameters and
the same seed give the same report on every machine.`,
	}
	commands := []*cobra.Command{a.simListCommand(), a.simAllCommand()}
	for i := range catalog.All() {
		commands = append(commands, a.simExperimentCommand(i))
	}
	return group(c, commands...)
}

// simExperimentCommand runs the i-th experiment of the catalog.
func (a *app) simExperimentCommand(i int) *cobra.Command {
	e := catalog.All()[i]
	short, long, _ := strings.Cut(e.About(), "\n")
	var file, out string
	c := &cobra.Command{
		Use:   e.Name(),
		Short: strings.TrimSuffix(strings.TrimSpace(short), "."),
		Long: strings.TrimSpace(short) + "\n\n" + strings.TrimSpace(long) + `

Shows the numbers with what was published of them, what they were before a change of the design, and the bounds that they are
held to. A bound that does not hold is said and is no error: it is meant for the default parameters.`,
		Example: "  gotensor sim " + e.Name() + "\n  gotensor sim " + e.Name() + " --seed 7 --json\n  gotensor sim " + e.Name() + " --params FILE --out FOLDER",
		Args:    takes(0, 0, ""),
	}
	f := c.Flags()
	parameters := bindParams(f, e)
	f.StringVar(&file, "params", "", "JSON file with parameters, named as in the report; flags win over it")
	f.StringVar(&out, "out", "", "folder to write report.json, tables as CSV, and figures as SVG and PNG into")
	c.RunE = func(c *cobra.Command, _ []string) error {
		fresh := catalog.All()[i]
		if file != "" {
			if err := readParams(file, fresh); err != nil {
				return err
			}
		}
		parameters.copyChanged(f, fresh)
		return a.simRun(c.Context(), fresh, out)
	}
	return c
}

func (a *app) simListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the experiments",
		Long:  "Lists the experiments in the order of the paper, each with what it is about.",
		Example: `  gotensor sim list
  gotensor sim list --json`,
		Args: takes(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			v := simList{}
			for _, e := range catalog.All() {
				short, _, _ := strings.Cut(e.About(), "\n")
				v.Experiments = append(v.Experiments, simListed{Name: e.Name(), What: strings.TrimSpace(short), Params: e})
			}
			return a.show(v)
		},
	}
}

// simList is the answer of sim list.
type simList struct {
	Experiments []simListed `json:"experiments"`
}

type simListed struct {
	Name   string         `json:"name"`
	What   string         `json:"what"`
	Params sim.Experiment `json:"params"` // the defaults
}

func (v simList) print(p *page) {
	t := grid{columns: []column{col("NAME"), col("WHAT")}}
	for _, e := range v.Experiments {
		t.add(e.Name, e.What)
	}
	p.table(t)
}

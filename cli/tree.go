package cli

import (
	"github.com/spf13/cobra"
)

// group is a command that only holds others: alone it prints its help, and a word that it does not know is an error.
func group(c *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	c.Args = noCommand
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.AddCommand(commands...)
	return c
}

func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	c.SuggestionsMinimumDistance = 2
	if similar := c.SuggestionsFor(args[0]); len(similar) > 0 {
		hint = "; did you mean " + similar[0] + "?"
	}
	return usagef("unknown command %q for %q%s (see `%s --help`)", args[0], c.CommandPath(), hint, c.CommandPath())
}

// takes checks the number of arguments; what names them for people.
func takes(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) >= least && (most < 0 || len(args) <= most) {
			return nil
		}
		if most == 0 {
			return usagef("%s takes no arguments, got %q (see `%s --help`)", c.CommandPath(), args[0], c.CommandPath())
		}
		return usagef("%s takes %s, got %d (see `%s --help`)", c.CommandPath(), what, len(args), c.CommandPath())
	}
}

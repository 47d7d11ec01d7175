package arena

import (
	"fmt"
	"strings"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

// line is a series with rounded numbers.
func line(label string, kind figure.Kind, x, y []float64) figure.Series {
	s := figure.Series{Label: label, Kind: kind}
	for k := range x {
		s.X, s.Y = append(s.X, sim.Round(x[k])), append(s.Y, sim.Round(y[k]))
	}
	return s
}

// percent names a share in names of numbers: 0.1 is "10", 0.005 is "0-5".
func percent(x float64) string { return strings.ReplaceAll(fmt.Sprint(sim.Round(100*x)), ".", "-") }

// counts fails unless the parameter is at least least.
func counts(name string, value, least int) error {
	if value < least {
		return fmt.Errorf("%w: %s is %d, want at least %d", sim.ErrConfig, name, value, least)
	}
	return nil
}

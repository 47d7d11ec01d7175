package arena

import (
	"fmt"
	"math"
	"strings"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

// round keeps six digits behind the point, so that reports don't show what platforms round differently.
func round(x float64) float64 { return math.Round(x*1e6) / 1e6 }

// line is a series with rounded numbers.
func line(label string, kind figure.Kind, x, y []float64) figure.Series {
	s := figure.Series{Label: label, Kind: kind}
	for k := range x {
		s.X, s.Y = append(s.X, round(x[k])), append(s.Y, round(y[k]))
	}
	return s
}

// percent names a share in names of numbers: 0.1 is "10", 0.005 is "0-5".
func percent(x float64) string { return strings.ReplaceAll(fmt.Sprint(round(100*x)), ".", "-") }

// counts fails unless the parameter is at least least.
func counts(name string, value, least int) error {
	if value < least {
		return fmt.Errorf("%w: %s %d, want at least %d", sim.ErrConfig, name, value, least)
	}
	return nil
}

// within fails unless all values are from low to high and there is one at least.
func within(name string, low, high float64, values ...float64) error {
	if len(values) == 0 {
		return fmt.Errorf("%w: %s is empty, want numbers from %v to %v", sim.ErrConfig, name, low, high)
	}
	for _, x := range values {
		if !(x >= low && x <= high) {
			return fmt.Errorf("%w: %s %v, want %v to %v", sim.ErrConfig, name, x, low, high)
		}
	}
	return nil
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

package sim

import (
	"errors"
	"fmt"
	"math"
)

// ErrConfig says that a simulation's parameters cannot work.
var ErrConfig = errors.New("simulation")

// Within fails with ErrConfig unless all values of a parameter are from low to high, and there is one at least.
func Within(name string, low, high float64, values ...float64) error {
	if len(values) == 0 {
		return fmt.Errorf("%w: %s is empty, want numbers from %v to %v", ErrConfig, name, low, high)
	}
	for _, x := range values {
		if !(x >= low && x <= high) {
			return fmt.Errorf("%w: %s is %v, want %v to %v", ErrConfig, name, x, low, high)
		}
	}
	return nil
}

// Round keeps four digits behind the point: what is reported does not show what platforms round differently, nor more than the
// noise of a run lets mean anything.
func Round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

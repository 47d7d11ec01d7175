package score

import "math"

// Average is the moving mean of one neuron in one stratum. All sums start at 0, so the mean is unbiased from the first round.
type Average struct {
	W  float64 `json:"w"`  // sum of weights, 0 (never asked) to 1
	Q  float64 `json:"q"`  // sum of squared weights
	S1 float64 `json:"s1"` // weighted sum of the rounds' means, nats
	S2 float64 `json:"s2"` // weighted sum of their squares
}

// Add counts one round with mean gain x (0 if the neuron was silent). A neuron that was not asked is not counted.
func (a *Average) Add(alpha, x float64) {
	keep := 1 - alpha
	a.W = keep*a.W + alpha
	a.Q = keep*keep*a.Q + alpha*alpha
	a.S1 = keep*a.S1 + alpha*x
	a.S2 = keep*a.S2 + alpha*x*x
}

// Asked tells whether any round was counted.
func (a *Average) Asked() bool { return a.W > 0 }

// Mean returns the moving mean in nats, 0 if never asked.
func (a *Average) Mean() float64 {
	if !a.Asked() {
		return 0
	}
	return a.S1 / a.W
}

// Rounds returns the effective number of rounds behind the mean.
func (a *Average) Rounds() float64 {
	if !a.Asked() {
		return 0
	}
	return a.W * a.W / a.Q
}

// StdErr returns the standard error of the mean in nats: the observed variance and a prior of v0 per round. It is +Inf if
// never asked.
func (a *Average) StdErr(v0 float64) float64 {
	if !a.Asked() {
		return math.Inf(1)
	}
	n, mean := a.Rounds(), a.Mean()
	variance := max(0, a.S2/a.W-mean*mean)
	return math.Sqrt((variance + v0/n) / n)
}

// LCB returns the lower confidence bound that is paid, mean - z standard errors, in nats; NaN if never asked.
func (a *Average) LCB(s *Settings) float64 {
	if !a.Asked() {
		return math.NaN()
	}
	return a.Mean() - s.Z*a.StdErr(s.V0)
}

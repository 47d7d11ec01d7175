package retention

// Contour is where the honest team's emission equals its stake: per W_C on the grid the least W_H from which on it holds its
// share, as points [W_H, W_C] interpolated along W_H; W_C at which no W_H is enough are left out. Required is the largest W_H on it; 1
// where some W_C leaves no W_H that is enough.
type Contour struct {
	Required float64      `json:"required_honest_weight"`
	Points   [][2]float64 `json:"contour"`
}

// Contour of the s-th stake.
func (m *Map) Contour(s int) Contour {
	out := Contour{Points: [][2]float64{}}
	for c := range m.Steps {
		row := m.Emission[s][c*m.Steps : (c+1)*m.Steps]
		h, ok := crossing(row, m.Stake[s])
		if !ok {
			out.Required = 1
			continue
		}
		w := h / float64(m.Steps-1)
		out.Points = append(out.Points, [2]float64{w, m.at(c)})
		out.Required = max(out.Required, w)
	}
	return out
}

// crossing is the index, interpolated, from which on a row stays at a level or above; false if it ends below.
func crossing(row []float64, level float64) (float64, bool) {
	n := len(row)
	if row[n-1] < level {
		return 0, false
	}
	for i := n - 2; i >= 0; i-- {
		if row[i] < level {
			return float64(i) + (level-row[i])/(row[i+1]-row[i]), true
		}
	}
	return 0, true
}

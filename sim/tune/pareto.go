package tune

// candidate is a point with what it is worth.
type candidate struct {
	place [dims]float64
	point Point
	worth worth
	name  string // of the defaults; others have none
}

// dominates tells whether a is at least as good as b in all wanted goals and better in one.
func dominates(a, b worth, wanted []int) bool {
	better := false
	for _, g := range wanted {
		if a[g] > b[g] {
			return false
		}
		better = better || a[g] < b[g]
	}
	return better
}

// front lists the candidates that none dominates, by index, in their order. Of those that are worth the same it has the first.
func front(all []candidate, wanted []int) []int {
	var out []int
	for i := range all {
		best := true
		for j := range all {
			if dominates(all[j].worth, all[i].worth, wanted) || j < i && all[j].worth == all[i].worth {
				best = false
				break
			}
		}
		if best {
			out = append(out, i)
		}
	}
	return out
}

// slack is by how much of itself every wanted goal of b could be lowered at once by going to one of the others; 0 if none is better in all.
func slack(all []candidate, b worth, wanted []int) float64 {
	most := 0.0
	for _, a := range all {
		least := 1.0
		for _, g := range wanted {
			if b[g] <= 0 {
				least = 0
				break
			}
			least = min(least, 1-a.worth[g]/b[g])
		}
		most = max(most, least)
	}
	return most
}

package cli

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gotensor/gotensor"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

func (a *app) weightsCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "weights",
		Short: "Look at validators' weights, or set your own by hand",
		Long: `Weights are what a validator thinks of the neurons of a subnet. They are set in two steps: a commitment in one period hides them,
and a reveal in the next opens them, so that nobody can copy them in time. ` + "`gotensor validator run`" + ` does all this by itself.`,
		Example: `  gotensor weights show --network FOLDER
  gotensor weights set --network FOLDER --wallet judge 3=0.7 5=0.3`,
	}, a.weightsShowCommand(), a.weightsSetCommand(), a.weightsRevealCommand())
}

// weightView is one entry of a row.
type weightView struct {
	UID    gotensor.UID `json:"uid"`
	Weight uint16       `json:"weight"` // of 65535
	Share  float64      `json:"share"`  // of the row's sum
}

func viewEntries(entries []weightstypes.Entry) []weightView {
	sum := 0.0
	for _, e := range entries {
		sum += float64(e.Value)
	}
	out := make([]weightView, 0, len(entries))
	for _, e := range entries {
		w := weightView{UID: e.UID, Weight: e.Value}
		if sum > 0 {
			w.Share = float64(e.Value) / sum
		}
		out = append(out, w)
	}
	return out
}

func weightsText(weights []weightView) string {
	var parts []string
	for _, w := range weights {
		parts = append(parts, strconv.Itoa(int(w.UID))+"="+strconv.FormatFloat(w.Share, 'f', 4, 64))
	}
	return strings.Join(parts, " ")
}

// parseWeights reads pairs such as 3=0.7 into a row, scaled so that the largest is 65535. Weights of zero are left out; others
// stay above zero. Rows that say nothing are refused, and rows of equal weights too unless forced.
func parseWeights(pairs []string, force bool) ([]weightstypes.Entry, error) {
	given := map[gotensor.UID]float64{}
	largest := 0.0
	for _, pair := range pairs {
		uid, w, err := parseWeight(pair)
		if err != nil {
			return nil, err
		}
		if _, twice := given[uid]; twice {
			return nil, usagef("uid %d is given twice", uid)
		}
		given[uid] = w
		largest = max(largest, w)
	}
	if largest == 0 {
		return nil, usagef("no weight is above zero: such a row says nothing, and the chain does not take it")
	}
	var row []weightstypes.Entry
	equal := true
	for uid, w := range given {
		equal = equal && w == largest
		if w > 0 {
			row = append(row, weightstypes.Entry{UID: uid, Value: uint16(max(1, math.Round(w/largest*math.MaxUint16)))})
		}
	}
	if equal && len(row) > 1 && !force {
		return nil, refusedf("all %d weights are equal, which is usually a mistake in what made them: say --force if it is meant", len(row))
	}
	slices.SortFunc(row, func(x, y weightstypes.Entry) int { return cmp.Compare(x.UID, y.UID) })
	return row, nil
}

func parseWeight(pair string) (gotensor.UID, float64, error) {
	left, right, ok := strings.Cut(pair, "=")
	if !ok {
		return 0, 0, usagef("%q is not UID=WEIGHT, such as 3=0.7", pair)
	}
	uid, err := strconv.ParseUint(left, 10, 16)
	if err != nil {
		return 0, 0, usagef("%q: the uid is not a number from 0 to 65535", pair)
	}
	w, err := strconv.ParseFloat(right, 64)
	if err != nil || math.IsNaN(w) || math.IsInf(w, 0) || w < 0 {
		return 0, 0, usagef("%q: the weight is not a finite number from 0 up", pair)
	}
	return gotensor.UID(uid), w, nil
}

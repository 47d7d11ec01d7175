package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/explain"
	"github.com/gotensor/gotensor/internal/chart"
	"github.com/gotensor/gotensor/internal/figure"
)

// pastEpochs is how many epochs the chart of the pay shows; each costs two questions to the node.
const pastEpochs = 24

func checkChart(file string) error {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".png", ".svg":
		return nil
	case "":
		if file == "" {
			return nil
		}
	}
	return usagef("--chart is %q, want the name of a .png or .svg file", file)
}

// draw writes the charts: into one PNG, or into one SVG each, of which the first has the name that was given.
func (v *explainView) draw(ctx context.Context, node *chain.Client, file string) error {
	figures := explain.Figures(v.Account, v.Epoch)
	past, err := v.past(ctx, node)
	if err != nil {
		return err
	}
	figures = append(figures, explain.History(v.UID, past))
	if strings.EqualFold(filepath.Ext(file), ".png") {
		v.Charts = []string{file}
		return writeChart(file, func(w io.Writer) error { return chart.Sheet(w, chartScale, figures...) })
	}
	for i, f := range figures {
		name := file
		if i > 0 {
			ext := filepath.Ext(file)
			name = strings.TrimSuffix(file, ext) + "-" + f.Name + ext
		}
		if err := writeChart(name, func(w io.Writer) error { return svg(w, f) }); err != nil {
			return err
		}
		v.Charts = append(v.Charts, name)
	}
	return nil
}

func svg(w io.Writer, f *figure.Figure) error { return chart.SVG(w, f) }

// writeChart gives a file its name only when it is whole.
func writeChart(file string, write func(io.Writer) error) error {
	f, err := writeTemporary(filepath.Dir(file), filepath.Base(file), write)
	if f != nil {
		defer os.Remove(f.temporary) //nolint:errcheck // gone already where all went well
	}
	if err != nil {
		return err
	}
	if err := os.Rename(f.temporary, f.name); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}

// past is what the uid got in the last epochs, as far back as the node knows and the uid was the same neuron's.
func (v *explainView) past(ctx context.Context, node *chain.Client) ([]explain.Past, error) {
	past := []explain.Past{{Epoch: v.Epoch, Pay: v.Account.Incentive + v.Account.Dividends}}
	for height := v.Height - 1; len(past) < pastEpochs && height > 0; {
		then := chain.At(ctx, gotensor.Block(height))
		now, err := node.Emission(then, v.NetUID)
		if errors.Is(err, chain.ErrPruned) || err == nil && now.Latest.Height == 0 {
			break
		}
		if err != nil {
			return nil, err
		}
		m, err := node.Metagraph(chain.At(ctx, gotensor.Block(now.Latest.Height)), v.NetUID)
		if errors.Is(err, chain.ErrPruned) {
			break
		}
		if err != nil {
			return nil, err
		}
		n, ok := m.At(gotensor.UID(v.UID))
		if !ok || accountOf(n.Hotkey) != v.Hotkey {
			break
		}
		p := explain.Past{Epoch: now.Latest.Epoch}
		if now.Latest.Error == "" { // else the columns are those of the epoch before
			p.Pay = n.Emission
		}
		past = append(past, p)
		height = now.Latest.Height - 1
	}
	slices.Reverse(past)
	return past, nil
}

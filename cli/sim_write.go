package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gotensor/gotensor/internal/chart"
	"github.com/gotensor/gotensor/sim"
)

// chartScale is the pixels of a PNG for each point: 1,152 across.
const chartScale = 2

// writeReport writes a report, its tables and its figures into a folder and returns their names. Each file has its name only when all
// of them are whole.
func writeReport(folder string, r *sim.Report) (names []string, err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("write report: %w", err)
	}
	var files []*simFile
	defer func() {
		for _, f := range files {
			os.Remove(f.temporary) //nolint:errcheck // gone already where all went well
		}
	}()
	put := func(name string, write func(io.Writer) error) error {
		f, err := writeTemporary(folder, name, write)
		if f != nil {
			files = append(files, f)
		}
		return err
	}
	errs := []error{put("report.json", func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", " ")
		return enc.Encode(r)
	})}
	for i := range r.Tables {
		errs = append(errs, put(r.Tables[i].Name+".csv", r.Tables[i].CSV))
	}
	for i := range r.Figures {
		f := &r.Figures[i]
		errs = append(errs, put(f.Name+".svg", func(w io.Writer) error { return chart.SVG(w, f) }))
		errs = append(errs, put(f.Name+".png", func(w io.Writer) error { return chart.PNG(w, f, chartScale) }))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := os.Rename(f.temporary, f.name); err != nil {
			return nil, fmt.Errorf("write report: %w", err)
		}
		names = append(names, f.name)
	}
	return names, nil
}

// simFile is a file that is written and has not its name yet.
type simFile struct{ temporary, name string }

func writeTemporary(folder, name string, write func(io.Writer) error) (*simFile, error) {
	f, err := os.CreateTemp(folder, "."+name+"-*")
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	out := &simFile{temporary: f.Name(), name: filepath.Join(folder, name)}
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return out, fmt.Errorf("write %s: %w", name, err)
	}
	return out, nil
}

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/spf13/pflag"

	"github.com/gotensor/gotensor/sim"
)

// simParams are the parameters of an experiment as flags: by the flag's name, where its field is.
type simParams struct {
	of     reflect.Value // the struct that the flags write to
	fields map[string][]int
}

// bindParams makes a flag for each parameter: its JSON name with hyphens, its tag `help`, and what it is now as the default.
func bindParams(f *pflag.FlagSet, e sim.Experiment) simParams {
	p := simParams{of: reflect.ValueOf(e).Elem(), fields: map[string][]int{}}
	for _, field := range reflect.VisibleFields(p.of.Type()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !field.IsExported() || field.Anonymous || name == "" || name == "-" {
			continue
		}
		flag := strings.ReplaceAll(name, "_", "-")
		help := field.Tag.Get("help")
		switch at := p.of.FieldByIndex(field.Index).Addr().Interface().(type) {
		case *bool:
			f.BoolVar(at, flag, *at, help)
		case *int:
			f.IntVar(at, flag, *at, help)
		case *uint64:
			f.Uint64Var(at, flag, *at, help)
		case *float64:
			f.Float64Var(at, flag, *at, help)
		case *string:
			f.StringVar(at, flag, *at, help)
		case *[]float64:
			f.Float64SliceVar(at, flag, *at, help)
			f.Lookup(flag).DefValue = strings.ReplaceAll(fmt.Sprint(*at), " ", ",") // its own has six decimals
		case *[]int:
			f.IntSliceVar(at, flag, *at, help)
		case *[]string:
			f.StringSliceVar(at, flag, *at, help)
		default:
			panic(fmt.Sprintf("experiment %s: parameter %s has the type %T, which no flag has", e.Name(), name, at)) // a test lists all commands
		}
		p.fields[flag] = field.Index
	}
	return p
}

// copyChanged sets those parameters of e, which is of the same type, that were given as flags.
func (p simParams) copyChanged(f *pflag.FlagSet, e sim.Experiment) {
	to := reflect.ValueOf(e).Elem()
	for name, at := range p.fields {
		if f.Changed(name) {
			to.FieldByIndex(at).Set(p.of.FieldByIndex(at))
		}
	}
}

// readParams reads parameters from a JSON file. Those it does not name stay as they are; one that there is not is an error.
func readParams(file string, e sim.Experiment) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return usagef("--params: %v", err)
	}
	in := json.NewDecoder(bytes.NewReader(data))
	in.DisallowUnknownFields()
	err = in.Decode(e)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return usagef("--params %s: %s is a %s, want %s", file, wrong.Field, wrong.Value, wrong.Type)
	case errors.As(err, &wrong):
		return usagef("--params %s: it holds %s, want an object {\"PARAMETER\": VALUE, ...}", file, wrong.Value)
	case err != nil && strings.HasPrefix(err.Error(), "json: unknown field "):
		return usagef("--params %s: no parameter %s (see `gotensor sim %s --help`)", file, strings.TrimPrefix(err.Error(), "json: unknown field "), e.Name())
	case err != nil:
		return usagef("--params %s: %v", file, err)
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return usagef("--params %s: something follows the object with the parameters", file)
	}
	return nil
}

package custom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// maxWork bounds the parts of a schema with all references written out: twenty references to one part cost as twenty parts. So the
// schema of a stranger cannot make a check take long.
const maxWork = 20_000

var english = message.NewPrinter(language.English)

// compile makes a schema ready for use; nil for none.
func compile(data []byte) (*jsonschema.Schema, error) {
	if len(data) == 0 {
		return nil, nil //nolint:nilnil // anything fits
	}
	doc, err := decode(data)
	if err != nil {
		return nil, err
	}
	w := work{root: doc, known: map[string]int{}}
	if _, err := w.of(doc); err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(nothing{})
	const at = "gotensor:schema"
	if err := c.AddResource(at, doc); err != nil {
		return nil, errors.New(cut(err.Error()))
	}
	s, err := c.Compile(at)
	if err != nil {
		return nil, errors.New(cut(err.Error()))
	}
	return s, nil
}

// decode reads one JSON value with its numbers as they are written, and refuses those that take long to compute with.
func decode(data []byte) (any, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return value, numbers(value)
}

const (
	longestNumber   = 400 // bytes; a float64 in full has fewer
	longestExponent = 4   // a sign and three digits
)

func numbers(value any) error {
	switch v := value.(type) {
	case map[string]any:
		for _, inner := range v {
			if err := numbers(inner); err != nil {
				return err
			}
		}
	case []any:
		for _, inner := range v {
			if err := numbers(inner); err != nil {
				return err
			}
		}
	case json.Number:
		e := strings.IndexAny(string(v), "eE")
		if len(v) > longestNumber || e >= 0 && len(v)-e-1 > longestExponent {
			return fmt.Errorf("the number %s is too large, too small or too long", cut(string(v)))
		}
	}
	return nil
}

// nothing is loaded from anywhere.
type nothing struct{}

// Load implements jsonschema.URLLoader.
func (nothing) Load(url string) (any, error) {
	return nil, fmt.Errorf("%q is outside of the schema: references begin with #/", cut(url))
}

// work counts the parts of a schema with its references written out.
type work struct {
	root  any
	known map[string]int // by reference; -1 while it is being counted
}

// keywords that would make a reference mean something else than a place in the same document.
var moving = []string{"$id", "id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor"}

func (w *work) of(part any) (int, error) {
	sum := 1
	add := func(inner any) error {
		n, err := w.of(inner)
		if sum += n; err == nil && sum > maxWork {
			err = fmt.Errorf("it has over %d parts, references written out; make it simpler", maxWork)
		}
		return err
	}
	switch v := part.(type) {
	case map[string]any:
		for _, key := range moving {
			if text, ok := v[key].(string); ok && key != "id" || ok && strings.HasPrefix(text, "#") {
				return 0, fmt.Errorf("%s is not supported: refer by $ref and a path such as #/$defs/name", key)
			}
		}
		if ref, ok := v["$ref"].(string); ok {
			n, err := w.follow(ref)
			if err != nil {
				return 0, err
			}
			sum += n
		}
		for key, inner := range v {
			if key == "$defs" || key == "definitions" { // counted where they are referred to
				continue
			}
			if err := add(inner); err != nil {
				return 0, err
			}
		}
	case []any:
		for _, inner := range v {
			if err := add(inner); err != nil {
				return 0, err
			}
		}
	}
	return sum, nil
}

// follow counts what a reference refers to.
func (w *work) follow(ref string) (int, error) {
	if n, ok := w.known[ref]; ok {
		if n < 0 {
			return 0, fmt.Errorf("$ref %q leads back to itself, which is not supported", cut(ref))
		}
		return n, nil
	}
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return 0, fmt.Errorf("$ref is %q, want a place in the same schema such as #/$defs/name", cut(ref))
	}
	part := w.root
	for _, step := range strings.Split(path, "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch v := part.(type) {
		case map[string]any:
			part, ok = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if ok = err == nil && i >= 0 && i < len(v); ok {
				part = v[i]
			}
		default:
			ok = false
		}
		if !ok {
			return 0, fmt.Errorf("$ref is %q, and there is nothing at that place", cut(ref))
		}
	}
	w.known[ref] = -1
	n, err := w.of(part)
	w.known[ref] = n
	return n, err
}

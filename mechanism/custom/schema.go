package custom

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Bounds of a schema. maxSchema is that of gotensor.axon.v1.InfoResponse.
const (
	maxSchema      = 64 << 10
	maxOperations  = 32 // each is a capability, as its name is
	maxDescription = 1024
	maxName        = 64
	maxOperation   = 32 // bytes of an operation's name
	// maxWords is the most bytes that are said of what is wrong with a value.
	maxWords = 300
	// schemaRoute is where a front shows the schema, so that no operation can be called so.
	schemaRoute = "schema"
)

var operationName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// Schema is what a plug-in says of itself, at GET /schema.
type Schema struct {
	Name       string      `json:"name"`  // of the subnet's matter, 1..64 bytes
	Model      string      `json:"model"` // what answers, for people, at most 64 bytes
	Operations []Operation `json:"operations"`

	declared []byte // as it came
	source   []byte // without what else may have stood there
}

// Operation is one thing that can be called. Input and Output are JSON Schemas (draft 2020-12 unless "$schema" says otherwise) whose
// references stay within them; absent ones take anything. Output describes a single piece where the answer is a stream.
type Operation struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Input       json.RawMessage `json:"input,omitempty"`
	Output      json.RawMessage `json:"output,omitempty"`
	Stream      bool            `json:"stream"`

	input, output *jsonschema.Schema
}

// ParseSchema reads a schema from anybody. It fails with ErrSchema, which names the field, its value and the bound.
func ParseSchema(data []byte) (*Schema, error) {
	if len(data) > maxSchema {
		return nil, fmt.Errorf("%w: it has %d bytes, want at most %d", ErrSchema, len(data), maxSchema)
	}
	s := Schema{declared: data}
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	switch {
	case len(s.Name) < 1 || len(s.Name) > maxName || !utf8.ValidString(s.Name):
		return nil, fmt.Errorf("%w: name is %q, want 1 to %d bytes", ErrSchema, cut(s.Name), maxName)
	case len(s.Model) > maxName:
		return nil, fmt.Errorf("%w: model is %q, want at most %d bytes", ErrSchema, cut(s.Model), maxName)
	case len(s.Operations) < 1 || len(s.Operations) > maxOperations:
		return nil, fmt.Errorf("%w: operations: %d of them, want 1 to %d", ErrSchema, len(s.Operations), maxOperations)
	}
	seen := map[string]bool{}
	for i := range s.Operations {
		op := &s.Operations[i]
		at := fmt.Sprintf("operations[%d]", i)
		switch {
		case !operationName.MatchString(op.Name):
			return nil, fmt.Errorf("%w: %s.name is %q, want 1 to %d lower-case letters, digits, _ and -, beginning with a letter or digit",
				ErrSchema, at, cut(op.Name), maxOperation)
		case op.Name == schemaRoute:
			return nil, fmt.Errorf("%w: %s.name is %q, which is where the schema itself is read", ErrSchema, at, op.Name)
		case seen[op.Name]:
			return nil, fmt.Errorf("%w: %s.name is %q a second time", ErrSchema, at, op.Name)
		case len(op.Description) > maxDescription:
			return nil, fmt.Errorf("%w: %s.description has %d bytes, want at most %d", ErrSchema, at, len(op.Description), maxDescription)
		}
		seen[op.Name] = true
		var err error
		if op.input, err = compile(op.Input); err != nil {
			return nil, fmt.Errorf("%w: %s.input: %w", ErrSchema, at, err)
		}
		if op.output, err = compile(op.Output); err != nil {
			return nil, fmt.Errorf("%w: %s.output: %w", ErrSchema, at, err)
		}
	}
	var err error
	s.source, err = json.Marshal(&s) // without what else the plug-in may have written
	if err == nil && len(s.source) > maxSchema {
		err = fmt.Errorf("%w: it has %d bytes, want at most %d", ErrSchema, len(s.source), maxSchema)
	}
	return &s, err
}

// Operation finds one by its name.
func (s *Schema) Operation(name string) (*Operation, bool) {
	for i := range s.Operations {
		if s.Operations[i].Name == name {
			return &s.Operations[i], true
		}
	}
	return nil, false
}

// CheckInput fails with ErrValue unless data is one JSON value that the operation takes.
func (o *Operation) CheckInput(data []byte) error { return check(o.input, data) }

// CheckOutput fails with ErrValue unless data is one JSON value that the operation gives.
func (o *Operation) CheckOutput(data []byte) error { return check(o.output, data) }

func check(schema *jsonschema.Schema, data []byte) error {
	if !utf8.Valid(data) {
		return fmt.Errorf("%w: it is no UTF-8", ErrValue)
	}
	value, err := decode(data)
	if err != nil {
		return fmt.Errorf("%w: it is no JSON: %w", ErrValue, err)
	}
	if schema == nil {
		return nil
	}
	err = schema.Validate(value)
	if err == nil {
		return nil
	}
	if bad, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		return fmt.Errorf("%w: %s", ErrValue, cut(wrong(bad)))
	}
	return fmt.Errorf("%w: %s", ErrValue, cut(err.Error()))
}

// wrong is the innermost of what is wrong with a value, with the place in the value.
func wrong(e *jsonschema.ValidationError) string {
	for len(e.Causes) > 0 {
		e = e.Causes[0]
	}
	at := "/" + strings.Join(e.InstanceLocation, "/")
	return at + ": " + e.ErrorKind.LocalizedString(english)
}

// cut keeps a stranger's words short.
func cut(s string) string {
	if len(s) > maxWords {
		s = s[:maxWords] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}

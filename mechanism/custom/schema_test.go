package custom_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/custom"
)

// of is a schema whose only operation takes what input says.
func of(input string) string {
	return `{"name":"x","operations":[{"name":"f","input":` + input + `}]}`
}

// bomb refers to a part twice, which refers to another twice, and so on: 2^30 parts, written out.
func bomb() string {
	var b strings.Builder
	for i := range 30 {
		fmt.Fprintf(&b, `"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]},`, i, i+1, i+1)
	}
	return of(`{"$ref":"#/$defs/d0","$defs":{` + b.String() + `"d30":{"type":"string"}}}`)
}

func TestParseSchema(t *testing.T) {
	for name, c := range map[string]struct{ schema, words string }{
		"no JSON":                              {`{`, "unexpected end"},
		"no name":                              {`{"operations":[{"name":"f"}]}`, `name is ""`},
		"no operations":                        {`{"name":"x"}`, "operations: 0 of them"},
		"a name for a path":                    {`{"name":"x","operations":[{"name":"../f"}]}`, `operations[0].name is "../f"`},
		"the schema's place":                   {`{"name":"x","operations":[{"name":"schema"}]}`, "where the schema itself is read"},
		"a name twice":                         {`{"name":"x","operations":[{"name":"f"},{"name":"f"}]}`, `operations[1].name is "f" a second time`},
		"too long":                             {`{"name":"x` + strings.Repeat("x", 64<<10), "want at most 65536"},
		"no JSON Schema":                       {of(`{"type":"nonsense"}`), "operations[0].input"},
		"another document":                     {of(`{"$ref":"http://10.0.0.1/x"}`), "$ref is"},
		"a file":                               {of(`{"$ref":"file:///etc/passwd"}`), "$ref is"},
		"another base":                         {of(`{"$id":"http://10.0.0.1/x","$ref":"y"}`), "$id is not supported"},
		"nothing there":                        {of(`{"$ref":"#/$defs/y"}`), "nothing at that place"},
		"a circle":                             {of(`{"$ref":"#/$defs/y","$defs":{"y":{"not":{"$ref":"#/$defs/y"}}}}`), "leads back to itself"},
		"a bomb":                               {bomb(), "over 20000 parts"},
		"a number bomb":                        {of(`{"multipleOf":1e-999999}`), "too small"},
		"another metaschema":                   {of(`{"$schema":"http://10.0.0.1/x"}`), "outside of the schema"},
		"a regular expression that Go has not": {of(`{"pattern":"(?=a)"}`), "operations[0].input"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := custom.ParseSchema([]byte(c.schema))
			require.ErrorIs(t, err, custom.ErrSchema)
			require.ErrorContains(t, err, c.words)
		})
	}
	s, err := custom.ParseSchema([]byte(of(`{"$ref":"#/$defs/a~1b","$defs":{"a/b":{"enum":[1,"two"]}}}`)))
	require.NoError(t, err)
	op, ok := s.Operation("f")
	require.True(t, ok)
	require.NoError(t, op.CheckInput([]byte(` "two" `)))
	require.ErrorIs(t, op.CheckInput([]byte(`2`)), custom.ErrValue)
	require.ErrorIs(t, op.CheckInput([]byte(`1 1`)), custom.ErrValue, "one value")
	require.ErrorIs(t, op.CheckInput([]byte("\"\xff\"")), custom.ErrValue)
	require.NoError(t, op.CheckOutput([]byte(`[null]`)), "no schema takes anything")
}

func TestSettings(t *testing.T) {
	s, err := custom.ParseSettings("")
	require.NoError(t, err)
	require.Equal(t, custom.DefaultSettings(), s)
	for text, words := range map[string]string{
		`{"power":0}`: "power is 0, want 0.1 to 10", `{"round_ms":100}`: "round_ms is 100, want 12000", `{"deadline_ms":1}`: "deadline_ms is 1",
		`{"speed":1}`: "speed", `{"output_bytes":5000000}`: "output_bytes is 5e+06", `[`: "unexpected",
	} {
		_, err := custom.ParseSettings(text)
		require.ErrorIs(t, err, custom.ErrSettings, text)
		require.ErrorContains(t, err, words)
	}
}

// FuzzSchema: no schema and no value make a check panic or run on.
func FuzzSchema(f *testing.F) {
	f.Add([]byte(doubling), []byte(`{"x":1}`))
	f.Add([]byte(bomb()), []byte(`1`))
	f.Fuzz(func(t *testing.T, schema, value []byte) {
		s, err := custom.ParseSchema(schema)
		if err != nil {
			require.ErrorIs(t, err, custom.ErrSchema)
			return
		}
		for i := range s.Operations {
			if err := s.Operations[i].CheckInput(value); err != nil {
				require.ErrorIs(t, err, custom.ErrValue)
			}
		}
	})
}

func ExampleParseSchema() {
	s, err := custom.ParseSchema([]byte(`{"name": "factor", "operations": [{"name": "factor", "input": {"type": "string", "pattern": "^[0-9]+$"}}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	op, _ := s.Operation("factor")
	fmt.Println(op.CheckInput([]byte(`"15"`)))
	fmt.Println(op.CheckInput([]byte(`15`)))
	// Output:
	// <nil>
	// the value does not fit the schema: /: got number, want string
}

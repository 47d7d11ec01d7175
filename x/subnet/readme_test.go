package subnet_test

import (
	"fmt"
	"strings"

	"github.com/gotensor/gotensor/x/subnet/types"
)

// readmeRows is the schema as rows of a table in Markdown.
func readmeRows() []string {
	var out []string
	for _, p := range types.Schema() {
		setter := strings.ToLower(strings.TrimPrefix(p.Setter.String(), "SETTER_"))
		out = append(out, fmt.Sprintf("| `%s` | %s | %d..%d | %d | %s | %s |", p.Name, p.Unit, p.Min, p.Max, p.DefaultValue, setter, p.Description))
	}
	return out
}

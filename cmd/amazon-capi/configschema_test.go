package main

import (
	"encoding/json"
	"maps"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/cli/complete"
)

// schemaOfConfig returns the JSON schema of the file of --config, for editors. It has the flags of
// every command, as the file may.
func schemaOfConfig(root *cobra.Command) ([]byte, error) {
	properties := make(map[string]any)
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		add := func(f *pflag.Flag) {
			if f.Name != "config" && f.Name != "help" && f.Name != "version" && !f.Hidden && properties[f.Name] == nil {
				properties[f.Name] = property(f)
			}
		}
		c.LocalFlags().VisitAll(add)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	return json.MarshalIndent(map[string]any{
		"$schema":  "https://json-schema.org/draft/2020-12/schema",
		"$comment": "Made from the code by: go test ./cmd/amazon-capi -run Reference -update",
		"title":    "Configuration of amazon-capi (--config)",
		"type":     "object", "properties": properties, "additionalProperties": false,
	}, "", "  ")
}

// property is the schema of a flag's value in the file. What the file takes as a number may be
// quoted, too, but an editor is right to ask for one. Null is an empty text.
func property(f *pflag.Flag) map[string]any {
	p := map[string]any{"description": cli.Describe(f)}
	one := map[string]any{"type": []string{"string", "null"}}
	switch f.Value.Type() {
	case "bool":
		p["type"] = "boolean"
		return p
	case "int", "int32", "int64", "uint64", "float64":
		p["type"] = "number"
		if n, err := strconv.ParseFloat(f.DefValue, 64); err == nil {
			p["default"] = n
		}
		return p
	case "duration":
		one["type"] = "string"
		one["pattern"] = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^-?0$`
		one["examples"] = []string{"500ms", "90s", "5m"}
	case "stringSlice", "stringArray", "intSlice", "int32Slice":
		scalar := map[string]any{"type": []string{"string", "number"}}
		if words := complete.Choices(f.Name); words != nil && f.Name == "class" {
			scalar = map[string]any{"enum": words}
		}
		p["anyOf"] = []any{map[string]any{"type": "array", "items": scalar}, map[string]any{"type": []string{"string", "number", "null"}}}
		return p
	default:
		one["type"] = []string{"string", "number", "null"} // sizes, and ids that look like numbers
	}
	maps.Copy(p, one)
	return p
}

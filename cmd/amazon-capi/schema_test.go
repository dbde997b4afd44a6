package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/tracklayer/amazon-capi/internal/cli"
)

func configSchema(t *testing.T) string {
	t.Helper()
	schema, err := schemaOfConfig(newRoot(&cli.Process{}))
	if err != nil {
		t.Fatal(err)
	}
	return string(schema)
}

// TestConfigSchema holds the schema of the configuration to what the program takes.
func TestConfigSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(configSchema(t)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		file string
		ok   bool
	}{
		"lists, numbers, durations": {"brokers: [a:9092, b:9092]\ntopic: orders,returns\nbatch-events: 100\nlinger: 1m30s\ngzip: true\nbatch-bytes: 1MB\nreceipts-topic: \"\"\n", true},
		"nothing":                   {"mapping:\n", true},
		"an empty number":           {"workers:\n", false},
		"an unknown flag":           {"broker: a:9092\n", false},
		"no duration":               {"linger: soon\n", false},
		"no number":                 {"batch-events: many\n", false},
		"a mapping":                 {"brokers: {a: b}\n", false},
		"itself":                    {"config: other.yaml\n", false},
	} {
		var value any
		if err := yaml.Load([]byte(tc.file), &value); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); (err == nil) != tc.ok {
			t.Errorf("%s: the schema says %v", name, err)
		}
		// What the schema takes, the program takes, as far as names and forms go.
		r := command(t, "", "check", "--config", writeFile(t, "c.yaml", bytes.TrimSpace([]byte(tc.file))))
		if tc.ok == (r.code == exitUsage && strings.Contains(r.stderr, "c.yaml:")) {
			t.Errorf("%s: exit %d\n%s", name, r.code, r.stderr)
		}
	}
}

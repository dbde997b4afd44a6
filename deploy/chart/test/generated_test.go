package chart

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is made from other files")

// same holds a file to what it is made from.
func same(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if kept, err := os.ReadFile(path); err != nil || !bytes.Equal(kept, want) {
		t.Errorf("%s is not what it is made from (%v); write it anew with: make chart-update", filepath.Clean(path), err)
	}
}

// TestAlertsAreThoseOfDeploy: there is one set of rules, and a chart cannot read beyond its
// folder.
func TestAlertsAreThoseOfDeploy(t *testing.T) {
	same(t, filepath.Join(chartDir, "files", "alerts.yaml"), readFile(t, root, "deploy", "alerts", "amazon-capi.yaml"))
}

// ownSettings are what the chart sets by itself, or what is of no use in a pod.
var ownSettings = []string{"accounts", "dead-letter-guard-resume", "help", "instance-id", "listen", "no-pager", "wide"}

// storeSettings name files with secrets beside those that end in -file.
var storeSettings = []string{"kafka-properties", "registry-tls-ca", "registry-tls-cert", "registry-tls-key", "tls-ca", "tls-cert", "tls-key"}

// runFlags are the flags of run, from the reference page that is made from them.
func runFlags(t *testing.T) []string {
	t.Helper()
	_, page, _ := strings.Cut(string(readFile(t, root, "docs", "reference", "flags.md")), "\n## amazon-capi run\n")
	page, _, _ = strings.Cut(page, "\n## ")
	var flags []string
	for _, m := range regexp.MustCompile("(?m)^\\| `--([a-z0-9-]+)`").FindAllStringSubmatch(page, -1) {
		flags = append(flags, m[1])
	}
	if len(flags) < 80 {
		t.Fatalf("found %d flags of run; they are not read", len(flags))
	}
	return flags
}

// commonFlags are the flags of every command.
var commonFlags = []string{"event-ids", "event-ids-key", "event-ids-key-file"}

// TestValuesSchema holds the values to the settings of run: secrets by the Secret that has
// them, and all others by what they take.
func TestValuesSchema(t *testing.T) {
	path := filepath.Join(chartDir, "values.schema.json")
	var schema, settings struct {
		Comment    string                     `json:"$comment,omitempty"`
		Schema     string                     `json:"$schema,omitempty"`
		Closed     *bool                      `json:"additionalProperties,omitempty"`
		Properties map[string]json.RawMessage `json:"properties"`
		Title      string                     `json:"title,omitempty"`
		Type       string                     `json:"type,omitempty"`
	}
	if err := json.Unmarshal(readFile(t, chartDir, "values.schema.json"), &schema); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(readFile(t, root, "docs", "reference", "config.schema.json"), &settings); err != nil {
		t.Fatal(err)
	}
	flags := append(runFlags(t), commonFlags...)
	config, secrets := make(map[string]json.RawMessage), make(map[string]any)
	for _, name := range flags {
		_, isFile := strings.CutSuffix(name, "-file")
		switch {
		case slices.Contains(ownSettings, name) || slices.Contains(flags, name+"-file"):
		case isFile || slices.Contains(storeSettings, name):
			secrets[name] = map[string]string{"$ref": "#/properties/secretFiles/additionalProperties"}
		default:
			if config[name] = settings.Properties[name]; config[name] == nil {
				t.Errorf("the reference has no schema of %s", name)
			}
		}
	}
	if len(secrets) < 12 || len(config) < 60 {
		t.Fatalf("found %d settings and %d with secrets", len(config), len(secrets))
	}
	for name, properties := range map[string]any{"config": config, "secretSettings": secrets} {
		text, err := json.Marshal(map[string]any{"additionalProperties": false, "properties": properties, "type": "object"})
		if err != nil {
			t.Fatal(err)
		}
		schema.Properties[name] = text
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(schema); err != nil {
		t.Fatal(err)
	}
	same(t, path, b.Bytes())
	closed(t, schema.Properties)
}

// closed checks that each value of values.yaml is in the schema and the other way round.
func closed(t *testing.T, properties map[string]json.RawMessage) {
	t.Helper()
	known := slices.DeleteFunc(slices.Sorted(maps.Keys(properties)), func(name string) bool { return name == "global" })
	if given := slices.Sorted(maps.Keys(load(t).Values)); !slices.Equal(given, known) {
		t.Errorf("values.yaml has %q\nand values.schema.json %q", given, known)
	}
}

// manifests are what deploy/manifests has: the values and the files of the chart.
var manifests = map[string]struct {
	more  string
	files []string
}{
	"deployment.yaml":  {"", []string{"serviceaccount.yaml", "configmap.yaml", "service.yaml", "workload.yaml", "poddisruptionbudget.yaml", "networkpolicy.yaml"}},
	"statefulset.yaml": {"workload: StatefulSet", []string{"serviceaccount.yaml", "configmap.yaml", "service.yaml", "workload.yaml", "poddisruptionbudget.yaml", "networkpolicy.yaml"}},
	"monitoring.yaml":  {"{serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}}", []string{"servicemonitor.yaml", "prometheusrule.yaml"}},
	"autoscaling.yaml": {"autoscaling: {enabled: true, prometheus: 'http://prometheus.monitoring:9090'}", []string{"scaledobject.yaml"}},
}

// ofHelm are lines that are true of a release alone.
var ofHelm = regexp.MustCompile(`(?m)^ *(helm\.sh/chart|app\.kubernetes\.io/managed-by): .*\n`)

// TestManifests holds the plain manifests to the chart.
func TestManifests(t *testing.T) {
	for name, m := range manifests {
		files, err := renderAs(t, "amazon-capi", values(t, "plain", m.more))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		b.WriteString("# Made from deploy/chart/amazon-capi by: make chart-update\n")
		for _, file := range m.files {
			text, ok := files[file]
			if !ok {
				t.Fatalf("%s: the chart renders no %s", name, file)
			}
			b.WriteString("---\n" + strings.TrimSpace(ofHelm.ReplaceAllString(text, "")) + "\n")
		}
		for _, text := range strings.Split(b.String(), "---\n")[1:] {
			if _, err := decode(newObject(t, []byte(text))); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		same(t, filepath.Join(root, "deploy", "manifests", name), b.Bytes())
	}
	kept, err := filepath.Glob(filepath.Join(root, "deploy", "manifests", "*.yaml"))
	if err != nil || len(kept) != len(manifests) {
		t.Errorf("deploy/manifests has %q (%v)", kept, err)
	}
}

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// alertRules is a file of rules for Prometheus, as far as it is looked at.
type alertRules struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr         string
			Labels, Annotations map[string]string
		}
	}
}

// alertTests is a file of promtool's tests of them.
type alertTests struct {
	Tests []struct {
		Name  string
		Alert []struct {
			Name   string `yaml:"alertname"`
			Expect []any  `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	}
}

func readYAML(t *testing.T, into any, parts ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{root}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

var metricNames = regexp.MustCompile(`\bamazon_capi_[a-z0-9_]+`)

// unknownMetrics are the metrics that an expression names and that the program does not have.
func unknownMetrics(table, expr string) (unknown []string) {
	for _, name := range metricNames.FindAllString(expr, -1) {
		plain := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if !strings.Contains(table, "`"+name+"`") && !strings.Contains(table, "`"+plain+"`") && !strings.HasPrefix(name, "amazon_capi_kafka_") {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// TestAlerts holds the alert rules to the metrics that there are, to their page, and to
// their tests, which `make test-alerts` runs: each rule fires in one and not in another.
func TestAlerts(t *testing.T) {
	var rules alertRules
	var tests alertTests
	readYAML(t, &rules, "deploy", "alerts", "amazon-capi.yaml")
	readYAML(t, &tests, "deploy", "alerts", "tests.yaml")
	fires, silent := make(map[string]bool), make(map[string]bool)
	for _, test := range tests.Tests {
		for _, a := range test.Alert {
			if len(a.Expect) > 0 {
				fires[a.Name] = true
			} else {
				silent[a.Name] = true
			}
		}
	}
	table, page := metricTable(t), documents(t)["docs/alerts.md"]
	n := 0
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			n++
			if unknown := unknownMetrics(table, r.Expr); len(unknown) > 0 {
				t.Errorf("%s: there are no metrics %q", r.Alert, unknown)
			}
			if s := r.Labels["severity"]; s != "critical" && s != "warning" {
				t.Errorf("%s: severity %q", r.Alert, s)
			}
			if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s: says nothing", r.Alert)
			}
			_, anchor, ok := strings.Cut(r.Annotations["runbook_url"], "docs/alerts.md#")
			if !ok || anchor != strings.ToLower(r.Alert) || !slices.Contains(anchors(page), anchor) {
				t.Errorf("%s: docs/alerts.md has nothing at %q", r.Alert, r.Annotations["runbook_url"])
			}
			if !fires[r.Alert] || !silent[r.Alert] {
				t.Errorf("%s: fires in a test %v, is silent in one %v; want both", r.Alert, fires[r.Alert], silent[r.Alert])
			}
		}
	}
	if n < 10 {
		t.Errorf("%d rules; they are not read", n)
	}
}

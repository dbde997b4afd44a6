package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheDashboardIsWhatTheProgramPrints: it is changed here and not in Grafana.
func TestTheDashboardIsWhatTheProgramPrints(t *testing.T) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile("amazon-capi.json")
	if err != nil || !bytes.Equal(kept, b.Bytes()) {
		t.Errorf("amazon-capi.json is not what the program prints (%v); write it with: go run ./deploy/grafana > deploy/grafana/amazon-capi.json", err)
	}
}

var names = regexp.MustCompile(`\bamazon_capi_[a-z0-9_]+`)

// TestPanelsQueryMetricsThatThereAre holds the queries to the reference page, which is made
// from the code.
func TestPanelsQueryMetricsThatThereAre(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	known := func(name string) bool { return strings.Contains(string(page), "`"+name+"`") }
	titles := make(map[string]bool)
	for _, row := range rows {
		for _, p := range row.panels {
			if p.says == "" || p.unit == "" || len(p.queries) == 0 || titles[row.title+p.title] {
				t.Errorf("%s: %s: it says nothing, has no unit or query, or is there twice", row.title, p.title)
			}
			titles[row.title+p.title] = true
			for _, q := range p.queries {
				for _, name := range names.FindAllString(q.expr, -1) {
					base := name
					for _, part := range []string{"_bucket", "_sum", "_count"} {
						base = strings.TrimSuffix(base, part)
					}
					if !known(name) && !known(base) {
						t.Errorf("%s: %s: there is no metric %s", row.title, p.title, name)
					}
				}
				if strings.Count(q.expr, "(") != strings.Count(q.expr, ")") || strings.Count(q.expr, "{") != strings.Count(q.expr, "}") {
					t.Errorf("%s: %s: brackets of %s", row.title, p.title, q.expr)
				}
			}
		}
	}
}

// TestPanelsDoNotOverlap: each has its place in the grid.
func TestPanelsDoNotOverlap(t *testing.T) {
	taken := make(map[[2]int]any)
	ids := make(map[any]bool)
	for _, p := range dashboard()["panels"].([]object) {
		g := p["gridPos"].(object)
		for x := range g["w"].(int) {
			for y := range g["h"].(int) {
				at := [2]int{g["x"].(int) + x, g["y"].(int) + y}
				if other, ok := taken[at]; ok || at[0] >= columns {
					t.Fatalf("%v and %v are at %v", other, p["title"], at)
				}
				taken[at] = p["title"]
			}
		}
		if ids[p["id"]] {
			t.Errorf("id %v is there twice", p["id"])
		}
		ids[p["id"]] = true
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// write writes the dashboard as JSON.
func write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(dashboard())
}

// object is a JSON object. Grafana's model of a dashboard has hundreds of fields, of which
// these few are used.
type object = map[string]any

// Sizes in Grafana's grid, which is 24 columns wide.
const (
	columns     = 24
	panelWidth  = 8
	panelHeight = 7
)

func dashboard() object {
	var panels []object
	y := 0
	for _, row := range rows {
		panels = append(panels, object{"type": "row", "title": row.title, "collapsed": false, "gridPos": grid(0, y, columns, 1), "id": len(panels) + 1, "panels": []any{}})
		y++
		x := 0
		for _, p := range row.panels {
			panels = append(panels, p.object(len(panels)+1, x, y))
			if x += panelWidth; x+panelWidth > columns {
				x, y = 0, y+panelHeight
			}
		}
		if x > 0 {
			y += panelHeight
		}
	}
	return object{
		"title": "amazon-capi", "uid": "amazon-capi", "tags": []string{"amazon-capi"}, "schemaVersion": 41, "editable": true,
		"refresh": "30s", "time": object{"from": "now-6h", "to": "now"}, "timezone": "utc",
		"templating": object{"list": []object{
			{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
			variable("instance", "Member", "label_values(amazon_capi_partitions_owned, instance)"),
			variable("profile", "Profile", "label_values(amazon_capi_events_consumed_total, profile)"),
		}},
		"links":  []object{{"title": "Alerts and what to do", "type": "link", "url": "https://github.com/tracklayer/amazon-capi/blob/main/docs/alerts.md", "targetBlank": true}},
		"panels": panels,
	}
}

func variable(name, label, query string) object {
	return object{
		"name": name, "label": label, "type": "query", "datasource": prometheus(), "query": object{"query": query, "refId": name},
		"refresh": 2, "multi": true, "includeAll": true, "allValue": ".*", "current": object{"text": "All", "value": "$__all"},
	}
}

func prometheus() object { return object{"type": "prometheus", "uid": "${source}"} }

func grid(x, y, w, h int) object { return object{"x": x, "y": y, "w": w, "h": h} }

// panel is one graph or number.
type panel struct {
	title string
	says  string // what it shows and when to worry
	unit  string // Grafana's name of one
	stat  bool   // a number and no graph
	// red is from which value on it is red; 0 for never.
	red     float64
	queries []query
}

type query struct{ expr, legend string }

func (p *panel) object(id, x, y int) object {
	kind := "timeseries"
	if p.stat {
		kind = "stat"
	}
	steps := []object{{"color": "green", "value": nil}}
	if p.red > 0 {
		steps = append(steps, object{"color": "red", "value": p.red})
	}
	targets := make([]object, len(p.queries))
	for i, q := range p.queries {
		targets[i] = object{"refId": string(rune('A' + i)), "datasource": prometheus(), "expr": q.expr, "legendFormat": q.legend, "range": !p.stat, "instant": p.stat}
	}
	return object{
		"id": id, "type": kind, "title": p.title, "description": p.says, "datasource": prometheus(), "gridPos": grid(x, y, panelWidth, panelHeight),
		"fieldConfig": object{
			"defaults":  object{"unit": p.unit, "min": 0, "thresholds": object{"mode": "absolute", "steps": steps}},
			"overrides": []any{},
		},
		"targets": targets,
	}
}

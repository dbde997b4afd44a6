package sink

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestWatch walks every transition that the table in watch.go draws, by the method of
// its column, and finds every watcher in it.
func TestWatch(t *testing.T) {
	do := map[string]func(*watch){
		"start":  func(w *watch) { w.start() },
		"line":   func(w *watch) { w.line() },
		"ask":    func(w *watch) { w.wait(func() {}) },
		"asked":  func(w *watch) { w.wait(nil) },
		"later":  func(w *watch) { w.later(time.Now()) },
		"seat":   func(w *watch) { w.seat() },
		"retire": func(w *watch) { w.retire() },
	}
	src, err := os.ReadFile("watch.go")
	if err != nil {
		t.Fatal(err)
	}
	var names, columns []string
	for w := range watchers {
		names = append(names, w.String())
	}
	drawn, walked := map[string]bool{}, 0
	for line := range strings.Lines(string(src)) {
		cells := strings.Fields(strings.TrimPrefix(line, "//"))
		if !strings.HasPrefix(line, "//\t") || len(cells) != len(do)+1 {
			continue
		}
		if cells[0] == "watcher" {
			columns = cells
			continue
		}
		from := slices.Index(names, cells[0])
		if from < 0 || columns == nil {
			continue
		}
		drawn[cells[0]] = true
		for i, to := range cells[1:] {
			if to == "-" {
				continue
			}
			w := newWatch()
			w.by, w.askAt = watcher(from), time.Unix(1, 0)
			do[columns[i+1]](&w)
			if walked++; w.by.String() != to {
				t.Errorf("%s leads from %s to %s, and is drawn to lead to %s", columns[i+1], cells[0], w.by, to)
			}
			// What others ask of it follows from who watches.
			if w.watched() != (w.by != nobody) || w.queued() != (w.by == lined || w.by == lining) || w.tokenless() != (w.by == asking || w.by == lining) {
				t.Errorf("%s: watched %v, queued %v, without a token %v", w.by, w.watched(), w.queued(), w.tokenless())
			}
			if (w.by == nobody || columns[i+1] == "seat") && !w.askAt.IsZero() {
				t.Errorf("%s after %s: it looks for a token at %s", w.by, columns[i+1], w.askAt)
			}
		}
	}
	if len(drawn) != int(watchers) || walked < 10 {
		t.Errorf("%d of %d watchers are drawn, with %d transitions", len(drawn), watchers, walked)
	}
}

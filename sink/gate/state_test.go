package gate

import (
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/backoff"
)

// walker drives a gate through the methods that lanes call.
type walker struct {
	Gate
	now    time.Time
	policy Policy
}

func newWalker() *walker {
	return &walker{
		Gate: New(), now: time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC),
		policy: Policy{Backoff: backoff.New(time.Second, 30*time.Second, func() float64 { return 0.5 }), MaxAttempts: 3, AuthHold: 2 * time.Minute, Timeout: 30 * time.Second},
	}
}

// do has the event happen by each of the methods that make it.
var do = map[event][]func(*walker){
	hold: {func(w *walker) { w.Hold(w.now, time.Second, "asked") }},
	fail: {func(w *walker) { w.failures = 0; w.Fail(&w.policy, w.now, 0, "503") }},
	trip: {
		func(w *walker) { w.failures = w.policy.MaxAttempts - 1; w.Fail(&w.policy, w.now, 0, "503") },
		func(w *walker) { w.Foreign(&w.policy, w.now, 0, "a web page") },
		func(w *walker) { w.Refuse(&w.policy, w.now, "403") },
	},
	excuse: {func(w *walker) { w.Excuse() }},
	well:   {func(w *walker) { w.Well() }},
	elapse: {func(w *walker) { w.now = w.now.Add(time.Hour); w.State(w.now) }},
	pause:  {func(w *walker) { w.Pause(w.now) }},
	stray:  {func(w *walker) { w.Stray(w.now) }},
	follow: {func(w *walker) { w.Follow(w.now) }},
}

// drawn reads the table at the head of state.go: for each state the one that an event
// leads to, itself for a dash.
func drawn(t *testing.T) map[State]map[event]State {
	src, err := os.ReadFile("state.go")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]State{}
	for s := range states {
		named[s.String()] = s
	}
	table := map[State]map[event]State{}
	var columns []string
	for line := range strings.Lines(string(src)) {
		fields := strings.Fields(strings.TrimPrefix(line, "//"))
		if !strings.HasPrefix(line, "//\t") || len(fields) != int(events)+1 {
			continue
		}
		if fields[0] == "state" {
			columns = fields[1:]
			continue
		}
		from, ok := named[fields[0]]
		if !ok || columns == nil {
			continue // a line of the picture
		}
		row := map[event]State{}
		for e := range events {
			if columns[e] != e.String() {
				t.Fatalf("column %d of the table is %q, want %q: every event is drawn, in order", e+1, columns[e], e)
			}
			switch to, ok := named[fields[1+e]]; {
			case fields[1+e] == "-":
				row[e] = from
			case ok:
				row[e] = to
			default:
				t.Fatalf("%s on %s leads to %q, which is no state", from, e, fields[1+e])
			}
		}
		table[from] = row
	}
	return table
}

// ways returns for each state the shortest row of events that leads there from a new
// gate, by the table.
func ways(table map[State]map[event]State) map[State][]event {
	to := map[State][]event{Free: {}}
	for line := []State{Free}; len(line) > 0; line = line[1:] {
		for e := range events {
			next := table[line[0]][e]
			if _, ok := to[next]; !ok {
				to[next] = append(append([]event{}, to[line[0]]...), e)
				line = append(line, next)
			}
		}
	}
	return to
}

// TestWalk walks every transition of every state through the methods of a gate, each of
// them to the state that the table in state.go draws, and finds every state in it.
func TestWalk(t *testing.T) {
	table := drawn(t)
	to := ways(table)
	for from := range states {
		if _, ok := table[from]; !ok {
			t.Errorf("%s is not in the table of state.go", from)
			continue
		}
		if _, ok := to[from]; !ok {
			t.Errorf("nothing leads to %s", from)
			continue
		}
		for e := range events {
			if got := from.after(e); got != table[from][e] {
				t.Errorf("%s on %s leads to %s, and is drawn to lead to %s", from, e, got, table[from][e])
			}
			if len(do[e]) == 0 {
				t.Errorf("no method makes %s happen", e)
			}
			for i, happen := range do[e] {
				w := newWalker()
				for _, step := range to[from] {
					do[step][0](w)
				}
				if w.state != from {
					t.Fatalf("%v led to %s, want %s", to[from], w.state, from)
				}
				if happen(w); w.state != table[from][e] {
					t.Errorf("%s on %s (%d) leads to %s, want %s", from, e, i, w.state, table[from][e])
				}
			}
		}
	}
}

// TestTheStateSaysWhatMayBeSent: whatever happens, in whatever order, what the other
// files of a lane ask follows from the state.
func TestTheStateSaysWhatMayBeSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWalker()
		w.Bound(8)
		for _, e := range rapid.SliceOfN(rapid.Custom(func(t *rapid.T) event { return event(rapid.IntRange(0, int(events)-1).Draw(t, "event")) }), 1, 60).Draw(t, "events") {
			if e == fail { // as often in a row as it comes
				w.Fail(&w.policy, w.now, 0, "503")
			} else {
				rapid.SampledFrom(do[e]).Draw(t, "method")(w)
			}
			w.Flying(w.Slots())
			w.Grow()
			s := w.State(w.now)
			why, held := w.Held(w.now)
			switch {
			case held != (s == Delayed || s == Backing || s == Resting), held && why == "", held && !w.now.Before(w.Until()):
				t.Fatalf("%s: held %v %q until %s, now %s", s, held, why, w.Until(), w.now)
			case s == Paused && w.Slots() != 0, s.Broken() && w.Slots() != 1, s != Paused && w.Slots() < 1, w.Slots() > 8:
				t.Fatalf("%s: %d slots", s, w.Slots())
			case (s == Free || s == Delayed) && w.Failures() != 0:
				t.Fatalf("%s after %d failures in a row", s, w.Failures())
			case (s == Backing || s == Retrying) && (w.Failures() == 0 || w.Failures() >= w.policy.MaxAttempts):
				t.Fatalf("%s after %d failures in a row, of %d allowed", s, w.Failures(), w.policy.MaxAttempts)
			case w.Calm(w.now) != (s == Free || s == Astray), w.Stuck(w.now) == w.Calm(w.now):
				t.Fatalf("%s: calm %v, stuck %v", s, w.Calm(w.now), w.Stuck(w.now))
			case w.Sentenced() && !s.Broken() && s != Paused && s != Astray:
				t.Fatalf("%s, and the refusals outlasted the hold", s)
			}
		}
	})
}

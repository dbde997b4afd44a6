//go:build synctests

package sim

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// live runs a seed's world in a bubble.
func live(t *testing.T, seed uint64, o Options) (r *Result) {
	t.Helper()
	o.Dir = t.TempDir()
	synctest.Test(t, func(*testing.T) { r = Run(seed, o) })
	return r
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%q: want a whole number", name, text)
	}
	return n
}

// stuckAfter is a hundred times what a world takes on a busy machine.
const stuckAfter = 30 * time.Minute

// TestSim lives through the worlds of SIM_SEEDS seeds from SIM_SEED on.
func TestSim(t *testing.T) {
	from, seeds := number(t, "SIM_SEED", 1), number(t, "SIM_SEEDS", 25)
	o := Options{Length: time.Duration(number(t, "SIM_MINUTES", 3)) * time.Minute}
	if only := os.Getenv("SIM_ONLY"); only != "" {
		o.Only = strings.Split(only, ",")
	}
	var mu sync.Mutex
	var lasted time.Duration
	putOut, strict := 0, 0
	did := make(map[string]int)
	t.Run("worlds", func(t *testing.T) {
		for seed := from; seed < from+seeds; seed++ {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				o := o
				log := new(testkit.Buffer)
				o.Log = log
				// Where time stands still, nothing in the bubble can say so.
				stuck := time.AfterFunc(stuckAfter, func() {
					panic(fmt.Sprintf("seed %d: the world has not ended after %s of real time: something in it runs without a pause", seed, stuckAfter))
				})
				r := live(t, seed, o)
				stuck.Stop()
				mu.Lock()
				lasted += r.Lasted
				putOut += r.PutOut
				if r.Strict {
					strict++
				}
				for _, s := range r.Schedule {
					did[s.Do]++
				}
				mu.Unlock()
				if len(r.Wrong) > 0 {
					complain(t, seed, o, r, log.String())
				}
			})
		}
	})
	t.Logf("%d worlds from seed %d on, %.1f simulated hours; in %d any repeat was wrong; %d members put out of the group where Kafka would have",
		seeds, from, lasted.Hours(), strict, putOut)
	t.Logf("what was done: %v", did)
}

// complain fails the test with the smallest schedule that is found to fail and the end
// of what the members logged, and keeps all of that in SIM_LOGS.
func complain(t *testing.T, seed uint64, o Options, r *Result, log string) {
	t.Helper()
	if dir := os.Getenv("SIM_LOGS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("sim-%d.log", seed)), []byte(log), 0o600); err != nil {
			t.Error(err)
		}
	}
	if os.Getenv("SIM_SHRINK") == "no" {
		t.Errorf("seed %d\n%s\nschedule:\n%s\nlast of the log:\n%s", seed, strings.Join(r.Wrong, "\n"), r.Schedule, notable(log))
		return
	}
	small := shrink(r.Schedule, func(s Schedule) bool {
		o := o
		o.Schedule, o.Log = s, nil
		for range 3 {
			if len(live(t, seed, o).Wrong) > 0 {
				return true
			}
		}
		return false
	})
	t.Errorf("seed %d\n%s\nschedule:\n%s\nsmallest that fails:\n%s\nlast of the log:\n%s", seed, strings.Join(r.Wrong, "\n"), r.Schedule, small, notable(log))
}

// notable returns the last lines of a log above the level of debug.
func notable(log string) string {
	const most = 25
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(log), "\n"), func(line string) bool {
		return !strings.HasPrefix(line, `{"level":`) || strings.HasPrefix(line, `{"level":"debug"`)
	})
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}

// shrink leaves out steps as long as what is left fails, in the order of their times.
func shrink(s Schedule, fails func(Schedule) bool) Schedule {
	for i := 0; i < len(s); {
		if less := slices.Delete(slices.Clone(s), i, i+1); len(less) > 0 && fails(less) {
			s = less
		} else {
			i++
		}
	}
	return s
}

// TestShrink: what a failure does not need goes.
func TestShrink(t *testing.T) {
	s := Schedule{{Do: "a"}, {Do: "b"}, {Do: "c"}, {Do: "d"}}
	has := func(s Schedule, name string) bool {
		return slices.ContainsFunc(s, func(s Step) bool { return s.Do == name })
	}
	got := shrink(s, func(s Schedule) bool { return has(s, "b") && has(s, "d") })
	if len(got) != 2 || got[0].Do != "b" || got[1].Do != "d" {
		t.Errorf("%v, want b and d", got)
	}
}

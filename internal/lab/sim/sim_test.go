//go:build synctests

package sim

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
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
	defer func() {
		// Of goroutines that are left behind and wait for ever.
		if left := recover(); left != nil && r != nil {
			r.Wrong = append(r.Wrong, fmt.Sprintf("+%.1fs: at the end: %v", r.Lasted.Seconds(), left))
		} else if left != nil {
			panic(left)
		}
	}()
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

// stuckAfter is a hundred times what a world takes.
const stuckAfter = 5 * time.Minute

// TestSim lives through the worlds of SIM_SEEDS seeds from SIM_SEED on, and of SIM_FRESH
// more that nobody has seen before; or of as many as SIM_HOURS of simulated time take.
func TestSim(t *testing.T) {
	o := Options{Length: time.Duration(number(t, "SIM_MINUTES", 3)) * time.Minute}
	if only := os.Getenv("SIM_ONLY"); only != "" {
		o.Only = strings.Split(only, ",")
	}
	seeds := &seeds{
		next: number(t, "SIM_SEED", 1), left: number(t, "SIM_SEEDS", 25), fresh: number(t, "SIM_FRESH", 0),
		hours: time.Duration(number(t, "SIM_HOURS", 0)) * time.Hour,
	}
	sum := &summary{did: make(map[string]int)}
	t.Run("worlds", func(t *testing.T) {
		var wg sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			wg.Go(func() {
				for seed, ok := seeds.take(sum.hours()); ok; seed, ok = seeds.take(sum.hours()) {
					t.Run(fmt.Sprint(seed), func(t *testing.T) { inWorld(t, seed, o, sum) })
				}
			})
		}
		wg.Wait()
	})
	t.Logf("%d worlds, %.1f simulated hours; in %d any repeat was wrong; %d members put out of the group where Kafka would have",
		sum.worlds, sum.lasted.Hours(), sum.strict, sum.putOut)
	t.Logf("what was done: %v", sum.did)
}

// seeds deals the seeds of worlds.
type seeds struct {
	mu          sync.Mutex
	next        uint64
	left, fresh uint64
	hours       time.Duration // until these have been simulated, if it is not zero
}

func (s *seeds) take(simulated time.Duration) (seed uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.hours > 0:
		ok = simulated < s.hours
	case s.left > 0:
		s.left--
		ok = true
	case s.fresh > 0:
		s.next, s.left, s.fresh = uint64(time.Now().UnixNano()>>20), s.fresh-1, 0
		ok = true
	}
	s.next++
	return s.next - 1, ok
}

// summary is what there was in all worlds.
type summary struct {
	mu     sync.Mutex
	worlds int
	lasted time.Duration
	putOut int
	strict int
	did    map[string]int
}

func (s *summary) hours() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lasted
}

func (s *summary) add(r *Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.worlds++
	s.lasted += r.Lasted
	s.putOut += r.PutOut
	if r.Strict {
		s.strict++
	}
	for _, step := range r.Schedule {
		s.did[step.Do]++
	}
}

// inWorld lives through one world.
func inWorld(t *testing.T, seed uint64, o Options, sum *summary) {
	log := new(testkit.Buffer)
	o.Log, o.Verbose = log, os.Getenv("SIM_LOGS") != ""
	// Where time stands still, nothing in the bubble can say so.
	stuck := time.AfterFunc(stuckAfter, func() {
		debug.SetTraceback("all")
		panic(fmt.Sprintf("seed %d: the world has not ended after %s of real time: something in it runs without a pause", seed, stuckAfter))
	})
	r := live(t, seed, o)
	stuck.Stop()
	sum.add(r)
	if len(r.Wrong) > 0 {
		complain(t, seed, o, r, log.String())
	}
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
	t.Errorf("seed %d\n%s\nschedule:\n%s\nsmallest that fails:\n%s\nas a test:\n%s\nlast of the log:\n%s",
		seed, strings.Join(r.Wrong, "\n"), r.Schedule, small, small.test(seed, o.Length), notable(log))
}

// test is a test of a schedule that fails, for found_test.go.
func (s Schedule) test(seed uint64, length time.Duration) string {
	text := new(strings.Builder)
	fmt.Fprintf(text, "func TestSeed%d(t *testing.T) {\n\treplay(t, %d, Options{Length: %d * time.Second, Schedule: Schedule{\n", seed, seed, int(length.Seconds()))
	for _, step := range s {
		fmt.Fprintf(text, "\t\t{At: %d, For: %d, Do: %q, Whom: %d},\n", step.At, step.For, step.Do, step.Whom)
	}
	text.WriteString("\t}})\n}\n")
	return text.String()
}

// replay lives through a world in which something went wrong once, some times: not all
// that happens in it follows from its seed.
func replay(t *testing.T, seed uint64, o Options) {
	t.Helper()
	for range 3 {
		for _, wrong := range live(t, seed, o).Wrong {
			t.Error(wrong)
		}
	}
}

// notable returns the last lines of a log above the level of debug.
func notable(log string) string {
	const most = 25
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(log), "\n"), func(line string) bool {
		return !strings.HasPrefix(line, `{"level":`) || strings.HasPrefix(line, `{"level":"debug"`)
	})
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}

// shrink leaves out steps as long as what is left fails, in the order of their times, and
// makes those shorter that have to stay.
func shrink(s Schedule, fails func(Schedule) bool) Schedule {
	for i := 0; i < len(s); {
		if less := slices.Delete(slices.Clone(s), i, i+1); len(less) > 0 && fails(less) {
			s = less
		} else {
			i++
		}
	}
	for i := range s {
		for range 4 {
			shorter := slices.Clone(s)
			shorter[i].For /= 2
			if shorter[i].For < time.Second || !fails(shorter) {
				break
			}
			s = shorter
		}
	}
	return s
}

// TestShrink: what a failure does not need goes.
func TestShrink(t *testing.T) {
	s := Schedule{{Do: "a"}, {Do: "b", For: time.Minute}, {Do: "c"}, {Do: "d", For: time.Minute}}
	has := func(s Schedule, name string) bool {
		return slices.ContainsFunc(s, func(s Step) bool { return s.Do == name && (name != "d" || s.For > 20*time.Second) })
	}
	got := shrink(s, func(s Schedule) bool { return has(s, "b") && has(s, "d") })
	if len(got) != 2 || got[0].Do != "b" || got[1].Do != "d" {
		t.Fatalf("%v, want b and d", got)
	}
	if got[0].For != time.Minute/16 || got[1].For != time.Minute/2 {
		t.Errorf("b for %s and d for %s, want 3.75s and 30s", got[0].For, got[1].For)
	}
	const want = "func TestSeed7(t *testing.T) {\n\treplay(t, 7, Options{Length: 180 * time.Second, Schedule: Schedule{\n" +
		"\t\t{At: 0, For: 3750000000, Do: \"b\", Whom: 0},\n\t\t{At: 0, For: 30000000000, Do: \"d\", Whom: 0},\n\t}})\n}\n"
	if text := got.test(7, 3*time.Minute); text != want {
		t.Errorf("as a test it is\n%swant\n%s", text, want)
	}
}

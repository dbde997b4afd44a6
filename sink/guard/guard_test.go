package guard

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// noLanes are the lanes of a guard that is looked at by itself.
type noLanes struct{}

func (noLanes) Hold(string, string)         {}
func (noLanes) Try(_ string, any bool) bool { return any }
func (noLanes) Open(string)                 {}
func (noLanes) Busy(string) bool            { return true }

// bench is a guard and its clock.
type bench struct {
	*Guard
	now time.Time
}

func newBench(s Settings) *bench {
	b := &bench{now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	b.Guard = New(Options{Settings: s, Lanes: noLanes{}, Shown: func(p string) string { return p }, Log: zerolog.Nop(), Now: func() time.Time { return b.now }})
	return b
}

var missing = verdict.CodeValueMissing.Because("no value")

func letters(profile string, n int, why *verdict.Reason) []*deadletter.Draft {
	out := make([]*deadletter.Draft, n)
	for i := range out {
		out[i] = &deadletter.Draft{Profile: profile, Reason: *why, Record: verdict.Record{From: &verdict.Origin{}}}
	}
	return out
}

func TestParse(t *testing.T) {
	d := Default()
	for text, want := range map[string]Settings{
		"on": d, " on ": d, "off": {}, d.String(): d, "events=1000": {50, 1000, 5 * time.Minute, 10},
		"share=80%, within=1h,before=5": {80, 500, time.Hour, 5},
	} {
		got, err := Parse(text)
		if err != nil || got != want {
			t.Errorf("%q is %+v: %v", text, got, err)
		}
		if again, err := Parse(got.String()); err != nil || again != got {
			t.Errorf("%q is written as %q", text, got)
		}
	}
	for _, text := range []string{"", "yes", "share=0%", "share=100%", "share=x", "events=9", "events=-1", "events=1e9", "within=5", "within=1s", "within=25h", "before=0", "x=1", "share=50%,share=60%", "share=20%,before=30%", "on,share=50%"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%q is %+v", text, got)
		}
	}
	if !(Settings{}).Off() || d.Off() || New(Options{}) != nil {
		t.Error("off is not off")
	}
}

// A guard that is off does nothing.
func TestOff(t *testing.T) {
	var g *Guard
	all := letters("1", 10_000, missing)
	g.Accepted("1", 1, true)
	g.Sweep()
	g.Tend(t.Context(), nil, nil)
	_, held := g.Held("1")
	if _, wants := g.Wants("1"); held || wants || g.Holding() || g.Withhold("1", all) || len(g.Sift(all)) != len(all) || g.Shed(10) != nil || g.Resume(nil) {
		t.Error("it holds")
	}
}

// TestShare: what the share counts is what happened within the time, and what is older has
// gone over to what was before, whatever the order of times and the length of pauses.
func TestShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const within = 5 * time.Minute
		var s share
		type event struct {
			slice int64
			c     counts
		}
		var all []event
		now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(7*time.Minute)).Draw(t, "pause")))
			c := counts{all: rapid.Uint32Range(0, 1000).Draw(t, "all")}
			c.bad = rapid.Uint32Range(0, c.all).Draw(t, "bad")
			s.advance(now, within)
			s.add(c)
			all = append(all, event{now.UnixNano() / int64(within/slices), c})
		}
		var want counts
		older := false
		for _, e := range all {
			if s.slice-e.slice < slices {
				want = want.plus(e.c)
			} else {
				older = older || e.c.all > 0
			}
		}
		if got := s.total(); got != want {
			t.Fatalf("counts %+v, want %+v", got, want)
		}
		if (s.before.all > 0) != older || s.before.bad > s.before.all {
			t.Fatalf("before: %+v", s.before)
		}
		if was := s; true {
			if s.advance(now.Add(-time.Hour), within); s != was {
				t.Fatal("a clock that goes back changes it")
			}
		}
	})
}

// A profile that Amazon never accepted an event of takes no memory of its own, and the
// others little; there is a bound, beyond which quiet ones make room.
func TestProfilesAreBounded(t *testing.T) {
	b := newBench(Default())
	for i := range 100_000 {
		b.Sift(letters(fmt.Sprint("made up ", i), 1, missing))
	}
	if len(b.profiles) != 0 {
		t.Errorf("%d profiles are kept of those that nobody has accepted", len(b.profiles))
	}
	b = newBench(Default())
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 30_000 {
		b.Accepted(fmt.Sprint(i), 100, false)
		b.Withhold(fmt.Sprint(i), letters(fmt.Sprint(i), 1, missing))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if per := (after.HeapAlloc - before.HeapAlloc) / 30_000; per > 1000 {
		t.Errorf("%d bytes for each of 30,000 profiles", per)
	}
	for i := range 2 * maxProfiles {
		b.Accepted(fmt.Sprint("more", i), 1, false)
	}
	if len(b.profiles) > maxProfiles {
		t.Errorf("%d profiles", len(b.profiles))
	}
	b.now = b.now.Add(time.Hour)
	b.Accepted("late", 1, false)
	if b.profiles["late"] == nil || len(b.profiles) != 1 {
		t.Errorf("there is no room for a new profile beside %d quiet ones", len(b.profiles))
	}
}

// What is counted for each request allocates nothing.
func TestCountingAllocatesNothing(t *testing.T) {
	b := newBench(Default())
	b.Accepted("1", 500, false)
	if n := testing.AllocsPerRun(1000, func() {
		b.now = b.now.Add(time.Second)
		b.Accepted("1", 500, false)
		if _, held := b.Held("1"); held {
			t.Fatal("held")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A guard begins without history: what is bad from its start on is not held, and 50 events
// that were well are enough for it to know better.
func TestARestartForgets(t *testing.T) {
	for accepted, want := range map[int]bool{0: false, 40: false, 50: true, 500: true} {
		b := newBench(Default())
		b.Accepted("1", accepted, false)
		b.now = b.now.Add(6 * time.Minute)
		held := false
		for range 10 {
			held = b.Withhold("1", letters("1", 100, missing)) || held
			b.now = b.now.Add(time.Second)
		}
		if held != want {
			t.Errorf("after %d accepted events: held %v", accepted, held)
		}
	}
}

// The commonest reason is told, among any number of others, and without what is one event's.
func TestTheCommonestReason(t *testing.T) {
	b := newBench(Default())
	b.Accepted("1", 500, false)
	b.now = b.now.Add(6 * time.Minute)
	for i := range 400 {
		rare := verdict.Reason{Class: verdict.Rejected, Status: 422, Code: fmt.Sprint("RARE", i), Field: fmt.Sprintf("events[%d].x", i)}
		common := verdict.Reason{Class: verdict.Rejected, Status: 422, Code: "COMMON", Field: fmt.Sprintf("events[%d].userInfo", i), Message: "wrong"}
		b.Withhold("1", letters("1", 1, &rare))
		b.Withhold("1", letters("1", 2, &common))
	}
	why, held := b.Held("1")
	if !held || !strings.HasSuffix(why, "most of them as rejected 422 COMMON (userInfo): wrong") {
		t.Errorf("%v: %s", held, why)
	}
	if got := b.holds["1"].reason.label(); got != "rejected 422" {
		t.Errorf("label %q: Amazon's codes are as many as it likes", got)
	}
}

// What is always bad does not hold the stream with it, and neither others.
func TestAProfileThatWasAlwaysBadIsNoStorm(t *testing.T) {
	b := newBench(Default())
	held := false
	for range 60 {
		b.Accepted("good", 100, false)
		b.Accepted("bad", 20, false)
		held = held || b.Withhold("bad", letters("bad", 80, missing))
		b.now = b.now.Add(20 * time.Second)
	}
	for range 60 { // it has more to do now
		b.Accepted("good", 100, false)
		b.Accepted("bad", 200, false)
		held = held || b.Withhold("bad", letters("bad", 800, missing)) || b.Withhold("good", letters("good", 1, missing))
		b.now = b.now.Add(20 * time.Second)
	}
	if held || b.Holding() || b.storm != nil {
		t.Errorf("held for what was always so: %v", b.storm)
	}
}

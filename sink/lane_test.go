package sink

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/profile"
)

func TestABatchGoesWhenItIsFull(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok), func(o *Options) { o.BatchEvents = 3 })
		r.send("p", numbered("e", 7)...)
		r.after(0)
		if got := r.count(verdict.Accepted); got != 6 {
			t.Fatalf("%d events accepted before the linger has passed, want the 6 of full batches", got)
		}
		r.after(time.Second)
		var sizes []int
		for _, c := range r.amazon.all() {
			sizes = append(sizes, len(c.ids))
		}
		if diff := cmp.Diff([]int{3, 3, 1}, sizes); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestABatchGoesWhenItsBytesAreFull(t *testing.T) {
	bubble(t, func(t *testing.T) {
		one := len(guide.AppendEvent(nil, purchase()))
		limit := guide.Frame().Size(2, 2*one) // ids below are as long as the example's
		r := newRig(t, always(ok), func(o *Options) { o.BatchBytes = limit })
		r.send("1234567890", numbered("ord_10492_purc", 5)...)
		r.after(time.Second)
		for i, c := range r.amazon.all() {
			if len(c.body) > limit {
				t.Errorf("request %d has %d bytes, over the limit of %d", i, len(c.body), limit)
			}
			if i < 2 && len(c.ids) != 2 {
				t.Errorf("request %d has %d events, want the 2 that fit", i, len(c.ids))
			}
		}
		if got := r.count(verdict.Accepted); got != 5 {
			t.Errorf("%d accepted", got)
		}
	})
}

// An event over --batch-bytes but within the contract goes alone.
func TestAnEventLargerThanABatchGoesAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok), func(o *Options) { o.BatchBytes = 10 })
		r.send("p", "a", "b")
		r.after(time.Second)
		if n := len(r.amazon.all()); n != 2 || r.count(verdict.Accepted) != 2 {
			t.Errorf("%d requests, %v", n, r.classes())
		}
	})
}

func TestABatchGoesAfterItsLinger(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok), func(o *Options) { o.Linger = 4 * time.Second })
		r.send("p", "a")
		r.after(3 * time.Second)
		r.send("p", "b") // does not begin the wait anew
		r.after(time.Second - 1)
		if n := len(r.amazon.all()); n != 0 {
			t.Fatalf("%d requests before the linger has passed", n)
		}
		r.after(1)
		if calls := r.amazon.all(); len(calls) != 1 || len(calls[0].ids) != 2 {
			t.Fatalf("want one request with both events, got %+v", calls)
		}
	})
}

// Only lanes that could send and have nothing else to do are hurried: what others
// have waits for answers that may bring more.
func TestHurry(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			switch c.profile {
			case "busy":
				return reply{status: 200, delay: time.Minute}
			case "down":
				return reply{status: 503}
			}
			return ok
		}, func(o *Options) { o.Linger = time.Hour })
		r.send("busy", "b1")
		r.send("down", "d1")
		r.sink.Flush()
		r.after(time.Second)
		before := len(r.amazon.all())
		for _, p := range []string{"idle", "busy", "down"} {
			r.send(p, p+" lingers")
		}
		r.sink.Hurry()
		r.after(0)
		calls := r.amazon.all()[before:]
		if len(calls) != 1 || calls[0].ids[0] != "idle lingers" {
			t.Fatalf("sent %+v, want what was idle alone", calls)
		}
		r.sink.Hurry() // nothing is left
		r.send("idle", "lingers again")
		r.after(time.Second)
		if r.count(verdict.Accepted) != 1 {
			t.Errorf("%v: want what comes later to linger", r.classes())
		}
	})
}

func TestFlushDoesNotWaitForTheLinger(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok), func(o *Options) { o.Linger = time.Hour })
		r.send("p", "a")
		r.send("q", "b")
		r.after(0)
		r.sink.Flush()
		r.after(0)
		if diff := cmp.Diff([]string{"a accepted 1", "b accepted 1"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestARequestIsTheGuides(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok), func(o *Options) { o.BaseURL = "https://amazon.test/behind/" })
		c := purchase()
		r.feed.Add(verdict.Handle{Owner: r.owner, Seq: 1}, r.record("x"), c)
		r.feed.Flush()
		r.after(time.Second)
		got := r.amazon.all()[0]
		golden, err := os.ReadFile("../testdata/golden/offamazon/purchase.json")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.TrimSpace(string(golden)), got.body); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
		if want := "https://amazon.test/behind/offAmazonEvents/2023-11-13/events"; got.url != want {
			t.Errorf("URL %s, want %s", got.url, want)
		}
		for name, want := range map[string]string{
			"Authorization":                   "Bearer Atza|secret-1",
			"Amazon-Advertising-API-ClientId": "amzn1.application-oa2-client.test",
			"Amazon-Advertising-API-Scope":    "1234567890",
			"Content-Type":                    "application/json",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %q, want %q", name, got.header.Get(name), want)
			}
		}
	})
}

func TestTheSameEventIDIsSentOncePerBatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			return reply{status: 207, body: `{"success":[{"index":0}],"error":[{"index":1,"code":"BAD"}]}`}
		})
		r.send("p", "a", "b", "a", "b/other", "a")
		r.after(time.Second)
		if diff := cmp.Diff([]string{"a", "b"}, r.amazon.all()[0].ids); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		want := []string{"a accepted 1", "a accepted 1", "a accepted 1", "b rejected 1", "b rejected 1"}
		if diff := cmp.Diff(want, r.classes()); diff != "" {
			t.Errorf("verdicts (-want +got):\n%s", diff)
		}
		seqs := map[uint64]bool{}
		for _, v := range r.verdicts {
			seqs[v.Handle.Seq] = true
			if int64(v.Handle.Seq) != v.Source.Offset {
				t.Errorf("token %d came back with %+v", v.Handle.Seq, v.Source)
			}
		}
		if len(seqs) != 5 {
			t.Errorf("verdicts for %d records, want 5", len(seqs))
		}
		// Each record's offset needs a letter of its own.
		if n := len(r.box.all()); n != 2 {
			t.Errorf("%d dead letters, want 2", n)
		}
		for differs, want := range map[string]float64{"false": 2, "true": 1} {
			if got := r.metric(r.sink.metrics.duplicates.WithLabelValues(differs)); got != want {
				t.Errorf("duplicates with differs=%s: %v, want %v", differs, got, want)
			}
		}
	})
}

func TestProfilesHaveLanesOfTheirOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			if c.profile == "slow" {
				return reply{status: 200, delay: 20 * time.Second}
			}
			return ok
		})
		r.add("slow", "s1")
		r.add("fast", "f1", "f2")
		r.add("slow", "s2")
		r.feed.Flush()
		r.after(2 * time.Second)
		if diff := cmp.Diff([]string{"f1 accepted 1", "f2 accepted 1"}, r.classes()); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		if l := r.lane("slow"); l.State != LaneSending || l.Records != 2 {
			t.Errorf("slow lane: %+v", l)
		}
		if l := r.lane("fast"); l.State != LaneIdle || l.Records != 0 {
			t.Errorf("fast lane: %+v", l)
		}
		r.after(20 * time.Second)
		if got := r.count(verdict.Accepted); got != 4 {
			t.Errorf("%v", r.classes())
		}
		for _, c := range r.amazon.all() {
			for _, id := range c.ids {
				if id[0] != c.profile[0] {
					t.Errorf("event %s was sent for profile %s", id, c.profile)
				}
			}
		}
	})
}

func TestALaneOfOneSendsOneBatchAtATime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 200, delay: time.Second}), func(o *Options) { o.BatchEvents, o.LaneConcurrency = 1, 1 })
		r.send("p", numbered("e", 50)...)
		r.after(50 * time.Second)
		if most := r.amazon.mostOf("p"); most != 1 || r.count(verdict.Accepted) != 50 {
			t.Errorf("%d at once, %v", most, r.classes())
		}
		for i, c := range r.amazon.all() {
			if want := fmt.Sprintf("e%04d", i); c.ids[0] != want {
				t.Fatalf("request %d carries %s, want %s: a lane of one keeps the order", i, c.ids[0], want)
			}
		}
	})
}

func TestEventsOfAnEndedAssignmentAreNotSent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, inTurn(reply{status: 503}, ok))
		old := r.owner
		r.send("p", "old1", "old2", "both")
		r.owner = &owner{}
		r.send("p", "new", "both")
		r.after(time.Second) // first try fails
		old.end()
		r.after(10 * time.Second)
		calls := r.amazon.all()
		if len(calls) != 2 {
			t.Fatalf("%d requests, want 2", len(calls))
		}
		if diff := cmp.Diff([]string{"both", "new"}, calls[1].ids); diff != "" {
			t.Errorf("second try (-want +got):\n%s", diff)
		}
		if calls[0].events["both"] != calls[1].events["both"] {
			t.Errorf("the bytes of an event changed with the record that it stands for")
		}
		if diff := cmp.Diff([]string{"both accepted 2", "new accepted 2"}, r.classes()); diff != "" {
			t.Errorf("verdicts (-want +got):\n%s", diff)
		}
		for _, id := range []string{"both", "new"} {
			if h := r.verdict(id).Handle; h.Owner != verdict.Owner(r.owner) {
				t.Errorf("the verdict about %s goes to record %d of the assignment that has ended", id, h.Seq)
			}
		}
		if got := r.metric(r.sink.metrics.fenced); got != 3 {
			t.Errorf("%v records fenced, want 3", got)
		}
		if l := r.lane("p"); l.Records != 0 {
			t.Errorf("%+v", l)
		}
	})
}

func TestABatchOfEndedAssignmentsIsNotSentAtAll(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok))
		r.send("p", "a", "b")
		r.owner.end()
		r.after(time.Minute)
		if n := len(r.amazon.all()); n != 0 || len(r.classes()) != 0 {
			t.Errorf("%d requests, %v", n, r.classes())
		}
		if l := r.lane("p"); l.State != LaneIdle || l.Records != 0 {
			t.Errorf("%+v", l)
		}
	})
}

func TestSweepFreesWhatAHeldLaneKeeps(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(reply{status: 503}), func(o *Options) { o.BatchEvents = 2 })
		old := r.owner
		r.send("p", numbered("old", 7)...)
		r.after(time.Minute)
		r.owner = &owner{}
		r.send("p", "new")
		old.end()
		r.sink.Sweep()
		r.after(0)
		if l := r.lane("p"); l.Records > 3 {
			t.Errorf("%d records are left, want the new one and at most the batch in flight", l.Records)
		}
		r.after(time.Minute)
		if l := r.lane("p"); l.Records != 1 {
			t.Errorf("%d records are left, want 1", l.Records)
		}
		r.owner.end()
		r.sink.Sweep()
		r.after(time.Minute)
		if l := r.lane("p"); l.State != LaneIdle || l.Records != 0 {
			t.Errorf("%+v, want it idle", l)
		}
		// Nobody waits for the profile any more, so it is no reason not to be ready.
		if diff := cmp.Diff([]string{}, r.failing()); diff != "" {
			t.Errorf("failing (-want +got):\n%s", diff)
		}
		if len(r.classes()) != 0 {
			t.Errorf("dropped events got verdicts: %v", r.classes())
		}
	})
}

func TestIdleLanesAreForgotten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok))
		for _, p := range numbered("p", 100) {
			r.send(p, "e"+p)
		}
		r.after(2 * time.Second)
		for _, l := range r.sink.Lanes() {
			if l.State != LaneIdle {
				t.Fatalf("%+v", l)
			}
		}
		r.after(laneIdle)
		r.send("q", "e")
		r.after(2 * time.Second)
		if lanes := r.sink.Lanes(); len(lanes) != 1 || lanes[0].Profile != "q" {
			t.Errorf("%d lanes are left: want only the one that was used lately", len(lanes))
		}
		r.send("p0001", "again")
		r.after(2 * time.Second)
		if r.verdict("again").Class != verdict.Accepted {
			t.Error("a forgotten lane did not come back")
		}
	})
}

// A lane outlives the record whose bytes its profile's name was a part of, and
// must not keep them.
func TestALaneOwnsItsProfilesName(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok))
		record := []byte("2000000001")
		r.add(unsafe.String(&record[0], len(record)), "e1")
		r.feed.Flush()
		r.after(2 * time.Second)
		copy(record, "xxxxxxxxxx")
		r.send("2000000001", "e2")
		r.after(2 * time.Second)
		if lanes := r.sink.Lanes(); len(lanes) != 1 || lanes[0].Profile != "2000000001" {
			t.Errorf("the lanes are %+v: want one, of profile 2000000001", lanes)
		}
		if len(r.feed.groups) != 1 {
			t.Errorf("the feed knows the profile %d times", len(r.feed.groups))
		}
	})
}

// A producer that makes up profile ids must not fill the memory.
func TestTooManyLanesAreForgottenEarly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok), func(o *Options) { o.Linger = -1; o.Registerer = nil })
		for i := range 2*manyLanes + 10 {
			r.send(fmt.Sprint(i), fmt.Sprint("e", i))
			if i%100 == 0 {
				r.after(0)
			}
		}
		r.after(0)
		if n := len(r.sink.Lanes()); n > manyLanes+200 {
			t.Errorf("%d lanes", n)
		}
		if n := r.count(verdict.Accepted); n != 2*manyLanes+10 {
			t.Errorf("%d accepted", n)
		}
	})
}

func TestLanesAreCountedByState(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c call) reply {
			switch c.profile {
			case "held":
				return reply{status: 403}
			case "sending":
				return reply{status: 200, delay: time.Hour}
			}
			return ok
		}, func(o *Options) { o.RequestTimeout = 2 * time.Hour })
		r.send("idle", "a")
		r.send("held", "b")
		r.send("sending", "c")
		r.after(time.Second)
		r.send("batching", "d")
		r.after(0)
		families, err := r.reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, f := range families {
			if f.GetName() == "amazon_capi_lanes" {
				for _, m := range f.GetMetric() {
					got[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
				}
			}
		}
		want := map[string]float64{"idle": 1, "held": 1, "sending": 1, "batching": 1}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		var profiles []string
		for _, l := range r.sink.Lanes() {
			profiles = append(profiles, l.Profile)
			if (l.Reason != "") != (l.State == LaneHeld) {
				t.Errorf("%+v: want a reason exactly when it is held", l)
			}
		}
		if !slices.IsSorted(profiles) {
			t.Errorf("%v", profiles)
		}
	})
}

// TestRetrySeriesAreBounded: however many profiles are answered with however many
// statuses, made-up ones first, and a profile that has a series keeps it.
func TestRetrySeriesAreBounded(t *testing.T) {
	m := newMetrics(nil)
	for i := range 10_000 {
		m.retried("503", fmt.Sprint("junk", i), 1)
	}
	m.profiles.Accepted("real")
	m.retried("503", "real", 1)
	for i := range 10_000 {
		profile := fmt.Sprint("p", i)
		m.profiles.Accepted(profile)
		for status := 100; status < 1000; status += 7 {
			m.retried(fmt.Sprint(status), profile, 1)
		}
	}
	m.retried("503", "real", 1)
	series := make(chan prometheus.Metric, 100_000)
	m.retries.Collect(series)
	if n := len(series); n > profile.MaxSeries+100 {
		t.Errorf("%d series", n)
	}
	if got := (&rig{t: t}).metric(m.retries.WithLabelValues("503", "real")); got != 2 {
		t.Errorf("the real profile has %v retries of its own, want 2", got)
	}
}

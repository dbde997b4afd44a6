package sink

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
)

// erasures is a list of erased events.
type erasures struct {
	mu      sync.Mutex
	ids     map[string]bool
	version uint64
	away    error
	asked   int
}

func (e *erasures) add(ids ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ids == nil {
		e.ids = make(map[string]bool)
	}
	for _, id := range ids {
		e.ids[id] = true
	}
	e.version++
}

func (e *erasures) become(away error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.away = away
}

func (e *erasures) Version() (uint64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.version, e.away
}

func (e *erasures) Erased(id string) (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked++
	return e.away == nil && e.ids[id], e.away
}

func obeying(list *erasures) func(*Options) {
	return func(o *Options) { o.Erasures = list }
}

// sentAfter reports whether a request after the first n has the event.
func (r *rig) sentAfter(n int, id string) bool {
	return slices.ContainsFunc(r.amazon.all()[n:], func(c call) bool { return slices.Contains(c.ids, id) })
}

// However an event waits in its lane, once it is erased no request has it any more: it is
// filtered, and the others get through.
func TestAnEventThatIsErasedWhileItWaitsIsNotSent(t *testing.T) {
	unavailable := always(reply{status: 503})
	for name, tc := range map[string]struct {
		answer   func(call) reply // until the event is erased
		wait     time.Duration    // until then
		set      func(*Options)
		attempts int // that it took part in
	}{
		"in the open batch":     {answer: always(ok), set: func(o *Options) { o.Linger = time.Minute }},
		"after one failure":     {answer: unavailable, wait: 1100 * time.Millisecond, attempts: 1},
		"while the lane rests":  {answer: unavailable, wait: time.Minute, attempts: 6},
		"while it is throttled": {answer: always(reply{status: 429, header: map[string]string{"Retry-After": "600"}}), wait: time.Minute, attempts: 1},
		"put off by itself": {
			answer: always(reply{status: 207, body: `{"error":[{"index":1,"errors":[{"code":"TOO_MANY_REQUESTS"}]}],"success":[{"index":0}]}`}), wait: 1100 * time.Millisecond, attempts: 1,
		},
		"refused with its profile": {answer: always(reply{status: 403}), wait: 30 * time.Second, attempts: 6},
		"of a stranger":            {answer: unavailable, wait: 1100 * time.Millisecond, attempts: 1, set: func(o *Options) { o.Configured = func(string) bool { return false } }},
		"several at once":          {answer: unavailable, wait: 1100 * time.Millisecond, attempts: 1, set: func(o *Options) { o.LaneConcurrency = 4 }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var list erasures
				set := func(o *Options) {}
				if tc.set != nil {
					set = tc.set
				}
				r := newRig(t, tc.answer, obeying(&list), set)
				r.send("p", "a", "jane", "b")
				r.after(tc.wait)
				list.add("jane", "nobody")
				before := len(r.amazon.all())
				r.amazon.become(always(ok))
				r.after(time.Hour)
				if r.sentAfter(before, "jane") {
					t.Error("the erased event was sent")
				}
				if v := r.verdict("jane"); v.Class != verdict.Filtered || v.Code != "erased" || v.Attempts != tc.attempts {
					t.Errorf("%+v, want it filtered as erased after %d attempts", v, tc.attempts)
				}
				if r.count(verdict.Accepted) != 2 || len(r.box.all()) != 0 {
					t.Errorf("%v, want the others accepted", r.classes())
				}
				if f := r.failing(); len(f) != 0 {
					t.Errorf("failing: %v", f)
				}
			})
		})
	}
}

// A batch of erased events alone makes no request, and all the records of an id that was
// published several times have their verdict. The lane is idle then.
func TestABatchThatIsErasedWholeMakesNoRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var list erasures
		r := newRig(t, always(ok), obeying(&list))
		r.send("p", "a", "b", "a/2", "a")
		list.add("a", "b")
		r.after(time.Hour)
		if diff := cmp.Diff([]string{"a filtered 0", "a filtered 0", "a filtered 0", "b filtered 0"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if l := r.lane("p"); len(r.amazon.all()) != 0 || l.State != LaneIdle || l.Records != 0 {
			t.Errorf("%d requests, lane %+v", len(r.amazon.all()), l)
		}
	})
}

// An event that was erased gets no dead letter, which would be one more copy.
func TestAnErasedEventGetsNoLetter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var list erasures
		r := newRig(t, always(reply{status: 503, delay: time.Second}), obeying(&list), func(o *Options) { o.OnExhausted, o.MaxAttempts = DeadLetterExhausted, 1 })
		r.send("p", "a", "jane")
		r.after(1500 * time.Millisecond) // its only request is in flight
		list.add("jane")
		r.after(time.Hour)
		if l := r.box.all(); len(l) != 1 || l[0].EventID != "a" {
			t.Errorf("letters of %v", l)
		}
		if v := r.verdict("jane"); v.Class != verdict.Filtered || v.Attempts != 1 {
			t.Errorf("%+v", v)
		}
	})
}

// What Amazon says of an event that was in flight when it was erased still counts.
func TestWhatIsInFlightIsSettledByItsAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var list erasures
		r := newRig(t, always(reply{status: 200, delay: 10 * time.Second}), obeying(&list))
		r.send("p", "jane")
		r.after(5 * time.Second)
		list.add("jane")
		r.after(time.Minute)
		if v := r.verdict("jane"); v.Class != verdict.Accepted {
			t.Errorf("%+v", v)
		}
	})
}

// While the list cannot be read nothing is sent, also of what lanes have taken before.
func TestALaneHoldsWithoutTheList(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var list erasures
		r := newRig(t, always(ok), obeying(&list))
		r.send("p", "a")
		list.become(errors.New("the list cannot be read"))
		r.after(time.Hour)
		if l := r.lane("p"); len(r.amazon.all()) != 0 || l.State != LaneHeld || l.Reason != "the list cannot be read" {
			t.Errorf("%d requests, lane %+v", len(r.amazon.all()), l)
		}
		list.become(nil)
		r.after(2 * time.Second)
		if r.count(verdict.Accepted) != 1 {
			t.Errorf("%v", r.classes())
		}
	})
}

// A list that has not grown since the events were read is not asked again, and asking
// allocates nothing.
func TestAListThatStaysAsItIsCostsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var list erasures
		list.add("jane")
		r := newRig(t, inTurn(reply{status: 503}, reply{status: 400}, ok), obeying(&list))
		r.send("p", numbered("e", 100)...)
		r.after(time.Minute)
		if list.asked != 0 || r.count(verdict.Accepted) != 100 {
			t.Errorf("asked %d times, %d accepted", list.asked, r.count(verdict.Accepted))
		}
		r.amazon.become(always(reply{status: 503}))
		r.send("p", "f")
		r.after(2 * time.Second)
		list.add("other")
		r.after(time.Hour)
		if list.asked != 1 {
			t.Errorf("asked %d times after it grew, want once for each event", list.asked)
		}
		route, _ := r.sink.router.Route("q", "")
		l := newLane(r.sink, "q", route, time.Now())
		b := r.sink.memory.NewBatch(time.Now(), 1, 100)
		b.AsOf = list.version
		if n := testing.AllocsPerRun(100, func() { l.dropErased(b); l.listed(time.Now()) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// The receipt of an event that was sent before it was erased says how often.
func TestReceiptsOfErasedEvents(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var list erasures
		box := &receiptBox{}
		r := newRig(t, always(reply{status: 503}), obeying(&list), func(o *Options) {
			o.Receipts = ReceiptOptions{Producer: box, Topic: "events.receipts", Prefix: receiptPrefix}
		})
		r.send("p", "jane")
		r.after(3 * time.Second)
		list.add("jane")
		r.after(time.Hour)
		box.mu.Lock()
		defer box.mu.Unlock()
		if len(box.receipts) != 1 || box.receipts[0].Attempts != 3 || box.receipts[0].FirstSent.IsZero() {
			t.Fatalf("%+v", box.receipts)
		}
		if e := box.receipts[0].Events; !slices.EqualFunc(e, []receipt.Event{{EventID: "jane", Class: verdict.Filtered, Code: "erased"}}, func(a, b receipt.Event) bool {
			return a.EventID == b.EventID && a.Class == b.Class && a.Code == b.Code
		}) {
			t.Errorf("%+v", e)
		}
	})
}

// Whatever Amazon answers and whenever an event is erased, no request that begins later has
// it, and each record has one verdict in the end.
func TestErasedEventsAreNeverSentWhateverHappens(t *testing.T) {
	answers := []reply{
		ok, {status: 503}, {status: 400}, {status: 413}, {status: 403}, {status: 401}, {status: 200, delay: 20 * time.Second},
		{status: 429, header: map[string]string{"Retry-After": "7"}}, {err: http.ErrHandlerTimeout},
		{status: 207, body: `{"error":[{"index":0,"errors":[{"code":"TOO_MANY_REQUESTS"}]},{"index":1,"errors":[{"code":"CONTENT_TOO_LARGE"}]}]}`},
		{status: 207, body: `{"error":[{"index":0,"code":"INVALID"},{"index":1,"code":"INVALID"}]}`, delay: 20 * time.Second},
	}
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 30).Draw(rt, "steps")
		kinds := rapid.SliceOfN(rapid.IntRange(0, len(answers)-1), len(steps), len(steps)).Draw(rt, "answers")
		pauses := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 3, 30, 200}), len(steps), len(steps)).Draw(rt, "pauses")
		slots := rapid.IntRange(1, 4).Draw(rt, "slots")
		known := rapid.Bool().Draw(rt, "known")
		synctest.Test(t, func(t *testing.T) {
			var list erasures
			r := newRig(t, always(ok), obeying(&list), func(o *Options) {
				o.BatchEvents, o.LaneConcurrency = 5, slots
				o.Configured = func(string) bool { return known }
			})
			before := make(map[string]int) // how many requests there were when it was erased
			lettered := make(map[string]bool)
			sent := 0
			for i, step := range steps {
				r.amazon.become(always(answers[kinds[i]]))
				switch {
				case step < 4:
					for range step + 1 {
						sent++
						r.add("p", fmt.Sprint("e", sent))
					}
					r.feed.Flush()
				case step < 7 && sent > 0:
					id := fmt.Sprint("e", max(1, sent-step+4))
					if _, done := before[id]; !done {
						before[id], lettered[id] = len(r.amazon.all()), r.box.why(id).Class != 0
						list.add(id)
					}
				case step == 7:
					list.become(errors.New("away"))
				case step == 8:
					list.become(nil)
				}
				r.after(time.Duration(pauses[i]) * time.Second)
			}
			list.become(nil)
			r.amazon.become(always(ok))
			r.after(3 * time.Hour)
			for id, n := range before {
				if r.sentAfter(n, id) {
					rt.Errorf("%s was sent after it was erased", id)
				}
				if !lettered[id] && r.box.why(id).Class != 0 {
					rt.Errorf("%s became a letter after it was erased", id)
				}
			}
			if got := len(r.classes()); got != sent {
				rt.Errorf("%d verdicts on %d records: %s", got, sent, strings.Join(r.classes(), ", "))
			}
			if f := r.failing(); len(f) != 0 {
				rt.Errorf("failing: %v", f)
			}
		})
	})
}

// Wherever the letter of an event is when the event is erased, it is not written: the event
// ends as erased, and the other letters are written.
func TestALetterOfAnErasedEventIsNotWritten(t *testing.T) {
	refused := `{"error":[{"index":0,"code":"INVALID"},{"index":1,"code":"INVALID"}],"success":[{"index":2}]}`
	away := func(*kgo.Record) error { return kerr.UnknownTopicOrPartition }
	for name, tc := range map[string]struct {
		answer func(call) reply
		topic  func(*kgo.Record) error // what it says until the event is erased
		send   func(*rig)
		list   error // that it cannot be read for a while
	}{
		"its request is under way":          {answer: always(reply{status: 207, body: refused, delay: 10 * time.Second})},
		"its request is refused whole":      {answer: wholeExcept("z")},
		"it waits for the topic":            {answer: always(reply{status: 207, body: refused}), topic: away},
		"the topic refuses it":              {answer: always(reply{status: 207, body: refused}), topic: func(*kgo.Record) error { return kerr.InvalidRecord }},
		"its record was never sent":         {answer: always(ok), topic: away, send: func(r *rig) { r.refuse("jane", r.record("jane")); r.refuse("a", r.record("a")); r.send("p", "z") }},
		"the list cannot be read meanwhile": {answer: always(reply{status: 207, body: refused, delay: 10 * time.Second}), list: errors.New("away")},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var list erasures
				r := newRig(t, tc.answer, obeying(&list))
				r.box.fail = tc.topic
				if tc.send != nil {
					tc.send(r)
				} else {
					r.send("p", "a", "jane", "z")
				}
				r.after(5 * time.Second)
				list.add("jane")
				list.become(tc.list)
				r.after(time.Minute)
				if tc.list != nil && len(r.box.all()) != 0 {
					t.Errorf("letters of %v, though the list could not be read", r.box.all())
				}
				r.box.fail = nil
				list.become(nil)
				r.after(time.Hour)
				if l := r.box.all(); len(l) != 1 || l[0].EventID != "a" {
					t.Errorf("letters of %v", l)
				}
				if v := r.verdict("jane"); v.Class != verdict.Filtered || v.Code != "erased" || v.Status != 0 {
					t.Errorf("%+v", v)
				}
				if r.count(verdict.Accepted) != 1 || len(r.failing()) != 0 || r.sink.letters.Close() != nil {
					t.Errorf("%v, failing %v", r.classes(), r.failing())
				}
			})
		})
	}
}

// wholeExcept refuses requests as a whole, except for that of one event alone.
func wholeExcept(id string) func(call) reply {
	return func(c call) reply {
		if slices.Equal(c.ids, []string{id}) {
			return ok
		}
		return reply{status: 400, delay: 10 * time.Second}
	}
}

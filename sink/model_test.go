package sink

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// hostile is an Amazon with moods. It remembers what it took, whatever it said
// afterwards.
type hostile struct {
	mu    sync.Mutex
	rng   *rand.Rand
	calm  bool // behaves from now on
	taken map[string]bool
	bytes map[string]string
	fault string // what the sink did wrong
}

// bad reports whether the event is one that Amazon refuses, always.
func bad(id string) bool { return strings.Contains(id, "bad") }

func (h *hostile) answer(c call) reply {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, raw := range c.events {
		key := c.profile + "/" + id
		if was, ok := h.bytes[key]; ok && was != raw {
			h.fault = "event " + id + " was sent again with other bytes"
		}
		h.bytes[key] = raw
	}
	if len(c.ids) != len(c.events) {
		h.fault = "an event id is twice in one request"
	}
	mood := h.rng.IntN(14)
	if h.calm {
		mood = 11
	}
	take := func(some bool) {
		for _, id := range c.ids {
			if !bad(id) && (!some || h.rng.IntN(2) == 0) {
				h.taken[c.profile+"/"+id] = true
			}
		}
	}
	switch mood {
	case 0:
		return reply{status: []int{429, 500, 502, 503, 504}[h.rng.IntN(5)], header: map[string]string{"Retry-After": fmt.Sprint(h.rng.IntN(20))}}
	case 1:
		return reply{err: fmt.Errorf("connection lost")}
	case 2:
		take(true)
		return reply{status: 200, delay: time.Hour} // taken, but never told
	case 3:
		take(true)
		return reply{status: 207, body: `{"success":[{"index":0}`, cut: true}
	case 4:
		return reply{status: 200, body: webPage}
	case 5:
		return reply{status: 401}
	case 6:
		return h.items(c, true)
	case 7, 8:
		if slices.ContainsFunc(c.ids, bad) {
			return reply{status: []int{400, 413, 422}[h.rng.IntN(3)], body: `{"code":"BAD","message":"m"}`}
		}
	}
	return h.items(c, false)
}

// items answers item by item; if moody, it puts some off and forgets others.
func (h *hostile) items(c call, moody bool) reply {
	var success, failed []string
	for i, id := range c.ids {
		switch mood := h.rng.IntN(6); {
		case moody && mood == 0: // says nothing
		case moody && mood == 1:
			failed = append(failed, fmt.Sprintf(`{"index":%d,"errors":[{"code":"TOO_MANY_REQUESTS"}]}`, i))
		case moody && mood == 2 && len(c.ids) > 1:
			failed = append(failed, fmt.Sprintf(`{"index":%d,"code":"CONTENT_TOO_LARGE"}`, i))
		case bad(id):
			failed = append(failed, fmt.Sprintf(`{"index":%d,"errors":[{"code":"BAD","message":"m"}]}`, i))
		default:
			h.taken[c.profile+"/"+id] = true
			success = append(success, fmt.Sprintf(`{"index":%d}`, i))
		}
	}
	return reply{status: 207, body: `{"success":[` + strings.Join(success, ",") + `],"error":[` + strings.Join(failed, ",") + `]}`}
}

// run is what a run of chaos is made of.
type run struct {
	seed        uint64
	steps       []int
	batch       int
	concurrency int
	exhausted   ExhaustedPolicy
}

// TestEveryRecordGetsOneVerdictAndItIsTrue feeds a sink at random, with an
// Amazon, a token, a dead-letter topic and a receipts topic that fail at random,
// each answer of Amazon's after a time of its own so that those to several
// requests of a lane come in any order, and then lets everything be well. Each
// record must end with exactly one verdict; accepted only what Amazon took,
// refused only what it refuses or, where that is asked for, what was tried often
// enough; and none before a receipt says the same.
func TestEveryRecordGetsOneVerdictAndItIsTrue(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := run{
			seed:        rapid.Uint64().Draw(rt, "seed"),
			steps:       rapid.SliceOfN(rapid.IntRange(0, 19), 1, 60).Draw(rt, "steps"),
			batch:       rapid.IntRange(1, 20).Draw(rt, "batch"),
			concurrency: rapid.IntRange(1, 8).Draw(rt, "concurrency"),
			exhausted:   rapid.SampledFrom([]ExhaustedPolicy{HoldExhausted, DeadLetterExhausted}).Draw(rt, "exhausted"),
		}
		var fault string
		synctest.Test(t, func(t *testing.T) { fault = chaos(t, c) })
		if fault != "" {
			rt.Fatal(fault)
		}
	})
}

func chaos(t *testing.T, c run) string {
	seed := c.seed
	h := &hostile{rng: rand.New(rand.NewPCG(seed, 1)), taken: map[string]bool{}, bytes: map[string]string{}}
	rng := rand.New(rand.NewPCG(seed, 2))
	r, b := receiptRig(t, h.later, func(o *Options) {
		o.BatchEvents, o.LaneConcurrency, o.OnExhausted = c.batch, c.concurrency, c.exhausted
		o.Receipts.MaxBytes = 100 + int(seed%1000)
		o.AuthHold = 1000 * time.Hour // refusals by mood are none of the event's
		src := &lockedRand{rng: rand.New(rand.NewPCG(seed, 3))}
		o.Rand = src.float
		o.RequestTimeout = 5 * time.Second
	})
	r.box.fail = func(*kgo.Record) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if !h.calm && h.rng.IntN(3) == 0 {
			return kerr.UnknownTopicOrPartition
		}
		return nil
	}
	b.fail = func(rec *kgo.Record) error {
		h.mu.Lock()
		calm, mood, size := h.calm, h.rng.IntN(8), 60+h.rng.IntN(1000)
		h.mu.Unlock()
		switch {
		case calm || mood > 2:
			return nil
		case mood == 0:
			time.Sleep(time.Duration(size) * 20 * time.Millisecond)
			return nil
		case mood == 1 && len(rec.Value) > size:
			return kerr.MessageTooLarge
		}
		return kerr.UnknownTopicOrPartition
	}
	type sent struct{ profile, id string }
	records := map[uint64]sent{}
	owners := map[*owner][]uint64{}
	for _, step := range c.steps {
		switch {
		case step < 14:
			profile := fmt.Sprint("p", rng.IntN(3))
			for range rng.IntN(15) {
				id := fmt.Sprint("e", rng.IntN(400))
				if rng.IntN(10) == 0 {
					id = "bad" + id
				}
				r.add(profile, id)
				records[r.seq] = sent{profile, id}
				owners[r.owner] = append(owners[r.owner], r.seq)
			}
			for range rng.IntN(3) {
				id := fmt.Sprint("left-out", rng.IntN(400))
				r.filter(profile, id)
				records[r.seq] = sent{profile, id}
				owners[r.owner] = append(owners[r.owner], r.seq)
			}
			r.feed.Flush()
		case step < 15:
			r.sink.Flush()
		case step < 16:
			// The partition goes to another member, and comes back to be read
			// from its committed offset, which here is the same.
			old := r.owner
			old.end()
			r.owner = &owner{}
			r.sink.Sweep()
		default:
			r.after(time.Duration(rng.IntN(30)) * time.Second)
		}
	}
	h.mu.Lock()
	h.calm = true
	h.mu.Unlock()
	r.after(time.Hour)
	// A lane that gave events up learns from the next that the fault is over.
	for _, profile := range []string{"p0", "p1", "p2"} {
		r.send(profile, "last")
		records[r.seq] = sent{profile, "last"}
		owners[r.owner] = append(owners[r.owner], r.seq)
	}
	r.after(time.Hour)

	seen := map[uint64]int{}
	for _, v := range r.verdicts {
		s := records[v.Handle.Seq]
		seen[v.Handle.Seq]++
		switch {
		case v.EventID != s.id || v.ProfileID != s.profile:
			return fmt.Sprintf("record %d of %v got the verdict of %s", v.Handle.Seq, s, v.EventID)
		case v.Class == verdict.Accepted && !h.taken[s.profile+"/"+s.id]:
			return fmt.Sprintf("%v is accepted, but Amazon has not taken it", s)
		case strings.HasPrefix(s.id, "left-out") != (v.Class == verdict.Filtered):
			return fmt.Sprintf("%v got class %s", s, v.Class)
		case v.Class == verdict.Filtered:
		case v.Code == verdict.CodeExhausted.String() && c.exhausted == DeadLetterExhausted:
			if v.Class != verdict.Rejected || v.Attempts < 5 {
				return fmt.Sprintf("%v was given up as %s after %d attempts", s, v.Class, v.Attempts)
			}
		case v.Class == verdict.Accepted && bad(s.id), v.Class != verdict.Accepted && !bad(s.id):
			return fmt.Sprintf("%v got class %s", s, v.Class)
		}
	}
	for o, seqs := range owners {
		for _, seq := range seqs {
			if n := seen[seq]; n > 1 || n == 0 && o == r.owner {
				return fmt.Sprintf("record %d of %v has %d verdicts", seq, records[seq], n)
			}
		}
	}
	for _, l := range r.sink.Lanes() {
		if l.State != LaneIdle || l.Records != 0 {
			return fmt.Sprintf("after all is well: %+v", l)
		}
	}
	if f := r.failing(); len(f) > 0 {
		return fmt.Sprintf("after all is well: %v", f)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault != "" {
		return b.fault
	}
	for profile, n := range r.amazon.most {
		if n > c.concurrency {
			return fmt.Sprintf("%d requests of %s at once, want at most %d", n, profile, c.concurrency)
		}
	}
	if len(r.amazon.twice) > 0 {
		return fmt.Sprintf("in flight twice at once: %v", r.amazon.twice)
	}
	return h.fault
}

// later is an answer that takes its time.
func (h *hostile) later(c call) reply {
	rep := h.answer(c)
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.calm && rep.delay == 0 {
		rep.delay = time.Duration(h.rng.IntN(8)) * 500 * time.Millisecond
	}
	return rep
}

type lockedRand struct {
	mu  sync.Mutex
	rng *rand.Rand
}

func (l *lockedRand) float() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rng.Float64()
}

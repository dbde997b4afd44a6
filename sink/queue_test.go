package sink

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/batch"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/gate"
	"github.com/tracklayer/amazon-capi/sink/login"
)

// growing is a batch of events with these ids that is not closed yet.
func growing(m *batch.Memory, ids, contents []string) *batch.Batch {
	b := m.NewBatch(time.Time{}, len(ids), 0)
	from := &verdict.Origin{}
	var buf []byte
	var events []batch.Pending
	for i, id := range ids {
		buf = append(append(buf, ','), contents[i]...)
		events = append(events, batch.Pending{Record: verdict.Record{From: from}, Rec: &kgo.Record{}, ID: id, Hash: uint64(i), End: len(buf)})
	}
	b.Add(m, events, buf, 1, 500, 0)
	return b
}

// What has to go again goes by age, whatever the order in which its answers
// came, since the oldest hold up most commits; then what is new, in order.
func TestTheOldestGoesFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 8
		q := queue{memory: batch.NewMemory()}
		for i := range n {
			q.open = growing(batch.NewMemory(), []string{"a", "b"}, []string{strings.Repeat("1", i), ""})
			q.closeOpen()
		}
		now := time.Now()
		var sent []*batch.Batch
		for range rapid.IntRange(0, n).Draw(t, "sent") {
			sent = append(sent, q.pop(now))
		}
		for _, i := range rapid.Permutation(indices(len(sent))).Draw(t, "answers") {
			q.push(sent[i])
		}
		for want := range n {
			if b := q.pop(now); b.Bytes != want {
				t.Fatalf("batch %d, want %d", b.Bytes, want)
			}
		}
		if !q.empty() {
			t.Fatal("something is left")
		}
	})
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestHalvesGoInOrderBeforeWhatIsYounger(t *testing.T) {
	q := queue{memory: batch.NewMemory()}
	for _, ids := range []string{"abcd", "ef"} {
		q.open = growing(batch.NewMemory(), strings.Split(ids, ""), make([]string, len(ids)))
		q.closeOpen()
	}
	now := time.Now()
	old, young := q.pop(now), q.pop(now)
	q.push(young)
	q.pushHalves(old)
	q.pushHalves(q.pop(now)) // ab
	var got []string
	for !q.empty() {
		ids, b := "", q.pop(now)
		for i := range b.Events {
			ids += b.ID(&b.Events[i])
		}
		got = append(got, ids)
	}
	if diff := cmp.Diff([]string{"a", "b", "cd", "ef"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// While a token was waited for, answers may have changed what the lane may do.
func TestABatchIsTakenOnlyIfItMayStillBeSent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok), single)
		token := login.NewAccessToken("Atza|x", 5)
		now := time.Now()
		way, _ := r.sink.router.Route("p", "US")
		for name, change := range map[string]func(*lane){
			"another way":     func(l *lane) { l.route = &exchange.Route{} },
			"no way any more": func(l *lane) { l.stray = &verdict.Reason{} },
			"held":            func(l *lane) { l.gate.Hold(now, time.Second, "") },
			"full":            func(l *lane) { l.flying = append(l.flying, &batch.Batch{}) },
			"probing": func(l *lane) {
				widen(l, 8)
				l.gate.Recall(gate.Row{}, now)
				l.flying = append(l.flying, &batch.Batch{})
			},
			"the token is refused":       func(l *lane) { l.stale = token },
			"a later one is refused":     func(l *lane) { l.stale = login.NewAccessToken("Atza|y", 6) },
			"all of it has been dropped": func(l *lane) { l.ready = nil },
		} {
			l := newLane(r.sink, "p", way, now)
			l.ready = append(l.ready, growing(r.sink.memory, []string{"a"}, []string{""}))
			queued := slices.Clone(l.ready)
			change(l)
			flying := len(l.flying)
			if f, ok := l.take(now, way, token); ok {
				t.Errorf("%s: took %v", name, f.batch.Events)
			}
			if len(l.flying) != flying {
				t.Errorf("%s: %d in flight", name, len(l.flying))
			}
			if name != "all of it has been dropped" && !slices.Equal(queued, l.ready) {
				t.Errorf("%s: the batch is gone", name)
			}
		}
		l := newLane(r.sink, "p", way, now)
		l.ready = append(l.ready, growing(r.sink.memory, []string{"a"}, []string{""}))
		l.stale = login.NewAccessToken("Atza|z", 4)
		if _, ok := l.take(now, way, token); !ok {
			t.Error("a batch that may be sent was not taken")
		}
	})
}

// widen has the lane send that many requests at once.
func widen(l *lane, requests int) {
	for range requests * requests {
		if l.gate.Slots() == requests {
			return
		}
		l.gate.Flying(l.gate.Slots())
		l.gate.Grow()
	}
}

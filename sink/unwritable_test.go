package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// topicState is a topic as a test changes it.
type topicState struct {
	mu     sync.Mutex
	limit  int   // of a record
	inAll  int   // of a segment; 0 means none
	keys   bool  // it takes none without a key
	other  error // what everything is refused with
	client int   // the producer's own limit, which only Renew changes
	asks   error // what asking for the limit fails with
	stuck  bool  // the producer fails for good, until it is renewed
	why    string
}

func (s *topicState) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *topicState) takes(r *kgo.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch n := kafka.RecordBytes(r); {
	case s.stuck:
		return kerr.UnknownTopicID
	case s.other != nil:
		return s.other
	case n > min(s.limit, s.client):
		return kerr.MessageTooLarge
	case s.inAll > 0 && n > s.inAll:
		return kerr.RecordListTooLarge
	case s.keys && r.Key == nil:
		return kerr.InvalidRecord
	}
	return nil
}

// Renew, Limit and Why make a Producer with a topicState a Renewer.
func (s *topicState) Renew(_ context.Context, cause error) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stuck:
		s.stuck = false
		return true, nil
	case !errors.Is(cause, kerr.MessageTooLarge):
		return false, nil
	case s.asks != nil:
		return false, s.asks
	}
	changed := s.client != s.limit
	s.client = s.limit
	return changed, nil
}

func (s *topicState) Limit() int                 { s.mu.Lock(); defer s.mu.Unlock(); return s.client }
func (s *topicState) Why(context.Context) string { s.mu.Lock(); defer s.mu.Unlock(); return s.why }

type renewingBox struct {
	*letterbox
	*topicState
}

type renewingReceipts struct {
	*receiptBox
	*topicState
}

// onTopic is a rig whose letters go to a topic that can change. Before its own
// limit the client knows none.
func onTopic(t *testing.T, s *topicState) *rig {
	r := newRig(t, always(ok), func(o *Options) {
		box := o.DeadLetters.Producer.(*letterbox)
		box.fail = s.takes
		o.DeadLetters.Producer = renewingBox{box, s}
		o.Linger = -1
	})
	return r
}

func wide() *topicState { return &topicState{limit: 1 << 20, client: 1 << 20} }

func (r *rig) refuseSized(id string, key []byte, value int) {
	rec := r.record(id)
	rec.Key, rec.Value = key, []byte(strings.Repeat("v", value))
	r.refuse(id, rec)
}

// A record that the topic refuses for itself is kept, and the others are written.
func TestARefusedLetterHoldsUpNoOther(t *testing.T) {
	for name, tt := range map[string]struct {
		refuses func(r *kgo.Record) error
		says    []string
	}{
		"compacted": {func(r *kgo.Record) error {
			if r.Key == nil {
				return kerr.InvalidRecord
			}
			return nil
		}, []string{"events.dlq", "cleanup.policy"}},
		"a policy": {func(r *kgo.Record) error {
			if r.Key == nil {
				return kerr.PolicyViolation
			}
			return nil
		}, []string{"events.dlq", "POLICY_VIOLATION"}},
		"a time": {func(r *kgo.Record) error {
			if r.Key == nil {
				return kerr.InvalidTimestamp
			}
			return nil
		}, []string{"events.dlq", "message.timestamp"}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, always(ok))
				var mu sync.Mutex
				refusing := true
				r.box.fail = func(rec *kgo.Record) error {
					mu.Lock()
					defer mu.Unlock()
					if refusing {
						return tt.refuses(rec)
					}
					return nil
				}
				for i := range 100 {
					r.refuseSized(fmt.Sprint("keyless", i), nil, 10)
					r.refuseSized(fmt.Sprint("keyed", i), []byte("k"), 10)
					r.after(time.Second)
				}
				r.after(10 * time.Second)
				if n := r.count(verdict.Validation); n != 100 {
					t.Errorf("%d verdicts while half are refused, want 100", n)
				}
				f := r.failing()
				for _, want := range tt.says {
					if len(f) != 1 || !strings.Contains(f[0], want) {
						t.Errorf("failing %v, want %q", f, want)
					}
				}
				if n := strings.Count(r.log.String(), "condition failing"); n != 1 {
					t.Errorf("the condition was logged %d times", n)
				}
				mu.Lock()
				refusing = false
				mu.Unlock()
				r.after(time.Minute)
				if n := r.count(verdict.Validation); n != 200 || len(r.failing()) != 0 {
					t.Errorf("%d verdicts a minute after it was over, want 200; failing %v", n, r.failing())
				}
			})
		})
	}
}

// A topic that takes too little for any letter says what it should take, and when
// it does, the letters are whole.
func TestALimitThatGrewIsNoticed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &topicState{limit: 330, client: 330}
		r := onTopic(t, s)
		for i := range 50 {
			r.refuseSized(fmt.Sprint("l", i), []byte("k"), 2000)
		}
		r.after(10 * time.Minute)
		f := r.failing()
		if len(f) != 1 || !strings.Contains(f[0], "raise max.message.bytes of topic events.dlq, which is 330, to ") || len(r.classes()) != 0 {
			t.Fatalf("failing %v, %v", f, r.classes())
		}
		var need int
		if _, err := fmt.Sscanf(f[0][strings.Index(f[0], "330, to "):], "330, to %d or more", &need); err != nil || need < 2000 || need > 5000 {
			t.Fatalf("it says that %d are needed (%v)", need, err)
		}
		s.set(func() { s.limit = need })
		r.after(time.Minute)
		if n := r.count(verdict.Validation); n != 50 || len(r.failing()) != 0 {
			t.Errorf("%d verdicts a minute later, failing %v", n, r.failing())
		}
		for _, l := range r.box.all() {
			if l.ValueOmitted != 0 || len(l.Value) != 2000 {
				t.Errorf("%s is not whole, though the topic takes it", l.EventID)
			}
		}
	})
}

// The client's own limit is from when it was made. What it refuses is asked about
// before anything is left out.
func TestALetterIsReducedOnlyForTheTopicsPresentLimit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &topicState{limit: 100_000, client: 10_000}
		r := onTopic(t, s)
		r.refuseSized("fits", []byte("k"), 50_000)
		r.refuseSized("does not", []byte("k"), 500_000)
		r.after(time.Second)
		for _, l := range r.box.all() {
			if want := map[string]int{"fits": 0, "does not": 500_000}[l.EventID]; l.ValueOmitted != want {
				t.Errorf("%s: %d bytes left out, want %d", l.EventID, l.ValueOmitted, want)
			}
		}
		s.set(func() { s.limit, s.asks = 1<<20, errors.New("no broker") })
		r.refuseSized("held", []byte("k"), 500_000)
		r.after(time.Minute)
		if f := r.failing(); len(f) != 1 || !strings.Contains(f[0], "no broker") || len(r.box.all()) != 2 {
			t.Errorf("%d letters, failing %v", len(r.box.all()), f)
		}
		s.set(func() { s.asks = nil })
		r.after(time.Minute)
		if l := r.box.all(); len(l) != 3 || l[2].ValueOmitted != 0 || len(r.failing()) != 0 {
			t.Errorf("%d letters, failing %v; want the last whole", len(l), r.failing())
		}
	})
}

// A producer that cannot go on is renewed, and the letters written.
func TestAStuckProducerIsRenewed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := wide()
		r := onTopic(t, s)
		b := &receiptBox{}
		rs := wide()
		b.fail = rs.takes
		r2 := newRig(t, always(ok), b.into, func(o *Options) {
			o.Receipts.Producer, o.Linger = renewingReceipts{b, rs}, -1
		})
		for i := range 5 {
			s.set(func() { s.stuck = true })
			rs.set(func() { rs.stuck = true })
			r.refuse(fmt.Sprint(i), r.record("x"))
			r2.send("p", fmt.Sprint(i))
			r.after(10 * time.Second)
			if n, m := r.count(verdict.Validation), r2.count(verdict.Accepted); n != i+1 || m != i+1 {
				t.Errorf("%d letters, %d receipts; want %d", n, m, i+1)
			}
		}
		if f := append(r.failing(), r2.failing()...); len(f) != 0 {
			t.Errorf("failing %v", f)
		}
	})
}

func TestSilenceIsExplained(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := wide()
		s.other, s.why = errSilence, "partition 3 has no leader"
		r := onTopic(t, s)
		r.refuse("a", r.record("a"))
		b := &receiptBox{fail: s.takes}
		r2 := newRig(t, always(ok), b.into, func(o *Options) {
			o.Receipts.Producer, o.Linger = renewingReceipts{b, s}, -1
		})
		r2.send("p", "a")
		r.after(15 * time.Second)
		for _, f := range [][]string{r.failing(), r2.failing()} {
			if len(f) != 1 || !strings.Contains(f[0], "for 10s: partition 3 has no leader") {
				t.Errorf("failing %v", f)
			}
		}
	})
}

// A compacted topic takes no receipt without a key, which those of records have
// that name no profile.
func TestARefusedReceiptHoldsUpNoOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := wide()
		s.keys = true
		b := &receiptBox{fail: s.takes}
		r := newRig(t, always(ok), b.into, func(o *Options) { o.Receipts.Producer, o.Linger = renewingReceipts{b, s}, -1 })
		for i := range 50 {
			r.filter("", fmt.Sprint("keyless", i))
			r.filter("p", fmt.Sprint("keyed", i))
			r.feed.Flush()
			r.after(time.Second)
		}
		r.after(10 * time.Second)
		if n := r.count(verdict.Filtered); n != 50 {
			t.Errorf("%d verdicts while half are refused, want 50", n)
		}
		if f := r.failing(); len(f) != 1 || !strings.Contains(f[0], "events.receipts") || !strings.Contains(f[0], "cleanup.policy") {
			t.Errorf("failing %v", f)
		}
		if n := strings.Count(r.log.String(), "condition failing"); n != 1 {
			t.Errorf("the condition was logged %d times", n)
		}
		s.set(func() { s.keys = false })
		r.after(time.Minute)
		if n := r.count(verdict.Filtered); n != 100 || len(r.failing()) != 0 {
			t.Errorf("%d verdicts a minute after it was over, want 100; failing %v", n, r.failing())
		}
		b.check(t)
	})
}

// Receipts are cut to the topic's size, whatever it becomes.
func TestReceiptsFollowTheTopicsLimit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &topicState{limit: 100, client: 100}
		b := &receiptBox{fail: s.takes}
		r := newRig(t, always(ok), b.into, func(o *Options) { o.Receipts.Producer, o.Linger = renewingReceipts{b, s}, -1 })
		first := numbered("first", 40)
		r.send("p", first...)
		r.after(10 * time.Minute)
		f := r.failing()
		if len(f) != 1 || !strings.Contains(f[0], "raise max.message.bytes of topic events.receipts, which is 100, to ") || len(r.classes()) != 0 {
			t.Fatalf("failing %v, %d verdicts", f, len(r.classes()))
		}
		s.set(func() { s.limit = 1000 })
		r.after(time.Minute)
		r.wantAll(b, first...)
		written := len(b.records())
		s.set(func() { s.limit = 1 << 20 })
		r.after(2 * time.Minute)
		second := numbered("second", 100)
		r.send("p", second...)
		r.after(time.Minute)
		r.wantAll(b, append(first, second...)...)
		if n := len(b.records()) - written; n != 1 {
			t.Errorf("%d receipts for one batch, though the topic takes large ones again", n)
		}
	})
}

// Whatever the topic does for a while, in the end each letter has its verdict,
// once, and is in the topic; receipts likewise.
func TestLettersAndReceiptsOutlastTheirTopic(t *testing.T) {
	states := []func(*topicState){
		func(s *topicState) { s.limit = 50 },
		func(s *topicState) { s.limit = 800 },
		func(s *topicState) { s.keys = !s.keys },
		func(s *topicState) { s.stuck = true },
		func(s *topicState) { s.other = kerr.UnknownTopicOrPartition },
		func(s *topicState) { s.other = kerr.ClusterAuthorizationFailed },
		func(s *topicState) { s.other = kerr.PolicyViolation },
		func(s *topicState) { s.asks = errors.New("no broker") },
		func(s *topicState) { s.inAll = 40 },
		func(s *topicState) { s.inAll = 900 },
		func(s *topicState) { s.other, s.asks, s.keys, s.limit, s.inAll = nil, nil, false, 1<<20, 0 },
	}
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, len(states)-1), 1, 12).Draw(rt, "states")
		pauses := rapid.SliceOfN(rapid.IntRange(0, 40), len(steps), len(steps)).Draw(rt, "pauses")
		sizes := rapid.SliceOfN(rapid.IntRange(0, 3000), len(steps), len(steps)).Draw(rt, "sizes")
		keyed := rapid.SliceOfN(rapid.Bool(), len(steps), len(steps)).Draw(rt, "keyed")
		bubble(t, func(t *testing.T) {
			letters, receipts := wide(), wide()
			b := &receiptBox{fail: receipts.takes}
			r := newRig(t, always(ok), b.into, func(o *Options) {
				box := o.DeadLetters.Producer.(*letterbox)
				box.fail = letters.takes
				o.DeadLetters.Producer, o.Receipts.Producer, o.Linger = renewingBox{box, letters}, renewingReceipts{b, receipts}, -1
			})
			var want []string
			for i, step := range steps {
				letters.set(func() { states[step](letters) })
				receipts.set(func() { states[(step+i)%len(states)](receipts) })
				key, profile := []byte(nil), ""
				if keyed[i] {
					key, profile = []byte("k"), "p"
				}
				id := fmt.Sprint("l", i)
				r.refuseSized(id, key, sizes[i])
				r.filter(profile, "f"+id)
				r.feed.Flush()
				want = append(want, "f"+id+" filtered 0", id+" validation 0")
				r.after(time.Duration(pauses[i]) * time.Second)
			}
			for _, s := range []*topicState{letters, receipts} {
				s.set(func() { states[len(states)-1](s) })
			}
			r.after(2 * time.Minute)
			slices.Sort(want)
			if got := r.classes(); !slices.Equal(got, want) {
				rt.Errorf("verdicts %v, want %v", got, want)
			}
			if n := len(r.box.all()); n != len(steps) {
				rt.Errorf("%d letters, want %d", n, len(steps))
			}
			if f := r.failing(); len(f) != 0 {
				rt.Errorf("failing %v", f)
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			if b.fault != "" {
				rt.Error(b.fault)
			}
		})
	})
}

// A topic whose segments are smaller than its records refuses each that is larger. It
// is reduced like one that exceeds the limit, and holds up no other.
func TestATopicOfSmallSegments(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := wide()
		s.inAll = 5000
		r := onTopic(t, s)
		for i := range 10 {
			r.refuseSized(fmt.Sprint("e", i), []byte("k"), 1000*i)
		}
		r.after(time.Minute)
		if got := r.count(verdict.Validation); got != 10 || len(r.failing()) != 0 {
			t.Fatalf("%d verdicts, want 10; failing: %v", got, r.failing())
		}
		for _, l := range r.box.all() {
			var n int
			_, _ = fmt.Sscanf(l.EventID, "e%d", &n)
			if whole := n <= 4; whole != (l.ValueOmitted == 0) {
				t.Errorf("%s: %d bytes left out", l.EventID, l.ValueOmitted)
			}
		}
		s.set(func() { s.inAll = 60 })
		r.refuseSized("x", []byte("k"), 10)
		r.after(time.Minute)
		if f := strings.Join(r.failing(), ""); !strings.Contains(f, "raise its segment.bytes") || !strings.Contains(f, dlq) {
			t.Errorf("failing: %s", f)
		}
		s.set(func() { s.inAll = 0 })
		r.after(2 * time.Minute)
		if got := r.count(verdict.Validation); got != 11 || len(r.failing()) != 0 {
			t.Errorf("%d verdicts, want 11; failing: %v", got, r.failing())
		}
	})
}

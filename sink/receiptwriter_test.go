package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// accepted is what receipts name when all of these were.
func accepted(ids ...string) []string {
	out := []string{}
	for _, id := range ids {
		out = append(out, id+" accepted")
	}
	slices.Sort(out)
	return out
}

func (r *rig) wantAll(b *receiptBox, ids ...string) {
	r.t.Helper()
	if d := cmp.Diff(accepted(ids...), b.names()); d != "" {
		r.t.Errorf("receipts name (-want +got):\n%s", d)
	}
	if n := r.count(verdict.Accepted); n != len(ids) {
		r.t.Errorf("%d verdicts, want %d", n, len(ids))
	}
	if f := r.failing(); len(f) != 0 {
		r.t.Errorf("failing: %v", f)
	}
}

// While the topic is away Amazon is still sent to, nothing is final, readiness
// says why, once, and it goes on by itself.
func TestReceiptsWaitForTheirTopic(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		says string
	}{
		"missing":      {kerr.UnknownTopicOrPartition, "it does not exist"},
		"not writable": {kerr.TopicAuthorizationFailed, "not allowed"},
		"full":         {kgo.ErrMaxBuffered, "buffer is full"},
		"else":         {errors.New("boom"), "boom"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r, b := receiptRig(t, always(ok), func(o *Options) { o.BatchEvents = 10 })
				away := true
				b.fail = func(*kgo.Record) error {
					b.mu.Lock()
					defer b.mu.Unlock()
					if away {
						return tc.err
					}
					return nil
				}
				ids := numbered("e", 50)
				r.send("p", ids[:25]...)
				r.after(30 * time.Minute)
				r.send("q", ids[25:]...)
				r.after(30 * time.Minute)
				if n := len(r.amazon.all()); n != 6 || len(r.classes()) != 0 {
					t.Errorf("%d requests, %d verdicts; want all 6 and none", n, len(r.classes()))
				}
				f := r.failing()
				if len(f) != 1 || !strings.HasPrefix(f[0], "receipts topic: ") || !strings.Contains(f[0], tc.says) {
					t.Errorf("failing: %v, want %q", f, tc.says)
				}
				if b.attempts() > 1200 {
					t.Errorf("%d tries in an hour: no backoff", b.attempts())
				}
				b.mu.Lock()
				away = false
				b.mu.Unlock()
				r.after(31 * time.Second)
				r.wantAll(b, ids...)
				if n := strings.Count(r.log.String(), "receipts topic"); n != 2 {
					t.Errorf("%d log lines for one outage, want 2:\n%s", n, r.log)
				}
				if got := r.counted("receipts_written_total"); got != 6 {
					t.Errorf("metric: %v written", got)
				}
				if got := r.counted("receipts_failed_total"); got < 6 {
					t.Errorf("metric: %v failed", got)
				}
			})
		})
	}
}

// A broker that says nothing, of one partition, holds up that one alone.
func TestOnePartitionWithoutALeaderHoldsUpNoOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, b := receiptRig(t, always(ok), func(o *Options) { o.Linger = -1 })
		b.fail = func(rec *kgo.Record) error {
			if string(rec.Key) == "stuck" {
				time.Sleep(time.Hour)
			}
			return nil
		}
		r.send("stuck", "s")
		ids := numbered("e", 20)
		for _, id := range ids {
			r.send("well", id)
			r.after(time.Second)
		}
		if got := r.count(verdict.Accepted); got != 20 {
			t.Errorf("%d verdicts, want 20", got)
		}
		if f := r.failing(); len(f) != 1 || !strings.Contains(f[0], "not acknowledged receipts to events.receipts for 10s") {
			t.Errorf("failing: %v", f)
		}
		r.after(time.Hour)
		r.wantAll(b, append(ids, "s")...)
		if n := strings.Count(r.log.String(), "receipts topic"); n != 2 {
			t.Errorf("%d log lines, want 2:\n%s", n, r.log)
		}
	})
}

// The brokers refuse some, and not others: the condition lasts until all are
// written, and is logged once.
func TestTheConditionDoesNotFlap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, b := receiptRig(t, always(ok), func(o *Options) { o.Linger = -1 })
		began := time.Now()
		b.fail = func(rec *kgo.Record) error {
			if string(rec.Key) == "bad" && time.Since(began) < 10*time.Minute {
				return kerr.NotEnoughReplicas
			}
			return nil
		}
		r.send("bad", "s")
		ids := numbered("e", 60)
		for _, id := range ids {
			r.send("well", id)
			r.after(7 * time.Second)
		}
		r.after(10 * time.Minute)
		r.wantAll(b, append(ids, "s")...)
		if n := strings.Count(r.log.String(), "receipts topic"); n != 2 {
			t.Errorf("%d log lines, want 2:\n%s", n, r.log)
		}
	})
}

func TestReceiptsFitTheirRecords(t *testing.T) {
	const limit = 3000
	bubble(t, func(t *testing.T) {
		r, b := receiptRig(t, always(ok), func(o *Options) { o.Receipts.MaxBytes = limit })
		ids := numbered(strings.Repeat("long-", 10), 500)
		r.send("p", ids...)
		r.after(time.Minute)
		r.wantAll(b, ids...)
		for _, rec := range b.records() {
			if len(rec.Value) > limit {
				t.Errorf("a receipt of %d bytes, want %d at most", len(rec.Value), limit)
			}
		}
		if b.attempts() != len(b.records()) || len(r.amazon.all()) != 1 {
			t.Errorf("%d tries for %d receipts of %d requests", b.attempts(), len(b.records()), len(r.amazon.all()))
		}
	})
}

// The topic takes less than we think. Brokers say so of a batch of records as a
// whole, so the receipts are tried one by one before they are split.
func TestReceiptsThatAreTooLargeAreSplit(t *testing.T) {
	const limit = 3000
	bubble(t, func(t *testing.T) {
		r, b := receiptRig(t, always(ok), func(o *Options) { o.Linger, o.BatchEvents = -1, 100 })
		company, oversize := 0, 0
		b.fail = func(rec *kgo.Record) error {
			b.mu.Lock()
			company++
			b.mu.Unlock()
			time.Sleep(time.Millisecond)
			b.mu.Lock()
			with := company
			b.mu.Unlock()
			time.Sleep(time.Millisecond)
			b.mu.Lock()
			company--
			if len(rec.Value) > limit {
				oversize++
			}
			b.mu.Unlock()
			if len(rec.Value) > limit || with > 1 {
				return kerr.MessageTooLarge
			}
			return nil
		}
		long := numbered(strings.Repeat("long-", 10), 200)
		r.add("q", "x", "y")
		r.add("r", "z")
		r.send("p", long...)
		r.after(time.Minute)
		r.wantAll(b, append(long, "x", "y", "z")...)
		if r.counted("receipts_split_total") == 0 {
			t.Error("metric: none split")
		}
		b.mu.Lock()
		if oversize == 0 {
			t.Error("none was too large: this test proves nothing")
		}
		oversize = 0
		b.mu.Unlock()
		more := numbered(strings.Repeat("more-", 10), 100)
		r.send("p", more...)
		r.after(time.Minute)
		if d := cmp.Diff(accepted(append(append(long, more...), "x", "y", "z")...), b.names()); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
		for _, rec := range b.records() {
			if len(rec.Value) > limit {
				t.Errorf("%d bytes", len(rec.Value))
			}
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if oversize > 0 {
			t.Errorf("%d more were too large: what was learnt is forgotten", oversize)
		}
	})
}

func TestAReceiptThatCannotBeSplitWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, b := receiptRig(t, always(ok), func(o *Options) { o.Linger = -1 })
		small := true
		b.fail = func(*kgo.Record) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			if small {
				return kerr.MessageTooLarge
			}
			return nil
		}
		r.send("p", "a", "b", "c")
		r.after(time.Hour)
		if f := r.failing(); len(f) != 1 || !strings.Contains(f[0], "max.message.bytes") || len(r.classes()) != 0 {
			t.Errorf("failing %v, verdicts %v", f, r.classes())
		}
		if b.attempts() > 1000 {
			t.Errorf("%d tries in an hour", b.attempts())
		}
		b.mu.Lock()
		small = false
		b.mu.Unlock()
		r.after(time.Minute)
		r.wantAll(b, "a", "b", "c")
	})
}

func TestCloseWaitsForReceipts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, b := receiptRig(t, always(reply{status: 422, body: `{"code":"X","message":"m"}`, delay: time.Second}), func(o *Options) { o.Linger = -1 })
		b.fail = func(*kgo.Record) error { time.Sleep(2 * time.Second); return nil }
		r.box.fail = b.fail
		r.send("p", "a")
		r.after(time.Millisecond)
		if took, err := r.closing(time.Minute); err != nil || took < 4*time.Second || took > 6*time.Second {
			t.Errorf("took %s, %v; want the request, the letter and the receipt", took, err)
		}
		if d := cmp.Diff([]string{"a rejected 1"}, r.classes()); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
		r.filter("p", "late")
		r.feed.Flush()
		r.sink.Sweep()
		r.after(time.Minute)
		if b.attempts() != 1 || len(r.classes()) != 1 {
			t.Error("something was written or settled after Close")
		}
	})
}

func TestCloseLeavesReceiptsThatOutlastItsBudget(t *testing.T) {
	for name, fault := range map[string]error{"refused": kerr.UnknownTopicOrPartition, "silent": errSilence} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r, b := receiptRig(t, always(ok), func(o *Options) { o.Linger = -1 })
				b.fail = func(*kgo.Record) error { return fault }
				r.send("p", "a")
				r.after(time.Second)
				took, err := r.closing(5 * time.Second)
				if took != 5*time.Second || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "1 receipt was not acknowledged") {
					t.Errorf("took %s, %v", took, err)
				}
				r.after(time.Hour)
				if len(r.classes()) != 0 {
					t.Errorf("settled without a receipt: %v", r.classes())
				}
			})
		})
	}
}

// receiptsAtOnce is how many receipts the client has at once, at most.
const receiptsAtOnce = 256

// Many receipts at once: the client never has more than it can take, and each
// verdict comes out once.
func TestManyReceipts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, b := receiptRig(t, always(ok))
		flying, most := 0, 0
		b.fail = func(*kgo.Record) error {
			b.mu.Lock()
			flying++
			most = max(most, flying)
			b.mu.Unlock()
			time.Sleep(10 * time.Millisecond)
			b.mu.Lock()
			flying--
			b.mu.Unlock()
			return nil
		}
		const n = 3000
		for i := range n {
			r.filter(fmt.Sprint("p", i), fmt.Sprint("e", i))
		}
		r.feed.Flush()
		r.after(time.Minute)
		if got := r.count(verdict.Filtered); got != n || len(b.all()) != n {
			t.Errorf("%d verdicts, %d receipts; want %d", got, len(b.all()), n)
		}
		if most > receiptsAtOnce || most < 2 {
			t.Errorf("%d on their way at once, want %d at most", most, receiptsAtOnce)
		}
	})
}

package consumer

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// quickWorker accepts all that it takes when it is flushed.
type quickWorker struct {
	settle func([]verdict.Verdict)
	vs     []verdict.Verdict
	done   chan int
}

func (w *quickWorker) Read(context.Context, *kgo.Record, bool) (verdict.Reading, error) {
	return verdict.Reading{Profile: "p1", Sends: true}, nil
}

func (w *quickWorker) Take(h verdict.Handle, _ *verdict.Past) {
	w.vs = append(w.vs, verdict.Verdict{Handle: h, Class: verdict.Accepted, ProfileID: "p1"})
}
func (w *quickWorker) Refuse(verdict.Handle, *kgo.Record, string, verdict.Reason) {}
func (w *quickWorker) Flush() {
	w.settle(w.vs)
	n := len(w.vs)
	w.vs = w.vs[:0]
	w.done <- n
}

// BenchmarkRecord takes records from a poll through ledger, inbox and pump to their
// verdicts. One operation is 4,096 records.
func BenchmarkRecord(b *testing.B) {
	c, err := New(Options{Topics: []string{topic}, Group: group, KeepsRecords: true})
	if err != nil {
		b.Fatal(err)
	}
	w := &quickWorker{settle: c.Settle, done: make(chan int, 64)}
	c.shared.Workers <- w
	ctx, stop := context.WithCancel(b.Context())
	a := assignment.New(topic, 0, c.inboxes, stop)
	c.pumps.Go(func() { c.shared.Of(a).Run(ctx) })
	records := make([]*kgo.Record, 4096)
	for i := range records {
		records[i] = &kgo.Record{Topic: topic, Value: make([]byte, 300)}
	}
	b.ReportAllocs()
	b.ResetTimer()
	next := int64(0)
	for b.Loop() {
		for _, r := range records {
			r.Offset = next
			next++
		}
		fresh, bytes := a.Fresh(records)
		c.tally.Take(len(fresh))
		c.window.Take(len(fresh), bytes)
		a.Push(records, fresh, next)
		for left := len(records); left > 0; {
			left -= <-w.done
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(next), "ns/record")
	stop()
	c.pumps.Wait()
}

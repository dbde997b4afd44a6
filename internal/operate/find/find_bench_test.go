package find

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
)

// BenchmarkFindInADay finds events in a day of them: of the last hour, of noon, and none.
// FIND_EVENTS=5000000 makes it a busy one.
func BenchmarkFindInADay(b *testing.B) {
	events, err := strconv.Atoi(os.Getenv("FIND_EVENTS"))
	if err != nil {
		events = 50_000
	}
	w := newBench(b)
	day := 24 * time.Hour
	w.fill(b, events, day)
	for name, i := range map[string]int{"hour": events - events/48, "noon": events / 2, "none": -1} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s, err := w.run(fmt.Sprintf("order_%09d_purchase", i))
				if (err != nil) != (i < 0) || err == nil && s.Stories[0].State != Accepted {
					b.Fatalf("%v", err)
				}
			}
		})
	}
}

// fill publishes events over a day, with a receipt for each 500.
func (w *bench) fill(b *testing.B, events int, day time.Duration) {
	b.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(w.cluster.Brokers()...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(100_000), kgo.ProducerBatchCompression(kgo.Lz4Compression()))
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	fail := func(_ *kgo.Record, err error) {
		if err != nil {
			b.Error(err)
		}
	}
	var r receipt.Receipt
	for i := range events {
		at := w.now.Add(-day + time.Duration(i)*(day/time.Duration(events)))
		id := fmt.Sprintf("order_%09d_purchase", i)
		partition, offset := int32(i%3), int64(i/3)
		value := w.value(id, fmt.Sprint("R-", i))
		cl.Produce(b.Context(), &kgo.Record{Topic: source, Partition: partition, Value: value, Timestamp: at}, fail)
		r.Events = append(r.Events, receipt.Event{EventID: id, Partition: partition, Offset: offset, Class: verdict.Accepted, Status: 200})
		if len(r.Events) == 500 || i == events-1 {
			r.Contract, r.ProfileID, r.RequestID, r.Attempts, r.Topic, r.FirstSent, r.LastAnswered = "off-amazon-2023-11-13", profile, "A1B2C3D4E5", 1, source, at, at
			cl.Produce(b.Context(), &kgo.Record{Topic: receipts, Partition: partition, Value: receipt.Append(nil, w.prefix, &r), Timestamp: at}, fail)
			r.Events = nil
		}
	}
	if err := cl.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
}

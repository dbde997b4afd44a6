package sim

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/audit"
)

// part is a partition of a source topic.
type part struct {
	topic     string
	partition int32
}

// history is what the topics held before the brokers deleted it. The auditor judges it
// together with what is left at the end.
type history struct {
	records  []audit.Record
	letters  []audit.Letter
	receipts []audit.Receipt
}

// read reads what the topics hold now.
func (w *world) read() (*audit.Facts, error) {
	f := &audit.Facts{Run: w.run()}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	over := w.transport()
	defer over.CloseIdleConnections()
	return f, f.Read(ctx, audit.Access{Kafka: []kgo.Opt{kgo.Dialer(w.net.link().dial)}, Registry: over, CreateTime: true})
}

// keep remembers all that is in the topics, before some of it is deleted.
func (w *world) keep() error {
	f, err := w.read()
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept.records = w.merge(f.Records)
	return nil
}

// merge adds records to those that are remembered, with w.mu held.
func (w *world) merge(more []audit.Record) []audit.Record {
	all := slices.Concat(w.kept.records, more) // those that are remembered come first, and stay
	slices.SortStableFunc(all, func(a, b audit.Record) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	return slices.CompactFunc(all, func(a, b audit.Record) bool {
		return a.Topic == b.Topic && a.Partition == b.Partition && a.Offset == b.Offset
	})
}

// lose marks the remembered records of a partition from one offset to another: nobody can
// or need deliver them any more.
func (w *world) lose(p part, from, to int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.kept.records {
		r := &w.kept.records[i]
		if r.Topic == p.topic && r.Partition == p.partition && r.Offset >= from && r.Offset < to {
			r.Gone = true
		}
	}
}

// recall adds to what is read at the end what was remembered.
func (w *world) recall(f *audit.Facts) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f.Records = w.merge(f.Records)
	f.Letters = slices.Concat(w.kept.letters, f.Letters)
	f.Receipts = slices.Concat(w.kept.receipts, f.Receipts)
}

// each calls f with every partition of the source topics, its start and its end.
func (w *world) each(f func(p part, start, end int64)) {
	for _, topic := range w.plan.topics {
		for _, p := range w.cluster.PartitionInfos(topic) {
			f(part{topic, p.Partition}, p.LogStartOffset, p.LastStableOffset)
		}
	}
}

// ends returns how far each partition of the source topics goes.
func (w *world) ends() map[part]int64 {
	ends := make(map[part]int64)
	w.each(func(p part, _, end int64) { ends[p] = end })
	return ends
}

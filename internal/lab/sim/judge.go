package sim

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/audit"
	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// timed are the rules that weigh repeats against what was in flight when something
// broke. They need to know how much that was, which the world does not ask. Of a gentle
// world the auditor is told of nothing that broke, so that any repeat is unexplained,
// unless a drain ran out of time.
var timed = []audit.Rule{audit.Unexplained, audit.AfterGracefulStop, audit.TooMany, audit.Stale, audit.Starved}

// judge has the auditor judge what happened.
func (w *world) judge(drained journal.Drained) *audit.Report {
	f := &audit.Facts{Run: w.run(), Samples: w.samples, Commits: w.commits.all, Drained: &drained}
	var err error
	if f.Requests, err = audit.ReadRecord(filepath.Join(w.o.Dir, journal.RecordFile)); err != nil {
		w.wrong("the record: %v", err)
		return nil
	}
	if err := w.read(f); err != nil {
		w.wrong("the topics: %v", err)
		return nil
	}
	f.Records = w.withDeleted(f.Records)
	r := audit.Judge(f)
	for _, v := range r.Violations {
		if !slices.Contains(timed, v.Rule) || w.strict() {
			w.wrong("%s, %d times: %q", v.Rule, v.Count, v.Examples)
		}
	}
	return r
}

// strict reports whether nothing happened that is a reason to send anything twice.
func (w *world) strict() bool { return w.plan.gentle && !w.log.ranOut.Load() }

func (w *world) run() journal.Run {
	return journal.Run{
		Seed: w.seed, Began: w.began, Brokers: w.addresses[:], Registry: "http://" + registryAddress,
		Topic: source, DeadLetters: letters, Receipts: receipts, Group: group,
		CommitInterval: commitInterval, SessionTimeout: sessionTimeout, Drain: drain, RequestTimeout: requestTimeout, MaxInFlight: maxInFlight,
	}
}

// read reads what the topics hold now.
func (w *world) read(f *audit.Facts) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	over := w.transport()
	defer over.CloseIdleConnections()
	return f.Read(ctx, audit.Access{Kafka: []kgo.Opt{kgo.Dialer(w.net.link().dial)}, Registry: over, CreateTime: true})
}

// keep remembers the source's records that are about to be deleted.
func (w *world) keep() error {
	f := &audit.Facts{Run: w.run()}
	if err := w.read(f); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deleted = w.merge(f.Records)
	return nil
}

// withDeleted returns the records that there are with those that there were.
func (w *world) withDeleted(now []audit.Record) []audit.Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.merge(now)
}

// merge adds records to those that are remembered, with w.mu held.
func (w *world) merge(more []audit.Record) []audit.Record {
	all := slices.Concat(w.deleted, more)
	slices.SortStableFunc(all, func(a, b audit.Record) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	return slices.CompactFunc(all, func(a, b audit.Record) bool { return a.Partition == b.Partition && a.Offset == b.Offset })
}

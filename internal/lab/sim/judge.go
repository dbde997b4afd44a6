package sim

import (
	"path/filepath"
	"slices"

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
	f, err := w.read()
	if err != nil {
		w.wrong("the topics: %v", err)
		return nil
	}
	f.Samples, f.Commits, f.Drained = w.samples, w.commits.all, &drained
	if f.Requests, err = audit.ReadRecord(filepath.Join(w.o.Dir, journal.RecordFile)); err != nil {
		w.wrong("the record: %v", err)
		return nil
	}
	w.recall(f)
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
		Seed: w.seed, Began: w.began, Brokers: w.addresses[:], Registry: "http://" + honestRegistry,
		Topic: source, MoreTopics: w.plan.topics[1:], DeadLetters: letters, Receipts: receipts, Group: group,
		CommitInterval: commitInterval, SessionTimeout: sessionTimeout, Drain: drain, RequestTimeout: requestTimeout, MaxInFlight: maxInFlight,
	}
}

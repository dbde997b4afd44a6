package sink

import (
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/batch"
)

// Erasures is a list of events that must not be sent; *erasure.List.
type Erasures interface {
	// Version changes when the list may have grown. The error says that the list cannot be
	// read now.
	Version() (uint64, error)
	// Erased reports whether an event is on the list.
	Erased(eventID string) (bool, error)
}

// erasuresAsOf is the version of the list, 0 if there is none.
func (s *Sink) erasuresAsOf() uint64 {
	if s.opts.Erasures == nil {
		return 0
	}
	v, _ := s.opts.Erasures.Version() // whoever sends asks again, and holds
	return v
}

// unlistedWait is how long a lane waits for a list that cannot be read.
const unlistedWait = time.Second

// listed reports whether the list of erased events can be asked. If not, the lane sends
// nothing for a while: an event may have been erased since it was read. The caller holds mu.
func (l *lane) listed(now time.Time) bool {
	if l.sink.opts.Erasures == nil {
		return true
	}
	_, err := l.sink.opts.Erasures.Version()
	if err != nil {
		l.gate.Hold(now, unlistedWait, err.Error())
		l.note(now)
	}
	return err == nil
}

// dropErased takes the events out of a batch that were erased since they were looked up, and
// returns the verdicts on their records. An event is looked up where it is read, so that a
// batch costs nothing here until the list grows. The caller holds mu, and does not look at
// the batch's store once it is empty.
func (l *lane) dropErased(b *batch.Batch) (vs []verdict.Verdict) {
	list := l.sink.opts.Erasures
	if list == nil {
		return nil
	}
	version, err := list.Version()
	if err != nil || version == b.AsOf {
		return nil
	}
	whole := true
	b.Drop(func(e *batch.Event) bool {
		erased, err := list.Erased(b.ID(e))
		if whole = whole && err == nil; !erased {
			return false
		}
		if vs == nil {
			vs = l.sink.memory.Verdicts.Get(len(b.Events))
		}
		vs = l.appendVerdicts(vs, b, e, verdict.Filtered, verdict.CodeErased.String())
		return true
	})
	if whole {
		b.AsOf = version
	}
	if l.records -= len(vs); len(b.Events) == 0 {
		l.sink.memory.Release(b)
	}
	return vs
}

// erasedOf returns what asks a list; nil for none.
func erasedOf(list Erasures) func(eventID string) (bool, error) {
	if list == nil {
		return nil
	}
	return list.Erased
}

// Erased returns why an event that is on the list of erased ones is not sent.
func Erased() verdict.Reason {
	return *verdict.CodeErased.Because("the event was erased, and is not sent again")
}

package sink

import (
	"context"
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/batch"
	"github.com/tracklayer/amazon-capi/sink/guard"
)

// storms are the lanes as the guard stops them.
type storms struct{ *Sink }

func (s storms) Hold(profile, why string) { s.turn(profile, func(l *lane) { l.gate.Storm(why) }) }
func (s storms) Open(profile string)      { s.turn(profile, func(l *lane) { l.gate.End() }) }

// Try lets requests through of the lanes that keep refused events. A trial in another lane of
// the profile would pass, and say nothing.
func (s storms) Try(profile string, any bool) (tried bool) {
	s.turn(profile, func(l *lane) { tried = tried || l.condemned() })
	s.turn(profile, func(l *lane) {
		if l.gate.Tried(); l.condemned() || any && !tried {
			l.gate.Try()
		}
	})
	return tried || any
}

func (s storms) turn(profile string, how func(*lane)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return
	}
	for _, l := range s.lanes[profile] {
		l.mu.Lock()
		how(l)
		l.note(s.opts.Now())
		l.signal()
		l.hire()
		l.mu.Unlock()
	}
}

// Busy reports whether the profile has events without a verdict.
func (s storms) Busy(profile string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return recordsOf(s.lanes[profile]) > 0 || s.opts.Parked != nil && s.opts.Parked(profile)
}

func recordsOf(lanes []*lane) (n int) {
	for _, l := range lanes {
		l.mu.Lock()
		n += l.records
		l.mu.Unlock()
	}
	return n
}

// Tend lets the guard try events of profiles that it holds, with r to read records again.
func (s *Sink) Tend(ctx context.Context, r guard.Reader) {
	s.guard.Tend(ctx, r, verdict.NewPast(time.Time{}, &Past{Trials: batch.Trials{Condemned: true}}))
}

// Resume ends what the guard holds of a profile, or everything if it is nil; false if that is
// nothing.
func (s *Sink) Resume(profile *string) bool { return s.guard.Resume(profile) }

// pick returns the batch to send now: in a lane that the guard stops, a single event, and one
// of those that were refused if there are any. The caller holds mu.
func (l *lane) pick(now time.Time) *batch.Batch {
	if !l.gate.Stormed() {
		return l.pop(now)
	}
	for i, b := range slices.Backward(l.front) {
		if b.Condemned {
			l.front = append(slices.Delete(l.front, i, i+1), b)
			break
		}
	}
	b := l.pop(now)
	if b == nil || len(b.Events) == 1 {
		return b
	}
	l.front = append(l.front, b)
	l.cut(b, 1)
	return l.pop(now)
}

// condemned reports whether the lane has events to send that were refused. The caller holds mu.
func (l *lane) condemned() bool { return batch.AnyCondemned(l.front, l.aside, l.ready) }

// tells reports whether an answer says something of what the guard holds: it is about an
// event that was refused before, or none of these is left.
func (l *lane) tells(f *flight) bool {
	if !f.trial || f.batch.Condemned {
		return f.trial
	}
	l.mu.Lock()
	left := l.condemned()
	l.mu.Unlock()
	return !left && !l.sink.guard.Keeps(l.profile)
}

// guarded tells the guard what an answer says of its events, and keeps the refused ones if
// they must not become dead letters.
func (l *lane) guarded(f *flight, by *sorted) {
	g := l.sink.guard
	g.Accepted(l.profile, len(by.verdicts), l.tells(f))
	if !g.Withhold(l.profile, by.letters) {
		return
	}
	kept := f.batch.CopyOf(l.sink.memory, by.refused, f.route.Frame)
	kept.History, kept.Condemned = by.failed, true
	by.letters = nil
	l.again(kept)
}

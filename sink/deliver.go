package sink

import (
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// scratch is what an attempt needs besides its batch, lent for its length.
type scratch struct {
	body     []byte
	items    []Item
	verdicts []Verdict
}

// newBatch returns an empty batch, with the memory of an earlier one if there
// is any.
func (s *Sink) newBatch(due time.Time) *batch {
	st := s.stores.Get().(*store)
	if st.ids == nil {
		st.ids = make(map[string]int)
	}
	return &batch{store: st, events: st.events[:0], sole: true, due: due}
}

// release takes a batch's memory back for the next one. Halves share theirs and
// leave it to the garbage collector.
func (s *Sink) release(b *batch) {
	if !b.sole {
		return
	}
	st := b.store
	st.buf = st.buf[:0]
	clear(st.events[:cap(st.events)])
	b.store, b.events = nil, nil
	s.stores.Put(st)
}

// run is the lane's goroutine. It ends when the lane has nothing left.
func (l *lane) run() {
	s := l.sink
	for l.await() {
		// The batch stays in its list meanwhile, where it can be swept: this may
		// take as long as Login with Amazon is away.
		token, ok := l.token()
		if !ok {
			return
		}
		if b := l.take(s.opts.Now()); b != nil {
			l.attempt(b, token)
		}
	}
}

// await waits until there is something to send; false when there is nothing
// left, or the sink is stopping.
func (l *lane) await() bool {
	s := l.sink
	for s.stop.Err() == nil {
		now := s.opts.Now()
		l.mu.Lock()
		at, ok := l.next(now)
		switch {
		case !ok:
			l.running = false
			l.set(LaneIdle, "", now)
			if !l.trouble.sentenced {
				// What it failed to send was dropped, and with it its trouble.
				l.withdraw()
			}
			l.mu.Unlock()
			s.forgetSometimes(now)
			return false
		case !at.After(now):
			l.mu.Unlock()
			return true
		case now.Before(l.heldUntil): // says so already
		case l.open != nil:
			l.set(LaneBatching, "", now)
		default:
			l.set(LaneHeld, "waits with events that Amazon has put off", now)
		}
		l.mu.Unlock()
		l.wait(at.Sub(now))
	}
	return false
}

// wait waits for d, for news, or for the sink to stop.
func (l *lane) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.wake:
	case <-l.sink.stop.Done():
	}
}

// token waits for an access token; false when the sink is stopping.
func (l *lane) token() (AccessToken, bool) {
	s := l.sink
	// Nearly always there is one, and then the lane is not said to wait.
	if token, err := s.opts.Tokens.Token(s.ended, l.stale); err == nil {
		return token, s.stop.Err() == nil
	}
	l.mu.Lock()
	l.set(LaneHeld, "waits for an access token", s.opts.Now())
	l.mu.Unlock()
	token, err := s.opts.Tokens.Token(s.stop, l.stale)
	return token, err == nil
}

// attempt makes one request of the batch and deals with what comes of it.
func (l *lane) attempt(b *batch, token AccessToken) {
	s := l.sink
	sc := s.scratch.Get().(*scratch)
	sc.body = b.appendBody(sc.body[:0], s.frame)
	sc.items = append(sc.items[:0], make([]Item, len(b.events))...)
	res := s.sender.send(s.ctx, l.profile, token, sc.body, sc.items)
	if res.fault.label == faultCancelled {
		l.again(b) // the sink was closed; nobody will take it up
	} else {
		b.sent(res.request)
		l.logAttempt(b, &res)
		l.react(b, token, &res, sc)
	}
	clear(sc.items)
	clear(sc.verdicts)
	sc.verdicts = sc.verdicts[:0]
	s.scratch.Put(sc)
}

// logAttempt is what a controlled test with a few events looks at.
func (l *lane) logAttempt(b *batch, res *result) {
	log := l.sink.opts.Log.Debug()
	if !log.Enabled() {
		return
	}
	ids := zerolog.Arr()
	for i := range min(len(b.events), 3) {
		ids.Str(redact.ID(b.events[i].id))
	}
	log.Str("profile", l.profile).Str("status", res.label()).Int("events", len(b.events)).
		Int("attempt", b.events[0].attempts).Array("event_ids", ids).Msg("sent to Amazon")
}

// react does what a result asks for.
func (l *lane) react(b *batch, token AccessToken, res *result, sc *scratch) {
	switch res.Kind {
	case Itemised:
		l.itemised(b, res, sc)
	case Unauthenticated:
		l.unauthenticated(b, token, res)
	case Forbidden:
		l.refused(b, res)
	case RefusedWhole:
		l.narrow(b, res)
	case Foreign:
		l.foreign(b, res)
	default:
		l.retry(b, res, res.label())
	}
}

// again puts the batch before all others.
func (l *lane) again(b *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.front = append(l.front, b)
}

// hold puts the batch before all others, and sends nothing for a while.
func (l *lane) hold(b *batch, wait time.Duration, reason string) {
	now := l.sink.opts.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.front = append(l.front, b)
	l.heldUntil = now.Add(wait)
	l.set(LaneHeld, reason, now)
}

// settled notes that so many records have left the lane.
func (l *lane) settled(records int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records -= records
}

// accept appends the verdicts of an accepted event.
func (l *lane) accept(verdicts []Verdict, e *event) []Verdict {
	v := Verdict{ProfileID: l.profile, EventID: e.id, Class: verdict.Accepted, Attempts: e.attempts}
	v.Token, v.Record = e.token, e.record.record
	verdicts = append(verdicts, v)
	for _, r := range e.more {
		v.Token, v.Record = r.token, r.record
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// condemn appends the dead letters of an event, one for each of its records:
// each record's offset needs one.
func (l *lane) condemn(letters []*letter, e *event, why verdict.Reason) []*letter {
	d := letter{
		profile: l.profile, eventID: e.id, reason: why, attempts: e.attempts,
		first: time.UnixMilli(e.firstFailure), last: time.UnixMilli(e.lastFailure),
	}
	d.record = e.record
	first := d
	letters = append(letters, &first)
	for _, r := range e.more {
		d := d
		d.record = r
		letters = append(letters, &d)
	}
	return letters
}

// identifiers returns those of some events, for masking them in what Amazon
// says about all of them.
func (l *lane) identifiers(b *batch) []string {
	var ids []string
	for i := range b.events {
		ids = append(ids, l.sink.opts.Contract.Identifiers(b.encoded(&b.events[i]))...)
	}
	return ids
}

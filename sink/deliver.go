package sink

import (
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/batch"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/login"
	"github.com/tracklayer/amazon-capi/sink/web"
)

// flight is a batch on its way in a request.
type flight struct {
	batch *batch.Batch
	route *exchange.Route
	token login.AccessToken
	round uint64 // of the lane's window
	// claimed: its event ids are among the lane's claims
	claimed bool
	bytes   int64 // of the lane's airborne
	trial   bool  // it is tried although the guard stops the lane
	// erased are verdicts on events that have left the batch.
	erased []verdict.Verdict
}

// scratch is what an attempt needs beside its batch, pooled.
type scratch struct {
	body  exchange.Body
	items []amazon.Item
}

// hire starts the watcher unless one is running or nothing could be sent. The caller holds mu,
// and either the sink's mu or a place among its goroutines, so that Close has not finished
// waiting for them.
func (l *lane) hire() {
	if !l.watched() && l.sendable() && l.sink.stop.Err() == nil {
		l.post()
	}
}

// sendable reports whether something could be sent, now or later. The caller holds mu.
func (l *lane) sendable() bool { return !l.empty() && !l.blocked && len(l.flying) < l.gate.Slots() }

// post starts a watcher: a goroutine or, for a strange lane, the lobby. The caller holds mu.
func (l *lane) post() {
	if l.trust.strange {
		now := l.sink.opts.Now()
		l.line()
		l.sink.lobby.Join(&l.ticket, l, l.next(now), now)
		return
	}
	l.start()
	l.sink.wg.Go(l.run)
}

// run is a goroutine of the lane. It watches for the next batch, starts another watcher while
// it sends that batch, and resumes watching if the other has stopped by then. It ends when
// another one watches or nothing more could be sent.
func (l *lane) run() {
	defer crash.Report()
	for l.await() && l.step() {
	}
}

// step sends the next batch; true means that the caller is still the watcher.
func (l *lane) step() (watch bool) {
	// The batch stays in its list meanwhile, where it can be swept: the token may take as
	// long as Login with Amazon is away.
	if l.dismiss() {
		return true
	}
	route, token, ok := l.token()
	if !ok {
		return false
	}
	f, ok := l.take(l.sink.opts.Now(), route, token)
	if len(f.erased) > 0 {
		l.sink.conclude(f.batch.Request(), f.erased)
	}
	if !ok {
		return true
	}
	l.attempt(&f)
	return l.land(&f)
}

// await waits until there is something to send; false if nothing is left, if no request may
// be sent at present, or if the sink is stopping.
func (l *lane) await() bool {
	s := l.sink
	for s.stop.Err() == nil {
		now := s.opts.Now()
		l.mu.Lock()
		if !l.more(now) {
			l.mu.Unlock()
			s.forgetSometimes(now)
			return false
		}
		at := l.next(now)
		l.mu.Unlock()
		if !at.After(now) {
			return true
		}
		l.wait(at.Sub(now))
	}
	return false
}

// more reports whether there is something to watch for; if not, the watch ends. The caller
// holds mu.
func (l *lane) more(now time.Time) bool {
	l.note(now)
	if l.sendable() {
		return true
	}
	l.retire()
	if l.idle() {
		l.rest()
	}
	return false
}

// next returns when there will be something to send. The caller holds mu.
func (l *lane) next(now time.Time) time.Time {
	return later(l.due(now), later(l.gate.Until(), l.askAt))
}

// wait waits for d, for news, or until the sink stops.
func (l *lane) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.wake:
	case <-l.sink.stop.Done():
	}
}

// take returns the batch to send now. It returns none if everything was dropped or erased
// meanwhile, if an answer that arrived during the wait for a token stopped the lane or refused
// that token, if the lane's route has changed, or if the list of erased events cannot be read.
func (l *lane) take(now time.Time, by *exchange.Route, token login.AccessToken) (flight, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, held := l.gate.Held(now); held || l.route != by || l.stray != nil || len(l.flying) >= l.gate.Slots() || l.refusedToken(token) || !l.listed(now) {
		return flight{}, false
	}
	for {
		b := l.pick(now)
		if b == nil {
			return flight{}, false
		}
		if l.prune(b); len(b.Events) == 0 {
			continue
		}
		f := flight{batch: b, route: by, token: token, round: l.gate.Round(), erased: l.dropErased(b)}
		if len(b.Events) == 0 {
			return f, false
		}
		// A request alone in its lane needs no claim: there can be another only after its answer.
		if l.gate.Slots() > 1 {
			if f.claimed = l.claims.Take(b, l.sink.memory); !f.claimed {
				l.push(b)
				l.block()
				return f, false
			}
		}
		f.bytes, f.trial = b.Takes().Bytes, l.gate.Tried()
		l.begin(b, f.bytes, now)
		l.gate.Flying(len(l.flying))
		l.retire()
		l.hire()
		l.note(now)
		return f, true
	}
}

// answered releases the claims of a flight, before its outcome is handled and its events
// move elsewhere.
func (l *lane) answered(f *flight) {
	if !f.claimed {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.claims.Release(f.batch, l.sink.memory)
}

// land ends a flight; true means that the caller becomes the watcher. The lane counts as busy
// until then, so that it is not forgotten between an answer and what is sent again because of
// it.
func (l *lane) land(f *flight) (watch bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(f.batch, f.bytes, l.sink.opts.Now())
	if l.watched() {
		l.signal()
		return false
	}
	l.start()
	return true
}

// attempt sends the batch once and handles the outcome.
func (l *lane) attempt(f *flight) {
	s, b := l.sink, f.batch
	sc := s.scratch.Get().(*scratch)
	sc.body = b.AppendBody(sc.body[:0], f.route.Frame)
	sc.items = append(sc.items[:0], make([]amazon.Item, len(b.Events))...)
	res := s.sender.Send(s.ctx, f.route, l.profile, f.token, sc.body, sc.items)
	l.answered(f)
	if res.Fault.Label == web.FaultCancelled {
		l.again(b) // the sink was closed; nothing will take it up
	} else {
		b.Sent(res.Request)
		l.logAttempt(b, &res)
		l.react(f, &res, sc)
	}
	clear(sc.items)
	clear(sc.body)
	s.scratch.Put(sc)
}

// logAttempt logs what a controlled test with a few events checks.
func (l *lane) logAttempt(b *batch.Batch, res *exchange.Result) {
	s := l.sink
	log := s.opts.Log.Debug()
	if !log.Enabled() {
		return
	}
	ids := zerolog.Arr()
	for i := range min(len(b.Events), 3) {
		ids.Str(redact.EventID(b.ID(&b.Events[i])))
	}
	log.Str("profile", s.profiles.Shown(l.profile)).Str("status", res.Label()).Int("events", len(b.Events)).
		Int("attempt", b.Attempts).Array("event_ids", ids).Msg("sent to Amazon")
}

package sink

import (
	"strconv"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/batch"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/gate"
)

// lane is the queue of one profile, or of the part of its events that goes to one host by
// one contract: it makes batches, and sends several of them at once. Lanes share nothing but
// tokens and connections, so that a slow, throttled or refused profile delays no other.
type lane struct {
	sink    *Sink
	profile string
	// What its events are encoded for.
	contract amazon.Contract
	region   amazon.Region
	dataSet  string // see Route.DataSetID

	mu sync.Mutex
	// gate is the lane's state: whether it may send, and if not, why.
	gate gate.Gate
	queue
	routing
	flights
	watch
	tokens
	condition condition
	given     given
	trust     trust
	shown     shown
	records   int // that have no verdict and are not dead letters
}

func newLane(s *Sink, profile string, by *exchange.Route, now time.Time) *lane {
	l := &lane{
		sink: s, profile: profile, contract: by.Contract, region: by.Region, dataSet: by.DataSetID,
		gate: gate.New(), watch: newWatch(), shown: shown{LaneIdle, now},
	}
	l.memory, l.repeated = s.memory, l.countRepeated
	l.follow(by)
	if by.Paused {
		l.gate.Pause(now)
	}
	if why, held := s.guard.Held(profile); held {
		l.gate.Storm(why)
	}
	l.acquaint()
	return l
}

// add takes a feed's events for this lane. The caller holds the sink's mu, so the sink is
// not closed.
func (l *lane) add(g *group, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	news := true
	if g.past != nil {
		l.addAgain(g, now)
	} else {
		news = l.addNew(g, now)
	}
	l.records += len(g.events)
	l.charge()
	l.given.came(l.sink.opts.Parked != nil)
	l.notePause()
	l.resume()
	if !l.watched() {
		l.hire()
	} else if news {
		l.signal()
	}
}

// addNew adds events to the open batch, and reports whether there is something new to wait
// for. The caller holds mu.
func (l *lane) addNew(g *group, now time.Time) (news bool) {
	news = l.open == nil
	start := 0
	for first := 0; first < len(g.events); {
		n := l.fit(l.open, g.events[first:], start)
		if n == 0 {
			l.closeOpen()
			news = true
			continue
		}
		if l.open == nil {
			l.open = l.sink.memory.NewBatch(now.Add(l.sink.opts.Linger), l.lastEvents, l.lastBytes)
			l.open.AsOf = g.asOf
		}
		l.open.AsOf = min(l.open.AsOf, g.asOf)
		l.open.Add(l.sink.memory, g.events[first:first+n], g.buf, len(g.route.Frame.Between), l.batchEvents, start)
		if len(l.open.Events) >= l.batchEvents {
			l.closeOpen()
			news = true
		}
		first += n
		start = g.events[first-1].End
	}
	return news
}

// fit returns how many of the events, whose encodings begin at start, fit into a batch. An
// empty batch, or none, takes one event of any size.
func (l *lane) fit(b *batch.Batch, events []batch.Pending, start int) (n int) {
	has, bytes, kept := 0, 0, 0
	if b != nil {
		has, bytes, kept = len(b.Events), b.Bytes, b.Kept()
	}
	frame := l.route.Frame
	for n < len(events) && has+n < l.batchEvents {
		own := events[n].End - start - (n+1)*len(frame.Between)
		kept += events[n].Kept
		if has+n > 0 && (frame.Size(has+n+1, bytes+own) > l.batchBytes || kept > batch.MaxOriginals) {
			break
		}
		n++
	}
	return n
}

func (l *lane) countRepeated(differs bool) {
	l.sink.metrics.duplicates.WithLabelValues(strconv.FormatBool(differs)).Inc()
}

// flush closes the open batch for sending.
func (l *lane) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open != nil {
		l.closeOpen()
		l.signal()
	}
}

// hurry closes the open batch for sending if the lane could send it and is sending nothing
// else, whose answer would make room for more. A lane in trouble keeps its own pace:
// otherwise its events would be split into ever smaller requests.
func (l *lane) hurry(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil || len(l.flying) > 0 || len(l.ready) > 0 || len(l.front) > 0 || !l.gate.Calm(now) || l.tokenless() {
		return
	}
	l.closeOpen()
	l.signal()
	l.hire()
}

// sweep drops events whose assignment has ended. Those in flight are dropped when they would
// be sent again.
func (l *lane) sweep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open != nil {
		if l.prune(l.open); len(l.open.Events) == 0 {
			l.sink.memory.Release(l.open)
			l.open = nil
		}
	}
	l.front = l.swept(l.front)
	l.ready = l.swept(l.ready)
	l.aside = l.swept(l.aside)
	if !l.away() && !l.watched() && l.idle() {
		l.rest() // nothing else would notice, if the lane is paused
	}
	l.signal()
}

// idle reports whether the lane has no events. The caller holds mu.
func (l *lane) idle() bool { return l.empty() && len(l.flying) == 0 }

func (l *lane) swept(list []*batch.Batch) []*batch.Batch {
	kept := list[:0]
	for _, b := range list {
		l.prune(b)
		if len(b.Events) > 0 {
			kept = append(kept, b)
		}
	}
	clear(list[len(kept):])
	return kept
}

// prune drops the dead events of a batch. The caller holds mu.
func (l *lane) prune(b *batch.Batch) {
	if gone := b.Prune(); gone > 0 {
		l.records -= gone
		l.sink.metrics.fenced.Add(float64(gone))
	}
}

// forgettable reports whether the lane has been idle for that long. A lane with events never
// is, even if nothing watches it, as during a pause: its events would never be sent, and
// would hold the offsets behind them forever. The condition of a forgotten lane is removed.
func (l *lane) forgettable(now time.Time, idle time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watched() || !l.idle() || l.records > 0 || l.away() || now.Sub(l.shown.since) < idle {
		return false
	}
	if _, held := l.gate.Held(now); held {
		return false
	}
	l.withdraw()
	return true
}

package sink

import (
	"strconv"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/gate"
	"github.com/tracklayer/amazon-capi/sink/login"
)

// lane is the queue of one profile, or of that part of its events which goes to
// one host by one contract: it makes batches, and sends some of them at once.
// Lanes share nothing but tokens and connections, so that a profile which is
// slow, throttled or refused holds up no other.
type lane struct {
	sink    *Sink
	profile string
	// What its events are encoded for.
	contract amazon.Contract
	region   amazon.Region
	dataSet  string // see Route.DataSetID
	// wake tells the goroutine that watches that there is something new.
	wake chan struct{}

	mu sync.Mutex
	queue
	routing
	// flying are the batches in flight, until what their answers ask for has
	// been done; claims are the event ids in them where there can be several.
	flying []*batch
	claims claims
	// blocked: what is next has an event id that is in flight.
	blocked bool
	// watching: a goroutine waits for the next batch. It does so only while a
	// request could be sent; otherwise the first that is answered goes on.
	watching bool

	window  gate.Window
	trouble trouble
	// condition is the name of its condition while there is one.
	condition string
	// heldUntil is until when nothing at all is sent, and why the reason.
	heldUntil time.Time
	why       string
	stale     login.AccessToken // the latest token that Amazon answered 401 to
	tokenless bool              // the one that watches waits for an access token
	fading    *time.Timer       // that ends the condition of an idle lane; nil if none runs

	records int // that have no verdict yet and are no dead letters
	// airborne is the bytes of those in flight, and heard is when an answer last
	// came, or the first of them was sent.
	airborne int64
	average  int64 // bytes of a record, of the last batch that was sent
	heard    time.Time
	gave     bool // records back that have not come again
	// gaveStuck: some of what it gave back was put off for a whole round of tries.
	gaveStuck bool
	proven    bool // Amazon has answered well about its events
	accepted  bool // Amazon has accepted an event of it
	strange   bool // no account names the profile, and it was never accepted
	charged   bool // its cost is counted in the window
	queued    bool // it is watched from the lobby, in which it has the ticket
	ticket    ticket
	askAt     time.Time // when it looks for a token again
	barren    bool      // the latest answer put off all that it was about
	state     LaneState
	since     time.Time
}

func newLane(s *Sink, profile string, by *exchange.Route, now time.Time) *lane {
	l := &lane{
		sink: s, profile: profile, contract: by.Contract, region: by.Region, dataSet: by.DataSetID, wake: make(chan struct{}, 1),
		window: gate.NewWindow(1), state: LaneIdle, since: now,
	}
	l.memory, l.repeated = s.memory, l.countRepeated
	l.follow(by)
	l.acquaint()
	return l
}

// add takes a feed's events, which are of this lane. The caller holds the
// sink's mu, so the sink is not closed.
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
	if l.strange && !l.charged {
		l.charge()
	}
	l.gave = l.gave && l.sink.opts.Parked != nil // which knows better
	l.notePause()
	l.resume()
	if !l.watching {
		l.hire()
	} else if news {
		l.signal()
	}
}

// addNew adds events to the open batch, and reports whether there is something new
// to wait for. The caller holds mu.
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
			l.open = l.sink.memory.newBatch(now.Add(l.sink.opts.Linger), l.lastEvents, l.lastBytes)
		}
		l.open.add(l.sink.memory, g, first, n, l.batchEvents, start)
		if len(l.open.events) >= l.batchEvents {
			l.closeOpen()
			news = true
		}
		first += n
		start = g.events[first-1].end
	}
	return news
}

// fit returns how many of the events, whose encodings begin at start, a batch has
// room for. An empty one, or none, takes one event whatever its size.
func (l *lane) fit(b *batch, events []pending, start int) (n int) {
	has, bytes, kept := 0, 0, 0
	if b != nil {
		has, bytes, kept = len(b.events), b.bytes, b.store.kept
	}
	frame := l.route.Frame
	for n < len(events) && has+n < l.batchEvents {
		own := events[n].end - start - (n+1)*len(frame.Between)
		kept += events[n].kept
		if has+n > 0 && (frame.Size(has+n+1, bytes+own) > l.batchBytes || kept > maxOriginals) {
			break
		}
		n++
	}
	return n
}

func (l *lane) countRepeated(differs bool) {
	l.sink.metrics.duplicates.WithLabelValues(strconv.FormatBool(differs)).Inc()
}

func (l *lane) signal() {
	if l.queued {
		l.reconsider()
		return
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// flush makes the open batch ready.
func (l *lane) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open != nil {
		l.closeOpen()
		l.signal()
	}
}

// hurry makes the open batch ready if the lane could send it and sends nothing else,
// whose answer would make room for more. One in trouble keeps its own pace: its
// events would be cut into ever smaller requests.
func (l *lane) hurry(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil || len(l.flying) > 0 || len(l.ready) > 0 || len(l.front) > 0 ||
		now.Before(l.heldUntil) || l.trouble.tries > 0 || l.trouble.broken || l.tokenless || l.paused() {
		return
	}
	l.closeOpen()
	l.signal()
	l.hire()
}

// sweep drops events whose assignment has ended. Those in flight are left to
// whoever sent them, and dropped when they would be sent again.
func (l *lane) sweep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open != nil {
		if l.prune(l.open); len(l.open.events) == 0 {
			l.sink.memory.release(l.open)
			l.open = nil
		}
	}
	l.front = l.swept(l.front)
	l.ready = l.swept(l.ready)
	l.aside = l.swept(l.aside)
	if !l.away() && !l.watching && l.idle() {
		l.rest() // one that is paused has nobody else who would notice
	}
	l.signal()
}

// idle reports whether the lane has no events. The caller holds mu.
func (l *lane) idle() bool { return l.empty() && len(l.flying) == 0 }

func (l *lane) swept(list []*batch) []*batch {
	kept := list[:0]
	for _, b := range list {
		l.prune(b)
		if len(b.events) > 0 {
			kept = append(kept, b)
		}
	}
	clear(list[len(kept):])
	return kept
}

// away reports whether records that the lane gave back are to come again. The
// caller holds mu.
func (l *lane) away() bool {
	l.gave = l.gave && l.parked()
	return l.gave
}

func (l *lane) parked() bool {
	if f := l.sink.opts.Parked; f != nil {
		return f(l.profile)
	}
	return l.gave
}

// prune drops the dead events of a batch. The caller holds mu.
func (l *lane) prune(b *batch) {
	if gone := b.prune(); gone > 0 {
		l.records -= gone
		l.sink.metrics.fenced.Add(float64(gone))
	}
}

// anyStuck reports whether events that were put off for a whole round of tries
// wait for another, those of the given batch left out. The caller holds mu.
func (l *lane) anyStuck(but *batch) bool {
	if l.gaveStuck = l.gaveStuck && l.parked(); l.gaveStuck {
		return true
	}
	for _, list := range [][]*batch{l.aside, l.front, l.flying} {
		for _, b := range list {
			if b.stuck && b != but {
				return true
			}
		}
	}
	return false
}

// forgettable reports whether the lane has been idle for that long. One that has
// events never is, even if nobody watches it, as while it is paused: they would
// never be sent, and hold the offsets behind them for ever. A lane that is
// forgotten takes its condition along.
func (l *lane) forgettable(now time.Time, idle time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watching || !l.idle() || l.records > 0 || l.away() || now.Sub(l.since) < idle || now.Before(l.heldUntil) {
		return false
	}
	l.withdraw()
	return true
}

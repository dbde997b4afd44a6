package sink

import (
	"context"
	"time"

	"github.com/tracklayer/amazon-capi/sink/lobby"
)

// watcher is what waits for a lane's next batch. There is at most one, and only while a
// request could be sent; otherwise the goroutine of the first answer continues.
//
//	          start            ask              line          (a strange lane)
//	nobody ─────────▶ somebody ───▶ asking    nobody ─▶ lined    asking ─▶ lining
//	   ▲     retire   │      ▲ asked   │                  │ seat             │ seat
//	   └──────────────┘      └─────────┘                  └──▶ somebody ◀────┘
//
// Every transition, by the methods of watch, with a dash where none is made; TestWatch
// walks all of them:
//
//	watcher   start     line    ask     asked     later   seat      retire
//	nobody    somebody  lined   -       -         -       -         nobody
//	somebody  -         lined   asking  somebody  asking  -         nobody
//	asking    -         lining  -       somebody  -       -         nobody
//	lined     -         -       -       -         -       somebody  -
//	lining    -         -       -       -         -       somebody  -
type watcher uint8

const (
	nobody   watcher = iota
	somebody         // a goroutine, or the holder of the lane's seat in the lobby
	asking           // the same, until there is an access token
	lined            // a strange lane in the line of the lobby, with a ticket
	lining           // in the line, until the token that another lane requested arrives
	watchers
)

func (w watcher) String() string {
	return [watchers]string{"nobody", "somebody", "asking", "lined", "lining"}[w]
}

// watch is how a lane learns that there is something to send. The lane's mu guards it.
type watch struct {
	by watcher
	// wake signals the watching goroutine that there is something new.
	wake chan struct{}
	// unwait ends the wait for a token of the route; nil if nothing waits.
	unwait context.CancelFunc
	askAt  time.Time // when a lane in the line looks for a token again
	ticket lobby.Ticket
}

func newWatch() watch { return watch{wake: make(chan struct{}, 1)} }

// watched reports whether there is a watcher.
func (w *watch) watched() bool { return w.by != nobody }

// tokenless reports whether the watcher waits for an access token.
func (w *watch) tokenless() bool { return w.by == asking || w.by == lining }

// queued reports whether the lane is in the line of the lobby.
func (w *watch) queued() bool { return w.by == lined || w.by == lining }

// retire ends the watch.
func (w *watch) retire() { w.by, w.askAt = nobody, time.Time{} }

// start makes the caller the watcher.
func (w *watch) start() { w.by = somebody }

// line puts the lane in the line of the lobby, where it continues to wait for a token.
func (w *watch) line() {
	if w.by == asking {
		w.by = lining
	} else {
		w.by = lined
	}
}

// seat takes the lane out of the line.
func (w *watch) seat() { w.by, w.askAt = somebody, time.Time{} }

// wait notes that the watcher waits for a token, until unwait is called, or, for nil, that it
// no longer does.
func (w *watch) wait(unwait context.CancelFunc) {
	switch w.unwait = unwait; {
	case unwait != nil:
		w.by = asking
	case w.by == asking:
		w.by = somebody
	}
}

// later makes the watcher check for another lane's token later.
func (w *watch) later(at time.Time) { w.by, w.askAt = asking, at }

// lookNow makes it check for the token at once.
func (w *watch) lookNow() { w.askAt = time.Time{} }

// signal notifies the watcher. The caller holds mu.
func (l *lane) signal() {
	if l.queued() {
		l.reconsider()
		return
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

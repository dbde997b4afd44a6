package gate

// window is how many requests a lane may have in flight: one more after each
// window that went well, half as many when one fails. Slow growth and fast
// retreat find what Amazon takes of a profile without being told, and leave a
// profile in trouble with few requests to lose.
//
// Requests of one window that fail together fail for one reason, so only the
// first of them cuts. Each request carries the round it was sent in, and a cut
// begins a new one: what comes of requests from earlier rounds tells about
// before the cut.
//
// There is no bound over all lanes. One that slow lanes could fill, each request
// for the length of its timeout, would stop the others; and how many requests
// there can be at all is bounded already, because each carries events of the
// window that the consumer takes.
type window struct {
	limit, most int
	filled      bool // it was full at least once since the last change
	good        int  // answers since then
	round       uint64
}

func newWindow(most int) window { return window{limit: 1, most: most} }

// bound sets how large the window may become.
func (w *window) bound(most int) {
	w.most = most
	w.limit = min(w.limit, most)
}

// use takes note of how many requests are in flight.
func (w *window) use(flying int) { w.filled = w.filled || flying >= w.limit }

// grow takes note of a request that went well. A window that is never full says
// nothing about a larger one.
func (w *window) grow() {
	if !w.filled || w.limit >= w.most {
		return
	}
	if w.good++; w.good >= w.limit {
		w.change(w.limit + 1)
	}
}

func (w *window) cut() {
	w.change(max(1, w.limit/2))
	w.round++
}

// shut begins again from one request.
func (w *window) shut() {
	w.change(1)
	w.round++
}

func (w *window) change(limit int) { w.limit, w.filled, w.good = limit, false, 0 }

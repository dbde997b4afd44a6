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
type Window struct {
	Limit, Most int
	filled      bool // it was full at least once since the last change
	good        int  // answers since then
	Round       uint64
}

func NewWindow(most int) Window { return Window{Limit: 1, Most: most} }

// Bound sets how large the window may become.
func (w *Window) Bound(most int) {
	w.Most = most
	w.Limit = min(w.Limit, most)
}

// Use takes note of how many requests are in flight.
func (w *Window) Use(flying int) { w.filled = w.filled || flying >= w.Limit }

// Grow takes note of a request that went well. A window that is never full says
// nothing about a larger one.
func (w *Window) Grow() {
	if !w.filled || w.Limit >= w.Most {
		return
	}
	if w.good++; w.good >= w.Limit {
		w.change(w.Limit + 1)
	}
}

func (w *Window) Cut() {
	w.change(max(1, w.Limit/2))
	w.Round++
}

// Shut begins again from one request.
func (w *Window) Shut() {
	w.change(1)
	w.Round++
}

func (w *Window) change(limit int) { w.Limit, w.filled, w.good = limit, false, 0 }

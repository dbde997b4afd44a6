package gate

// window is how many requests a lane may have in flight: one more after each window
// without a failure, half as many after a failure. Slow growth and fast retreat find the
// rate that Amazon accepts for a profile, and leave a failing profile with few requests to
// lose.
//
// Requests of one window that fail together fail for one reason, so only the first of them
// halves the window. Each request carries the round it was sent in, and halving begins a
// new round: outcomes of earlier rounds describe the time before it.
//
// There is no bound over all lanes. Slow lanes could use it up, each request for the length
// of its timeout, and stop the others. The total is bounded anyway, because each request
// carries events of the consumer's window.
type window struct {
	limit, most int
	filled      bool // it was full at least once since the last change
	good        int  // answers since then
	round       uint64
}

func newWindow(most int) window { return window{limit: 1, most: most} }

// bound sets the maximum of the window.
func (w *window) bound(most int) {
	w.most = most
	w.limit = min(w.limit, most)
}

// use records how many requests are in flight.
func (w *window) use(flying int) { w.filled = w.filled || flying >= w.limit }

// grow records a request that succeeded. A window that was never full says nothing about
// a larger one.
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

// shut starts again from one request.
func (w *window) shut() {
	w.change(1)
	w.round++
}

func (w *window) change(limit int) { w.limit, w.filled, w.good = limit, false, 0 }

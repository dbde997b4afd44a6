package sink

import "github.com/tracklayer/amazon-capi/sink/batch"

// given is what a lane gave back and will receive again.
type given struct {
	some  bool // records that have not come back
	stuck bool // some of them were put off for a whole round of tries
}

// gave notes that records of a batch were given back.
func (g *given) gave(stuck bool) { g.some, g.stuck = true, g.stuck || stuck }

// came notes that events have come back, which is everything that was given back unless
// Parked says otherwise.
func (g *given) came(known bool) { g.some = g.some && known }

// away reports whether records that the lane gave back will come again. The caller holds mu.
func (l *lane) away() bool {
	l.given.some = l.given.some && l.parked()
	return l.given.some
}

func (l *lane) parked() bool {
	if f := l.sink.opts.Parked; f != nil {
		return f(l.profile)
	}
	return l.given.some
}

// anyStuck reports whether events other than those of the given batch were put off for a
// whole round of tries and wait for another. The caller holds mu.
func (l *lane) anyStuck(but *batch.Batch) bool {
	if l.given.stuck = l.given.stuck && l.parked(); l.given.stuck {
		return true
	}
	for _, list := range [][]*batch.Batch{l.aside, l.front, l.flying} {
		for _, b := range list {
			if b.Stuck && b != but {
				return true
			}
		}
	}
	return false
}

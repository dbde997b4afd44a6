package sink

import (
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// history is what has happened to a batch. All its events share it: batches are
// split, and events leave them, but none ever joins one that was sent.
type history struct {
	attempts  int // requests that it took part in
	firstSent time.Time
	// When an answer first and last failed it, in Unix milliseconds; 0 means
	// never.
	firstFailure, lastFailure int64
}

// sent counts an attempt, and completes what the receipts of its events say of
// the request.
func (h *history) sent(r *verdict.Request) {
	h.attempts++
	if h.firstSent.IsZero() {
		h.firstSent = r.Sent
	}
	r.FirstSent, r.Attempts = h.firstSent, h.attempts
}

// failed notes the time of a failure.
func (h *history) failed(now time.Time) {
	h.lastFailure = now.UnixMilli()
	if h.firstFailure == 0 {
		h.firstFailure = h.lastFailure
	}
}

// first and last are when an answer first and last failed it.
func (h *history) first() time.Time { return time.UnixMilli(h.firstFailure) }
func (h *history) last() time.Time  { return time.UnixMilli(h.lastFailure) }

// trials are what has happened to a batch, and what is to happen to it.
type trials struct {
	history
	tries int // how often in a row it failed or was put off, since its last rest
	// Of a batch that was set aside, because Amazon wants its events later, did
	// not mention them, or takes others but not these:
	apart     bool
	notBefore time.Time
	stuck     bool // for a whole round of tries
	// renewed is set when it was sent again with a new token after a 401.
	renewed bool
}

// none reports whether it was never sent.
func (t *trials) none() bool { return t.attempts == 0 && !t.apart }

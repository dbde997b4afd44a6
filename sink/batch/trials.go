package batch

import (
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// History is what has happened to a batch. All its events share it: batches are split and
// events leave them, but no event joins a batch that was sent.
type History struct {
	Attempts  int // requests that it took part in
	firstSent time.Time
	// When an answer first and last failed it, in Unix milliseconds; 0 means never.
	firstFailure, lastFailure int64
}

// Sent counts an attempt and completes what the receipts of its events say about the
// request.
func (h *History) Sent(r *verdict.Request) {
	h.Attempts++
	if h.firstSent.IsZero() {
		h.firstSent = r.Sent
	}
	r.FirstSent, r.Attempts = h.firstSent, h.Attempts
}

// Request is what receipts say of the requests so far when no answer settles the events;
// nil if there was none.
func (h *History) Request() *verdict.Request {
	if h.Attempts == 0 {
		return nil
	}
	return &verdict.Request{FirstSent: h.firstSent, Attempts: h.Attempts}
}

// Failed notes the time of a failure.
func (h *History) Failed(now time.Time) {
	h.lastFailure = now.UnixMilli()
	if h.firstFailure == 0 {
		h.firstFailure = h.lastFailure
	}
}

// First returns when an answer first failed it.
func (h *History) First() time.Time { return time.UnixMilli(h.firstFailure) }

// Last returns when an answer last failed it.
func (h *History) Last() time.Time { return time.UnixMilli(h.lastFailure) }

// Trials are what has happened to a batch, and what it waits for.
type Trials struct {
	History
	Tries int // consecutive failures and postponements since its last rest
	// These are about a batch that was set aside because Amazon asks for its events later,
	// did not mention them, or accepts others but not these:
	Apart bool
	Until time.Time
	Stuck bool // for a whole round of tries
	// Condemned: its events would be dead letters if the guard had not stopped their lane.
	Condemned bool
	// renewed is set if it was sent again with a new token after a 401.
	Renewed bool
}

// None reports whether it was never sent.
func (t *Trials) None() bool { return t.Attempts == 0 && !t.Apart }

// AnyCondemned reports whether one of the batches is condemned.
func AnyCondemned(lists ...[]*Batch) bool {
	for _, list := range lists {
		if slices.ContainsFunc(list, func(b *Batch) bool { return b.Condemned }) {
			return true
		}
	}
	return false
}

package sink

import "time"

// request is what a receipt says of the request that brought its verdicts.
type request struct {
	id             string
	sent, answered time.Time
	// Of the events in it, which have been through the same requests, since
	// batches are split but never merged:
	firstSent time.Time
	attempts  int
}

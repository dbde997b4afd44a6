package verdict

import "time"

// Request is what a receipt says of the request that brought its verdicts.
type Request struct {
	ID             string
	Sent, Answered time.Time
	// Of the events in it, which have been through the same requests, since
	// batches are split but never merged:
	FirstSent time.Time
	Attempts  int
}

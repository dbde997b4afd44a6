package verdict

import "time"

// Request is what a receipt says about the request that decided its verdicts.
type Request struct {
	ID             string
	Sent, Answered time.Time
	// The events' history; they have been in the same requests, because batches are split
	// but never merged:
	FirstSent time.Time
	Attempts  int
}

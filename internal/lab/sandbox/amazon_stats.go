package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// Verdict is what happened to one event of one request.
type Verdict string

// The verdicts.
const (
	// Taken events were accepted, whatever answer the sender got.
	Taken Verdict = "taken"
	// Refused events were refused for good.
	Refused Verdict = "refused"
	// Later events were refused by an item code that asks to try again.
	Later Verdict = "later"
	// Unjudged events came in a request that failed for another reason.
	Unjudged Verdict = "unjudged"
)

// Digest is the SHA-256 of an event's bytes as they were sent. It shows whether
// a retry sent the same; no identifier can be read from it.
type Digest [sha256.Size]byte

// MarshalText writes the digest in hex.
func (d Digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) != 2*len(d) {
		return fmt.Errorf("a digest has %d hex digits, not %d", 2*len(d), len(b))
	}
	_, err := hex.Decode(d[:], b)
	return err
}

// Item is one event of a request.
type Item struct {
	EventID string  `json:"event_id"`
	Digest  Digest  `json:"digest"`
	Verdict Verdict `json:"verdict"`
	// Code is the reason of Refused and Later.
	Code string `json:"code,omitempty"`
}

// Request is one request to the events endpoint: a line of the record. It says
// nothing of what the events hold.
type Request struct {
	Seq      int64     `json:"seq"`
	Time     time.Time `json:"time"`
	Contract string    `json:"contract"`
	Profile  string    `json:"profile"`
	// Status is the one that was answered; 0 if none was.
	Status int `json:"status"`
	// Fault is the name of the fault that struck it, if one did.
	Fault string `json:"fault,omitempty"`
	Bytes int    `json:"bytes"`
	Items []Item `json:"items"`
}

// Event is what is known of one event id of one profile.
type Event struct {
	Profile string `json:"profile"`
	EventID string `json:"event_id"`
	// Accepted is how often it was taken: more than once is a duplicate.
	Accepted int `json:"accepted"`
	// Seen is how often it was sent.
	Seen int `json:"seen"`
	// Digest is of the first send.
	Digest Digest `json:"digest"`
	// Changed is how often it was sent with other bytes than the first time.
	Changed int `json:"changed,omitempty"`
}

// Totals counts events by what happened to them.
type Totals struct {
	Requests int64 `json:"requests"`
	// Taken counts every time an event was taken, Accepted the event ids that
	// were; their difference is duplicates. Accepted needs a memory per event
	// and is 0 with Options.ForgetEvents.
	Taken    int64 `json:"taken"`
	Accepted int64 `json:"accepted"`
	Refused  int64 `json:"refused"`
	Later    int64 `json:"later"`
	Unjudged int64 `json:"unjudged"`
	// Changed counts sends of a known event id with other bytes.
	Changed int64 `json:"changed"`
}

// Duplicates is how many events were taken more often than once was enough; 0
// where Accepted is not known.
func (t Totals) Duplicates() int64 {
	if t.Accepted == 0 {
		return 0
	}
	return t.Taken - t.Accepted
}

// Stats is what a sandbox was sent and did.
type Stats struct {
	Totals
	// Statuses counts answers of the events endpoint; status 0 is none.
	Statuses map[int]int64 `json:"statuses"`
	// TokenStatuses counts answers of the token endpoint.
	TokenStatuses map[int]int64     `json:"token_statuses"`
	Profiles      map[string]Totals `json:"profiles"`
	Faults        []FaultState      `json:"faults"`
}

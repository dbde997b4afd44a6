package verdict

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Reading is what is known about a record once it has been read.
type Reading struct {
	// Profile is the event's profile; empty if it names no valid one.
	Profile string
	// Sends reports whether the event is to be sent, and so may be put off until its
	// profile's turn. The verdict of others is certain.
	Sends bool
	// Size is what the record takes in memory until it has its verdict, if that is more
	// than its own size; else 0.
	Size int32
}

// Backlog is records that were given back because their profile cannot be sent for a
// while and others need their memory. They have no verdict and must be brought again.
type Backlog struct {
	Profile string
	Handles []Handle // in the order in which they were taken
	// Past is to be brought with them; nil if they were never sent.
	Past *Past
}

// Past is what happened to records before they were given back, which concerns only the
// giver. Whoever brings them again knows only when that may be.
type Past struct {
	at time.Time
	// Of is for the giver.
	Of any
}

// NewPast returns the past of records that must not be brought again before a time; zero
// if they may be at any time.
func NewPast(notBefore time.Time, of any) *Past { return &Past{notBefore, of} }

// NotBefore returns when the records may be brought again; the zero time if at any time.
// It may be called on nil.
func (p *Past) NotBefore() time.Time {
	if p == nil {
		return time.Time{}
	}
	return p.at
}

// SizeOf returns approximately what a record takes in memory: its bytes and the structs
// around them.
func SizeOf(r *kgo.Record) int32 {
	const overhead = 160
	size := len(r.Key) + len(r.Value) + overhead
	for _, h := range r.Headers {
		size += len(h.Key) + len(h.Value) + 40
	}
	return int32(size)
}

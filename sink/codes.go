package sink

import "github.com/tracklayer/amazon-capi/internal/verdict"

// Codes of our own, in lower case; Amazon's are in capitals.
const (
	codeTooLarge = "event_too_large"
	// codeExhausted marks events given up under DeadLetterExhausted. Their class
	// is rejected: it was Amazon's side that did not take them, and no other
	// class says even that. The code tells them from events that Amazon has
	// looked at.
	codeExhausted = "exhausted"
)

// Code is a reason code that the sink gives, and what it means.
type Code struct {
	Class verdict.Class
	Code  string
	Help  string
}

// Codes returns all of them, for documents.
func Codes() []Code {
	return []Code{
		{verdict.Validation, codeTooLarge, "an event, as Amazon is sent it, is no larger than the contract allows"},
		{verdict.Rejected, codeExhausted, "only with --on-exhausted=dead-letter: timeouts, 429 or 5xx used up the event's attempts; nothing is known to be wrong with it"},
	}
}

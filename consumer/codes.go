package consumer

import "github.com/tracklayer/amazon-capi/internal/verdict"

// CodeNotRetained is the code of dead letters for records that Kafka deleted
// before their profile could be sent. Their class is decode: there is nothing
// left to read.
const CodeNotRetained = "not_retained"

// Code is a reason code that the consumer gives, and what it means.
type Code struct {
	Class verdict.Class
	Code  string
	Help  string
}

// Codes returns all of them, for documents.
func Codes() []Code {
	return []Code{{verdict.Decode, CodeNotRetained, "Kafka keeps a record for longer than its profile cannot be sent"}}
}

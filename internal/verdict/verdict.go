package verdict

import "fmt"

// Class is the outcome of an event. Every class is final: an event without one is still
// in flight, and its offset is not committed.
type Class uint8

// The classes. The zero value means that there is no verdict yet.
const (
	// Accepted events were accepted by Amazon.
	Accepted Class = iota + 1
	// Filtered events were left out deliberately: consent, or a user's rule.
	Filtered
	// Decode marks bytes that are not Avro of the schema they name.
	Decode
	// Validation marks events that our own rules refuse before sending.
	Validation
	// Rejected events were refused by Amazon, as a whole request that was narrowed down
	// to them or as one item of an answer.
	Rejected
	// Auth marks events of a profile that Amazon does not serve: 401 after a token
	// refresh, or 403.
	Auth
)

var names = [...]string{
	Accepted:   "accepted",
	Filtered:   "filtered",
	Decode:     "decode",
	Validation: "validation",
	Rejected:   "rejected",
	Auth:       "auth",
}

// Classes returns every class, in the order in which tables show them.
func Classes() []Class {
	return []Class{Accepted, Filtered, Decode, Validation, Rejected, Auth}
}

// DeadLetterClasses returns the classes whose events go to the dead-letter
// topic, in the order in which tables show them.
func DeadLetterClasses() []Class {
	return []Class{Decode, Validation, Rejected, Auth}
}

// String returns the word used for the class everywhere.
func (c Class) String() string {
	if c == 0 || int(c) >= len(names) {
		return fmt.Sprintf("class(%d)", uint8(c))
	}
	return names[c]
}

// DeadLetter reports whether events of this class go to the dead-letter topic.
func (c Class) DeadLetter() bool { return c >= Decode && c <= Auth }

// Parse is the inverse of String.
func Parse(s string) (Class, error) {
	for _, c := range Classes() {
		if names[c] == s {
			return c, nil
		}
	}
	return 0, fmt.Errorf("verdict class %q is unknown: want accepted, filtered, decode, validation, rejected or auth", s)
}

// Reason says why an event got its class, in words that are safe to log and to put into
// the headers of a dead letter: never an identifier, a hash, a click id or a secret.
type Reason struct {
	Class Class
	// Status is Amazon's HTTP status; 0 if it was not asked.
	Status int
	// Code names our rule or Amazon's item code, for example "value_missing" or
	// "INVALID_USER_INFO". Our rules' are a small set.
	Code string
	// Field is the path of the faulty field in the source event, such as
	// "custom_data.currency"; empty if it is the whole record.
	Field string
	// Message says in a sentence what is wrong, redacted.
	Message string
}

// Inevitable reports whether nothing can come of trying the event again: Kafka has deleted its
// record, Amazon no longer takes events of its age, or users want a dead letter once its attempts
// are used up. A time before the year 2000 is none of these: it has the wrong unit, which is how
// a broken source shows.
func (r *Reason) Inevitable() bool {
	return r.Code == CodeNotRetained.String() || r.Code == CodeOccurredAtExpired.String() || r.Code == CodeExhausted.String()
}

func (r Reason) Error() string {
	s := r.Class.String()
	if r.Status != 0 {
		s += fmt.Sprintf(" %d", r.Status)
	}
	if r.Code != "" {
		s += " " + r.Code
	}
	if r.Field != "" {
		s += " (" + r.Field + ")"
	}
	if r.Message != "" {
		s += ": " + r.Message
	}
	return s
}

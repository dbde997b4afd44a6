package amazon

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/transform"
)

// Contract is one of Amazon's APIs for conversions. It hides every difference between
// them: URL, authentication headers, accepted events, encoding, limits, and how an
// answer is read. Methods may be called concurrently.
type Contract interface {
	// Name is the contract's name on the command line, in metrics and in the
	// headers of dead letters.
	Name() string
	// Path is where events are posted, below the base URL; it begins with "/".
	Path() string
	// Region returns the region that takes events from a country (ISO 3166, "" if the
	// event has none); RegionUnknown if the contract does not define one.
	Region(country string) Region
	// SetHeaders sets the request's headers, except those of the body and the token.
	SetHeaders(h http.Header, sender Principal)
	// Limits are what Amazon takes in one request.
	Limits() Limits
	// Wide reports whether the contract sends the fields of transform.Wide.
	Wide() bool
	// Check returns why Amazon would not take the conversion, or why it must not be
	// sent; nil if it may be sent. Age and size are checked by Limits.
	Check(c *transform.Conversion) *verdict.Reason
	// Asks returns the codes of the rules on a conversion, the age limit included, in
	// the order in which Refusal applies them.
	Asks() []verdict.Code
	// Frame is the part of a body around and between its events.
	Frame() Frame
	// AppendEvent appends the encoding of one event to dst. The same
	// conversion always gives the same bytes.
	AppendEvent(dst []byte, c *transform.Conversion) []byte
	// ReadAnswer interprets the answer to a request of len(items) events, and sets every
	// item if the answer's kind is Itemised. Items must be zero.
	ReadAnswer(r Response, items []Item) Answer
	// Identifiers returns the parts of an encoded event that could identify a person,
	// so that they can be masked in Amazon's messages about that event.
	Identifiers(event []byte) []string
}

// Limits bound one request.
type Limits struct {
	Events     int           // events in a request
	Bytes      int           // bytes of a request's body
	EventBytes int           // bytes of one event
	Age        time.Duration // of the oldest event; 0 means any
}

// Frame is the bytes of a body before the first event, between two, and after the
// last.
type Frame struct{ Open, Between, Close string }

// Size returns the length of a body of n events with eventBytes bytes in all.
func (f Frame) Size(n, eventBytes int) int {
	return len(f.Open) + eventBytes + max(0, n-1)*len(f.Between) + len(f.Close)
}

// ContractOptions are the settings of contracts. The zero value is the default of
// each.
type ContractOptions struct {
	// ConsentMissing applies to events from where the law requires consent, if they do
	// not carry the person's choice.
	ConsentMissing ConsentMissing
	// UnmappedType applies to events of a type that the mapping declares and the
	// contract lacks.
	UnmappedType UnmappedType
}

// contracts constructs all contracts, the default first. This is the only place to
// register a new one.
func contracts(o ContractOptions) []Contract { return []Contract{offAmazon{}, eventsV1{opts: o}} }

// ContractNames returns the names that NewContract accepts, the default first.
func ContractNames() []string {
	var names []string
	for _, c := range contracts(ContractOptions{}) {
		names = append(names, c.Name())
	}
	return names
}

// NewContract returns the contract with that name.
func NewContract(name string, o ContractOptions) (Contract, error) {
	for _, c := range contracts(o) {
		if c.Name() == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("contract %q is unknown: want %s", name, strings.Join(ContractNames(), " or "))
}

// ContractByName is NewContract with the defaults.
func ContractByName(name string) (Contract, error) { return NewContract(name, ContractOptions{}) }

// Refusal returns why a contract does not take a conversion now, nil if it does: the age
// limit first, then Check. It is evaluated at every attempt, also in a replay, because it
// depends on the time. An event that must not be sent is filtered whatever its age.
func Refusal(k Contract, c *transform.Conversion, now time.Time) *verdict.Reason {
	why := k.Check(c)
	if why != nil && why.Class == verdict.Filtered {
		return why
	}
	if limit := k.Limits().Age; limit > 0 && c.OccurredAt < now.Add(-limit).UnixMilli() {
		return verdict.CodeOccurredAtExpired.Because(fmt.Sprintf("occurred_at is %s ago: want %d at most, which %s takes",
			count.Of((now.UnixMilli()-c.OccurredAt)/(24*time.Hour).Milliseconds(), "day"), limit/(24*time.Hour), k.Name()))
	}
	return why
}

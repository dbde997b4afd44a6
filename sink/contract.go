package sink

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tracklayer/amazon-capi/transform"
)

// Contract is one of Amazon's APIs for conversions. Whatever differs between
// them is behind it: where requests go, how they say who sends them, how an
// event is written, how much fits into a request, how an answer is read.
// Methods are called by many goroutines at once.
type Contract interface {
	// Name is the contract's name on the command line, in metrics and in the
	// headers of dead letters.
	Name() string
	// Path is where events are posted, below the base URL; it begins with "/".
	Path() string
	// SetHeaders sets what a request carries beside its body.
	SetHeaders(h http.Header, sender Principal)
	// Limits are what Amazon takes in one request.
	Limits() Limits
	// Frame is what a body has around and between its events.
	Frame() Frame
	// AppendEvent appends the encoding of one event to dst. The same
	// conversion always gives the same bytes.
	AppendEvent(dst []byte, c *transform.Conversion) []byte
	// ReadAnswer reads what came back for a request of len(items) events, and
	// sets every item when the answer's kind is Itemised. Items arrive zeroed.
	ReadAnswer(r Response, items []Item) Answer
	// Identifiers returns what in an encoded event could name a person, for
	// masking it in what Amazon says about that event.
	Identifiers(event []byte) []string
}

// Principal is in whose name a request is sent.
type Principal struct {
	ClientID  string
	ProfileID string
	Token     AccessToken
}

// Limits bound one request.
type Limits struct {
	Events     int // events in a request
	Bytes      int // bytes of a request's body
	EventBytes int // bytes of one event
}

// Frame is what a body has before the first event, between two, and after the
// last.
type Frame struct{ Open, Between, Close string }

// size is the length of a body of n events with eventBytes bytes in all.
func (f Frame) size(n, eventBytes int) int {
	return len(f.Open) + eventBytes + max(0, n-1)*len(f.Between) + len(f.Close)
}

func contracts() []Contract { return []Contract{offAmazon{}} }

// ContractNames returns the names that ContractByName knows, the default first.
func ContractNames() []string {
	var names []string
	for _, c := range contracts() {
		names = append(names, c.Name())
	}
	return names
}

// ContractByName returns the contract of that name.
func ContractByName(name string) (Contract, error) {
	for _, c := range contracts() {
		if c.Name() == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("contract %q is unknown: want %s", name, strings.Join(ContractNames(), " or "))
}

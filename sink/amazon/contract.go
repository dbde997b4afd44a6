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

// Contract is one of Amazon's APIs for conversions. Whatever differs between
// them is behind it: where requests go, how they say who sends them, which
// events it takes and how they are written, how much fits into a request, how an
// answer is read. Methods are called by many goroutines at once.
type Contract interface {
	// Name is the contract's name on the command line, in metrics and in the
	// headers of dead letters.
	Name() string
	// Path is where events are posted, below the base URL; it begins with "/".
	Path() string
	// Region is the region that takes events of a country (ISO 3166, "" if the
	// event has none); RegionUnknown where the contract does not say.
	Region(country string) Region
	// SetHeaders sets what a request carries beside its body and its access token.
	SetHeaders(h http.Header, sender Principal)
	// Limits are what Amazon takes in one request.
	Limits() Limits
	// Wide reports whether it sends what is in transform.Wide.
	Wide() bool
	// Check returns why Amazon would not take the conversion, or why it must not
	// be sent; nil if it is good. It does not look at its age and size, which are
	// among the limits.
	Check(c *transform.Conversion) *verdict.Reason
	// Asks are the codes of what it asks of a conversion, the limit of age with
	// them, in the order in which Refusal does.
	Asks() []verdict.Code
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

// Limits bound one request.
type Limits struct {
	Events     int           // events in a request
	Bytes      int           // bytes of a request's body
	EventBytes int           // bytes of one event
	Age        time.Duration // of the oldest event; 0 is any
}

// Frame is what a body has before the first event, between two, and after the
// last.
type Frame struct{ Open, Between, Close string }

// Size is the length of a body of n events with eventBytes bytes in all.
func (f Frame) Size(n, eventBytes int) int {
	return len(f.Open) + eventBytes + max(0, n-1)*len(f.Between) + len(f.Close)
}

// ContractOptions are the settings that contracts have. The zero value is the
// default of each.
type ContractOptions struct {
	// ConsentMissing is what becomes of events from where the law asks for
	// consent, that do not say what the person consented to.
	ConsentMissing ConsentMissing
	// UnmappedType is what becomes of events of a type, declared in the mapping,
	// that the contract does not have.
	UnmappedType UnmappedType
}

// contracts makes all contracts, the default first. A new one is added here and
// nowhere else.
func contracts(o ContractOptions) []Contract { return []Contract{offAmazon{}, eventsV1{opts: o}} }

// ContractNames returns the names that NewContract knows, the default first.
func ContractNames() []string {
	var names []string
	for _, c := range contracts(ContractOptions{}) {
		names = append(names, c.Name())
	}
	return names
}

// NewContract returns the contract of that name.
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

// Refusal returns why a contract does not take a conversion now, nil if it does:
// what Check says, after the limit of age. It is asked each time anew, also at
// replay, because time decides. An event that must not be sent is left out
// whatever its age.
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

package event

import "github.com/tracklayer/amazon-capi/schemas/decimal"

// Event is a TrackLayer event, filled by field name from whichever schema wrote it.
// Optional strings that are null, missing or not in the writer's schema are empty:
// TrackLayer gives a blank no meaning of its own. The strings of a decoded event are
// parts of the record: see Decode.
type Event struct {
	EventID      string
	ProfileID    string
	EventName    string
	EventType    string // optional; EventName decides when empty
	ActionSource string // where the action happened, such as WEBSITE or APP
	Platform     string // of an app: ANDROID, IOS or FIRE_TV

	// OccurredAt is when the user acted, in Unix milliseconds; 0 means absent, since
	// no conversion happened at midnight of 1 January 1970.
	OccurredAt int64

	ClickID string
	// ClickCapturedAt is when the click id was kept, in Unix milliseconds; 0
	// means unknown.
	ClickCapturedAt int64
	// ArefTokens is the aref parameter of the landing page's URL: pairs of a
	// measurement token and its time, "token.unix_ms", separated by |. Neither it nor
	// ClickID can be derived from the other.
	ArefTokens string
	// AmazonAdEventKey is Amazon's key of the ad event that the action is attributed to.
	AmazonAdEventKey string
	// Partner is the service that delivers the event for the customer.
	Partner string

	User    UserData
	Custom  CustomData
	Consent Consent
}

// UserData holds the identifiers of the person who acted. Nothing in it may
// ever be logged.
type UserData struct {
	Email       string
	Phone       string
	HashedEmail string
	HashedPhone string
	MADID       string
	FirstName   string
	LastName    string
	City        string
	State       string
	CountryCode string
	PostalCode  string
	Address     string

	// Ids of identity services, which are sent as they are.
	RampID   string
	MatchID  string
	RealID   string
	MerkleID string
	KantarID string
	FIP      string

	IPAddress string
	UserAgent string
}

// CustomData is what was bought or done.
type CustomData struct {
	Value          decimal.Decimal
	Currency       string
	Quantity       int64 // 0 means absent
	OrderReference string

	// Attributes are sorted by key: Avro leaves a map's order open, and the same
	// record must always read the same.
	Attributes []Attribute
}

// Attribute is one entry of the event's free attributes.
type Attribute struct{ Key, Value string }

// Consent is what the person allowed, as TrackLayer recorded it.
type Consent struct {
	AdStorage  string // GRANTED, DENIED or empty
	AdUserData string // GRANTED, DENIED or empty
	TCF        string
	GPP        string
	// DataProcessing is LIMITED_DATA_USE where the person's state asks for it.
	DataProcessing string
}

// SetClick records the ad click that brought the visitor: its id, and when that was
// kept, in Unix milliseconds, or 0 if unknown. Package capture needs it of an event.
func (e *Event) SetClick(id string, capturedAt int64) {
	e.ClickID, e.ClickCapturedAt = id, capturedAt
}

// SetAref gives the event the measurement tokens of the visitor's landing URL.
func (e *Event) SetAref(tokens string) { e.ArefTokens = tokens }

// keptAttributes bounds the memory that a reused event owns: one record with half a
// million attributes must not occupy megabytes forever.
const keptAttributes = 256

// Reset empties the event for reuse and keeps the memory it owns.
func (e *Event) Reset() {
	attrs := e.Custom.Attributes
	if cap(attrs) > keptAttributes {
		attrs = nil
	}
	// Their texts would keep alive the records that they are parts of.
	clear(attrs)
	*e = Event{}
	e.Custom.Attributes = attrs[:0]
}

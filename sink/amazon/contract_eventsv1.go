package amazon

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/transform"
)

// eventsV1 is Amazon's live Events API as in its published OpenAPI of 2026: one call of
// the unified Ads API, version 1.
type eventsV1 struct {
	opts    ContractOptions
	dataSet DataSet
}

const (
	eventsV1Events = 500
	// Amazon publishes no byte limit. Another client of this API uses this one.
	eventsV1Bytes = 1 << 20
	eventsV1Age   = 21 * 24 * time.Hour
)

var eventsV1Frame = Frame{Open: `{"events":[`, Between: `,`, Close: `]}`}

// eventsV1Answers: Amazon promises a 207 with a status per event, and nothing less
// proves delivery. Any other success that has the statuses counts as well.
var eventsV1Answers = answerRules{
	success:   []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent, http.StatusMultiStatus},
	indexBase: 0,
	itemised:  true,
	item:      classify,
}

func (eventsV1) Name() string { return "events-v1" }

func (eventsV1) Path() string { return "/adsApi/v1/create/events" }

func (eventsV1) Region(country string) Region { return RegionOf(country) }

func (eventsV1) Limits() Limits {
	return Limits{
		Events:     eventsV1Events,
		Bytes:      eventsV1Bytes,
		EventBytes: eventsV1Bytes - eventsV1Frame.Size(1, 0),
		Age:        eventsV1Age,
	}
}

func (eventsV1) Wide() bool { return true }

func (eventsV1) Frame() Frame { return eventsV1Frame }

func (eventsV1) ReadAnswer(r Response, items []Item) Answer { return eventsV1Answers.read(r, items) }

func (eventsV1) Identifiers(event []byte) []string {
	var e struct {
		EventID   string `json:"eventId"`
		MatchKeys []struct {
			Values []string `json:"values"`
		} `json:"matchKeys"`
		Consent struct {
			Geo struct {
				IPAddress string `json:"ipAddress"`
			} `json:"geo"`
			TCF string `json:"tcf"`
			GPP string `json:"gpp"`
		} `json:"consent"`
		DeviceInfo struct {
			UserAgent string `json:"userAgent"`
		} `json:"deviceInfo"`
		ArefTokens string `json:"arefMeasurementTokens"`
		AdEventKey string `json:"amazonAdEventKey"`
	}
	if json.Unmarshal(event, &e) != nil {
		return nil // our own encoding; a fuzz test shows that it is JSON
	}
	ids := []string{redact.HiddenEventID(e.EventID), e.Consent.Geo.IPAddress, e.Consent.TCF, e.Consent.GPP, e.DeviceInfo.UserAgent, e.ArefTokens, e.AdEventKey}
	for _, k := range e.MatchKeys {
		ids = append(ids, k.Values...)
	}
	return escapedToo(ids...)
}

// conversionType returns Amazon's word for an event type; ok is false if it has none.
// Amazon's list is closed.
func conversionType(eventType string) (typ string, ok bool) {
	switch eventType {
	case transform.TypePurchase:
		return typePurchases, true
	case "ADD_TO_CART":
		return "ADD_TO_SHOPPING_CART", true
	case "APPLICATION", "CHECKOUT", "CONTACT", "LEAD", "MOBILE_APP_FIRST_START", "PAGE_VIEW", "SEARCH", "SIGN_UP", "SUBSCRIBE", transform.TypeOther:
		return eventType, true
	}
	return transform.TypeOther, false
}

// typePurchases is the only conversion type with rules of its own.
const typePurchases = "OFF_AMAZON_PURCHASES"

// eventSource returns Amazon's word for where the event happened; empty for an app on
// an unknown platform.
func eventSource(c *transform.Conversion) string {
	if c.ActionSource == transform.SourceApp {
		return c.Platform
	}
	return c.ActionSource
}

// UnmappedType says how to handle an event whose type the contract lacks.
type UnmappedType uint8

// The choices.
const (
	UnmappedRefuse UnmappedType = iota // it is refused
	UnmappedOther                      // it is sent as OTHER
)

// ParseUnmappedType reads refuse or other.
func ParseUnmappedType(s string) (UnmappedType, error) {
	switch s {
	case "refuse":
		return UnmappedRefuse, nil
	case "other":
		return UnmappedOther, nil
	}
	return 0, fmt.Errorf("%q is unknown: want refuse or other", s)
}

// ConsentMissing says how to handle an event whose person lives where the law requires
// consent, if the event does not carry that person's choice.
type ConsentMissing uint8

// The choices.
const (
	ConsentMissingRefuse ConsentMissing = iota // it is refused, so that the source gets fixed
	ConsentMissingDeny                         // it counts as denied, and the event is filtered
)

// ParseConsentMissing reads refuse or deny.
func ParseConsentMissing(s string) (ConsentMissing, error) {
	switch s {
	case "refuse":
		return ConsentMissingRefuse, nil
	case "deny":
		return ConsentMissingDeny, nil
	}
	return 0, fmt.Errorf("%q is unknown: want refuse or deny", s)
}

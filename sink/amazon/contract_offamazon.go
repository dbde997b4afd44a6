package amazon

import (
	"encoding/json"
	"net/http"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/transform"
)

// offAmazon is the contract of the user's guide: off-Amazon events, version
// 2023-11-13.
type offAmazon struct{}

// The guide states no limits. These are the live Events API's event count and the
// byte limit that another client of it uses.
const (
	offAmazonEvents = 500
	offAmazonBytes  = 1 << 20
)

var offAmazonFrame = Frame{Open: `{"events":[`, Between: `,`, Close: `]}`}

// offAmazonAnswers: the guide does not define success, so every status that could mean
// it is accepted, and its body is read.
var offAmazonAnswers = answerRules{
	success:   []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent, http.StatusMultiStatus},
	indexBase: 0,
	item:      classify,
}

func (offAmazon) Name() string { return "off-amazon-2023-11-13" }

func (offAmazon) Path() string { return "/offAmazonEvents/2023-11-13/events" }

func (offAmazon) SetHeaders(h http.Header, p Principal) {
	h.Set("Amazon-Advertising-API-ClientId", p.ClientID)
	h.Set("Amazon-Advertising-API-Scope", p.ProfileID)
	h.Set("Content-Type", "application/json")
	h.Set("Accept", "application/json")
}

func (offAmazon) Limits() Limits {
	return Limits{
		Events:     offAmazonEvents,
		Bytes:      offAmazonBytes,
		EventBytes: offAmazonBytes - offAmazonFrame.Size(1, 0),
	}
}

// Region: the guide names a single host.
func (offAmazon) Region(string) Region { return RegionUnknown }

func (offAmazon) Wide() bool { return false }

// Check refuses what the guide cannot express.
func (offAmazon) Check(c *transform.Conversion) *verdict.Reason {
	switch {
	case c.ActionSource != transform.SourceWebsite && c.ActionSource != transform.SourceApp:
		return verdict.CodeActionSourceUnsupported.Because("action_source is " + c.ActionSource + ": want WEBSITE or APP")
	case !c.Amount.IsFinite():
	case c.Amount.Sign() < 0:
		return verdict.CodeAnyValueNegative.Because("custom_data.value is negative: want an amount of zero or more")
	case c.Currency == "":
		return verdict.CodeAnyCurrencyMissing.Because("custom_data.currency is absent: want the ISO 4217 code of the value's currency, such as USD")
	}
	return nil
}

func (offAmazon) Asks() []verdict.Code {
	return []verdict.Code{verdict.CodeActionSourceUnsupported, verdict.CodeAnyValueNegative, verdict.CodeAnyCurrencyMissing}
}

func (offAmazon) Frame() Frame { return offAmazonFrame }

// AppendEvent writes by hand rather than with encoding/json because every event passes
// here; the fields are in the guide's order. Absent fields are omitted, and so are
// objects that would be empty, because the guide asks to avoid blank fields.
func (offAmazon) AppendEvent(dst []byte, c *transform.Conversion) []byte {
	dst = append(dst, `{"name":`...)
	dst = appendString(dst, c.Name)
	dst = append(dst, `,"eventType":`...)
	dst = appendString(dst, c.EventType)
	dst = append(dst, `,"eventActionSource":`...)
	dst = appendString(dst, c.ActionSource)
	dst = append(dst, `,"timestamp":"`...)
	dst = transform.AppendTime(dst, c.OccurredAt)
	dst = append(dst, '"')
	if c.ClickID != "" {
		dst = append(dst, `,"clickId":`...)
		dst = appendString(dst, c.ClickID)
	}
	dst = appendUserInfo(dst, c)
	if c.Amount.IsFinite() {
		dst = append(dst, `,"value":{"amount":`...)
		dst = c.Amount.Append(dst)
		dst = append(dst, `,"currencyCode":`...)
		dst = appendString(dst, c.Currency)
		dst = append(dst, '}')
	}
	dst = append(dst, `,"eventId":`...)
	dst = appendString(dst, c.EventID)
	return append(dst, '}')
}

func appendUserInfo(dst []byte, c *transform.Conversion) []byte {
	const open = `,"userInfo":{`
	start := len(dst)
	dst = append(dst, open...)
	if c.HashedEmail.IsSet() {
		dst = append(dst, `"hashedEmail":"`...)
		dst = append(dst, c.HashedEmail[:]...)
		dst = append(dst, `",`...)
	}
	if c.HashedPhone.IsSet() {
		dst = append(dst, `"hashedPhone":"`...)
		dst = append(dst, c.HashedPhone[:]...)
		dst = append(dst, `",`...)
	}
	dst = appendOptional(dst, `"madid":`, c.MADID)
	dst = appendOptional(dst, `"countryCode":`, c.CountryCode)
	dst = appendOptional(dst, `"postalCode":`, c.PostalCode)
	if len(dst) == start+len(open) {
		return dst[:start]
	}
	dst[len(dst)-1] = '}' // instead of the last comma
	return dst
}

func appendOptional(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, key...)
	dst = appendString(dst, value)
	return append(dst, ',')
}

func (offAmazon) ReadAnswer(r Response, items []Item) Answer {
	return offAmazonAnswers.read(r, items)
}

func (offAmazon) Identifiers(event []byte) []string {
	var e struct {
		EventID  string `json:"eventId"`
		ClickID  string `json:"clickId"`
		UserInfo struct {
			HashedEmail string `json:"hashedEmail"`
			HashedPhone string `json:"hashedPhone"`
			MADID       string `json:"madid"`
			PostalCode  string `json:"postalCode"`
		} `json:"userInfo"`
	}
	if json.Unmarshal(event, &e) != nil {
		return nil // our own encoding; a fuzz test shows that it is JSON
	}
	u := e.UserInfo
	return escapedToo(redact.HiddenEventID(e.EventID), e.ClickID, u.HashedEmail, u.HashedPhone, u.MADID, u.PostalCode)
}

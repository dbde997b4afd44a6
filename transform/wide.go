package transform

import (
	"math"
	"net/netip"

	"github.com/tracklayer/amazon-capi/schemas"
)

// Wide has the fields that only contracts wider than the guide's send. It is empty without
// Options.Wide.
type Wide struct {
	FirstName, LastName                Hash
	Address, City, State, HashedPostal Hash
	RampID, MatchID, RealID            string
	MerkleID, KantarID, FIP            string
	ArefTokens                         string // token.unix_ms, with | between them
	Units                              int32  // how many were bought; 0 means not known
	LimitedData                        bool   // the person's state limits what may be done with the event
	UserAgent                          string
	Partner, AdEventKey                string // as they came
	DataSet                            string // the mapping's, for the event's name; empty for the account's
	Attributes                         Attributes
	// filled is set before any other field, so that reset knows whether there may be anything
	// to clear.
	filled bool
}

// String shows nothing of the person, for the same reason as Conversion's.
func (Wide) String() string { return "(wide)" }

// GoString is String.
func (w Wide) GoString() string { return w.String() }

const (
	// maxPartnerID is in characters, for ids of unknown form.
	maxPartnerID = 512
	// maxUserAgent is in characters, and Amazon's limit.
	maxUserAgent = 512
	// maxConsentString is in bytes: TCF strings with a list of every vendor have about 2 KB.
	maxConsentString = 8 << 10
	// maxAttribute is in bytes, for keys and values.
	maxAttribute = 256
)

// widen fills out.Wide. It does not read what a denial covers.
func (t *Transformer) widen(ev *schemas.Event, e *entry, denied denial, out *Conversion) {
	out.filled = true
	out.DataSet = e.dataSet
	out.Consent.TCF = consentString(ev.Consent.TCF, out)
	out.Consent.GPP = consentString(ev.Consent.GPP, out)
	limitedData(&ev.Consent, out)
	units(&ev.Custom, out)
	out.Partner = plainText(ev.Partner, PartnerInvalid, out)
	if !denied.userData {
		t.person(&ev.User, out)
		partnerIDs(&ev.User, out)
		device(&ev.User, out)
		rules := e.attributes
		if rules == nil {
			rules = t.mapping.attributes
		}
		out.Warnings |= attributes(&ev.Custom, rules, &out.Attributes, nil)
	}
	if !denied.storage {
		aref(ev.ArefTokens, out)
		// It names an ad that the person saw, like a click id.
		out.AdEventKey = plainText(ev.AmazonAdEventKey, AdEventKeyInvalid, out)
	}
}

// consentString passes a TCF or GPP string on without parsing it: interpreting it is Amazon's
// task, and both formats will get new versions.
func consentString(s string, out *Conversion) string {
	s = trim(s)
	if len(s) > maxConsentString || !inURL(s) {
		out.Warnings.Add(ConsentStringInvalid)
		return ""
	}
	return s
}

// limitedData treats an unknown word as a request to limit: the opposite mistake could not be
// undone.
func limitedData(c *schemas.Consent, out *Conversion) {
	given := trim(c.DataProcessing)
	if given == "" {
		return
	}
	out.LimitedData = true
	var buf [maxFolded]byte
	switch string(appendFold(buf[:0], given)) {
	case "limiteddatause", "ldu":
	default:
		out.Warnings.Add(DataProcessingUnknown)
	}
}

func units(c *schemas.CustomData, out *Conversion) {
	if c.Quantity < 0 || c.Quantity > math.MaxInt32 {
		out.Warnings.Add(QuantityInvalid)
		return
	}
	out.Units = int32(c.Quantity)
}

// partnerIDs passes on the ids of identity services unchanged, for Amazon to compare.
func partnerIDs(u *schemas.UserData, out *Conversion) {
	for _, id := range [...]struct {
		from string
		to   *string
	}{
		{u.RampID, &out.RampID}, {u.MatchID, &out.MatchID}, {u.RealID, &out.RealID},
		{u.MerkleID, &out.MerkleID}, {u.KantarID, &out.KantarID}, {u.FIP, &out.FIP},
	} {
		s := trim(id.from)
		if longerThan(s, maxPartnerID) || !printable(s) {
			out.Warnings.Add(PartnerIDInvalid)
			continue
		}
		*id.to = s
	}
}

// plainText passes on text of unknown form.
func plainText(s string, bad Warning, out *Conversion) string {
	s = trim(s)
	if longerThan(s, maxPartnerID) || !printable(s) {
		out.Warnings.Add(bad)
		return ""
	}
	return s
}

func device(u *schemas.UserData, out *Conversion) {
	if s := trim(u.IPAddress); s != "" {
		if at, err := netip.ParseAddr(s); err != nil || at.Zone() != "" {
			out.Warnings.Add(IPAddressInvalid)
		} else {
			out.Consent.IPAddress = s
		}
	}
	// Not truncated: half a user agent is that of another device.
	if s := trim(u.UserAgent); longerThan(s, maxUserAgent) || !printable(s) {
		out.Warnings.Add(UserAgentInvalid)
	} else {
		out.UserAgent = s
	}
}

func isWord(s string) bool {
	if s == "" || len(s) > maxAttribute {
		return false
	}
	for i := range len(s) {
		if !isAlnum(s[i]) && s[i] != '_' {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

const (
	arefToken = 10 // characters
	arefTime  = 13 // digits
	arefPair  = arefToken + 1 + arefTime
)

// aref passes on measurement tokens unchanged, all or none: a list with an invalid part was
// modified in transit.
func aref(s string, out *Conversion) {
	if s = trim(s); s == "" {
		return
	}
	if !isAref(s) {
		out.Warnings.Add(ArefInvalid)
		return
	}
	out.ArefTokens = s
}

func isAref(s string) bool {
	if len(s) > maxClickID || len(s)%(arefPair+1) != arefPair {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch at := i % (arefPair + 1); {
		case at < arefToken && isAlnum(c):
		case at == arefToken && c == '.':
		case at > arefToken && at < arefPair && c >= '0' && c <= '9':
		case at == arefPair && c == '|':
		default:
			return false
		}
	}
	return true
}

package transform

import (
	"strings"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// The possible answers of a person.
const (
	ConsentGranted = "GRANTED"
	ConsentDenied  = "DENIED"
)

// Consented is a person's answers to requests for consent.
type Consented struct {
	UserData, Storage string // ConsentGranted, ConsentDenied or empty
	// The rest is set only with Options.Wide: consent strings, and the address from which
	// Amazon may infer the applicable law.
	TCF, GPP, IPAddress string
}

// String hides the address and the consent strings, like Conversion's.
func (Consented) String() string { return "(consent)" }

// GoString is String.
func (c Consented) GoString() string { return c.String() }

// denial is what the person refused.
type denial struct {
	userData bool // no identifier of the person may be sent
	storage  bool // nothing stored in their browser may be sent
}

// checkConsent reads the two consents. The country is always sent: it does not identify a
// person, and Amazon needs it to find the applicable law.
func (t *Transformer) checkConsent(c *schemas.Consent, out *Conversion) (denial, *verdict.Reason) {
	out.Consent.UserData = consentStatus(c.AdUserData, out)
	out.Consent.Storage = consentStatus(c.AdStorage, out)
	d := denial{
		userData: out.Consent.UserData == ConsentDenied,
		storage:  out.Consent.Storage == ConsentDenied,
	}
	if t.consent == ConsentFilter {
		switch {
		case d.userData:
			return d, consentFiltered("consent.ad_user_data", c.AdUserData)
		case d.storage:
			return d, consentFiltered("consent.ad_storage", c.AdStorage)
		}
	}
	return d, nil
}

// consentStatus returns the meaning of a consent value. An absent value, and the explicit
// UNSPECIFIED, mean that nobody asked, which the law of the event's country may allow; the
// guide leaves that to the collector. An unknown word means that somebody answered, possibly
// no. A hash cannot be recalled once it is sent, so the answer counts as no.
func consentStatus(value string, out *Conversion) string {
	value = trim(value)
	switch {
	case value == ConsentGranted: // the usual case
		return ConsentGranted
	case value == "", strings.EqualFold(value, "UNSPECIFIED"):
		return ""
	case strings.EqualFold(value, ConsentGranted):
		return ConsentGranted
	case strings.EqualFold(value, ConsentDenied):
		return ConsentDenied
	}
	out.Warnings.Add(ConsentUnknown)
	return ConsentDenied
}

func consentFiltered(field, value string) *verdict.Reason {
	message := field + " is DENIED, and such events are not sent"
	if value := trim(value); !strings.EqualFold(value, "DENIED") {
		message = field + " is " + quote(value) + ", which counts as DENIED since it is neither GRANTED, DENIED nor UNSPECIFIED"
	}
	r := verdict.CodeFilteredByConsent.Because(message)
	r.Field = field
	return r
}

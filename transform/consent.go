package transform

import (
	"strings"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// denial is what a person did not allow.
type denial struct {
	userData bool // no identifier of the person may be sent
	storage  bool // nothing that was kept in their browser may be sent
}

// checkConsent reads the two consents. The country is sent whatever they say: it
// names no person, and Amazon needs it to know which law applies.
func (t *Transformer) checkConsent(c *schemas.Consent, out *Conversion) (denial, *verdict.Reason) {
	d := denial{
		userData: denied(c.AdUserData, out),
		storage:  denied(c.AdStorage, out),
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

// denied tells whether a consent value forbids. No value, and the explicit
// UNSPECIFIED, mean that nobody asked, which the law of the event's country may
// allow; the guide leaves that to the collector. A word that we do not know is
// another matter: somebody answered, perhaps no, and since a hash that was sent
// cannot be called back the answer counts as no.
func denied(value string, out *Conversion) bool {
	value = trim(value)
	switch {
	case value == "", strings.EqualFold(value, "GRANTED"), strings.EqualFold(value, "UNSPECIFIED"):
		return false
	case strings.EqualFold(value, "DENIED"):
		return true
	}
	out.Warnings.Add(ConsentUnknown)
	return true
}

func consentFiltered(field, value string) *verdict.Reason {
	message := field + " is DENIED, and such events are not sent"
	if value := trim(value); !strings.EqualFold(value, "DENIED") {
		message = field + " is " + quote(value) + ", which counts as DENIED since it is neither GRANTED, DENIED nor UNSPECIFIED"
	}
	r := filteredByConsent.because(message)
	r.Field = field
	return r
}

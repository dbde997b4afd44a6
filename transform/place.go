package transform

import (
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform/iso"
)

// maxPostalCode is in characters; the longest in use have ten.
const maxPostalCode = 16

// checkPlace reads country and postal code. A postal code leads to a person's street, so it is
// withheld together with the identifiers; it is then ignored, and needs no country.
func (t *Transformer) checkPlace(u *schemas.UserData, userDataDenied bool, out *Conversion) *verdict.Reason {
	if given := trim(u.CountryCode); given != "" {
		code, ok := iso.Country(given)
		if !ok {
			return verdict.CodeCountryUnknown.Because("user_data.country_code is " + quote(given) + ": want " + countryHint(given))
		}
		out.CountryCode = code
	}
	if userDataDenied {
		return nil
	}
	postal := trim(u.PostalCode)
	switch {
	case postal == "":
	case t.wide && new(Hash).take(postal):
		// A hash is not a postal code, but a wide contract sends it.
	case longerThan(postal, maxPostalCode) || !printable(postal):
		out.Warnings.Add(PostalCodeInvalid)
	case out.CountryCode == "":
		return verdict.CodePostalCodeWithoutCountry.Because("user_data.postal_code is sent without user_data.country_code: want both, since a postal code alone is in many countries")
	default:
		out.PostalCode = postal
	}
	return nil
}

// countryHint suggests the right code for those that people use in good faith although ISO
// never assigned them.
func countryHint(given string) string {
	var buf [maxFolded]byte
	switch string(appendFold(buf[:0], given)) {
	case "uk":
		return "GB for the United Kingdom"
	case "el":
		return "GR for Greece"
	}
	return "two letters of ISO 3166-1, such as US or GB"
}

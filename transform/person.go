package transform

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform/address"
	"github.com/tracklayer/amazon-capi/transform/iso"
)

// maxPersonal bounds names and addresses, in bytes; longer text is not one.
const maxPersonal = 512

// part is a part of a person's name or address. It decides which characters normalisation
// keeps.
type part uint8

const (
	partName part = iota
	partAddress
	partPlace
	partState
	partPostal
)

// person hashes names and address.
func (t *Transformer) person(u *schemas.UserData, out *Conversion) {
	t.personal(u.FirstName, partName, &out.FirstName, NameInvalid, out)
	t.personal(u.LastName, partName, &out.LastName, NameInvalid, out)
	t.personal(u.Address, partAddress, &out.Address, AddressInvalid, out)
	t.personal(u.City, partPlace, &out.City, AddressInvalid, out)
	t.personal(u.State, partState, &out.State, StateUnknown, out)
	t.personal(u.PostalCode, partPostal, &out.HashedPostal, PostalCodeInvalid, out)
}

func (t *Transformer) personal(raw string, p part, h *Hash, w Warning, out *Conversion) {
	raw = trim(raw)
	if raw == "" || h.take(raw) {
		return
	}
	if strings.EqualFold(raw, hashOfNothing) {
		out.Warnings.Add(w)
		return
	}
	var buf [maxPersonal]byte
	switch normal, ok := appendPart(buf[:0], raw, p, out.CountryCode, t.rules); {
	case !ok:
		out.Warnings.Add(w)
	case len(normal) > 0:
		h.set(normal)
	}
}

// appendPart appends the normalised form of a trimmed part, which may be empty: Amazon's rules
// leave nothing of a name in another script. ok is false if s is not such a part.
func appendPart(dst []byte, s string, p part, country string, rules IdentifierRules) (normal []byte, ok bool) {
	if len(s) > maxPersonal || !utf8.ValidString(s) {
		return dst, false
	}
	if rules == RulesAmazon {
		switch p {
		case partState:
			return iso.AppendState(dst, s, country)
		case partAddress:
			return address.Append(dst, s, country), true
		}
	}
	for _, r := range s {
		if rules == RulesPlain {
			if p != partPostal || !isBlank(r) {
				dst = utf8.AppendRune(dst, unicode.ToLower(r))
			}
			continue
		}
		if p == partPostal && r == '-' {
			break // the ZIP of a ZIP+4
		}
		// Lower-casing comes before keeping: a Kelvin sign becomes a k.
		r = unicode.ToLower(r)
		if r >= 'a' && r <= 'z' || p != partName && r >= '0' && r <= '9' {
			dst = append(dst, byte(r))
		}
	}
	return dst, true
}

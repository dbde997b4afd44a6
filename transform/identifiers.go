package transform

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/ascii"
	"github.com/tracklayer/amazon-capi/schemas"
)

const (
	// maxPhone is in bytes: more than any number needs, so that appending never allocates, and
	// a whole cache line, because the transform of a purchase took 20 ns more with 24 bytes.
	maxPhone = 64
	// maxEmail is RFC 5321's: 64 of local part, the @ and 255 of domain.
	maxEmail = 320
	// maxClickID is in bytes: far more than any id seen, and a quarter of what a
	// cookie can hold.
	maxClickID = 1024
)

// email hashes the address. A raw address takes precedence over a hash that came with it,
// because we know how it was normalised. A value of 64 hex digits in either field is already
// a hash.
func (t *Transformer) email(u *schemas.UserData, out *Conversion) {
	if raw := trim(u.Email); raw != "" {
		if out.HashedEmail.take(raw) {
			return
		}
		var buf [maxEmail]byte
		if normal, ok := appendEmail(buf[:0], raw, t.rules); ok {
			out.HashedEmail.set(normal)
			return
		}
		out.Warnings.Add(EmailInvalid)
	}
	if hashed := trim(u.HashedEmail); hashed != "" && !out.HashedEmail.take(hashed) {
		out.Warnings.Add(EmailHashInvalid)
	}
}

// phone is email for phone numbers.
func (t *Transformer) phone(u *schemas.UserData, out *Conversion) {
	if raw := trim(u.Phone); raw != "" {
		if out.HashedPhone.take(raw) {
			return
		}
		var buf [maxPhone]byte
		text := buf[:0]
		if t.rules == RulesPlain {
			text = append(text, '+')
		}
		if normal, ok := t.dialing.Append(text, raw, out.CountryCode); ok {
			out.HashedPhone.set(normal)
			return
		}
		out.Warnings.Add(PhoneInvalid)
	}
	if hashed := trim(u.HashedPhone); hashed != "" && !out.HashedPhone.take(hashed) {
		out.Warnings.Add(PhoneHashInvalid)
	}
}

// appendEmail appends the normalised form of a trimmed address. ok is false if s is not an
// address: no @ or several, nothing on one side of it, invalid UTF-8, or an address book's
// form ("Jane <jane@…>"), whose hash of name and address together would match nobody.
func appendEmail(dst []byte, s string, rules IdentifierRules) (normal []byte, ok bool) {
	if len(s) > maxEmail {
		return dst, false
	}
	if folded, ok := emailFoldings[rules].append(dst, s); ok {
		made := folded[len(dst):]
		at := bytes.IndexByte(made, '@')
		return folded, at > 0 && at < len(made)-1 && bytes.IndexByte(made[at+1:], '@') < 0
	}
	return appendAnyEmail(dst, s, rules)
}

var emailFoldings = [...]*folding{
	RulesAmazon: newFolding(emailKeeps, "<>"),
	RulesPlain:  newFolding(func(byte) bool { return true }, "<>"),
}

// appendAnyEmail is appendEmail for text that is not ASCII or not an address.
func appendAnyEmail(dst []byte, s string, rules IdentifierRules) (normal []byte, ok bool) {
	start, at := len(dst), -1
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				return dst, false
			}
			i += size
			// Lower-casing comes before keeping: a Kelvin sign becomes a k.
			if r = unicode.ToLower(r); rules == RulesPlain || r < utf8.RuneSelf && emailKeeps(byte(r)) {
				dst = utf8.AppendRune(dst, r)
			}
			continue
		}
		i++
		switch {
		case c == '<' || c == '>':
			return dst, false
		case c == '@':
			if at >= 0 {
				return dst, false
			}
			at = len(dst)
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		if rules == RulesPlain || emailKeeps(c) {
			dst = append(dst, c)
		}
	}
	return dst, at > start && at < len(dst)-1
}

// emailKeeps is the alphabet of Amazon's published tag.
func emailKeeps(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '@' || c == '_' || c == '-'
}

// madid sends a mobile advertising id unchanged, in its own case: Amazon accepts it unhashed
// and does the comparison.
func madid(u *schemas.UserData, out *Conversion) {
	id := trim(u.MADID)
	switch {
	case id == "":
	case !isUUID(id):
		out.Warnings.Add(MADIDInvalid)
	case id == "00000000-0000-0000-0000-000000000000":
		out.Warnings.Add(MADIDZeros)
	default:
		out.MADID = id
	}
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	return s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
		isHex(s[:8]) && isHex(s[9:13]) && isHex(s[14:18]) && isHex(s[19:23]) && isHex(s[24:])
}

func isHex(s string) bool {
	ok := byte(0)
	for i := range len(s) {
		ok |= hexLower[s[i]] - 1
	}
	return ok < 0x80
}

// clickID sends the click id unchanged. Its alphabet is unknown, so it is dropped only if no
// URL could have carried it.
func clickID(ev *schemas.Event, out *Conversion) {
	id := trim(ev.ClickID)
	switch {
	case id == "":
	case len(id) > maxClickID || !inURL(id):
		out.Warnings.Add(ClickIDInvalid)
	default:
		out.ClickID = id
	}
}

// inURL reports whether s is visible ASCII, all that a URL's parameter, and so a click id,
// can contain.
func inURL(s string) bool { return ascii.Within(s, '!', '~') }

package redact

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync/atomic"
)

const (
	// idLimit bounds an event id in logs and headers; ids that are longer than this
	// say no more, and some are as long as their sender could make them.
	idLimit = 256
	// maxRequestID is longer than any request id of Amazon's services.
	maxRequestID = 64
)

// IDMode says how event ids are shown.
type IDMode uint8

// The modes.
const (
	// MaskIDs shows ids as they are, except for what looks like an identifier.
	MaskIDs IDMode = iota
	// HashIDs shows a pseudonym of every id.
	HashIDs
)

// ParseIDMode reads the value of --event-ids.
func ParseIDMode(s string) (IDMode, error) {
	switch s {
	case "mask":
		return MaskIDs, nil
	case "hash":
		return HashIDs, nil
	}
	return 0, fmt.Errorf("%s is unknown: want mask or hash", Quote(s))
}

// idSettings are those of the process. They are one for all of it because a receipt
// that calls an event by another name than the log is of no use.
var idSettings atomic.Pointer[idSetting]

type idSetting struct {
	mode IDMode
	key  []byte
}

// domain is the key of tags and pseudonyms where no other is set: it only keeps
// them apart from hashes made elsewhere of the same ids.
const domain = "amazon-capi event id"

// SetEventIDs says how EventID shows ids from now on. A key, which may be empty,
// makes pseudonyms that nobody without it can compute; all processes whose output
// is compared need the same.
func SetEventIDs(mode IDMode, key []byte) { idSettings.Store(&idSetting{mode, key}) }

// HiddenEventID returns an id that a stranger's words must not have, as no part of it is
// shown; empty for one that may be shown as EventID has it.
func HiddenEventID(id string) string {
	if set := idSettings.Load(); set != nil && set.mode == HashIDs {
		return id
	}
	return ""
}

// EventID makes an event id fit for a log line, a receipt, a header or a table. Ids
// are there to be read and stay as they are, but some sources make them of what
// names a person: an address, a phone number, a device's id, a hash, a click id.
// Such parts are masked, followed by a short tag that distinguishes ids. It is the
// same in every process, and of an id that was shown before it is the id itself.
func EventID(id string) string {
	set := idSettings.Load()
	switch {
	case set != nil && set.mode == HashIDs && id != "":
		return set.pseudonym(id)
	case plain(id):
		return id
	}
	return maskID(id)
}

// pseudonymPrefix begins a pseudonym, and pseudonymLetters is how many follow: 80
// bits, enough for a trillion ids.
const (
	pseudonymPrefix  = "ev-"
	pseudonymLetters = 20
)

func (set *idSetting) pseudonym(id string) string {
	if rest, ok := strings.CutPrefix(id, pseudonymPrefix); ok && len(rest) == pseudonymLetters && strings.Trim(rest, tagLetters) == "" {
		return id
	}
	return pseudonymPrefix + tag(id, pseudonymLetters)
}

// tagLetters are the sixteen digits of tags: no tag is a word, a number or hex.
const tagLetters = "bcdghjkmnpqrtvwz"

// tag returns that many letters, of four bits each, that tell an id from others.
func tag(id string, letters int) string {
	// What is shown is too short a part of the sum for anything to be appended to
	// the key and the id, so that this need not be an HMAC.
	buf := make([]byte, 0, 128)
	if set := idSettings.Load(); set != nil && len(set.key) > 0 {
		buf = append(buf, set.key...)
	} else {
		buf = append(buf, domain...)
	}
	buf = append(append(buf, 0), id...)
	sum := sha256.Sum256(buf)
	var b [32]byte
	for i := range letters {
		b[i] = tagLetters[sum[i/2]>>(4*(i%2))&15]
	}
	return string(b[:letters])
}

const (
	// fewLetters of a tag fit so many addresses and phone numbers that none can be
	// found by trying all.
	fewLetters = 4
	// manyLetters are for ids that are random, which cannot be tried.
	manyLetters = 12
)

var (
	tagged      = lazily(`\]:[` + tagLetters + `]{4,12}$`)
	wholePhone  = lazily(`^\+?\(?\d(?:[\s().\-/]{0,3}\d){6,}$`)
	markedPhone = lazily(`(?:\+|\b00)\(?\d(?:[\s().\-/]{0,3}\d){6,}`)
)

// maskID is EventID for ids that are not plain.
func maskID(id string) string {
	shown := shielded(func() string { return maskParts(id) })
	if shown == tooDeep {
		shown += ":" + tag(id, fewLetters)
	}
	return shown
}

// maskParts masks what identifies somebody in an id.
func maskParts(id string) string {
	switch {
	case isUUID(id): // as many are
		return "[uuid]:" + tag(id, manyLetters)
	case len(id) >= 10 && len(id) < 64 && countDigits(id) == len(id):
		return "[number]:" + tag(id, fewLetters)
	}
	if tagged.MatchString(id) && len(id) <= idLimit && visibleASCII(id) && !hasIdentifier(id) {
		return id
	}
	n, _ := normal(id)
	shown := apply(n, false)
	shown = email.ReplaceAllString(shown, "[email]")
	shown = markedPhone.ReplaceAllString(shown, "[number]")
	if digits := countDigits(shown); wholePhone.MatchString(shown) && !day.MatchString(shown) && digits >= 10 {
		shown = "[number]"
	}
	if loose.FindString(shown) == shown && looseDigest(shown) {
		shown = "[hash]"
	}
	shown = encodedWord.ReplaceAllStringFunc(maskGrouped(maskDumps(shown, nil), nil), func(word string) string {
		bare := strings.TrimRight(word, "=")
		if isDigest(bare) && mixed(bare) || hides(word, nil, maxLayers) {
			return "[token]"
		}
		return word
	})
	if shown == n {
		return Line(shown, idLimit)
	}
	letters := fewLetters
	if strings.Contains(shown, "[uuid]") || strings.Contains(shown, "[amazon-id]") {
		letters = manyLetters
	}
	return Line(shown, idLimit-letters-1) + ":" + tag(id, letters)
}

// hasIdentifier reports whether an id that looks as if it were shown before has
// something in it that is masked: its source may have made it look so.
func hasIdentifier(id string) bool {
	return apply(id, true) != id
}

// Masked reports whether an id is in a form that EventID gives instead of the id. Unique
// tells that the form is of one id alone: with a short tag it is of every 65,536th of its
// look, so that nothing must be decided by it.
func Masked(id string) (masked, unique bool) {
	if rest, ok := strings.CutPrefix(id, pseudonymPrefix); ok && len(rest) == pseudonymLetters && strings.Trim(rest, tagLetters) == "" {
		return true, true
	}
	if at := tagged.FindStringIndex(id); at != nil {
		return true, at[1]-at[0] >= len("]:")+manyLetters
	}
	return false, false
}

func countDigits(s string) (n int) {
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

// mixed reports whether a word has letters of both cases.
func mixed(s string) bool {
	return strings.ToLower(s) != s && strings.ToUpper(s) != s
}

// profileMask is the mask of a profile whose id is not to be shown.
const profileMask = "[profile]"

// Profile makes a profile id fit to show. One that is known, because it was
// configured or Amazon has accepted an event of it, is shown; another could be
// anything that a source put into the field, and has a mask with a short tag that
// tells it from others.
func Profile(id string, known bool) string {
	switch {
	case id == "" || strings.HasPrefix(id, profileMask+":") && len(id) == len(profileMask)+1+6 && tagged.MatchString(id):
		return id
	case known:
		return Line(id, maxRequestID)
	}
	return profileMask + ":" + tag(id, 6)
}

// ProfileField shows what is in a field for a profile id, to somebody who looks at
// one event: the digits of Amazon's profiles as they are, anything else as EventID
// does without pseudonyms.
func ProfileField(id string) string {
	if len(id) <= 20 && strings.Trim(id, "0123456789") == "" || plain(id) {
		return id
	}
	return maskID(id)
}

// RequestID returns an id that a server gave a request, or "" for what is not a
// plain id: it could be a token or an identifier that the server was sent.
func RequestID(id string) string {
	if shown := shielded(func() string { return requestID(id) }); shown != tooDeep {
		return shown
	}
	return ""
}

func requestID(id string) string {
	if len(id) > maxRequestID || len(id) < 4 || secrets.has(id) {
		return ""
	}
	for i := range len(id) {
		if !isWord(id[i]) && id[i] != '-' {
			return ""
		}
	}
	if isUUID(id) {
		return id
	}
	// Amazon's own are of digits and capitals, or hex.
	if countDigits(id) == len(id) && len(id) >= 7 || len(id) >= 12 && mixed(id) || maskID(id) != id || strings.HasPrefix(id, "eyJ") {
		return ""
	}
	if Text(id) != id && !capitals(id) {
		return ""
	}
	return id
}

// isUUID reports whether all of s is one.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') || !dash && idClasses[s[i]]&idHex == 0 {
			return false
		}
	}
	return true
}

// capitals reports whether s is an id such as S3's, and not a number.
func capitals(s string) bool {
	return len(s) <= 32 && strings.ToUpper(s) == s && strings.ToLower(s) != s
}

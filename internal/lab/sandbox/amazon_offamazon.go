package sandbox

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// offAmazon is the contract of the user's guide.
type offAmazon struct{}

const (
	// hashOfNothing is the SHA-256 of the empty string: what an identifier
	// becomes if it was blank and hashed all the same.
	hashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	// clockTolerance is how far ahead of our clock an action may have been;
	// more than the pipeline's own ten minutes, since our clock reads later.
	clockTolerance = 15 * time.Minute

	codeField = "INVALID_FIELD"
	codeUser  = "INVALID_USER_INFO"
	codeValue = "INVALID_VALUE"
)

var (
	eventType = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)
	// isoTime is ISO 8601 with a zone: without one the moment is a guess.
	isoTime = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$`)
)

func (offAmazon) name() string { return "off-amazon-2023-11-13" }
func (offAmazon) path() string { return "/offAmazonEvents/2023-11-13/events" }

func (offAmazon) headers() (tenant, client string) {
	return "Amazon-Advertising-API-Scope", "Amazon-Advertising-API-ClientId"
}

func (offAmazon) account(id string) bool { return isWord(id) }
func (offAmazon) whole(*problem) bool    { return true }
func (offAmazon) unique() bool           { return true }

func (offAmazon) answers(b *Behaviour) (status int, echo bool) { return b.SuccessStatus, b.Echo }

func (offAmazon) taken(index int, id string) any {
	return struct {
		Index   int    `json:"index"`
		EventID string `json:"eventId"`
	}{index, id}
}

func (offAmazon) check(raw []byte, now time.Time) (string, []problem) {
	var f findings
	var id, typ string
	var has struct{ name, typ, source, time, value, id bool }
	f.object("", raw, func(name, path string, value []byte) bool {
		switch name {
		case "name":
			has.name = true
			f.text(codeField, path, value)
		case "eventType":
			has.typ = true
			typ = f.text(codeField, path, value)
			if typ != "" && !eventType.MatchString(typ) {
				f.invalid(codeField, path, value, "eventType must be in capitals, such as PURCHASE or SIGN_UP")
			}
		case "eventActionSource":
			has.source = true
			if s := f.text(codeField, path, value); s != "" && s != "WEBSITE" && s != "APP" {
				f.invalid(codeField, path, value, "eventActionSource must be WEBSITE or APP")
			}
		case "timestamp":
			has.time = true
			f.timestamp(path, value, now)
		case "clickId":
			f.word(codeField, path, value)
		case "userInfo":
			f.userInfo(path, value)
		case "value":
			has.value = true
			f.value(path, value)
		case "eventId":
			has.id = true
			id = f.text(codeField, path, value)
		default:
			return false
		}
		return true
	})
	f.isSet("name", has.name)
	f.isSet("eventType", has.typ)
	f.isSet("eventActionSource", has.source)
	f.isSet("timestamp", has.time)
	f.isSet("eventId", has.id)
	if typ == "PURCHASE" {
		f.isSet("value", has.value)
	}
	return id, f.list
}

func (f *findings) timestamp(path string, raw []byte, now time.Time) {
	s := f.text(codeField, path, raw)
	if s == "" {
		return
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || !isoTime.MatchString(s) {
		f.invalid(codeField, path, raw, "timestamp must be ISO 8601 with a zone")
	} else if t.After(now.Add(clockTolerance)) {
		f.invalid(codeField, path, raw, "timestamp must not be in the future")
	}
}

func (f *findings) userInfo(field string, raw []byte) {
	var country, postal bool
	f.object(field, raw, func(name, path string, value []byte) bool {
		switch name {
		case "hashedEmail", "hashedPhone":
			s := f.text(codeUser, path, value)
			if s != "" && !isHash(s) {
				f.invalid(codeUser, path, value, path+" must be 64 lower-case hex digits")
			} else if s == hashOfNothing {
				f.invalid(codeUser, path, value, path+" is the hash of an empty string")
			}
		case "madid":
			f.word(codeUser, path, value)
		case "countryCode":
			country = true
			if s := f.text(codeUser, path, value); s != "" && !iso3166(s) {
				f.invalid(codeUser, path, value, "userInfo.countryCode must be an ISO 3166-1 alpha-2 code in capitals")
			}
		case "postalCode":
			postal = true
			f.text(codeUser, path, value)
		default:
			return false
		}
		return true
	})
	if postal && !country {
		f.invalid(codeUser, field+".postalCode", nil, "userInfo.postalCode needs userInfo.countryCode")
	}
}

func (f *findings) value(field string, raw []byte) {
	var amount, currency bool
	f.object(field, raw, func(name, path string, value []byte) bool {
		switch name {
		case "amount":
			amount = true
			if !isNumber(value) {
				f.malformed(path, value, "value.amount must be a number")
			} else if n, err := strconv.ParseFloat(string(value), 64); err != nil || n < 0 {
				f.invalid(codeValue, path, value, "value.amount must not be negative or endless")
			}
		case "currencyCode":
			currency = true
			if s := f.text(codeValue, path, value); s != "" && !iso4217(s) {
				f.invalid(codeValue, path, value, "value.currencyCode must be an ISO 4217 code in capitals")
			}
		default:
			return false
		}
		return true
	})
	f.isSet(field+".amount", amount)
	f.isSet(field+".currencyCode", currency)
}

// word is text without spaces in it.
func (f *findings) word(code, path string, raw []byte) {
	if s := f.text(code, path, raw); strings.ContainsAny(s, " \t\r\n") && strings.TrimSpace(s) == s {
		f.invalid(code, path, raw, path+" must not contain spaces")
	}
}

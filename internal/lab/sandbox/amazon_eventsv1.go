package sandbox

import (
	"math/big"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// eventsV1 is Amazon's live Events API. It answers 207 with the status of each
// event, which it repeats whole, and refuses a request as a whole only for what
// is not an event at all.
type eventsV1 struct{}

// Codes of this contract.
const (
	codeV1Missing   = "FIELD_VALUE_IS_EMPTY"
	codeV1Invalid   = "FIELD_VALUE_IS_INVALID"
	codeV1Range     = "FIELD_VALUE_IS_OUT_OF_RANGE"
	codeV1Size      = "FIELD_SIZE_IS_OUT_OF_RANGE"
	codeV1Forbidden = "FIELD_VALUE_MUST_BE_EMPTY_OR_NULL"
)

const (
	v1Purchases = "OFF_AMAZON_PURCHASES"
	v1Age       = 21 * 24 * time.Hour
	// v1Forbidden are the characters that a name must not have.
	v1Forbidden = "!@#$%^&*|+=(){}[]<>?\\/~;"
)

var (
	v1Types   = strings.Fields("ADD_TO_SHOPPING_CART APPLICATION CHECKOUT CONTACT LEAD MOBILE_APP_FIRST_START OFF_AMAZON_PURCHASES OTHER PAGE_VIEW SEARCH SIGN_UP SUBSCRIBE")
	v1Sources = strings.Fields("ANDROID FIRE_TV IOS MEASUREMENT_ATTRIBUTION_PARTNER OFFLINE WEBSITE")
	v1Hashed  = strings.Fields("ADDRESS CITY EMAIL FIRST_NAME LAST_NAME PHONE POSTAL STATE")
	v1Plain   = strings.Fields("FIP KANTAR_ID MAID MATCH_ID MERKLE_ID RAMP_ID REAL_ID")
	// v1Consent is where an event must say what its person consented to.
	v1Consent = strings.Fields("AT AX BE BG CY CZ DE DK EE ES FI FR GB GF GP GR HR HU IE IS IT LI LT LU LV MF MQ MT NL NO PL PT RE RO SE SI SK YT")
	v1Money   = strings.Fields("AED ARS AUD AZN BBD BGN BHD BMD BND BOB BRL BSD CAD CHF CLP CNY COP CRC CZK DKK DOP DZD EGP EUR GBP GHS GTQ HKD " +
		"HNL HRK HUF IDR ILS INR JMD JOD JPY KES KRW KWD KYD KZT LBP LKR MAD MUR MXN MXP MYR NAD NGN NOK NZD PAB PEN PHP PKR PLN PYG QAR RON RSD " +
		"RUB SAR SEK SGD THB TND TRY TTD TWD TZS UAH USD UYU VND XAF XCD XOF XPF ZAR")

	v1Word = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	v1Aref = regexp.MustCompile(`^[A-Za-z0-9]{10}\.\d{13}(\|[A-Za-z0-9]{10}\.\d{13})*$`)
	v1ID   = regexp.MustCompile(`^\d{1,64}$`)
)

func (eventsV1) name() string { return "events-v1" }
func (eventsV1) path() string { return "/adsApi/v1/create/events" }

func (eventsV1) headers() (tenant, client string) {
	return "Amazon-Ads-AccountId", "Amazon-Ads-ClientId"
}

func (eventsV1) account(id string) bool { return v1ID.MatchString(id) }

// whole: this API knows no 422 and no 409; what such an event has wrong with it
// is said of the event.
func (eventsV1) whole(p *problem) bool {
	return p.status == http.StatusBadRequest || p.status == http.StatusNotFound || p.status == http.StatusRequestEntityTooLarge
}

// unique: of two events with one id it keeps one, and takes both.
func (eventsV1) unique() bool { return false }

func (eventsV1) answers(*Behaviour) (status int, echo bool) { return http.StatusMultiStatus, true }

// taken is not used, since answers repeat the events.
func (eventsV1) taken(index int, _ string) any { return map[string]int{"index": index} }

// v1Event is what rules between fields need to know.
type v1Event struct {
	typ, country                                        string
	described, time, keys, value, money, units, consent bool
	negative                                            bool
}

func (eventsV1) check(raw []byte, now time.Time) (string, []problem) {
	var f findings
	var e v1Event
	var id string
	f.object("", raw, func(name, path string, value []byte) bool {
		switch name {
		case "eventDescription":
			e.described = true
			f.v1Description(path, value, &e)
		case "eventTime":
			e.time = true
			f.v1Time(path, value, now)
		case "countryCode":
			e.country = f.v1OneOf(path, value, nil)
			if e.country != "" && !iso3166(e.country) && !slices.Contains([]string{"OTHER", "OTHER_EEA", "ZZ"}, e.country) {
				f.invalid(codeV1Invalid, path, value, "countryCode must be a country of Amazon's list")
			}
		case "matchKeys":
			e.keys = true
			f.v1MatchKeys(path, value)
		case "value":
			e.value = true
			e.negative = strings.HasPrefix(string(value), "-")
			f.v1Value(path, value)
		case "currencyCode":
			e.money = true
			f.v1OneOf(path, value, v1Money)
		case "unitsSold":
			e.units = true
			f.v1Units(path, value)
		case "eventId":
			id = f.text(codeV1Invalid, path, value)
		case "consent":
			e.consent = true
			f.v1ConsentOf(path, value)
		case "customData":
			f.v1CustomData(path, value)
		case "dataProcessingOptions":
			f.object(path, value, func(name, path string, value []byte) bool {
				if name == "options" {
					f.v1OneOf(path, value, []string{"LIMITED_DATA_USE"})
				}
				return name == "options"
			})
		case "deviceInfo":
			f.v1DeviceInfo(path, value)
		case "arefMeasurementTokens":
			f.v1Matching(path, value, v1Aref, "arefMeasurementTokens must be pairs of a token and its time")
		case "dataSetId":
			f.v1Matching(path, value, v1DataSetID, "dataSetId must be the id of a data set")
		case "amazonAdEventKey", "partner":
			f.text(codeV1Invalid, path, value)
		default:
			return false
		}
		return true
	})
	f.v1Whole(&e)
	return id, f.list
}

// v1Whole checks the rules between fields.
func (f *findings) v1Whole(e *v1Event) {
	for _, r := range []struct {
		field string
		there bool
	}{{"eventDescription", e.described}, {"eventTime", e.time}, {"countryCode", e.country != ""}, {"matchKeys", e.keys}} {
		if !r.there {
			f.invalid(codeV1Missing, r.field, nil, r.field+" is required")
		}
	}
	purchase := e.typ == v1Purchases
	switch {
	case purchase && e.negative:
		f.invalid(codeV1Range, "value", nil, "value of a purchase must not be negative")
	case !purchase && e.money:
		f.invalid(codeV1Forbidden, "currencyCode", nil, "currencyCode is for purchases only")
	case !purchase && e.units:
		f.invalid(codeV1Forbidden, "unitsSold", nil, "unitsSold is for purchases only")
	}
	if !e.consent && slices.Contains(v1Consent, e.country) {
		f.invalid(codeV1Missing, "consent", nil, "consent is required in this country")
	}
}

func (f *findings) v1Description(field string, raw []byte, e *v1Event) {
	var has [4]bool
	f.object(field, raw, func(name, path string, value []byte) bool {
		switch name {
		case "name":
			has[0] = true
			if s := f.text(codeV1Invalid, path, value); utf8.RuneCountInString(s) > 256 || strings.ContainsAny(s, v1Forbidden) {
				f.invalid(codeV1Invalid, path, value, "name must have 256 characters at most, and none of "+v1Forbidden)
			}
		case "conversionType":
			has[1] = true
			e.typ = f.v1OneOf(path, value, v1Types)
		case "eventSource":
			has[2] = true
			f.v1OneOf(path, value, v1Sources)
		case "eventIngestionMethod":
			has[3] = true
			f.v1OneOf(path, value, []string{"SERVER_TO_SERVER"})
		case "dataSetName":
			f.v1Matching(path, value, v1DataSet, "dataSetName must be a letter, then letters, digits, _ and -, 5 to 100 in all")
		default:
			return false
		}
		return true
	})
	for i, name := range []string{"name", "conversionType", "eventSource", "eventIngestionMethod"} {
		if !has[i] {
			f.invalid(codeV1Missing, field+"."+name, nil, name+" is required")
		}
	}
}

// v1OneOf reads a word of a closed list; a nil list is checked by the caller. A
// word that is not in it is not an event of this contract.
func (f *findings) v1OneOf(field string, raw []byte, list []string) string {
	s := f.text(codeV1Invalid, field, raw)
	if s != "" && list != nil && !slices.Contains(list, s) {
		f.malformed(field, raw, field+" must be one of the words that the contract has")
		return ""
	}
	return s
}

// v1Matching checks a text that may be empty.
func (f *findings) v1Matching(field string, raw []byte, want *regexp.Regexp, otherwise string) {
	if s := f.text(codeV1Invalid, field, raw); s != "" && !want.MatchString(s) {
		f.invalid(codeV1Invalid, field, raw, otherwise)
	}
}

func (f *findings) v1Units(field string, raw []byte) {
	if n, err := strconv.ParseInt(string(raw), 10, 32); err != nil {
		f.malformed(field, raw, "unitsSold must be a whole number of 32 bits")
	} else if n < 1 {
		f.invalid(codeV1Range, field, raw, "unitsSold must be 1 or more")
	}
}

func (f *findings) v1DeviceInfo(field string, raw []byte) {
	f.object(field, raw, func(name, path string, value []byte) bool {
		if name == "userAgent" && utf8.RuneCountInString(f.text(codeV1Invalid, path, value)) > 512 {
			f.invalid(codeV1Size, path, value, "userAgent must have 512 characters at most")
		}
		return name == "userAgent"
	})
}

func (f *findings) v1Time(field string, raw []byte, now time.Time) {
	s := f.text(codeV1Invalid, field, raw)
	if s == "" {
		return
	}
	switch t, err := time.Parse(time.RFC3339Nano, s); {
	case err != nil || !isoTime.MatchString(s):
		f.malformed(field, raw, "eventTime must be ISO 8601 with a zone")
	case t.After(now.Add(clockTolerance)):
		f.invalid(codeV1Range, field, raw, "eventTime must not be in the future")
	case t.Before(now.Add(-v1Age - clockTolerance)):
		f.invalid(codeV1Range, field, raw, "eventTime must not be more than 21 days ago")
	}
}

func (f *findings) v1Value(field string, raw []byte) {
	if !isNumber(raw) {
		f.malformed(field, raw, "value must be a number")
		return
	}
	// Parsed as a float first: of an exponent of a billion big.Rat would make a
	// billion digits.
	if _, err := strconv.ParseFloat(string(raw), 64); err != nil {
		f.invalid(codeV1Range, field, raw, "value must not be endless")
		return
	}
	if v, ok := new(big.Rat).SetString(string(raw)); !ok || !v.Mul(v, big.NewRat(100, 1)).IsInt() {
		f.invalid(codeV1Range, field, raw, "value must have two decimals at most")
	}
}

func (f *findings) v1MatchKeys(field string, raw []byte) {
	list, ok := elements(raw)
	if !ok || len(list) < 1 || len(list) > 15 {
		f.malformed(field, raw, "matchKeys must be a list of 1 to 15")
		return
	}
	for i, key := range list {
		f.v1MatchKey(field+"["+strconv.Itoa(i)+"]", key)
	}
}

func (f *findings) v1MatchKey(field string, raw []byte) {
	var typ, id string
	f.object(field, raw, func(name, path string, value []byte) bool {
		switch name {
		case "type":
			typ = f.v1OneOf(path, value, slices.Concat(v1Hashed, v1Plain))
		case "values":
			values, ok := elements(value)
			if !ok || len(values) != 1 {
				f.malformed(path, value, "values must be a list of one")
				return true
			}
			id = f.text(codeV1Invalid, path, values[0])
		default:
			return false
		}
		return true
	})
	switch {
	case typ == "" || id == "":
		f.invalid(codeV1Missing, field, nil, "a match key must have a type and a value")
	case !slices.Contains(v1Hashed, typ):
	case !isHash(id):
		f.invalid(codeV1Invalid, field+".values", raw, typ+" must be 64 lower-case hex digits")
	case id == hashOfNothing:
		f.invalid(codeV1Invalid, field+".values", raw, typ+" is the hash of an empty string")
	}
}

func (f *findings) v1ConsentOf(field string, raw []byte) {
	f.object(field, raw, func(name, path string, value []byte) bool {
		switch name {
		case "tcf", "gpp":
			f.word(codeV1Invalid, path, value)
		case "geo":
			f.object(path, value, func(name, path string, value []byte) bool {
				if name == "ipAddress" {
					if _, err := netip.ParseAddr(f.text(codeV1Invalid, path, value)); err != nil {
						f.invalid(codeV1Invalid, path, value, "ipAddress must be one of IPv4 or IPv6")
					}
				}
				return name == "ipAddress"
			})
		case "amazonConsent":
			data := false
			f.object(path, value, func(name, path string, value []byte) bool {
				data = data || name == "amznUserData"
				if name == "amznUserData" || name == "amznAdStorage" {
					f.v1OneOf(path, value, []string{"GRANTED", "DENIED"})
					return true
				}
				return false
			})
			if !data {
				f.invalid(codeV1Missing, path+".amznUserData", nil, "amznUserData is required")
			}
		default:
			return false
		}
		return true
	})
}

func (f *findings) v1CustomData(field string, raw []byte) {
	list, ok := elements(raw)
	if !ok || len(list) > 13 {
		f.malformed(field, raw, "customData must be a list of 13 at most")
		return
	}
	free := 0
	for i, item := range list {
		var key, typ, text string
		at, name, value := field+"["+strconv.Itoa(i)+"]", false, false
		f.object(at, item, func(member, path string, raw []byte) bool {
			switch member {
			case "name", "value":
				name, value = name || member == "name", value || member == "value"
				s := f.text(codeV1Invalid, path, raw)
				if member == "name" {
					key = s
				} else {
					text = s
				}
				if s != "" && !v1Word.MatchString(s) {
					f.invalid(codeV1Invalid, path, raw, member+" must be letters, digits and _")
				}
			case "dataType":
				typ = f.v1OneOf(path, raw, []string{"INTEGER", "STRING", "TIMESTAMP"})
			default:
				return false
			}
			return true
		})
		if !name || !value {
			f.invalid(codeV1Missing, at, nil, "custom data must have a name and a value")
		}
		if !slices.Contains([]string{"brand", "productId", "category"}, key) {
			free++
		}
		if _, err := strconv.ParseInt(text, 10, 32); typ == "INTEGER" && err != nil {
			f.invalid(codeV1Invalid, at+".value", item, "value of an INTEGER must be one of 32 bits")
		}
	}
	if free > 10 {
		f.invalid(codeV1Size, field, nil, "customData must have 10 attributes at most beside brand, productId and category")
	}
}

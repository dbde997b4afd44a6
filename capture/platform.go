package capture

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// TCFConsent reads the answer of a consent platform of IAB Europe's framework to
// addEventListener, as JSON: its TCData. applies is false if the law does not apply, and the
// platform's answer is then irrelevant. Unreadable data is Unknown.
//
// The script does the same in the browser; this is for sites whose pages send the answer to
// their backend, which decides by the same rules.
func TCFConsent(data []byte) (c Consent, applies bool) {
	var tc struct {
		EventStatus string `json:"eventStatus"`
		GDPRApplies any    `json:"gdprApplies"`
		Purpose     *struct {
			Consents map[string]any `json:"consents"`
		} `json:"purpose"`
		Vendor *struct {
			Consents map[string]any `json:"consents"`
		} `json:"vendor"`
	}
	switch err := json.Unmarshal(data, &tc); {
	case err != nil, tc.EventStatus == "", tc.EventStatus[0] <= 'c': // cmpuishown
		return Unknown, true
	case strings.HasPrefix(text(tc.GDPRApplies), "0"), strings.HasPrefix(text(tc.GDPRApplies), "f"): // false
		return Unknown, false
	case tc.Purpose == nil, tc.Purpose.Consents == nil, tc.Vendor == nil, tc.Vendor.Consents == nil:
		return Unknown, true
	}
	const store, measure, amazon = "1", "7", "793"
	for _, v := range []any{tc.Purpose.Consents[store], tc.Purpose.Consents[measure], tc.Vendor.Consents[amazon]} {
		if s := text(v); s != "1" && s != "true" {
			return Refused, true
		}
	}
	return Granted, true
}

// text returns what a browser makes of a value when it needs a text: a list of one item is that
// item's text. Anything but a number, boolean or string is empty.
func text(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		return v
	case []any:
		if len(v) == 1 {
			return text(v[0])
		}
	}
	return ""
}

// gppSections are the sections of laws with an opt-out, by id from 6 on.
var gppSections = strings.Fields("uspv1 usnat usca usva usco usut usct usfl usmt usor ustx usde usia usne usnh usnj ustn usmn usmd usin usky usri")

const firstGPPSection = 6

// GPPConsent is TCFConsent for IAB's Global Privacy Platform and its PingReturn. An opt-out in
// any section is a refusal. If there is none, every applicable section must be readable: an
// unreadable one may hold an opt-out.
func GPPConsent(ping []byte) (c Consent, applies bool) {
	var p map[string]any
	if json.Unmarshal(ping, &p) != nil || p["signalStatus"] != "ready" {
		return Unknown, true
	}
	var all gppAnswers
	all.read("", p)
	sections, _ := p["parsedSections"].(map[string]any)
	unread := func(id any) bool {
		for i, name := range gppSections {
			if text(id) == strconv.Itoa(firstGPPSection+i) {
				var of gppAnswers
				of.read(name, sections[name])
				return !of.stays
			}
		}
		return true
	}
	apply, _ := p["applicableSections"].([]any)
	switch {
	case all.out:
		return Refused, true
	case text(p["applicableSections"]) == "-1":
		return Unknown, false
	case len(apply) == 0 || slices.ContainsFunc(apply, unread):
		return Unknown, true
	}
	return Granted, true
}

// gppAnswers are the answers in sections: the visitor opted out, or did not.
type gppAnswers struct{ out, stays bool }

func (a *gppAnswers) read(name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, v := range v {
			a.read(name, v)
		}
		return
	case []any:
		for _, v := range v {
			a.read(name, v)
		}
		return
	case string:
		// A library such as Prototype turns lists into strings in what a page sends.
		var list []any
		if strings.HasPrefix(v, "[") && json.Unmarshal([]byte(v), &list) == nil {
			a.read(name, list)
			return
		}
	}
	a.answer(name, v)
}

// answer reads a single answer.
func (a *gppAnswers) answer(name string, v any) {
	// The first character decides: 1, '1', true, 'True' and 'Y' are equal.
	s := strings.TrimSpace(text(v)) + " "
	yes := strings.ContainsRune("1tTyY", rune(s[0]))
	switch {
	case strings.HasSuffix(name, "OptOut"):
		a.out = a.out || yes
		a.stays = a.stays || s[0] == '0' || s[0] == '2'
	case name == "Gpc":
		a.out = a.out || yes
	case strings.HasSuffix(name, "OptOutSale"):
		a.out = a.out || s[0] == 'Y'
		a.stays = a.stays || s[0] == 'N'
	case name == gppSections[0] && len(s) == len("1YNN ") && s[0] == '1':
		a.out = a.out || s[2] == 'Y'
		a.stays = a.stays || s[2] == 'N'
	}
}

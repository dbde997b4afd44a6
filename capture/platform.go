package capture

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// TCFConsent reads what a consent platform of IAB Europe's framework answers to
// addEventListener, as JSON: its TCData. applies is false if the law does not
// apply, and then the platform has no say. What cannot be read is Unknown.
//
// The script reads the same in the browser; this is for sites whose pages send
// the answer to their backend, to decide there by the same rules.
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
	case err != nil, tc.EventStatus == "", tc.EventStatus[0] == 'c': // cmpuishown
		return Unknown, true
	case isNumber(tc.GDPRApplies, 0):
		return Unknown, false
	case tc.Purpose == nil, tc.Purpose.Consents == nil, tc.Vendor == nil, tc.Vendor.Consents == nil:
		return Unknown, true
	}
	const store, measure, amazon = "1", "7", "793"
	if isNumber(tc.Purpose.Consents[store], 1) && isNumber(tc.Purpose.Consents[measure], 1) && isNumber(tc.Vendor.Consents[amazon], 1) {
		return Granted, true
	}
	return Refused, true
}

// isNumber reports whether a value of JSON is n, also as text or as a truth.
func isNumber(v any, n float64) bool {
	switch v := v.(type) {
	case bool:
		return v == (n == 1)
	case float64:
		return v == n
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return err == nil && f == n
	}
	return false
}

// gppSections are the names of the sections of laws under which one opts out, by
// id from 6 on.
var gppSections = strings.Fields("uspv1 usnat usca usva usco usut usct usfl usmt usor ustx usde usia usne usnh usnj ustn usmn usmd usin usky usri")

const firstGPPSection = 6

// GPPConsent is TCFConsent for IAB's Global Privacy Platform and its PingReturn.
// An opt-out in any section is a refusal. Where there is none, each section that
// applies has to be read: one that cannot be may hold an opt-out.
func GPPConsent(ping []byte) (c Consent, applies bool) {
	var p struct {
		SignalStatus       string `json:"signalStatus"`
		ApplicableSections []any  `json:"applicableSections"`
		ParsedSections     any    `json:"parsedSections"`
	}
	if json.Unmarshal(ping, &p) != nil || p.SignalStatus != "ready" {
		return Unknown, true
	}
	var all gppAnswers
	all.read("", p.ParsedSections)
	sections, _ := p.ParsedSections.(map[string]any)
	unread := func(id any) bool {
		for i, name := range gppSections {
			if isNumber(id, float64(firstGPPSection+i)) {
				var of gppAnswers
				of.read(name, sections[name])
				return !of.stays
			}
		}
		return true
	}
	switch {
	case all.out:
		return Refused, true
	case len(p.ApplicableSections) == 1 && isNumber(p.ApplicableSections[0], -1):
		return Unknown, false
	case len(p.ApplicableSections) == 0 || slices.ContainsFunc(p.ApplicableSections, unread):
		return Unknown, true
	}
	return Granted, true
}

// gppAnswers are what sections say: that the visitor opted out, or did not.
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
	}
	s := strings.TrimSpace(fmt.Sprint(v))
	switch {
	case strings.HasSuffix(name, "OptOut"):
		a.out = a.out || s == "1" || s == "true" || s == "Y"
		a.stays = a.stays || s == "0" || s == "2"
	case name == "Gpc":
		a.out = a.out || s == "1" || s == "true"
	case strings.HasSuffix(name, "OptOutSale"):
		a.out = a.out || s == "Y"
		a.stays = a.stays || s == "N"
	case name == gppSections[0] && len(s) == 4 && s[0] == '1':
		a.out = a.out || s[2] == 'Y'
		a.stays = a.stays || s[2] == 'N'
	}
}

package attribution

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/transform"
)

func (a *Audit) judgeIdentifiers(l *report.List) {
	t := a.total()
	if t.Events == 0 {
		return
	}
	lv := level(1-share(t.Identified, t.Events), 1-fewIdentified, 1)
	add(l, lv, areaIdentifiers, "any", t.Identified, t.Events,
		"Send email, phone or device id with every event whose person is known, where consent permits: without a click id they are all that an event can be matched by.",
		"of events have an email, a phone number or a device id")
	for _, f := range []struct {
		name string
		n    int64
	}{{"email", t.HashedEmail}, {"phone", t.HashedPhone}, {"device id", t.MADID}} {
		add(l, report.Fine, areaIdentifiers, f.name, f.n, t.Events, "", "of events have it")
	}
	for _, path := range slices.Sorted(maps.Keys(a.raw.blank)) {
		add(l, report.Look, areaIdentifiers, path, a.raw.blank[path], a.records, "Leave out what is not known, instead of sending it blank.", "are blank")
	}
	for w, rule := range transform.WarningRules() {
		area := areaIdentifiers
		if !strings.HasPrefix(rule.Field, "user_data") {
			area = areaEvents
		}
		if w := transform.Warning(w); w != transform.ClickIDInvalid && w != transform.ConsentUnknown {
			a.judgeWarning(l, area, w, warningAdvice(w))
		}
	}
	if a.raw.emails > 0 {
		add(l, report.Fine, areaIdentifiers, "unnormalised email", a.raw.unnormalised, a.raw.emails, "",
			"have capitals or blanks that are removed before hashing; a source that hashes them by itself must do the same")
	}
	if a.raw.beside > 0 {
		lv := level(share(a.raw.foreign, a.raw.beside), math.SmallestNonzeroFloat64, foreignHashes)
		add(l, lv, areaIdentifiers, "hashes of the source", a.raw.foreign, a.raw.beside,
			"The source hashes before it normalises, or by other rules: have it normalise email and phone first, see --identifier-rules, or let it send the values and no hashes.",
			"are not the hash of the address or number that came with them")
	}
}

func warningAdvice(w transform.Warning) string {
	switch w {
	case transform.MADIDZeros:
		return "Nothing, as a rule: phones give out zeros when their owner refuses tracking. Leave them out at the source."
	case transform.PhoneInvalid:
		return "Send numbers with their calling code, or with user_data.country_code, and leave out what is not a number."
	case transform.EmailHashInvalid, transform.PhoneHashInvalid:
		return "Hash the normalised value with SHA-256, in hex, and send nothing if there is no value: many such hashes are those of an empty text."
	}
	return "Look at some of them with amazon-capi explain, and have the source send the field right or leave it out."
}

func (a *Audit) judgeWarning(l *report.List, area string, w transform.Warning, advice string) {
	t := a.total()
	if n := a.warnings[w]; n > 0 {
		lv := report.Look
		if w == transform.MADIDZeros || w == transform.CurrencyWithoutValue && share(n, t.Events) < oddWarnings {
			lv = report.Fine
		}
		rule := transform.WarningRules()[w]
		add(l, lv, area, w.String(), n, t.Events, advice, "lose %s for it: %s", rule.Field, rule.Help)
	}
}

func (a *Audit) judgeConsent(l *report.List) {
	t := a.total()
	all := t.Events + a.consent.filtered
	if all == 0 {
		return
	}
	const advice = "Compare it with what the consent banner reports: does a first visit count as a refusal, is the answer lost between browser and server, does a filter apply to countries that do not ask for one?"
	denied := t.Denied + a.consent.filtered
	lv := level(share(denied, all), manyDenied, never)
	if denied == all && all >= enoughEvents {
		lv = report.Act
	}
	add(l, lv, areaConsent, "denied", denied, all, advice,
		"deny consent: to identifiers %d, to storage %d, left out for it %d", a.consent.noUserData, a.consent.noStorage, a.consent.filtered)
	add(l, report.Fine, areaConsent, "said", a.consent.asked, t.Events, "", "of those sent say what the person consented to")
	a.judgeWarning(l, areaConsent, transform.ConsentUnknown, "Write GRANTED or DENIED: other words count as denied.")
}

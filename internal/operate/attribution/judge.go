package attribution

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Areas of findings.
const (
	areaEvents      = "events"
	areaClicks      = "click ids"
	areaIdentifiers = "identifiers"
	areaConsent     = "consent"
	areaTime        = "time"
	areaIDs         = "event ids"
)

// What is normal differs between advertisers; these mark where somebody should look, not where
// something is certainly wrong. For that there is act.
const (
	fewClicks      = 0.05 // of events on sites with a click id
	fewIdentified  = 0.30 // of events with an identifier
	manyDenied     = 0.50 // of events
	someExpired    = 0.01 // of events with a click of known age
	manyExpired    = 0.10
	lateLook       = time.Hour // 95 % of events are published within this time
	lateAct        = 24 * time.Hour
	manyRepeats    = 0.01 // of events published again unchanged
	foreignHashes  = 0.01 // of hashes that came with their original
	enoughEvents   = 50   // for a share of them to be meaningful
	lostOnTheWay   = 0.5  // of the click ids that earlier steps have
	sameTimeShare  = 0.9  // of records with exactly their event's time
	oddWarnings    = 0.01 // of events that lose a field
	aheadTolerance = 0.001
)

// Findings returns the audit's results in the order of the guide's advice: the capture of
// click ids, consent, freshness, lifetime, and what the rules refuse.
func (a *Audit) Findings() (l report.List) {
	a.judgeEvents(&l)
	a.judgeClicks(&l)
	a.judgeCheckout(&l)
	a.judgeClickAges(&l)
	a.judgeIdentifiers(&l)
	a.judgeConsent(&l)
	a.judgeDelays(&l)
	a.judgeIDs(&l)
	return l
}

// add notes a share of events.
func add(l *report.List, level report.Level, area, subject string, part, of int64, advice, format string, args ...any) {
	*l = append(*l, report.Finding{
		Level: level, Area: area, Subject: subject, Value: percent(part, of), Count: part, Of: of,
		Message: fmt.Sprintf(format, args...), Advice: advice,
	})
}

func percent(part, of int64) string {
	if of == 0 {
		return "–"
	}
	p := 100 * float64(part) / float64(of)
	switch {
	case part > 0 && p < 0.1:
		return "<0.1 %"
	case part < of && p > 99.9:
		return ">99.9 %"
	}
	return fmt.Sprintf("%.1f %%", p)
}

func share(part, of int64) float64 {
	if of == 0 {
		return 0
	}
	return float64(part) / float64(of)
}

// level returns Fine below look, Look below act, and Act from there on.
func level(v, look, act float64) report.Level {
	switch {
	case v >= act:
		return report.Act
	case v >= look:
		return report.Look
	}
	return report.Fine
}

const never = 2 // no share reaches it

func (a *Audit) judgeEvents(l *report.List) {
	t := a.total()
	add(l, report.Fine, areaEvents, "sent", t.Events, a.records, "", "would be sent as they are")
	for _, code := range slices.Sorted(maps.Keys(a.undecodable)) {
		add(l, report.Act, areaEvents, code, a.undecodable[code], a.records,
			verdict.Mend(verdict.Reason{Class: verdict.Decode, Code: code}), "cannot be read")
	}
	refused := slices.SortedFunc(maps.Values(a.refused), func(x, y *refusal) int {
		return cmp.Or(cmp.Compare(y.events, x.events), strings.Compare(x.reason.Code, y.reason.Code))
	})
	for _, r := range refused {
		message := "are refused"
		if r.reason.Field != "" {
			message += " for " + r.reason.Field
		}
		if r.reason.Code == "value_missing" {
			message = "purchases and others that need a value have none, and are refused"
		}
		add(l, report.Act, areaEvents, r.reason.Code, r.events, a.records, verdict.Mend(r.reason), "%s", message)
	}
	for _, code := range slices.Sorted(maps.Keys(a.filtered)) {
		add(l, report.Fine, areaEvents, "filtered: "+code, a.filtered[code], a.records, "", "are left out on purpose")
	}
	if a.refused["value_missing"] == nil && t.Events > 0 {
		add(l, report.Fine, areaEvents, "value_missing", 0, a.records, "", "no purchase is without a value")
	}
}

func (a *Audit) judgeDelays(l *report.List) {
	d := &a.delays
	if d.events == 0 {
		return
	}
	if share(d.same, d.events) >= sameTimeShare {
		add(l, report.Look, areaTime, "publication", d.same, d.events,
			"Let the brokers or the producer's clock set the records' time, if delays are to be seen.",
			"of records have exactly their event's time: how late they were published cannot be told")
	} else {
		p95 := d.quantile(0.95)
		lv := report.Fine
		switch {
		case p95 > lateAct:
			lv = report.Act
		case p95 > lateLook:
			lv = report.Look
		}
		*l = append(*l, report.Finding{
			Level: lv, Area: areaTime, Subject: "publication", Value: spell(p95), Count: d.events, Of: d.events,
			Message: fmt.Sprintf("within which 95 %% of events are published; half within %s", spell(d.quantile(0.5))),
			Advice:  "Publish events when they happen, not by a nightly job: what comes late is credited late, or not at all. After a replay or a backfill it is as it should be.",
		})
	}
	if d.ahead > 0 {
		lv := level(share(d.ahead, d.events), aheadTolerance, never)
		add(l, lv, areaTime, "ahead", d.ahead, d.events,
			"Check the source's clocks and time zones, and that occurred_at is when the person acted.", "happen after they were published, by their own account")
	}
}

func (a *Audit) judgeIDs(l *report.List) {
	i := &a.ids
	if i.events == 0 {
		return
	}
	sample := ""
	if i.oneOf() > 1 {
		sample = fmt.Sprintf(", in a sample of one id in %d", i.oneOf())
	}
	lv := report.Fine
	named := ""
	if i.different > 0 {
		lv = report.Act
		named = ": " + strings.Join(i.examples, ", ")
	}
	add(l, lv, areaIDs, "used twice", i.different, i.events,
		"Give each action an id of its own, also across event types: Amazon takes the second event for a repetition of the first and drops it.",
		"have the id of a different event%s%s", sample, named)
	if i.again > 0 {
		add(l, level(share(i.again, i.events), manyRepeats, never), areaIDs, "published again", i.again, i.events,
			"Amazon removes them by their id; if there are many, look for a producer that retries without idempotence or a job that ran twice.",
			"were published before with the same contents%s", sample)
	}
}

func (a *Audit) sum(of func(Key) bool) (t Group) {
	for k, g := range a.groups {
		if of(k) {
			t.add(g)
		}
	}
	return t
}

// spell writes a duration in the unit that people use for it.
func spell(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.3g days", d.Hours()/24)
	case d >= time.Minute:
		return d.Round(time.Second).String()
	}
	return d.Round(time.Millisecond).String()
}

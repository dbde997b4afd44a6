package audit

import (
	"slices"
	"strings"
)

// checkReceipts holds what receipts say against the source, the dead letters and
// the sandbox's record. That a record has one, and in time, is about commits.
func checkReceipts(ix *index, v *verdicts, r *Report) {
	r.Receipts = len(ix.Receipts)
	for _, times := range ix.receipts {
		if len(times) > 0 {
			r.Receipted++
			r.ReceiptsAgain += len(times) - 1
		}
	}
	for i := range ix.Receipts {
		rc := &ix.Receipts[i]
		switch {
		case !rc.Decoded:
			v.add(ReceiptDisagrees, "a record with key %.60q is not a receipt", rc.Key)
			continue
		case !ix.reads(rc.Topic):
			v.add(ReceiptDisagrees, "a receipt is about topic %.60q", rc.Topic)
			continue
		case rc.Key != rc.Profile:
			v.add(ReceiptDisagrees, "a receipt of profile %.60q has the key %.60q", rc.Profile, rc.Key)
		}
		for j := range rc.Events {
			ev := &rc.Events[j]
			record, known := ix.at[place{part{rc.Topic, ev.Partition}, ev.Offset}]
			if !known {
				v.add(ReceiptDisagrees, "a receipt names %d/%d, where there is no record", ev.Partition, ev.Offset)
				continue
			}
			if what := ix.disagreement(rc, ev, record); what != "" {
				v.add(ReceiptDisagrees, "%s is %.20s in its receipt: %s", ix.describe(record), ev.Verdict, what)
			}
		}
	}
}

// tagged reports whether a receipt names the profile by a tag. A member does so
// until Amazon has accepted an event of the profile; all members have the same tag
// for it, and no other profile has that one.
func (ix *index) tagged(rc *Receipt, ev *Receipted, profile string) bool {
	if ev.Verdict == accepted || !strings.HasPrefix(rc.Profile, "[profile]:") {
		return false
	}
	if ix.tags == nil {
		ix.tags = make(map[string]string)
	}
	if of, known := ix.tags[rc.Profile]; known {
		return of == profile
	}
	ix.tags[rc.Profile] = profile
	return true
}

// disagreement says what is wrong with a receipt's word on a record; nothing if
// it is right.
func (ix *index) disagreement(rc *Receipt, ev *Receipted, record int) string {
	s, e := ix.Samples[ix.Records[record].Key], ix.byRecord[record]
	if e == nil || ix.Records[record].Gone {
		return "" // the harness is wrong, which is another rule's, or nobody could read it
	}
	// Records that are broken may name nobody, or somebody who cannot be.
	broken := e.expect != accepted && e.expect != filtered && e.expect != rejected
	if rc.Profile != s.Profile && !(broken && rc.Profile == "") && !ix.tagged(rc, ev, s.Profile) {
		return "it is of another profile"
	}
	if ev.EventID != s.EventID && !broken {
		return "it has another event id"
	}
	if wrong := e.sentOtherwise(rc, ev); wrong != "" {
		return wrong
	}
	switch ev.Verdict {
	case accepted:
		return ""
	case filtered:
		if e.expect != filtered {
			return "it was to be " + e.expect
		}
		return ""
	}
	p := place{part{rc.Topic, ev.Partition}, ev.Offset}
	if !slices.ContainsFunc(ix.letters[p], func(i int) bool {
		l := &ix.Letters[i]
		return l.Class == ev.Verdict && l.Code == ev.Code && l.Status == ev.Status && !l.Written.After(rc.Written)
	}) {
		return "there is no dead letter that says so, or it came later"
	}
	return ""
}

// sentOtherwise says what is wrong with a receipt's word on whether and when the event was
// sent.
func (e *event) sentOtherwise(rc *Receipt, ev *Receipted) string {
	sent := ev.Verdict == accepted || ev.Verdict == rejected
	switch {
	case !sent && (rc.Attempts != 0 || !rc.FirstSent.IsZero() || !rc.Answered.IsZero()):
		return "it says that it was sent"
	case !sent:
		return ""
	case rc.Attempts < 1, rc.FirstSent.IsZero(), rc.Answered.Before(rc.FirstSent), rc.Written.Before(rc.Answered.Add(-clockGrain)):
		return "it does not say when Amazon was asked, or says what cannot be"
	case !e.answered(rc, ev):
		return "the sandbox has no such answer"
	}
	return ""
}

// answered reports whether the sandbox did answer what a receipt says, at the time
// it says.
func (e *event) answered(rc *Receipt, ev *Receipted) bool {
	want := Taken
	if ev.Verdict == rejected {
		want = Refused
	}
	return slices.ContainsFunc(e.asked, func(a asked) bool {
		// A receipt's times are milliseconds.
		return a.verdict == want && !a.at.Before(rc.FirstSent.Add(-clockGrain)) && !a.at.After(rc.Answered.Add(clockGrain)) &&
			(want == Taken || a.status == ev.Status)
	})
}

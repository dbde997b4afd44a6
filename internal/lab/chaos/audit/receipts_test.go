package audit

import (
	"strings"
	"testing"
	"time"
)

// TestReceipts has for everything that a receipt can have wrong one that has.
func TestReceipts(t *testing.T) {
	of := func(key string, change func(rc *Receipt, ev *Receipted)) func(*scene) {
		return func(s *scene) {
			rc := s.receiptOf(key)
			change(rc, &rc.Events[0])
		}
	}
	one := map[Rule]int{ReceiptDisagrees: 1}
	lacking := map[Rule]int{ReceiptDisagrees: 1, NoReceipt: 1}
	for name, tc := range map[string]struct {
		forge func(*scene)
		want  map[Rule]int
	}{
		"no receipt":                 {of("e05", func(rc *Receipt, _ *Receipted) { rc.Events = nil }), map[Rule]int{NoReceipt: 1}},
		"none of a filtered":         {of("e07", func(rc *Receipt, _ *Receipted) { rc.Events = nil }), map[Rule]int{NoReceipt: 1}},
		"after the commit":           {of("e05", func(rc *Receipt, _ *Receipted) { rc.Written = at(9) }), map[Rule]int{CommittedEarly: 1}},
		"something else":             {of("e05", func(rc *Receipt, _ *Receipted) { *rc = Receipt{Written: rc.Written} }), lacking},
		"another topic":              {of("e05", func(rc *Receipt, _ *Receipted) { rc.Topic = "other" }), lacking},
		"no such record":             {of("e05", func(_ *Receipt, ev *Receipted) { ev.Offset = 99 }), lacking},
		"another record":             {of("e05", func(_ *Receipt, ev *Receipted) { ev.Offset++ }), map[Rule]int{ReceiptDisagrees: 1, NoReceipt: 1}},
		"another key":                {of("e05", func(rc *Receipt, _ *Receipted) { rc.Key = "" }), one},
		"another profile":            {of("e05", func(rc *Receipt, _ *Receipted) { rc.Key, rc.Profile = "1", "1" }), one},
		"a tag of an accepted event": {of("e05", func(rc *Receipt, _ *Receipted) { rc.Key, rc.Profile = "[profile]:abc", "[profile]:abc" }), one},
		"a tag of a filtered event":  {of("e07", func(rc *Receipt, _ *Receipted) { rc.Key, rc.Profile = "[profile]:abc", "[profile]:abc" }), nil},
		"no profile":                 {of("e05", func(rc *Receipt, _ *Receipted) { rc.Key, rc.Profile = "", "" }), one},
		"another event id":           {of("e05", func(_ *Receipt, ev *Receipted) { ev.EventID = "e06" }), one},
		"unknown verdict":            {of("e05", func(_ *Receipt, ev *Receipted) { ev.Verdict = "unknown" }), one},
		"never asked":                {of("e05", func(rc *Receipt, _ *Receipted) { rc.Attempts = 0 }), one},
		"asked at no time":           {of("e05", func(rc *Receipt, _ *Receipted) { rc.FirstSent = time.Time{} }), one},
		"answered before":            {of("e05", func(rc *Receipt, _ *Receipted) { rc.Answered = rc.FirstSent.Add(-1e9) }), one},
		"answered afterwards":        {of("e05", func(rc *Receipt, _ *Receipted) { rc.Answered = rc.Written.Add(1e9) }), one},
		"another request": {of("e05", func(rc *Receipt, _ *Receipted) {
			rc.FirstSent = rc.FirstSent.Add(-9e9)
			rc.Answered = rc.Answered.Add(-9e9)
		}), one},
		"filtered, was taken":  {of("e05", func(_ *Receipt, ev *Receipted) { ev.Verdict = "filtered" }), one},
		"accepted, was not":    {of("e07", func(_ *Receipt, ev *Receipted) { ev.Verdict = "accepted" }), one},
		"accepted, was broken": {of("e03", func(_ *Receipt, ev *Receipted) { ev.Verdict = "accepted" }), one},
		"another class":        {of("e03", func(_ *Receipt, ev *Receipted) { ev.Verdict = "decode" }), one},
		"another code":         {of("e03", func(_ *Receipt, ev *Receipted) { ev.Code = "value_missing" }), one},
		"another status":       {of("e03", func(_ *Receipt, ev *Receipted) { ev.Status = 422 }), one},
		"sent, was not":        {of("e03", func(rc *Receipt, _ *Receipted) { rc.Attempts = 1 }), one},
		"before its letter":    {of("e03", func(rc *Receipt, _ *Receipted) { rc.Written = rc.Written.Add(-1e9) }), one},
		"broken and of nobody": {of("e03", func(rc *Receipt, ev *Receipted) { rc.Key, rc.Profile, ev.EventID = "", "", "" }), nil},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			s := newScene()
			s.forge = tc.forge
			s.want(t, tc.want)
		})
	}
}

// TestReceiptsOfRefusals: of a rejected event receipt, dead letter and the
// sandbox's answer say the same.
func TestReceiptsOfRefusals(t *testing.T) {
	refused := func(status int) *scene {
		s := newScene()
		e := s.Samples["e03"]
		e.Expect, e.Code = "rejected", ""
		s.Samples["e03"] = e
		s.unletter("e03")
		q := s.take(s.record("e03"), at(1.4))
		q.Items[0].Verdict, q.Status = Refused, 422
		l := s.letter(s.record("e03"), at(1.5))
		l.Class, l.Code, l.Status = "rejected", "INVALID_EVENT", status
		s.forge = func(s *scene) {
			rc := s.receiptOf("e03")
			rc.Attempts, rc.FirstSent, rc.Answered = 1, at(1.35), at(1.41)
		}
		return s
	}
	refused(422).want(t, nil)
	refused(404).want(t, map[Rule]int{ReceiptDisagrees: 1})
}

// TestReceiptsAgain: a second receipt for a record is counted, and is nothing
// wrong by itself.
func TestReceiptsAgain(t *testing.T) {
	s := newScene()
	s.forge = func(s *scene) { s.Receipts = append(s.Receipts, *s.receiptOf("e07")) }
	r := s.want(t, nil)
	if r.Receipts != 41 || r.Receipted != 40 || r.ReceiptsAgain != 1 {
		t.Errorf("%d receipts for %d records, %d again; want 41, 40, 1", r.Receipts, r.Receipted, r.ReceiptsAgain)
	}
}

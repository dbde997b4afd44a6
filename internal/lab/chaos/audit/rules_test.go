package audit

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// TestARightRunHolds: nothing is found where nothing is wrong, and the sum is
// right.
func TestARightRunHolds(t *testing.T) {
	r := newScene().want(t, nil)
	if r.Published != 40 || r.Accepted != 32 || r.DeadLettered != 4 || r.Filtered != 4 || r.Lost != 0 || r.Pending != 0 || r.Duplicates != 0 {
		t.Errorf("%+v", r)
	}
	if r.Failed() {
		t.Error("failed")
	}
}

// TestRules has an input for every rule that breaks it and no other.
func TestRules(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*scene)
		want   map[Rule]int
	}{
		"a good event lost": {func(s *scene) { s.untake("e05") }, map[Rule]int{Lost: 1, NoReceipt: 1}},
		"a broken event without its letter": {
			func(s *scene) { s.unletter("e13") }, map[Rule]int{Lost: 1, NoReceipt: 1}},
		"an event that is neither lost nor delivered": {
			func(s *scene) {
				s.untake("e39")
				s.answers[s.record("e39")] = at(1000)
				s.commit()
			}, map[Rule]int{NotDrained: 1}},
		"a commit on poll": {
			func(s *scene) {
				for i := range s.Records {
					s.answers[i] = s.Records[i].Published
				}
				s.commit()
			}, map[Rule]int{CommittedEarly: 24}},
		"a letter that comes after the commit": {
			func(s *scene) {
				s.unletter("e13")
				s.letter(s.record("e13"), at(10))
			}, map[Rule]int{CommittedEarly: 1}},
		"a commit that goes back": {
			func(s *scene) { s.Commits[30].Offset -= 5 }, map[Rule]int{CommitWentBack: 1}},
		"a good event in the dead letters": {
			func(s *scene) {
				s.untake("e04")
				s.letter(s.record("e04"), at(1.5))
			}, map[Rule]int{GoodDeadLettered: 1}},
		"a good event both accepted and in the dead letters": {
			func(s *scene) { s.letter(s.record("e04"), at(1.7)) }, map[Rule]int{GoodDeadLettered: 1}},
		"a bad event accepted": {
			func(s *scene) {
				s.unletter("e13")
				s.take(s.record("e13"), at(2.4))
			}, map[Rule]int{BadAccepted: 1}},
		"an event without consent sent": {
			func(s *scene) { s.take(s.record("e17"), at(2.8)) }, map[Rule]int{FilteredSent: 1}},
		"an event without consent in the dead letters": {
			func(s *scene) { s.letter(s.record("e17"), at(2.8)) }, map[Rule]int{FilteredSent: 1}},
		"a letter of another class": {func(s *scene) { s.Letters[0].Class = "decode" }, map[Rule]int{WrongClass: 1}},
		"a letter of another code":  {func(s *scene) { s.Letters[0].Code = "currency_unknown" }, map[Rule]int{WrongClass: 1}},
		"rejected by nobody": {
			func(s *scene) {
				e := s.Samples["e03"]
				e.Expect, e.Code = "rejected", ""
				s.Samples["e03"] = e
				s.unletter("e03")
				s.letter(s.record("e03"), at(1.5)).Class = "rejected"
			}, map[Rule]int{WrongClass: 1, ReceiptDisagrees: 1}},
		"a letter with another value": {func(s *scene) { s.Letters[0].Value[0]++ }, map[Rule]int{LetterAltered: 1}},
		"a letter with another key":   {func(s *scene) { s.Letters[0].Key = "e99" }, map[Rule]int{LetterAltered: 1}},
		"a letter without its value":  {func(s *scene) { s.Letters[0].Omitted = true }, map[Rule]int{LetterAltered: 1}},
		"a letter of another topic":   {func(s *scene) { s.Letters[0].Topic = "other" }, map[Rule]int{LetterAltered: 1}},
		"a letter of no record": {
			func(s *scene) { s.letter(s.record("e13"), at(3)).Offset = 99 }, map[Rule]int{LetterAltered: 1}},
		"an event that nobody published": {
			func(s *scene) { s.take(s.record("e13"), at(3)).Items[0].EventID = "x" }, map[Rule]int{UnknownSent: 1}},
		"an event of another profile": {
			func(s *scene) {
				q := s.take(s.record("e14"), at(3))
				q.Profile = "2000000008"
			}, map[Rule]int{UnknownSent: 1}},
		"other bytes in a retry": {
			func(s *scene) {
				q := s.take(s.record("e14"), at(2.5))
				q.Items[0].Verdict, q.Items[0].Digest, q.Status = Unjudged, Hash{1}, 503
			}, map[Rule]int{BytesDiffer: 1}},
		"an event sent again for no reason": {
			func(s *scene) { s.take(s.record("e14"), at(3.1)) }, map[Rule]int{Unexplained: 1}},
		"a letter written again for no reason": {
			func(s *scene) { s.letter(s.record("e13"), at(3.1)) }, map[Rule]int{Unexplained: 1}},
		"a member that ended by itself": {
			func(s *scene) { s.Exits[0] = journal.Exit{Member: "m0", Code: 2} }, map[Rule]int{EndedBadly: 1}},
		"a member that complained at its end": {
			func(s *scene) { s.Exits[0].Code = 1 }, map[Rule]int{EndedBadly: 1}},
		"a member that did not end": {
			func(s *scene) {
				s.fault(journal.Term, "m0", 25, 26, 0)
				s.Faults[0].Ended = time.Time{}
			}, map[Rule]int{EndedBadly: 1}},
		"a record that is not a sample": {
			func(s *scene) { delete(s.Samples, "e13"); s.unletter("e13") }, map[Rule]int{HarnessWrong: 1}},
		"a record that is another event": {
			func(s *scene) { s.Records[s.record("e14")].EventID = "e15" }, map[Rule]int{HarnessWrong: 1}},
		"a topic that lost records": {
			func(s *scene) { s.Drained.Acknowledged++ }, map[Rule]int{HarnessWrong: 1}},
		"a run that was cut off": {func(s *scene) { s.Drained = nil }, map[Rule]int{HarnessWrong: 1}},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			s := newScene()
			tc.change(s)
			s.want(t, tc.want)
		})
	}
}

// TestStarved: while some profiles are failed, events of the others have to be
// delivered before that ends, and events of the failed ones need not be.
func TestStarved(t *testing.T) {
	for name, tc := range map[string]struct {
		failed string
		event  string
		taken  float64
		want   map[Rule]int
	}{
		"delivered after its end":           {"2000000009", "e14", 15, map[Rule]int{Starved: 1}},
		"delivered in time":                 {"2000000009", "e14", 11, nil},
		"of a failed profile":               {sceneProfile, "e14", 15, nil},
		"published while it fills":          {"2000000009", "e05", 15, nil},
		"published shortly before it ended": {"2000000009", "e35", 15, nil},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			s := newScene()
			s.fault(journal.Stuck, "", -3, 12, 0)
			s.Faults[0].Profiles = []string{tc.failed}
			i := s.record(tc.event)
			s.untake(tc.event)
			s.take(i, at(tc.taken))
			s.answers[i] = at(tc.taken + 0.1)
			s.commit()
			s.want(t, tc.want)
		})
	}
}

// TestPublishedTwiceIsNoDuplicate: an event that the source has twice may be
// taken twice, and not three times.
func TestPublishedTwiceIsNoDuplicate(t *testing.T) {
	s := newScene()
	again := s.Records[s.record("e14")]
	again.Offset, again.Published = 20, at(5)
	s.Records = slices.Insert(s.Records, 20, again)
	s.Ends[0]++
	s.Drained.Acknowledged++
	for i := range s.Commits {
		if c := &s.Commits[i]; c.Partition == 0 && c.At.After(at(6)) {
			c.Offset = 21
		}
	}
	r := s.want(t, nil) // sent once for both, as in one batch
	if r.Accepted != 33 {
		t.Errorf("accepted %d records, want both of it", r.Accepted)
	}
	s.take(20, at(5.3))
	s.want(t, nil)
	s.take(20, at(7))
	s.want(t, map[Rule]int{Unexplained: 1})
}

// TestPublishedTwiceAndReadAgain: an event that the source has twice, and that is
// read again after a kill, was sent once for both before and one by one after.
func TestPublishedTwiceAndReadAgain(t *testing.T) {
	s := newScene()
	twice := s.Records[s.record("e20")]
	twice.Offset, twice.Published = 20, at(5)
	s.Records = slices.Insert(s.Records, 20, twice)
	s.Ends[0]++
	s.Drained.Acknowledged++
	s.answers[s.record("e20")], s.answers[20] = at(6.6), at(7.1)
	s.fault(journal.Kill, "m0", 3.35, 3.35, 3)
	s.generation(4, "m1", "m1")
	s.take(s.record("e20"), at(6.5)) // first taken at 3.3 s
	s.take(20, at(7))
	s.commit()
	r := s.want(t, nil)
	if r.Faults[0].Duplicates != 1 {
		t.Errorf("%+v", r.Faults[0])
	}
}

// TestReportForPeople: the table names the fault, the rule and the case.
func TestReportForPeople(t *testing.T) {
	s := newScene()
	s.fault(journal.Kill, "m0", 3, 3, 12)
	s.untake("e05")
	r, _ := s.judge()
	var out bytes.Buffer
	r.Print(&out)
	for _, want := range []string{"kill m0", "12", "seed 7", "lost 1", "FAILED: lost, 1 times", `"e05" at 1/2`, "slowest recovery 0.2 s, after kill m0 at +3.0"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

package find

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// TestReadsNoFurtherThanTheStoryGoes: of a day only the last hours are read for an
// event of the last hour, and all of it for one that is as old.
func TestReadsNoFurtherThanTheStoryGoes(t *testing.T) {
	b := newBench(t)
	places := make(map[string]Place)
	for i := range 240 { // ten a hour
		id := fmt.Sprintf("e-%d", i)
		places[id] = b.publish(int32(i%3), id, 24*time.Hour-time.Duration(i)*6*time.Minute)
		b.receipt(id, places[id], verdict.Accepted, 24*time.Hour-time.Duration(i)*6*time.Minute)
	}
	for _, tc := range []struct {
		id   string
		most int64
	}{{"e-238", 25}, {"e-200", 60}, {"e-100", 160}, {"e-0", 240}} {
		s := b.find(tc.id)
		if s.State != Accepted || kinds(s) != "happened published sent accepted" && kinds(s) != "published sent happened accepted" && !strings.Contains(kinds(s), "published") {
			t.Errorf("%s: %s, %s", tc.id, s.State, kinds(s))
		}
		if n := s.readOf(source).Records; n > tc.most {
			t.Errorf("%s: %d records of the source were read, want at most %d", tc.id, n, tc.most)
		}
		if tc.id != "e-0" && s.readOf(letters).From.IsZero() {
			t.Errorf("%s: %+v does not say how far back letters were read", tc.id, s.Read)
		}
		if n := s.readOf(receipts).Records; n > tc.most {
			t.Errorf("%s: %d receipts were read, want at most %d", tc.id, n, tc.most)
		}
	}
	b.o.All = true
	if s := b.find("e-238"); s.readOf(source).Records != 240 || !s.readOf(source).From.IsZero() {
		t.Errorf("all: %+v", s.Read)
	}
	b.o.All, b.o.Since, b.o.Until = false, b.now.Add(-10*time.Hour), b.now.Add(-8*time.Hour)
	if s := b.find("e-150"); s.State != Accepted || s.readOf(source).Records > 21 {
		t.Errorf("within bounds: %+v", s.Read)
	}
	if _, err := b.run("e-238"); !errors.Is(err, ErrNotFound) {
		t.Errorf("out of bounds: %v", err)
	}
	if at := places["e-7"]; b.find(at.String()).EventID != "e-7" || b.find(fmt.Sprintf("%d/%d", at.Partition, at.Offset)).EventID == "" {
		t.Error("not found by its place")
	}
}

// TestStates: what has become of an event, by what says so.
func TestStates(t *testing.T) {
	for name, tc := range map[string]struct {
		do    func(b *bench)
		state string
		kinds string
		says  string
	}{
		"in flight, no group":   {func(b *bench) { b.publish(0, "e", 0) }, InFlight, "happened published", "has committed nothing of events"},
		"in flight, another":    {func(b *bench) { b.publish(0, "e", 0); b.commit("g", source, 1, 0) }, InFlight, "happened published", "nothing of partition 0"},
		"in flight, behind":     {func(b *bench) { b.publish(0, "a", 0); b.publish(0, "e", 0); b.commit("g", source, 0, 0) }, InFlight, "happened published", "up to offset 0, 1 offset before"},
		"settled, nothing says": {func(b *bench) { b.publish(0, "e", 0); b.commit("g", source, 0, 1) }, Unknown, "happened published", "no receipt or dead letter"},
		"accepted":              {func(b *bench) { b.receipt("e", b.publish(0, "e", 0), verdict.Accepted, 0) }, Accepted, "happened published sent accepted", ""},
		"filtered":              {func(b *bench) { b.receipt("e", b.publish(0, "e", 0), verdict.Filtered, 0); b.commit("g", source, 0, 1) }, Filtered, "happened published sent filtered", ""},
		"a clock that is ahead": {func(b *bench) {
			b.receipt("e", b.publish(0, "e", -5*time.Hour), verdict.Accepted, 0)
			b.commit("g", source, 0, 1)
		}, Accepted, "happened sent accepted published", ""},
		"a letter": {func(b *bench) {
			p := b.publish(0, "e", time.Minute)
			b.letter("e", p, b.value("e", ""), 0)
			b.commit("g", source, 0, 1)
		}, DeadLetter, "happened published letter", "waits for a redrive"},
		"a letter, redriven and in flight": {func(b *bench) {
			b.letter("e", b.publish(0, "e", time.Minute), b.value("e", ""), 0)
			b.publish(0, "e", time.Minute, header("redrives", "1"))
			b.commit("g", source, 0, 1)
			b.commit("r", letters, 0, 1)
		}, InFlight, "happened published letter redriven", "up to offset 1"},
		"in quarantine": {func(b *bench) {
			p := b.publish(0, "e", time.Minute)
			b.letter("e", p, b.value("e", ""), 30*time.Second)
			b.letterIn(quarantined, "e", p, b.value("e", ""), 30*time.Second)
			b.commit("g", source, 0, 1)
			b.commit("r", letters, 0, 1)
		}, DeadLetter, "happened published letter quarantined", "in quarantine at events.dlq.quarantine/0/0"},
		"only quarantine is left": {func(b *bench) {
			b.letterIn(quarantined, "e", Place{source, 0, 7}, b.value("e", ""), time.Minute)
		}, DeadLetter, "happened quarantined", "in quarantine at"},
		"in quarantine, then replayed": {func(b *bench) {
			p := b.publish(0, "e", time.Minute)
			b.letterIn(quarantined, "e", p, b.value("e", ""), 30*time.Second)
			b.receipt("e", p, verdict.Accepted, 0)
		}, Accepted, "happened published quarantined sent accepted", ""},
		"accepted as a copy": {func(b *bench) {
			b.letter("e", b.publish(0, "e", time.Minute), b.value("e", ""), 30*time.Second)
			b.receipt("e", b.publish(1, "e", time.Minute, header("redrives", "1")), verdict.Accepted, 0)
		}, Accepted, "happened published letter redriven sent accepted", ""},
		"a forged copy":           {func(b *bench) { b.publish(0, "e", time.Minute, header("redrives", "9")) }, InFlight, "happened published", ""},
		"the source is gone":      {func(b *bench) { b.letter("e", Place{source, 0, 7}, b.value("e", ""), time.Minute) }, DeadLetter, "happened letter", "waits for a redrive"},
		"only its header is left": {func(b *bench) { b.letter("e", Place{source, 0, 7}, nil, time.Minute, header("value-omitted", "99")) }, DeadLetter, "letter", "waits for a redrive"},
		"only a receipt is left":  {func(b *bench) { b.receipt("e", Place{source, 0, 7}, verdict.Accepted, time.Minute) }, Accepted, "sent accepted", ""},
		"published twice": {func(b *bench) {
			b.receipt("e", b.publish(0, "e", 3*time.Minute), verdict.Accepted, 2*time.Minute)
			b.receipt("e", b.publish(2, "e", 2*time.Minute), verdict.Accepted, time.Minute)
		}, Accepted, "happened published duplicate sent accepted sent accepted", ""},
		"another of that id": {func(b *bench) {
			p := b.publish(0, "e", time.Minute)
			b.letter("e", p, b.value("e", ""), 0, header("profile", "999"))
		}, DeadLetter, "happened published letter", ""}, // the last header counts, the place as well
		"no topics of receipts and letters": {func(b *bench) { b.publish(0, "e", 0); b.o.Receipts, b.o.Letters = "", "" }, InFlight, "happened published", ""},
		"topics that are not there":         {func(b *bench) { b.publish(0, "e", 0); b.o.Receipts, b.o.Letters = "no.receipts", "no.dlq" }, InFlight, "happened published", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			tc.do(b)
			s := b.find("e")
			if s.State != tc.state || kinds(s) != tc.kinds || !strings.Contains(s.Says, tc.says) {
				t.Errorf("%s, %s: %s\nwant %s, %s, %q\n%q", s.State, kinds(s), s.Says, tc.state, tc.kinds, tc.says, s.Notes)
			}
		})
	}
}

// TestOrderReferences: an order's events are told each for itself, and the reference
// is not shown.
func TestOrderReferences(t *testing.T) {
	b := newBench(t)
	for i, id := range []string{"lead", "purchase"} {
		b.produce(&kgo.Record{Topic: source, Value: b.value(id, "R-77-jane@example.com"), Timestamp: b.now.Add(-time.Duration(10-i) * time.Minute)})
	}
	b.publish(0, "other", 0)
	r, err := b.run("R-77-jane@example.com")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, s := range r.Stories {
		ids = append(ids, s.EventID)
	}
	if slices.Sort(ids); !slices.Equal(ids, []string{"lead", "purchase"}) {
		t.Errorf("found %q", ids)
	}
	if _, err := b.run("R-78-jane@example.com"); !errors.Is(err, ErrNotFound) || strings.Contains(err.Error(), "jane") {
		t.Errorf("%v", err)
	}
	// What is not in the source any more is found by its letter.
	b.letter("gone", Place{source, 2, 5}, b.value("gone", "R-79"), time.Minute)
	if s := b.find("R-79"); s.EventID != "gone" || s.State != DeadLetter {
		t.Errorf("%+v", s)
	}
}

// TestIDsThatAreMasked: they are found as they are and as they are shown, and a tag
// that others have, too, does not give one event the story of another.
func TestIDsThatAreMasked(t *testing.T) {
	b := newBench(t)
	const unique = "0191f3a5-1111-7abc-8def-0123456789ab"
	long, twin := twins(t)
	for i, id := range []string{unique, long, twin} {
		p := b.publish(0, id, time.Duration(10-i)*time.Minute)
		if id == twin {
			b.letter(id, p, b.value(id, ""), time.Minute)
			b.receipt(id, p, verdict.Rejected, time.Minute)
		} else {
			b.receipt(id, p, verdict.Accepted, time.Minute)
		}
	}
	b.commit("g", source, 0, 3)
	for _, query := range []string{unique, redact.EventID(unique)} {
		if s := b.find(query); s.State != Accepted || s.EventID != redact.EventID(unique) {
			t.Errorf("%s: %+v", redact.EventID(unique), s)
		}
	}
	if s := b.find(long); s.State != Accepted || strings.Contains(kinds(s), "letter") {
		t.Errorf("%s, %s", s.State, kinds(s))
	}
	if s := b.find(twin); s.State != DeadLetter || strings.Contains(kinds(s), "accepted") {
		t.Errorf("%s, %s", s.State, kinds(s))
	}
	r, err := b.run(redact.EventID(long))
	if err != nil || len(r.Stories) != 2 {
		t.Errorf("%v; a tag of two events finds both", err)
	}
}

// twins are two ids that are shown alike.
func twins(t *testing.T) (a, b string) {
	t.Helper()
	seen := make(map[string]string)
	for i := range 10_000 {
		id := strconv.Itoa(15551230000 + i)
		form := redact.EventID(id)
		if other, ok := seen[form]; ok {
			return other, id
		}
		seen[form] = id
	}
	t.Fatal("no two ids are shown alike")
	return "", ""
}

// TestWhatCannotBeRead: a record that is no event has a story by its place.
func TestWhatCannotBeRead(t *testing.T) {
	b := newBench(t)
	p := b.produce(&kgo.Record{Topic: source, Value: []byte("garbage"), Timestamp: b.now})
	b.publish(0, "e", 0)
	b.receipt("", p, verdict.Decode, 0)
	b.letter("", p, []byte("garbage"), 0, header("class", "decode"))
	s := b.find(p.String())
	if s.State != DeadLetter || kinds(s) != "published sent decode letter" || s.EventID != "" || s.Now == nil || s.Now.Outcome != explain.OutcomeDeadLetter {
		t.Errorf("%s, %s, %+v", s.State, kinds(s), s.Now)
	}
	// The same when retention has taken it.
	if err := b.cluster.Broker().DeleteRecords(source, 0, 1); err != nil {
		t.Fatal(err)
	}
	if s := b.find("0/0"); s.State != DeadLetter || kinds(s) != "sent decode letter" || !strings.Contains(strings.Join(s.Notes, " "), "no longer retained") {
		t.Errorf("%s, %s, %q", s.State, kinds(s), s.Notes)
	}
}

// TestIDsThatLookLikePlaces: what is at no place may be an id.
func TestIDsThatLookLikePlaces(t *testing.T) {
	b := newBench(t)
	b.publish(0, "2026/104", 0)
	b.publish(0, "a/2/3", 0)
	for _, id := range []string{"2026/104", "a/2/3"} {
		if s := b.find(id); s.EventID != id {
			t.Errorf("%s: %+v", id, s)
		}
	}
}

// TestQueriesThatIdentify: what somebody looks for is shown as ids are.
func TestQueriesThatIdentify(t *testing.T) {
	b := newBench(t)
	for _, query := range []string{"jane@example.com", "jane@example.com/1/2", "+15551234567", strings.Repeat("ab", 32) + "/1/2", "0191f3a5-1111-7abc-8def-0123456789ab"} {
		_, err := b.run(query)
		if !errors.Is(err, ErrNotFound) || strings.Contains(err.Error(), "jane") || strings.Contains(err.Error(), "5551234") || strings.Contains(err.Error(), "abab") || strings.Contains(err.Error(), "7abc") {
			t.Errorf("%v", err)
		}
	}
}

// TestOlderRecordsThatReceiptsName: a receipt of the hour names a record that was
// published long before, as after a long outage.
func TestOlderRecordsThatReceiptsName(t *testing.T) {
	b := newBench(t)
	old := b.publish(0, "e", 9*time.Hour)
	b.publish(1, "e", time.Minute)
	b.receipt("e", old, verdict.Accepted, 30*time.Second)
	s := b.find("e")
	if kinds(s) != "published happened duplicate sent accepted" || s.Steps[0].Record.Offset != old.Offset || s.State != Accepted {
		t.Errorf("%s, %s", s.State, kinds(s))
	}
}

// TestTooMany: what an order reference of everybody matches is bounded.
func TestTooMany(t *testing.T) {
	b := newBench(t)
	for i := range maxStories + 5 {
		b.produce(&kgo.Record{Topic: source, Value: b.value(fmt.Sprint("e", i), "none"), Timestamp: b.now})
	}
	r, err := b.run("none")
	if err != nil || len(r.Stories) != maxStories || !strings.Contains(strings.Join(r.Notes, " "), "more than 20 events match") {
		t.Errorf("%v, %d stories", err, len(r.Stories))
	}
}

func TestOptionsAreChecked(t *testing.T) {
	now := time.Now()
	good := Options{Topics: []string{"e"}, Letters: "d", Receipts: "r", Group: "g", RedriveGroup: "rg"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Options){
		"--topic: it has no name": func(o *Options) { o.Topics = nil },
		"both are needed":         func(o *Options) { o.RedriveGroup = "" },
		"want different topics":   func(o *Options) { o.Receipts = "d" },
		"--until":                 func(o *Options) { o.Since, o.Until = now, now },
	} {
		o := good
		change(&o)
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := ParseQuery(strings.Repeat("x", maxQuery+1)); err == nil {
		t.Error("a query without bound")
	}

}

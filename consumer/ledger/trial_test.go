package ledger

import (
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"
)

const topicName = "tracklayer.events"

// decide runs a trial against a log whose record at an offset has that print; 0
// for none.
func decide(c Claim, log LogID, start, end int64, print func(int64) uint64) Finding {
	t := NewTrial(c, log, start, end)
	for {
		offset, ok := t.Next()
		if !ok {
			return t.Finding()
		}
		p := print(offset)
		t.Saw(p, p != 0)
	}
}

var oneLog = NewLogID("cluster", topicName, [16]byte{1})

// past is what a member took and settled of a log, as it would commit it.
type past struct {
	claim Claim
	taken []int64
	done  map[int64]bool
	last  int64
}

func drawPast(t *rapid.T) (h past) {
	h.done = make(map[int64]bool)
	l := New()
	var ws Witnesses
	offset := int64(rapid.IntRange(0, 100).Draw(t, "first"))
	l.Begin(offset)
	share := rapid.IntRange(0, 100).Draw(t, "share settled")
	for range rapid.IntRange(1, 60).Draw(t, "polls") {
		for range rapid.IntRange(1, 8).Draw(t, "records") {
			offset += int64(rapid.SampledFrom([]int{1, 1, 1, 7}).Draw(t, "gap"))
			seq := l.Take(Mark{offset, 0}, 1, 0)
			h.taken = append(h.taken, offset)
			if rapid.IntRange(0, 99).Draw(t, "settled") < share {
				l.Settle(seq)
				h.done[offset] = true
			}
		}
		ws = ws.Add(Witness{offset, uint64(offset) + 1})
	}
	h.last = offset
	h.claim = Claim{Partition: 0, First: -1, Said: l.Beyond()}
	h.claim.Committed = h.claim.Said.Committed
	h.claim.Said.Log, h.claim.Said.Witnesses = oneLog, ws
	return h
}

// TestTrialLosesNothing: whatever brokers do to a log, no record that was not
// settled as it is now is passed over.
func TestTrialLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawPast(t)
		cut := int64(rapid.IntRange(0, int(h.last)+1).Draw(t, "cut"))
		if rapid.Bool().Draw(t, "whole") {
			cut = h.last + 1
		}
		end := cut + int64(rapid.IntRange(0, 300).Draw(t, "refilled"))
		start := int64(rapid.IntRange(0, int(end)).Draw(t, "start"))
		if rapid.Bool().Draw(t, "retained") {
			start = 0
		}
		f := decide(h.claim, oneLog, start, end, func(o int64) uint64 {
			if o < cut {
				return uint64(o) + 1
			}
			return uint64(o) + 1<<40
		})
		if f.Begin < start || f.Begin > end {
			t.Fatalf("begins at %d of a log from %d to %d", f.Begin, start, end)
		}
		passed := func(o int64) bool { return o < f.Begin || f.Believed.Has(o, 0) }
		for o := max(start, cut); o < end; o++ {
			if passed(o) {
				t.Fatalf("offset %d holds a record that nobody has read, and is passed over: begins at %d, believes %v", o, f.Begin, f.Believed.Settled)
			}
		}
		for _, o := range h.taken {
			if o >= start && o < cut && !h.done[o] && passed(o) {
				t.Fatalf("offset %d has no verdict and is passed over", o)
			}
			if cut > h.last && start <= h.claim.Committed && h.done[o] && !passed(o) {
				t.Fatalf("offset %d is sent again from a log that has not changed", o)
			}
		}
		if cut > h.last && start == 0 && f.Reason != "" {
			t.Fatalf("a log that has not changed is said to be %s", f.Reason)
		}
	})
}

func TestTrialByCase(t *testing.T) {
	said := func(log LogID) Beyond {
		return Beyond{Log: log, Settled: []Span{{101, 500}}, Witnesses: Witnesses{{50, 51}, {99, 100}, {300, 301}, {499, 500}}}
	}
	same := func(o int64) uint64 { return uint64(o) + 1 }
	upTo := func(cut int64) func(int64) uint64 {
		return func(o int64) uint64 {
			if o < cut {
				return same(o)
			}
			return 1 << 40
		}
	}
	without := func(gone ...int64) func(int64) uint64 {
		return func(o int64) uint64 {
			if slices.Contains(gone, o) {
				return 0
			}
			return same(o)
		}
	}
	unknown := LogID{}
	for name, tc := range map[string]struct {
		log        LogID
		said       Beyond
		unread     Reason
		start, end int64
		print      func(int64) uint64
		begin      int64
		believed   int64 // the end of what is believed; 0 for nothing
		missed     int64
		reason     Reason
	}{
		"the same log":                 {log: oneLog, said: said(oneLog), end: 600, print: same, begin: 100, believed: 500},
		"brokers without ids":          {log: unknown, said: said(unknown), end: 600, print: same, begin: 100, believed: 500},
		"a mirror":                     {log: NewLogID("other", topicName, [16]byte{2}), said: said(oneLog), end: 600, print: same, begin: 100, reason: ReasonOtherCluster},
		"a mirror that is behind":      {log: NewLogID("other", topicName, [16]byte{2}), said: said(oneLog), end: 80, print: same, begin: 0, reason: ReasonPastEnd},
		"a copy within the cluster":    {log: NewLogID("cluster", "copy", [16]byte{2}), said: said(oneLog), end: 600, print: same, begin: 100, reason: reasonOtherTopic},
		"made again":                   {log: NewLogID("cluster", topicName, [16]byte{2}), said: said(oneLog), start: 7, end: 600, print: same, begin: 7, reason: reasonMadeAgain},
		"made again without ids":       {log: unknown, said: said(unknown), end: 600, print: upTo(0), begin: 0, reason: ReasonOtherRecords},
		"later offsets are shifted":    {log: unknown, said: said(unknown), end: 600, print: upTo(310), begin: 100, believed: 301, reason: ReasonOtherRecords},
		"200 behind":                   {log: unknown, said: said(unknown), end: 310, print: same, begin: 100, believed: 301, reason: ReasonPastEnd},
		"cut and filled again":         {log: oneLog, said: said(oneLog), end: 600, print: upTo(305), begin: 100, believed: 301, reason: ReasonOtherRecords},
		"cut before the offset":        {log: oneLog, said: said(oneLog), end: 600, print: upTo(80), begin: 51, reason: ReasonOtherRecords},
		"cut right before the offset":  {log: oneLog, said: said(oneLog), end: 99, print: same, begin: 51, reason: ReasonPastEnd},
		"cut at the offset":            {log: oneLog, said: said(oneLog), end: 100, print: same, begin: 100, reason: ReasonPastEnd},
		"cut before all that is known": {log: oneLog, said: said(oneLog), start: 5, end: 600, print: upTo(20), begin: 5, reason: ReasonOtherRecords},
		"the last one was compacted":   {log: oneLog, said: said(oneLog), end: 600, print: without(499), begin: 100, believed: 301, reason: reasonNotRetained},
		"all were compacted":           {log: oneLog, said: said(oneLog), end: 600, print: without(499, 300, 99, 50), begin: 100, reason: reasonNotRetained},
		"deleted up to a range":        {log: oneLog, said: said(oneLog), start: 100, end: 600, print: same, begin: 100, believed: 500},
		"deleted within a range":       {log: oneLog, said: said(oneLog), start: 200, end: 600, print: same, begin: 200, believed: 500, missed: 1},
		"deleted beyond all":           {log: oneLog, said: said(oneLog), start: 550, end: 600, print: same, begin: 550, missed: 51, reason: reasonNotRetained},
		"nothing is said":              {log: oneLog, start: 0, end: 600, print: same, begin: 100},
		"nothing is said, deleted":     {log: oneLog, start: 166, end: 600, print: same, begin: 166, missed: 66},
		"nothing is said, past end":    {log: oneLog, start: 3, end: 60, print: same, begin: 3, reason: ReasonPastEnd},
		"unreadable":                   {log: oneLog, unread: ReasonOldVersion, end: 600, print: same, begin: 100, reason: ReasonOldVersion},
		"an empty log":                 {log: oneLog, said: said(oneLog), print: same, begin: 0, reason: ReasonPastEnd},
	} {
		t.Run(name, func(t *testing.T) {
			f := decide(Claim{Committed: 100, Said: tc.said, Unread: tc.unread, First: -1}, tc.log, tc.start, tc.end, tc.print)
			believed := int64(0)
			for _, s := range f.Believed.Settled {
				believed = s.To
			}
			if f.Begin != tc.begin || believed != tc.believed || f.Missed != tc.missed || f.Reason != tc.reason {
				t.Errorf("begins at %d, believes up to %d, missed %d, reason %q; want %d, %d, %d, %q",
					f.Begin, believed, f.Missed, f.Reason, tc.begin, tc.believed, tc.missed, tc.reason)
			}
			if f.Log != tc.log || f.Start != tc.start || f.End != tc.end {
				t.Errorf("is of log %+v from %d to %d, want %+v, %d, %d", f.Log, f.Start, f.End, tc.log, tc.start, tc.end)
			}
		})
	}
}

// TestTrialWithoutAnOffset: a group without one begins where it is told to, as far as the
// log reaches, and else at the log's start.
func TestTrialWithoutAnOffset(t *testing.T) {
	for first, want := range map[int64]int64{-1: 10, 0: 10, 10: 10, 11: 11, 19: 19, 20: 20, 21: 20, 1 << 40: 20} {
		f := NewTrial(Claim{Group: -1, Committed: -1, First: first}, oneLog, 10, 20).Finding()
		if f.Begin != want || f.Log != oneLog || f.Missed != 0 || f.Doubtful || f.Reason != "" || len(f.Believed.Settled) != 0 {
			t.Errorf("first %d: %+v, want it to begin at %d and say nothing else", first, f, want)
		}
	}
}

// TestTrialOfTheFirstOffset: 0 is an offset like any other, and not the lack of one.
func TestTrialOfTheFirstOffset(t *testing.T) {
	f := NewTrial(Claim{Group: 0, Committed: 0, First: 15}, oneLog, 0, 20).Finding()
	if f.Begin != 0 || f.Missed != 0 || f.Reason != "" {
		t.Errorf("%+v, want it to begin at 0", f)
	}
	if f = NewTrial(Claim{Group: 0, Committed: 0, First: 15}, oneLog, 10, 20).Finding(); f.Begin != 10 || f.Missed != 10 {
		t.Errorf("%+v, want it to begin at 10, and 10 missed", f)
	}
}

// TestContradicted: a witness beyond what was taken speaks against records only if
// another one is in its place.
func TestContradicted(t *testing.T) {
	records := func(offsets ...int64) (list []*kgo.Record) {
		for _, o := range offsets {
			list = append(list, &kgo.Record{Offset: o, Value: []byte{byte(o)}})
		}
		return list
	}
	right := func(o int64) Witness { return Witness{o, Fingerprint(records(o)[0])} }
	wrong := func(o int64) Witness { return Witness{o, right(o).Print + 1} }
	for name, c := range map[string]struct {
		ws   Witnesses
		read []*kgo.Record
		want bool
	}{
		"the same":                {Witnesses{right(5), right(7)}, records(4, 5, 6, 7), false},
		"another":                 {Witnesses{right(5), wrong(7)}, records(4, 5, 6, 7), true},
		"another, the first read": {Witnesses{wrong(4)}, records(4, 5), true},
		"compacted":               {Witnesses{wrong(5)}, records(4, 6), false},
		"not come to yet":         {Witnesses{wrong(8)}, records(4, 5, 6, 7), false},
		"of what was taken":       {Witnesses{wrong(3)}, records(3, 4), false},
		"none":                    {nil, records(4), false},
		"nothing read":            {Witnesses{wrong(4)}, nil, false},
	} {
		if got := c.ws.Contradicted(3, c.read); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if end := (&Beyond{}).End(); end != 0 {
		t.Errorf("nothing ends at %d", end)
	}
}

// TestAWitnessIsReplacedByALaterReading: of one offset there is one, the latest, and the
// others stay.
func TestAWitnessIsReplacedByALaterReading(t *testing.T) {
	ws := Witnesses{}.Add(Witness{5, 50}).Add(Witness{7, 70}).Add(Witness{9, 90})
	for i, w := range []Witness{{7, 71}, {9, 91}, {5, 51}} {
		if ws = ws.Add(w); len(ws) != 3 || !slices.Contains(ws, w) {
			t.Errorf("%d: %v, want three with %v", i, ws, w)
		}
	}
	if want := (Witnesses{{5, 51}, {7, 71}, {9, 91}}); !slices.Equal(ws, want) {
		t.Errorf("%v, want %v", ws, want)
	}
}

// TestWitnessesStayDenseNearTheEnd: they are few, and what is between a cut and
// the last one before it is sent again.
func TestWitnessesStayDenseNearTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ws Witnesses
		offset := int64(0)
		for range rapid.IntRange(1, 2000).Draw(t, "polls") {
			offset += int64(rapid.IntRange(1, 100).Draw(t, "records"))
			ws = ws.Add(Witness{offset, uint64(offset)})
			if len(ws) > MaxWitnesses || ws[len(ws)-1].Offset != offset {
				t.Fatalf("%v after %d", ws, offset)
			}
		}
		for i := 1; i < len(ws); i++ {
			if ws[i].Offset <= ws[i-1].Offset {
				t.Fatalf("%v are not in order", ws)
			}
			gap, away := ws[i].Offset-ws[i-1].Offset, offset-ws[i-1].Offset
			if gap > 1000 && gap > away*9/10 && i < len(ws)-1 {
				t.Fatalf("nothing between %d and %d of %d: %v", ws[i-1].Offset, ws[i].Offset, offset, ws)
			}
		}
	})
}

// TestTheWitnessThatIsMissedLeastGoes compares with what one would write without
// thinking of speed: of all but the first and the last, the one whose neighbours are
// nearest to each other in relation to how far it is from the end.
func TestTheWitnessThatIsMissedLeastGoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ws Witnesses
		at := int64(0)
		for range rapid.IntRange(MaxWitnesses+1, 60).Draw(t, "n") {
			at += rapid.Int64Range(1, 1000).Draw(t, "gap")
			w := Witness{Offset: at, Print: uint64(at)}
			all := append(slices.Clone(ws), w)
			ws = ws.Add(w)
			if len(all) <= MaxWitnesses {
				if !slices.Equal(ws, all) {
					t.Fatalf("%v, want all of %v", ws, all)
				}
				continue
			}
			cost := func(i int) float64 {
				return float64(all[i+1].Offset-all[i-1].Offset) / float64(at-all[i].Offset+1)
			}
			gone := 1
			for i := 2; i < len(all)-1; i++ {
				if cost(i) < cost(gone) {
					gone = i
				}
			}
			if want := slices.Delete(all, gone, gone+1); !slices.Equal(ws, want) {
				t.Fatalf("%v, want %v", ws, want)
			}
		}
	})
}

// TestWitnessesThatCannotBe: their offsets rise. What says otherwise is damaged, and
// nothing of it is believed.
func TestWitnessesThatCannotBe(t *testing.T) {
	for _, offsets := range [][]int64{{5, 5}, {5, 7, 7}, {0, 0}, {5, 4}} {
		b := Beyond{Committed: 9, Epoch: 1}
		for _, o := range offsets {
			b.Witnesses = append(b.Witnesses, Witness{Offset: o})
		}
		if got, err := ParseBeyond(b.Text(), 9); err == nil {
			t.Errorf("%v: read as %+v", offsets, got)
		}
	}
	b := Beyond{Committed: 9, Epoch: 1, Witnesses: Witnesses{{Offset: 0, Print: 1}, {Offset: 8, Print: 2}}}
	if got, err := ParseBeyond(b.Text(), 9); err != nil || !slices.Equal(got.Witnesses, b.Witnesses) {
		t.Errorf("%+v, %v; want both witnesses back", got, err)
	}
}

func TestFingerprintTellsRecordsApart(t *testing.T) {
	base := func() *kgo.Record {
		return &kgo.Record{Offset: 5, LeaderEpoch: 1, Key: []byte("k"), Value: []byte("vw")}
	}
	seen := map[uint64]string{Fingerprint(base()): "base"}
	for name, change := range map[string]func(*kgo.Record){
		"offset": func(r *kgo.Record) { r.Offset++ },
		"epoch":  func(r *kgo.Record) { r.LeaderEpoch++ },
		"time":   func(r *kgo.Record) { r.Timestamp = r.Timestamp.Add(1e6) },
		"key":    func(r *kgo.Record) { r.Key = []byte("l") },
		"value":  func(r *kgo.Record) { r.Value = []byte("vx") },
		"border": func(r *kgo.Record) { r.Key, r.Value = []byte("kv"), []byte("w") },
		"empty":  func(r *kgo.Record) { r.Key, r.Value = nil, nil },
	} {
		r := base()
		change(r)
		p := Fingerprint(r)
		if was, ok := seen[p]; ok {
			t.Errorf("%s: the same print as %s", name, was)
		}
		seen[p] = name
	}
}

func BenchmarkFingerprint(b *testing.B) {
	r := &kgo.Record{Key: make([]byte, 16), Value: make([]byte, 500)}
	b.ReportAllocs()
	for b.Loop() {
		_ = Fingerprint(r)
	}
}

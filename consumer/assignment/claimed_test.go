package assignment

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// logged are the records of the offsets from, from+1, … of a log.
func logged(from, to int64) (records []*kgo.Record) {
	for o := from; o < to; o++ {
		records = append(records, &kgo.Record{Topic: someTopic, Offset: o, LeaderEpoch: 1, Timestamp: time.UnixMilli(o), Value: fmt.Append(nil, o)})
	}
	return records
}

// taking is an assignment of member "m" that has taken the records of 0 to n.
func taking(n int64) *Assignment {
	a := New(someTopic, 0, someInboxes(), func() {})
	a.member = "m"
	records := logged(0, n)
	a.Trust(&kgo.FetchPartition{Records: records}, func(*Link) bool { return false })
	a.Push(records, records, n)
	return a
}

// settleSeqs gives the records with these numbers their verdicts, and returns how many
// counted.
func (a *Assignment) settleSeqs(seqs ...uint64) int {
	var vs []verdict.Verdict
	for _, s := range seqs {
		vs = append(vs, verdict.Verdict{Handle: verdict.Handle{Owner: a, Seq: s}})
	}
	counted, _ := a.Settle(vs)
	return len(counted)
}

// TestNothingIsCommittedWhileALossIsLookedInto: while it is open whether brokers lost
// what was taken, verdicts count but no commit is made, nor one sent that was ready
// before. What is then found is committed, and no verdict about a lost record moves it.
func TestNothingIsCommittedWhileALossIsLookedInto(t *testing.T) {
	a := taking(10)
	a.settleSeqs(0, 1, 2, 3, 4, 5)
	ready, news := a.Commitable(ledger.MetadataLimit)
	if !news || ready.Offset.Offset != 6 || !a.Attempt(ready, "m") {
		t.Fatalf("commits %+v, %v; want 6", ready, news)
	}
	a.Doubt()
	if n := a.settleSeqs(6, 7); n != 2 {
		t.Errorf("%d verdicts count, want 2", n)
	}
	if c, news := a.Commitable(ledger.MetadataLimit); news || a.Attempt(ready, "m") {
		t.Errorf("commits %+v while the log is in doubt", c)
	}
	if j := a.Trust(&kgo.FetchPartition{Records: logged(10, 12)}, func(*Link) bool { return false }); j.Ok {
		t.Error("takes records while the log is in doubt")
	}
	if !a.Rewound() {
		t.Error("what was taken is not in doubt")
	}

	claim := a.OpenClaim()
	if claim.Committed != 10 {
		t.Fatalf("%+v, want a claim of all 10 records", claim)
	}
	other := *claim
	if _, ok := a.SettleClaim(&other, ledger.Finding{Begin: 0}, false); ok {
		t.Error("a claim that is not the open one was settled")
	}
	s, ok := a.SettleClaim(claim, ledger.Finding{Begin: 4}, false) // 4 to 9 are lost
	if !ok || !s.Running || s.Was != 10 || a.Rewound() {
		t.Fatalf("%+v, %v", s, ok)
	}
	if c, news := a.Commitable(ledger.MetadataLimit); !news || c.Offset.Offset != 4 || !a.Attempt(c, "m") {
		t.Errorf("commits %+v, %v; want to go back to 4", c, news)
	}
	a.settleSeqs(8, 9) // of records that are lost
	if c, _ := a.Commitable(ledger.MetadataLimit); c.Offset.Offset != 4 {
		t.Errorf("commits %d after verdicts about lost records, want 4", c.Offset.Offset)
	}
	again := logged(4, 6)
	a.Push(again, again, 6)
	a.settleSeqs(10)
	if c, _ := a.Commitable(ledger.MetadataLimit); c.Offset.Offset != 5 {
		t.Errorf("commits %d after the first of what is there now, want 5", c.Offset.Offset)
	}
}

// TestWhoMayCommit: an assignment that was not heard of, suspended, orphaned or ended
// commits nothing, and none does as another member than it was given to.
func TestWhoMayCommit(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Assignment)
		may    bool
	}{
		"taking":    {func(*Assignment) {}, true},
		"draining":  {func(a *Assignment) { a.Retire() }, true},
		"suspended": {func(a *Assignment) { a.become(phaseSuspended, phaseTaking) }, false},
		"orphaned":  {func(a *Assignment) { a.become(phaseOrphaned, phaseTaking) }, false},
		"ended":     {func(a *Assignment) { a.End() }, false},
		"unheard":   {func(a *Assignment) { a.Await() }, false},
	} {
		a := taking(3)
		a.settleSeqs(0)
		ready, _ := a.Commitable(ledger.MetadataLimit)
		c.change(a)
		if _, news := a.Commitable(ledger.MetadataLimit); news != c.may {
			t.Errorf("%s: has something to commit %v, want %v", name, news, c.may)
		}
		if may := a.Attempt(ready, "m"); may != c.may {
			t.Errorf("%s: may commit %v, want %v", name, may, c.may)
		}
		if a.Attempt(ready, "another") {
			t.Errorf("%s: commits as another member", name)
		}
		if n := a.settleSeqs(1); (n == 1) != (name != "ended") {
			t.Errorf("%s: %d verdicts count", name, n)
		}
		if live := a.Live(); live != (name != "ended") {
			t.Errorf("%s: live %v", name, live)
		}
	}
}

// TestACommitIsNewsOnce: what the brokers have taken is not committed again until there
// is more, and what failed is.
func TestACommitIsNewsOnce(t *testing.T) {
	a := taking(3)
	a.settleSeqs(0)
	c, news := a.Commitable(ledger.MetadataLimit)
	if _, again := a.Commitable(ledger.MetadataLimit); !news || !again {
		t.Error("what was not committed is no news")
	}
	a.SetCommitted(c)
	if _, news := a.Commitable(ledger.MetadataLimit); news {
		t.Error("what was committed is news")
	}
	a.settleSeqs(2)
	if c, news := a.Commitable(ledger.MetadataLimit); !news || c.Offset.Offset != 1 {
		t.Errorf("commits %+v, %v; want 1 with what is settled beyond", c, news)
	} else if b, err := ledger.ParseBeyond(c.Metadata, 1); err != nil || !b.Has(2, 1) || b.Has(1, 1) || len(b.Witnesses) != 1 {
		t.Errorf("%+v, %v", b, err)
	}
}

// TestTrust: records are taken if they come after what was taken and do not speak
// against what is known of the log.
func TestTrust(t *testing.T) {
	no, yes := func(*Link) bool { return false }, func(*Link) bool { return true }
	fetch := func(from, to int64) *kgo.FetchPartition { return &kgo.FetchPartition{Records: logged(from, to)} }
	a := taking(10)
	for name, c := range map[string]struct {
		p  *kgo.FetchPartition
		ok bool
	}{"after it": {fetch(10, 12), true}, "the last once more": {fetch(9, 12), false}, "from the start": {fetch(0, 3), false}} {
		b := taking(10)
		if j := b.Trust(c.p, no); j.Ok != c.ok || j.Other == c.ok {
			t.Errorf("%s: %+v, want them taken: %v", name, j, c.ok)
		}
	}
	// After another connection the witnesses of before are what the log is compared with,
	// and a second one within that time has nothing taken.
	if j := a.Trust(fetch(10, 12), yes); !j.Ok || !j.Sworn || j.Twice {
		t.Errorf("another connection: %+v", j)
	}
	more := logged(10, 12)
	a.Push(more, more, 12)
	if j := a.Trust(fetch(12, 13), yes); j.Ok || !j.Twice {
		t.Errorf("the second: %+v", j)
	}
	claim, ok := a.OathClaim()
	if !ok || claim.Committed != 10 || len(claim.Said.Witnesses) != 1 {
		t.Fatalf("%+v, %v; want a claim of what was taken before", claim, ok)
	}
	w := claim.Said.Witnesses[0]
	if a.KeepsOath(ledger.Witness{Offset: w.Offset, Print: w.Print + 1}, false) || !a.KeepsOath(w, true) || !a.KeepsOath(w, false) || a.KeepsOath(w, false) {
		t.Error("want the oath kept for its witness alone, and ended once there is no doubt")
	}
	// An earlier owner's witness that saw another record in a place.
	b := taking(10)
	b.witnesses = b.witnesses.Add(ledger.Witness{Offset: 11, Print: 1})
	if j := b.Trust(fetch(10, 13), no); j.Ok || !j.Other {
		t.Errorf("another record where a witness was: %+v", j)
	}
}

// TestWhatWasDeletedIsMissedOnce: offsets that the log lost to retention before they
// were read are counted once, without those that an earlier owner had settled.
func TestWhatWasDeletedIsMissedOnce(t *testing.T) {
	no := func(*Link) bool { return false }
	for name, c := range map[string]struct {
		start, first int64 // of the log, and of what was fetched
		settled      []ledger.Span
		missed, from int64
	}{
		"nothing":             {0, 10, nil, 0, 10},
		"a hole":              {0, 15, nil, 0, 10},
		"up to the start":     {14, 14, nil, 4, 10},
		"the start is behind": {14, 12, nil, 2, 10}, // it moved on since
		"some were settled":   {20, 20, []ledger.Span{{From: 12, To: 15}, {From: 18, To: 30}}, 5, 10},
		"all were settled":    {14, 14, []ledger.Span{{From: 8, To: 14}}, 0, 10},
	} {
		a := taking(10)
		a.before = ledger.Beyond{Epoch: 1, Settled: c.settled}
		p := &kgo.FetchPartition{LogStartOffset: c.start, Records: logged(c.first, c.first+2)}
		if j := a.Trust(p, no); !j.Ok || j.Missed != c.missed || j.From != c.from {
			t.Errorf("%s: %+v, want %d missed from %d", name, j, c.missed, c.from)
		}
		if j := a.Trust(p, no); j.Missed != 0 {
			t.Errorf("%s: %d missed once more", name, j.Missed)
		}
	}
	a := taking(10)
	if _, behind := a.Behind(10); behind {
		t.Error("behind a log that begins where it goes on")
	}
	if at, behind := a.Behind(11); !behind || at != 9 {
		t.Errorf("at %d, behind %v; want 9 to be behind a log that begins at 11", at, behind)
	}
	if n, _ := a.Skip(8, 20); n != 0 {
		t.Errorf("%d skipped of another place", n)
	}
	if n, from := a.Skip(9, 13); n != 3 || from != 10 {
		t.Errorf("%d skipped from %d, want 3 from 10", n, from)
	}
	a.settleSeqs(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	if c, _ := a.Commitable(ledger.MetadataLimit); c.Offset.Offset != 13 {
		t.Errorf("commits %d, want 13", c.Offset.Offset)
	}
}

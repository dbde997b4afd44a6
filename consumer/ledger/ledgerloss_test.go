package ledger

import (
	"testing"

	"pgregory.net/rapid"
)

// TestLedgerAfterLosses: brokers lose the end of a log any number of times, and
// what is committed and said to be settled is about the records that are there.
func TestLedgerAfterLosses(t *testing.T) {
	type record struct {
		offset     int64
		done, lost bool
	}
	rapid.Check(t, func(t *rapid.T) {
		l := New()
		var all []record
		start := int64(rapid.IntRange(0, 5).Draw(t, "start"))
		l.Begin(start)
		next, floor, retaken := start, int64(0), 0
		settle := func(seq int) {
			if _, ok := l.Settle(uint64(seq)); ok == all[seq].done {
				t.Fatalf("settle(%d) = %v", seq, ok)
			}
			all[seq].done = true
		}
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				for range rapid.SampledFrom([]int{1, 3, 100, segmentLen, 2*segmentLen + 3}).Draw(t, "n") {
					l.Take(Mark{next, 1}, 1, 0)
					all = append(all, record{offset: next})
					next += int64(rapid.SampledFrom([]int{1, 1, 4}).Draw(t, "gap"))
				}
			},
			"settle a run": func(t *rapid.T) {
				from := rapid.IntRange(0, len(all)).Draw(t, "from")
				for seq := from; seq < min(from+rapid.IntRange(0, 3*segmentLen).Draw(t, "n"), len(all)); seq++ {
					settle(seq)
				}
			},
			"settle most": func(t *rapid.T) {
				every := rapid.IntRange(3, 300).Draw(t, "all but every")
				for seq := range all {
					if seq%every != 0 && !all[seq].done {
						settle(seq)
					}
				}
			},
			"lose": func(t *rapid.T) {
				from := int64(rapid.IntRange(int(start), int(next)).Draw(t, "from"))
				if from <= l.last.Offset {
					floor, retaken = from, len(all)
				}
				l.Lose(from)
				for i := range all {
					if all[i].offset >= from && !all[i].lost {
						all[i].lost = true
					}
				}
				next = min(next, from)
			},
			"": func(t *rapid.T) {
				committed := l.last.Offset + 1
				for _, r := range all {
					if !r.done && !r.lost {
						committed = r.offset
						break
					}
				}
				b := l.Beyond()
				if b.Committed != committed {
					t.Fatalf("commits %d, want %d", b.Committed, committed)
				}
				if p := l.Prefix(); p.Offset >= committed {
					t.Fatalf("prefix %d passes %d", p.Offset, committed)
				}
				if len(b.Settled) > 0 && b.Settled[0].From < floor {
					t.Fatalf("ranges %v are about what was there before offset %d was lost", b.Settled, floor)
				}
				b.Epoch = 1
				for seq, r := range all {
					if !r.lost && !r.done && b.Has(r.offset, 1) {
						t.Fatalf("offset %d has no verdict and is said to have one", r.offset)
					}
					if !r.lost && r.done && seq >= retaken && r.offset > committed && r.offset >= floor && !b.Has(r.offset, 1) {
						t.Fatalf("offset %d has a verdict and is forgotten", r.offset)
					}
				}
				if l.undone == 0 && len(l.slots) > 1 {
					t.Fatalf("%d slots left with nothing undone", len(l.slots))
				}
			},
		})
	})
}

// TestPrefixBySequenceIsNotThePrefixByOffset is issue 15's case: 0 to 149 are
// taken and settled, the log is cut at 120 and filled again, and 121 to 129 have
// no verdict.
func TestPrefixBySequenceIsNotThePrefixByOffset(t *testing.T) {
	l := New()
	for i := range int64(150) {
		l.Settle(l.Take(Mark{i, 0}, 1, 0))
	}
	l.Lose(120)
	if b := l.Beyond(); b.Committed != 120 || len(b.Settled) > 0 {
		t.Fatalf("right after the loss it commits %d and %v", b.Committed, b.Settled)
	}
	for i := int64(120); i < 160; i++ {
		seq := l.Take(Mark{i, 0}, 1, 0)
		if i <= 120 || i >= 130 {
			l.Settle(seq)
		}
	}
	b := l.Beyond()
	if b.Committed != 121 || l.Prefix().Offset != 120 {
		t.Errorf("commits %d, prefix %d; want 121 and 120", b.Committed, l.Prefix().Offset)
	}
	if len(b.Settled) != 1 || b.Settled[0] != (Span{130, 160}) {
		t.Errorf("ranges %v, want 130 to 159", b.Settled)
	}
}

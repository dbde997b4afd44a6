package ledger

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// modelLedger is the ledger one would write without thinking of memory.
type modelLedger struct {
	offsets []int64
	sizes   []int32
	done    []bool
}

func (m *modelLedger) prefix() int64 {
	last := int64(-1)
	for i, d := range m.done {
		if !d {
			break
		}
		last = m.offsets[i]
	}
	return last
}

// firstUndone is the offset of the first record without a verdict, and beyond all
// if there is none.
func (m *modelLedger) firstUndone() int64 {
	for i, d := range m.done {
		if !d {
			return m.offsets[i]
		}
	}
	return math.MaxInt64
}

func TestLedgerAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, m := New(), modelLedger{}
		offset := int64(rapid.IntRange(0, 5).Draw(t, "start"))
		var bytes int64
		undone := 0
		settle := func(seq int) {
			size, ok := l.Settle(uint64(seq))
			want := seq < len(m.done) && !m.done[seq]
			if ok != want {
				t.Fatalf("settle(%d) = %v, want %v", seq, ok, want)
			}
			if ok {
				if size != m.sizes[seq] {
					t.Fatalf("settle(%d) gave size %d, want %d", seq, size, m.sizes[seq])
				}
				m.done[seq] = true
				bytes -= int64(size)
				undone--
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				for range rapid.SampledFrom([]int{1, 3, 100, segmentLen, 3 * segmentLen}).Draw(t, "n") {
					offset += int64(rapid.SampledFrom([]int{1, 1, 1, 7}).Draw(t, "gap"))
					size := int32(offset%97 + 1)
					seq := l.Take(Mark{Offset: offset, Epoch: 1}, size, offset*10)
					if seq != uint64(len(m.offsets)) {
						t.Fatalf("take gave seq %d, want %d", seq, len(m.offsets))
					}
					m.offsets, m.sizes, m.done = append(m.offsets, offset), append(m.sizes, size), append(m.done, false)
					bytes += int64(size)
					undone++
				}
			},
			"settle one": func(t *rapid.T) {
				settle(rapid.IntRange(0, len(m.done)+2).Draw(t, "seq"))
			},
			"resize": func(t *rapid.T) {
				seq := rapid.IntRange(0, len(m.done)+2).Draw(t, "seq")
				size := int32(rapid.IntRange(0, 99).Draw(t, "size"))
				at, more, ok := l.Resize(uint64(seq), size)
				if want := seq < len(m.done) && !m.done[seq]; ok != want {
					t.Fatalf("resize(%d) = %v, want %v", seq, ok, want)
				}
				if !ok {
					return
				}
				if at.Offset != m.offsets[seq] || more != size-m.sizes[seq] {
					t.Fatalf("resize(%d) gave offset %d and %d bytes more, want %d and %d", seq, at.Offset, more, m.offsets[seq], size-m.sizes[seq])
				}
				m.sizes[seq] = size
				bytes += int64(more)
			},
			"settle most": func(t *rapid.T) {
				every := rapid.IntRange(3, 40).Draw(t, "all but every")
				for seq := range m.done {
					if seq%every != 0 && !m.done[seq] {
						settle(seq)
					}
				}
			},
			"settle a run": func(t *rapid.T) {
				from := rapid.IntRange(0, len(m.done)).Draw(t, "from")
				n := rapid.IntRange(0, 2*segmentLen).Draw(t, "n")
				for seq := from; seq < min(from+n, len(m.done)); seq++ {
					settle(seq)
				}
			},
			"": func(t *rapid.T) {
				// Of a segment of which little is left nobody knows which record was
				// before the first without a verdict, and so the offset before that.
				first, want := m.firstUndone(), m.prefix()
				if got := l.Prefix().Offset; got != want && (undone == 0 || got != first-1) {
					t.Fatalf("prefix %d, want %d, or %d if the first of %d records waits", got, want, first-1, undone)
				}
				committed := first
				if undone == 0 {
					committed = want + 1
				}
				if got := l.Beyond().Committed; got != committed {
					t.Fatalf("to be committed: %d, want %d", got, committed)
				}
				if want := (Mark{committed - 1, 1}); undone == 0 && len(m.offsets) > 0 && (l.Prefix() != want || l.Last() != want) {
					t.Fatalf("prefix %v and last %v, want both %v", l.Prefix(), l.Last(), want)
				}
				if l.Undone() != undone || l.Bytes() != bytes || l.Next() != uint64(len(m.offsets)) {
					t.Fatalf("undone %d, %d bytes, next %d; want %d, %d, %d", l.Undone(), l.Bytes(), l.Next(), undone, bytes, len(m.offsets))
				}
				if ts, ok := l.Oldest(); ok != (undone > 0) {
					t.Fatalf("oldest ok = %v with %d undone", ok, undone)
				} else if ok {
					// That of its segment's first record.
					seq := slices.Index(m.done, false) / segmentLen * segmentLen
					if want := m.offsets[seq] * 10; ts != want {
						t.Fatalf("oldest %d, want %d, when record %d was taken", ts, want, seq)
					}
				}
			},
		})
	})
}

// TestSkipOnlyGoesForward: what is not there is passed, and nothing that was taken is.
func TestSkipOnlyGoesForward(t *testing.T) {
	l := New()
	l.Take(Mark{10, 4}, 1, 0)
	for _, to := range []int64{0, 9, 10, 11} {
		if l.Skip(to); l.Last() != (Mark{10, 4}) || l.Changes() != 0 {
			t.Fatalf("skipping to %d: last %v, %d changes; want all as it was", to, l.Last(), l.Changes())
		}
	}
	if l.Skip(12); l.Last() != (Mark{11, -1}) || l.Changes() != 1 {
		t.Errorf("skipping to 12: last %v, %d changes; want 11 passed, which has to be committed", l.Last(), l.Changes())
	}
	if b := l.Beyond(); b.Committed != 10 || !slices.Equal(b.Settled, []Span{{11, 12}}) {
		t.Errorf("%+v, want 10 to wait, and 11 settled", b)
	}
	l.Settle(0)
	if b := l.Beyond(); b.Committed != 12 || len(b.Settled) != 0 {
		t.Errorf("%+v, want 12 committed", b)
	}
}

// TestLedgerFreesWhatIsSettledBehindAGap: an event that waits for Amazon for
// hours must not make memory grow with all that pass it.
func TestLedgerFreesWhatIsSettledBehindAGap(t *testing.T) {
	l := New()
	l.Take(Mark{Offset: 0}, 1, 0)
	const n = 100 * segmentLen
	for i := int64(1); i < n; i++ {
		seq := l.Take(Mark{Offset: i}, 1, i)
		l.Settle(seq)
	}
	held := 0
	for _, s := range l.slots {
		if s.seg != nil {
			held++
		}
	}
	if held > 2 {
		t.Errorf("%d segments held for one unsettled record, want at most 2", held)
	}
	if l.Prefix() != NoMark {
		t.Errorf("prefix %v passed an unsettled record", l.Prefix())
	}
	l.Settle(0)
	if got := l.Prefix().Offset; got != n-1 {
		t.Errorf("prefix %d after the gap closed, want %d", got, n-1)
	}
	if len(l.slots) > 1 {
		t.Errorf("%d slots left, want at most 1", len(l.slots))
	}
}

// TestLedgerKeepsOnlyWhatIsLeft: the events of one stuck profile are strewn over
// everything that was taken meanwhile.
func TestLedgerKeepsOnlyWhatIsLeft(t *testing.T) {
	l := New()
	const n, every = 1000 * segmentLen, 50
	for i := range int64(n) {
		l.Take(Mark{Offset: i}, 1, i)
		if done := i - 10_000; done > 0 && done%every != 0 {
			l.Settle(uint64(done))
		}
	}
	for i := uint64(n - 10_000); i < n; i++ {
		if i%every != 0 {
			l.Settle(i)
		}
	}
	dense, left := 0, 0
	for _, s := range l.slots {
		if s.seg != nil {
			dense++
		}
		if s.rest != nil {
			left += cap(s.rest.left)
		}
	}
	if dense > 0 || left > 4*n/every {
		t.Errorf("%d segments whole, and room for %d records, where %d are without a verdict", dense, left, n/every)
	}
	for i := uint64(0); i < n; i += every {
		if _, ok := l.Settle(i); !ok {
			t.Fatalf("settle(%d) found nothing", i)
		}
		if _, ok := l.Settle(i); ok {
			t.Fatalf("settle(%d) found it twice", i)
		}
	}
	if l.Prefix().Offset != n-1 || len(l.slots) > 0 || l.bytes != 0 || l.undone != 0 {
		t.Errorf("after all: prefix %d, %d slots, %d bytes, %d undone", l.Prefix().Offset, len(l.slots), l.bytes, l.undone)
	}
}

func BenchmarkLedger(b *testing.B) {
	l := New()
	b.ReportAllocs()
	for i := range b.N {
		seq := l.Take(Mark{Offset: int64(i)}, 270, 0)
		if i >= 1000 {
			l.Settle(seq - 1000)
		}
	}
}

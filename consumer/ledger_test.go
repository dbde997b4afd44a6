package consumer

import (
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

func TestLedgerAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, m := newLedger(), modelLedger{}
		offset := int64(rapid.IntRange(0, 5).Draw(t, "start"))
		var bytes int64
		undone := 0
		settle := func(seq int) {
			size, ok := l.settle(uint64(seq))
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
					seq := l.take(mark{offset: offset, epoch: 1}, size, offset*10)
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
			"settle a run": func(t *rapid.T) {
				from := rapid.IntRange(0, len(m.done)).Draw(t, "from")
				n := rapid.IntRange(0, 2*segmentLen).Draw(t, "n")
				for seq := from; seq < min(from+n, len(m.done)); seq++ {
					settle(seq)
				}
			},
			"": func(t *rapid.T) {
				if got, want := l.prefix().offset, m.prefix(); got != want {
					t.Fatalf("prefix %d, want %d", got, want)
				}
				if l.undone != undone || l.bytes != bytes {
					t.Fatalf("undone %d, %d bytes; want %d, %d", l.undone, l.bytes, undone, bytes)
				}
				if ts, ok := l.oldest(); ok != (undone > 0) {
					t.Fatalf("oldest ok = %v with %d undone", ok, undone)
				} else if ok {
					first := m.prefix() // the first undone comes after it
					for i, o := range m.offsets {
						if o > first && !m.done[i] && ts > o*10 {
							t.Fatalf("oldest %d is after the first undone record's %d", ts, o*10)
						}
					}
				}
			},
		})
	})
}

// TestLedgerFreesWhatIsSettledBehindAGap: an event that waits for Amazon for
// hours must not make memory grow with all that pass it.
func TestLedgerFreesWhatIsSettledBehindAGap(t *testing.T) {
	l := newLedger()
	l.take(mark{offset: 0}, 1, 0)
	const n = 100 * segmentLen
	for i := int64(1); i < n; i++ {
		seq := l.take(mark{offset: i}, 1, i)
		l.settle(seq)
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
	if l.prefix() != noMark {
		t.Errorf("prefix %v passed an unsettled record", l.prefix())
	}
	l.settle(0)
	if got := l.prefix().offset; got != n-1 {
		t.Errorf("prefix %d after the gap closed, want %d", got, n-1)
	}
	if len(l.slots) > 1 {
		t.Errorf("%d slots left, want at most 1", len(l.slots))
	}
}

func BenchmarkLedger(b *testing.B) {
	l := newLedger()
	b.ReportAllocs()
	for i := range b.N {
		seq := l.take(mark{offset: int64(i)}, 270, 0)
		if i >= 1000 {
			l.settle(seq - 1000)
		}
	}
}

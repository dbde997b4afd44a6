package batch

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
)

// Pieces come back as they were, each whole in one page, however large; and pages
// are of one size but for larger pieces.
func TestPagesKeepPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, s := NewMemory(), &store{}
		sizes := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(1, 2000), rapid.IntRange(1, 5*pageSize)), 1, 60).Draw(t, "sizes")
		between := rapid.IntRange(0, 1).Draw(t, "between")
		var places []place
		var pieces [][]byte
		for i, size := range sizes {
			piece := bytes.Repeat([]byte{byte(i)}, size+between)
			pieces = append(pieces, piece[between:])
			places = append(places, s.addEncoded(m, piece, between, pageSize))
		}
		for i, at := range places {
			if got := s.encoded.at(at); !bytes.Equal(got, pieces[i]) {
				t.Fatalf("piece %d of %d bytes is %d bytes", i, len(pieces[i]), len(got))
			}
		}
		for i := 1; i < len(s.encoded); i++ {
			if before, next := len(s.encoded[i-1]), len(s.encoded[i]); before+next <= pageSize {
				t.Fatalf("pages %d and %d have %d and %d bytes, which fit into one", i-1, i, before, next)
			}
		}
	})
}

// What batches leave behind is used again, and holds no records of theirs.
func TestReleasedMemory(t *testing.T) {
	m := NewMemory()
	made := func() (*Batch, []*byte) {
		b := growing(m, []string{"a", "b"}, []string{"1", "2"})
		b.sole, b.Events[0].From = true, &verdict.Origin{}
		b.Close(m, nil)
		return b, []*byte{&b.store.encoded[0][0], &b.store.originals[0][0]}
	}
	b, first := made()
	events := b.store.events
	m.Release(b)
	for _, e := range events[:cap(events)] {
		if e.From != nil || e.more != nil {
			t.Errorf("%+v is left", e)
		}
	}
	b, again := made()
	if &b.Events[0] != &events[0] || again[0] != first[1] && again[0] != first[0] {
		t.Error("a batch's memory is not used for the next one")
	}
	half, _ := b.Halves()
	m.Release(half)
	if _, third := made(); third[0] == again[0] || third[0] == again[1] {
		t.Error("the memory of a half is given to others while the other half has it")
	}
}

// The memory of a busy hour is not kept for ever.
func TestMemoryIsTrimmed(t *testing.T) {
	m := NewMemory()
	kept := func() []int {
		return []int{m.Bytes.Kept(), m.events.Kept(), m.hashes.Kept(), m.Verdicts.Kept()}
	}
	b := growing(m, []string{"a", "b"}, []string{"1", "2"})
	b.sole = true
	b.Close(m, nil)
	m.Release(b)
	m.GiveBack(m.Verdicts.Get(10))
	if slices.Contains(kept(), 0) {
		t.Fatalf("%v slices are kept, want some of each kind", kept())
	}
	for range 2 {
		m.Trim()
	}
	if got := kept(); !slices.Equal(got, make([]int, 4)) {
		t.Errorf("%v slices are kept that nobody used", got)
	}
}

// Of a lane that sends little an open batch has little memory: there can be
// thousands of them.
func TestSmallBatchesBeginSmall(t *testing.T) {
	m := NewMemory()
	for bytes, want := range map[int]int{0: smallPage, 3000: 3000, pageSize: pageSize, 250_000: pageSize} {
		b := m.NewBatch(time.Time{}, 1, bytes)
		at := b.store.addEncoded(m, make([]byte, 100), 1, b.pageSize(b.store.encoded))
		if got := cap(b.store.encoded[at.page]); got < want || got > want+want/4 {
			t.Errorf("a batch like one of %d bytes begins with %d, want %d", bytes, got, want)
		}
		if next := b.pageSize(b.store.encoded); next != pageSize {
			t.Errorf("its second page has %d bytes", next)
		}
	}
}

// Places have 16 bits. One that began past them would wrap, and other bytes of the
// page be sent in the event's stead.
func TestEventsAreFoundWhereverTheirPageEnds(t *testing.T) {
	for first := maxStart - 12; first <= maxStart+4; first++ {
		for _, between := range []int{0, 1, 2, 7} {
			m, s := NewMemory(), &store{}
			frame := amazon.Frame{Open: "[", Between: strings.Repeat(",", between), Close: "]"}
			b := &Batch{store: s}
			var want strings.Builder
			want.WriteString(frame.Open)
			// The first fills its page as far as that, the others come behind it.
			for i, size := range []int{first - between, 3, 5, 1, 1} {
				piece := append([]byte(frame.Between), bytes.Repeat([]byte{byte('a' + i)}, size)...)
				e := Event{place: s.addEncoded(m, piece, between, 4*maxStart)}
				b.Events = append(b.Events, e)
				if got := b.Encoded(&e); string(got) != string(piece[between:]) {
					t.Fatalf("after %d bytes and behind %d: event %d reads as %.20q", first, between, i, got)
				}
				if i > 0 {
					want.WriteString(frame.Between)
				}
				want.Write(piece[between:])
			}
			want.WriteString(frame.Close)
			if got := bytes.Join(b.AppendBody(nil, frame), nil); string(got) != want.String() {
				t.Errorf("after %d bytes and behind %d: another body is sent", first, between)
			}
		}
	}
}

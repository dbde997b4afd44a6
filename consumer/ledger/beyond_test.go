package ledger

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestBeyondAgainstModel: for any ledger, what the metadata says is settled is
// settled, and unless it had to be cut for length all that is settled is in it.
func TestBeyondAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := New()
		var offsets []int64
		var done []bool
		offset := int64(rapid.IntRange(0, 1000).Draw(t, "start"))
		n := rapid.IntRange(1, 3*segmentLen).Draw(t, "n")
		share := rapid.IntRange(0, 100).Draw(t, "share settled")
		for range n {
			offset += int64(rapid.SampledFrom([]int{1, 1, 1, 1, 50}).Draw(t, "gap"))
			l.Take(Mark{offset, 3}, 1, 0)
			offsets, done = append(offsets, offset), append(done, false)
		}
		for i := range offsets {
			if rapid.IntRange(0, 99).Draw(t, "settled") < share {
				l.Settle(uint64(i))
				done[i] = true
			}
		}
		first := slices.Index(done, false)
		if first < 0 {
			return // committable as a whole; there is nothing beyond
		}
		b := l.Beyond()
		if b.Committed != offsets[first] {
			t.Fatalf("belongs to offset %d, want the first without a verdict, %d", b.Committed, offsets[first])
		}
		text := b.Metadata(MetadataLimit)
		if len(text) > MetadataLimit {
			t.Fatalf("%d characters", len(text))
		}
		got, err := ParseBeyond(text, b.Committed)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for i := first; i < len(offsets); i++ {
			if got.Has(offsets[i], 3) {
				if !done[i] {
					t.Fatalf("offset %d has no verdict and is said to have one: it would be lost", offsets[i])
				}
				found++
			} else if done[i] && len(b.Text()) <= MetadataLimit {
				t.Fatalf("offset %d has a verdict and is not in metadata that had room", offsets[i])
			}
			if got.Has(offsets[i], 4) {
				t.Fatalf("a record of a later epoch is taken for one that was settled")
			}
		}
		if got.Has(b.Committed, 3) {
			t.Fatal("the committed offset itself is said to be settled")
		}
	})
}

// TestAddKeepsWhatTheEarlierOwnerSettled: of what was settled from where this owner has
// come to nothing is forgotten, and nothing else is added.
func TestAddKeepsWhatTheEarlierOwnerSettled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const end = 40
		spans := func(settled []bool, committed int64) (spans []Span) {
			for o := committed + 1; o < end; o++ {
				switch n := len(spans); {
				case !settled[o]:
				case n > 0 && spans[n-1].To == o:
					spans[n-1].To++
				default:
					spans = append(spans, Span{o, o + 1})
				}
			}
			return spans
		}
		first := func(settled []bool, from int64) int64 {
			for from < end && settled[from] {
				from++
			}
			return from
		}
		draw := func(name string) []bool {
			return rapid.SliceOfN(rapid.SampledFrom([]bool{true, false, true, true}), end, end).Draw(t, name)
		}
		ours, theirs := draw("ours"), draw("theirs")
		from := rapid.Int64Range(1, end-1).Draw(t, "from")
		clear(ours[from:])
		clear(theirs[end-1:])
		b := Beyond{Committed: first(ours, rapid.Int64Range(0, from).Draw(t, "begun")), Epoch: 3}
		b.Settled = spans(ours, b.Committed)
		before := Beyond{Committed: first(theirs, 0), Epoch: rapid.Int32Range(1, 5).Draw(t, "epoch")}
		before.Settled = spans(theirs, before.Committed)
		keep := slices.Clone(before.Settled)

		both := slices.Clone(ours)
		taken := false
		for o := max(from, before.Committed+1); o < end; o++ {
			both[o] = theirs[o]
			taken = taken || theirs[o]
		}
		want := Beyond{Committed: first(both, b.Committed), Epoch: 3}
		if taken {
			want.Epoch = max(3, before.Epoch)
		}
		want.Settled = spans(both, want.Committed)
		moves := want.Committed != b.Committed
		if moved := b.Add(&before, from); moved != moves || b.Committed != want.Committed || b.Epoch != want.Epoch || !slices.Equal(b.Settled, want.Settled) {
			t.Fatalf("moved %v to %+v, want %v to %+v", moved, b, moves, want)
		}
		if !slices.Equal(before.Settled, keep) {
			t.Fatal("what the earlier owner said was changed")
		}
	})
}

// TestBeyondKeepsTheLongestRuns: metadata has 4,096 bytes and gaps can be many.
func TestBeyondKeepsTheLongestRuns(t *testing.T) {
	b := Beyond{Committed: 10, Epoch: 1}
	at := int64(11)
	total, long := int64(0), int64(0)
	for i := range 20_000 {
		n := int64(1 + i*7919%50) // no pattern that compression would see
		if i%1000 == 0 {
			n = 100_000
			long += n
		}
		b.Settled = append(b.Settled, Span{at, at + n})
		total += n
		at += n + 1 + int64(i*31%17)
	}
	text := b.Metadata(MetadataLimit)
	got, err := ParseBeyond(text, 10)
	if err != nil || len(text) > MetadataLimit {
		t.Fatalf("%d characters, %v", len(text), err)
	}
	var kept, keptLong int64
	for _, s := range got.Settled {
		kept += s.To - s.From
		if s.To-s.From >= 100_000 {
			keptLong += s.To - s.From
		}
	}
	if keptLong != long || kept == long {
		t.Errorf("kept %d of %d offsets, %d of %d in long runs; want all long runs and some others", kept, total, keptLong, long)
	}
}

func TestParseBeyondRefusesWhatItCannotTrust(t *testing.T) {
	good := Beyond{Committed: 100, Epoch: 2, Settled: []Span{{105, 110}, {120, 121}}}.Metadata(MetadataLimit)
	if _, err := ParseBeyond(good, 100); err != nil {
		t.Fatal(err)
	}
	if b, err := ParseBeyond("", 5); err != nil || b.Settled != nil {
		t.Errorf("no metadata: %v, %v", b, err)
	}
	for name, tc := range map[string]struct {
		text string
		at   int64
	}{
		"another offset":   {good, 101},
		"an older version": {"1." + good[2:], 100},
		"a later version":  {"3." + good[2:], 100},
		"another program":  {"consumer-1", 100},
		"no base64":        {metadataVersion + "§§", 100},
		"cut":              {good[:len(good)-4], 100},
		"changed":          {metadataVersion + flip(good[2:]), 100},
		"no compression":   {metadataVersion + "AAAA", 100},
	} {
		if b, err := ParseBeyond(tc.text, tc.at); err == nil || b.Settled != nil {
			t.Errorf("%s: %v, %v; want an error and nothing settled", name, b, err)
		}
	}
}

func flip(s string) string {
	c := byte('A')
	if s[len(s)/2] == c {
		c = 'B'
	}
	return s[:len(s)/2] + string(c) + s[len(s)/2+1:]
}

func FuzzParseBeyond(f *testing.F) {
	f.Add(Beyond{Committed: 100, Epoch: 2, Settled: []Span{{105, 110}, {120, 121}}}.Metadata(MetadataLimit), int64(100))
	many := Beyond{Committed: 3, Log: oneLog, Witnesses: Witnesses{{2, 7}, {90, 8}}}
	for i := range int64(200) {
		many.Settled = append(many.Settled, Span{10 + 9*i, 12 + 9*i})
	}
	f.Add(many.Metadata(MetadataLimit), int64(3))
	f.Add("1.Y2BgYGBkZGAAAA", int64(0))
	f.Add("2.", int64(0))
	f.Add("", int64(0))
	f.Fuzz(func(t *testing.T, text string, committed int64) {
		b, err := ParseBeyond(text, committed)
		if err != nil {
			if len(b.Settled)+len(b.Witnesses) > 0 || b.Log != (LogID{}) {
				t.Fatalf("%v, and something is taken from it", err)
			}
			return
		}
		last := b.Committed
		for _, s := range b.Settled {
			if s.From <= last || s.To <= s.From {
				t.Fatalf("ranges %v after %d are not in order", b.Settled, b.Committed)
			}
			last = s.To
		}
		for i := 1; i < len(b.Witnesses); i++ {
			if b.Witnesses[i].Offset <= b.Witnesses[i-1].Offset {
				t.Fatalf("witnesses %v are not in order", b.Witnesses)
			}
		}
		if b.Has(committed, b.Epoch) && text != "" {
			t.Fatal("the committed offset itself is said to be settled")
		}
	})
}

// TestMetadataIsReadBack: any of it that fits.
func TestMetadataIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawPast(t)
		b := h.claim.Said
		limit := rapid.SampledFrom([]int{MetadataLimit, MetadataLimit, 400, 200, 100, 60, 0}).Draw(t, "limit")
		text := b.Metadata(limit)
		if len(text) > limit {
			t.Fatalf("%d characters of %d", len(text), limit)
		}
		got, err := ParseBeyond(text, b.Committed)
		if err != nil {
			t.Fatal(err)
		}
		if text != "" && (got.Log != b.Log || got.Epoch != b.Epoch || got.Witnesses[len(got.Witnesses)-1] != b.Witnesses[len(b.Witnesses)-1]) {
			t.Fatalf("wrote %+v, read %+v", b, got)
		}
		if limit == MetadataLimit && (!slices.Equal(got.Settled, b.Settled) || !slices.Equal(got.Witnesses, b.Witnesses)) {
			t.Fatalf("wrote %+v, read %+v", b, got)
		}
		for o := range h.last + 2 {
			if got.Has(o, 0) && !b.Has(o, 0) {
				t.Fatalf("offset %d is settled only in what was read back", o)
			}
		}
	})
}

func BenchmarkBeyond(b *testing.B) {
	l := New()
	for i := range int64(1_000_000) {
		seq := l.Take(Mark{i, 0}, 100, 0)
		if i%10_000 != 0 {
			l.Settle(seq)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = l.Beyond().Metadata(MetadataLimit)
	}
}

// TestAfterLeavesOutWhatIsBefore: of the ranges those beyond the offset, and of one that
// reaches over it the part from there.
func TestAfterLeavesOutWhatIsBefore(t *testing.T) {
	b := Beyond{Committed: 1, Settled: []Span{{2, 4}, {6, 9}, {12, 20}}}
	for offset, want := range map[int64][]Span{
		0: {{2, 4}, {6, 9}, {12, 20}}, 3: {{3, 4}, {6, 9}, {12, 20}}, 4: {{6, 9}, {12, 20}}, 6: {{6, 9}, {12, 20}},
		8: {{8, 9}, {12, 20}}, 9: {{12, 20}}, 19: {{19, 20}}, 20: nil, 30: nil,
	} {
		if got := b.after(offset).Settled; !slices.Equal(got, want) {
			t.Errorf("after %d: %v, want %v", offset, got, want)
		}
	}
	if b.Settled[0].From != 2 {
		t.Error("the ranges themselves were changed")
	}
}

// TestAnEpochOf33BitsIsDamage: brokers have none, and what comes with it is not believed.
func TestAnEpochOf33BitsIsDamage(t *testing.T) {
	head := func(epoch int64) *bytes.Reader {
		return bytes.NewReader(append(binary.AppendVarint(binary.AppendVarint(nil, 7), epoch), make([]byte, 32)...))
	}
	for epoch, want := range map[int64]bool{-1: true, 0: true, 1<<31 - 1: true, 1 << 31: false, 1 << 40: false, -1 << 32: false} {
		var b Beyond
		if ok := b.readHead(head(epoch)); ok != want || ok && b.Epoch != int32(epoch) {
			t.Errorf("epoch %d: read as %d, %v; want %v", epoch, b.Epoch, ok, want)
		}
	}
}

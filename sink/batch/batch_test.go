package batch

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// filled is a closed batch of events with these ids, and how often it was told
// of a repetition with the same contents and with others. Ids that begin alike
// have one hash.
func filled(ids, contents []string) (b *Batch, same, other int) {
	b = growing(&Memory{}, ids, contents)
	b.Close(&Memory{}, func(differs bool) {
		if differs {
			other++
		} else {
			same++
		}
	})
	return b, same, other
}

// growing is such a batch before it is closed. The records it was made of are gone.
func growing(m *Memory, ids, contents []string) *Batch {
	b := &Batch{store: &store{}}
	var buf []byte
	var events []Pending
	var from *verdict.Origin
	for i, id := range ids {
		buf = append(append(buf, ','), contents[i]...)
		rec := &kgo.Record{Offset: int64(i), Value: fmt.Appendf(nil, "record %d", i)}
		o := deadletter.OriginalOf(rec)
		events = append(events, Pending{verdict.RecordOf(verdict.Handle{Seq: uint64(i)}, rec, &from), rec, id, uint64(id[0] - 'a'), o.Size(), len(buf)})
	}
	b.Add(m, events, buf, len(frame().Between), 500, 0)
	clear(buf)
	for _, p := range events {
		clear(p.Rec.Value)
		*p.Rec = kgo.Record{}
	}
	return b
}

// Closing a batch makes one event of all with an id, in the order of the first
// ones and with the first one's contents, whatever ids share a hash.
func TestABatchHasEachIDOnce(t *testing.T) {
	type one struct {
		ID, Contents string
		Records      []uint64
	}
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(rapid.StringMatching(`[a-f][xy]?`), 1, 40).Draw(t, "ids")
		contents := make([]string, len(ids))
		var want []one
		var same, other, size int
		for i, id := range ids {
			contents[i] = rapid.StringMatching(`1?2?`).Draw(t, "contents")
			at := slices.IndexFunc(want, func(o one) bool { return o.ID == id })
			switch {
			case at < 0:
				want = append(want, one{id, contents[i], []uint64{uint64(i)}})
				size += len(contents[i])
				continue
			case want[at].Contents == contents[i]:
				same++
			default:
				other++
			}
			want[at].Records = append(want[at].Records, uint64(i))
		}
		b, gotSame, gotOther := filled(ids, contents)
		var got []one
		for i := range b.Events {
			e := &b.Events[i]
			o := one{b.ID(e), string(b.Encoded(e)), []uint64{e.Seq}}
			for _, r := range e.Others() {
				o.Records = append(o.Records, r.Seq)
			}
			got = append(got, o)
		}
		if d := cmp.Diff(want, got); d != "" || gotSame != same || gotOther != other || b.Bytes != size {
			t.Fatalf("%d repeated alike and %d otherwise, %d bytes; want %d, %d and %d; events (-want +got):\n%s",
				gotSame, gotOther, b.Bytes, same, other, size, d)
		}
		for _, e := range b.store.events[len(b.Events):len(ids)] {
			if e.From != nil || e.more != nil {
				t.Fatal("what was merged is still kept")
			}
		}
		checkOriginals(t, b)
	})
}

// frame is that of the guide's contract.
func frame() amazon.Frame {
	c, err := amazon.ContractByName("off-amazon-2023-11-13")
	if err != nil {
		panic(err)
	}
	return c.Frame()
}

// owner is an assignment.
type owner struct{ ended bool }

func (o *owner) Live() bool { return !o.ended }

// origins are those of an assignment that has ended and of one that has not.
func origins() (gone, live *verdict.Origin) {
	return &verdict.Origin{Owner: &owner{ended: true}}, &verdict.Origin{Owner: &owner{}}
}

// checkOriginals fails if an event's records are not those that filled gave it.
func checkOriginals(t *rapid.T, b *Batch) {
	for i := range b.Events {
		e := &b.Events[i]
		for _, r := range append([]Stored{e.Stored}, e.Others()...) {
			o := b.Original(&r)
			if want := fmt.Sprintf("record %d", r.Seq); string(o.Value) != want || r.Offset != int64(r.Seq) {
				t.Fatalf("%q at %d, want %q", o.Value, r.Offset, want)
			}
		}
	}
}

// A batch is claimed only while none of its ids is, also when it is a half of
// one that was refused, and what is released can be claimed again.
func TestClaims(t *testing.T) {
	spare := NewMemory()
	of := func(ids ...string) *Batch {
		b, _, _ := filled(ids, make([]string, len(ids)))
		return b
	}
	var c Claims
	first, again, others := of("a", "b", "c", "d"), of("e", "b"), of("f", "g")
	if !c.Take(first, spare) || c.Take(again, spare) || !c.Take(others, spare) {
		t.Fatal("want the first and the others claimed, and not what has b again")
	}
	c.Release(first, spare)
	front, back := first.Halves()
	if !c.Take(back, spare) || !c.Take(again, spare) || c.Take(front, spare) {
		t.Fatal("want c and d claimed, then e and b, and a not with them")
	}
	c.Release(again, spare)
	if !c.Take(front, spare) || front.ids == back.ids {
		t.Fatal("want both halves claimed, each for itself")
	}
	for _, b := range []*Batch{front, back, others} {
		c.Release(b, spare)
	}
	if len(c) != 0 || front.ids != nil || back.ids != nil {
		t.Errorf("%d claims are left", len(c))
	}
}

func TestIDSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s idSet
		for range 2 {
			hashes := rapid.SliceOf(rapid.Custom(func(t *rapid.T) uint64 {
				return rapid.Uint64Range(0, 3).Draw(t, "low") | rapid.Uint64Range(0, 3).Draw(t, "high")<<60
			})).Draw(t, "hashes")
			s.reset(len(hashes))
			known := make(map[uint64]bool)
			for _, h := range hashes {
				slot := max(h, 1)
				if s.has(h) != known[slot] || s.add(h) == known[slot] || !s.has(h) {
					t.Fatalf("%x: in it %v, want %v before it was added", h, s.has(h), known[slot])
				}
				known[slot] = true
			}
		}
	})
}

// What happened to a batch stays with all that becomes of it.
func TestPartsKeepTheHistory(t *testing.T) {
	b, _, _ := filled([]string{"a", "b"}, []string{"1", "2"})
	at := time.UnixMilli(1000)
	var r verdict.Request
	r.Sent = at
	b.Sent(&r)
	b.Failed(at)
	b.Failed(at.Add(time.Second))
	first, second := b.Halves()
	for _, p := range []*Batch{first, second, b.CopyOf(&Memory{}, b.Events, frame())} {
		if p.Attempts != 1 || !p.firstSent.Equal(at) || p.firstFailure != 1000 || p.lastFailure != 2000 {
			t.Errorf("%+v, want one attempt, and failures after 1 and 2 s", p.History)
		}
	}
	r = verdict.Request{Sent: at.Add(time.Minute)}
	first.Sent(&r)
	if !r.FirstSent.Equal(at) || r.Attempts != 2 || second.Attempts != 1 {
		t.Errorf("%+v, want the second attempt of what was first sent a minute before", r)
	}
}

// What leaves a batch that is still growing leaves the others as they are.
func TestEventsLeaveAnOpenBatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-f][a-z]{0,3}`), 1, 20, rapid.ID[string]).Draw(t, "ids")
		m := &Memory{}
		b := growing(m, ids, ids)
		gone, live := origins()
		var want []string
		for i := range b.Events {
			if b.Events[i].From = gone; rapid.Bool().Draw(t, "stays") {
				b.Events[i].From = live
				want = append(want, ids[i])
			}
		}
		if n := b.Prune(); n != len(ids)-len(want) {
			t.Fatalf("%d are gone, want %d", n, len(ids)-len(want))
		}
		b.Close(m, func(bool) { t.Fatal("a repetition") })
		var got []string
		for i := range b.Events {
			if e := &b.Events[i]; string(b.Encoded(e)) == b.ID(e) {
				got = append(got, b.ID(e))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		checkOriginals(t, b)
	})
}

// A verdict goes to the records whose assignments are still ours, and to each of them:
// an event that several records stand for lives as long as one of those does, and
// keeps its bytes, whichever of the records ends first.
func TestPruneLeavesTheRecordsThatAreStillOurs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(rapid.StringMatching(`[a-d]`), 1, 12).Draw(t, "ids")
		b, _, _ := filled(ids, ids)
		gone, live := origins()
		type left struct {
			ID, Contents string
			Records      []uint64
		}
		var want []left
		ended, size := 0, 0
		for i := range b.Events {
			e := &b.Events[i]
			l := left{ID: b.ID(e), Contents: string(b.Encoded(e))}
			records := []*Stored{&e.Stored}
			for j := range e.Others() {
				records = append(records, &e.Others()[j])
			}
			for _, r := range records {
				r.From = gone
				if rapid.Bool().Draw(t, "lives") {
					r.From = live
					l.Records = append(l.Records, r.Seq)
				} else {
					ended++
				}
			}
			if len(l.Records) > 0 {
				want = append(want, l)
				size += len(l.Contents)
			}
		}
		if n := b.Prune(); n != ended || b.Bytes != size {
			t.Fatalf("%d are gone and %d bytes left, want %d and %d", n, b.Bytes, ended, size)
		}
		var got []left
		for i := range b.Events {
			e := &b.Events[i]
			l := left{b.ID(e), string(b.Encoded(e)), []uint64{e.Handle().Seq}}
			for _, r := range e.Others() {
				l.Records = append(l.Records, r.Handle().Seq)
			}
			got = append(got, l)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		checkOriginals(t, b)
	})
}

// A request's body is the batch's events, whichever have left or been merged, read
// in whatever pieces, and nothing is copied while they are all there.
func TestBodyOfABatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(rapid.StringMatching(`[a-f][x-z]`), 1, 20).Draw(t, "ids")
		contents := make([]string, len(ids))
		for i := range ids {
			contents[i] = strings.Repeat(rapid.StringMatching(`\{1?2?3?\}`).Draw(t, "contents"), rapid.SampledFrom([]int{1, 1000, 8000}).Draw(t, "times"))
		}
		b, same, other := filled(ids, contents)
		gone, live := origins()
		pruned := 0
		for i := range b.Events {
			e := &b.Events[i]
			e.From = live
			if i < len(b.Events)-1 && rapid.IntRange(0, 5).Draw(t, "gone") == 0 {
				e.From, e.more = gone, nil
				pruned++
			}
			for j := range e.Others() {
				e.Others()[j].From = live
			}
		}
		// Events leave the parts of a batch as they leave a whole one.
		var parts []*Batch
		switch rapid.IntRange(0, 2).Draw(t, "parts") {
		case 0:
			parts = []*Batch{b}
		case 1:
			parts = []*Batch{b.CopyOf(&Memory{}, b.Events, frame())}
		case 2:
			if len(b.Events) > 1 {
				first, second := b.Halves()
				parts = []*Batch{first, second, first.CopyOf(&Memory{}, first.Events, frame())}
			}
		}
		for _, p := range parts {
			p.Prune()
		}
		parts = slices.DeleteFunc(parts, func(p *Batch) bool { return len(p.Events) == 0 })
		for _, p := range parts {
			want := frame().Open
			for i := range p.Events {
				if i > 0 {
					want += frame().Between
				}
				want += string(p.Encoded(&p.Events[i]))
			}
			want += frame().Close
			whole := p.AppendBody(nil, frame())
			if got := string(bytes.Join(whole, nil)); got != want {
				t.Fatalf("the body is %q, want %q", got, want)
			}
			if same+other+pruned == 0 && len(whole) > 2+len(p.store.encoded) {
				t.Fatalf("%d parts of %d pages", len(whole), len(p.store.encoded))
			}
			checkOriginals(t, p)
		}
	})
}

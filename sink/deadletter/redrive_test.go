package deadletter

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestALetterGivesItsOriginalBack: what goes through again is what came the first
// time, and only the count of redrives tells of the rounds between.
func TestALetterGivesItsOriginalBack(t *testing.T) {
	text := func(h []kgo.RecordHeader) (out []string) {
		for _, h := range h {
			out = append(out, h.Key+"="+string(h.Value))
		}
		return out
	}
	rec := &kgo.Record{
		Topic: "events", Partition: 7, Offset: 4711, Key: []byte("key"), Value: []byte("value"), Timestamp: time.UnixMilli(1776939330123),
		Headers: []kgo.RecordHeader{{Key: "trace", Value: []byte("t1")}, {Key: "empty"}},
	}
	orig := *rec
	for round, want := range [][]string{
		{"trace=t1", "empty=", "amazon-capi.redrives=1"},
		{"trace=t1", "empty=", "amazon-capi.redrives=2"},
		{"trace=t1", "empty=", "amazon-capi.redrives=3"},
	} {
		l, err := Parse(draftOf(rec).build("dlq", "1234567890"))
		if err != nil || !l.Whole() || l.Redrives != round {
			t.Fatalf("round %d: %+v, %v", round, l, err)
		}
		rec = l.Again()
		if diff := cmp.Diff(want, text(rec.Headers)); diff != "" {
			t.Errorf("round %d: headers (-want +got):\n%s", round, diff)
		}
		if rec.Topic != orig.Topic || rec.Partition != 7 || rec.Offset != 4711 || string(rec.Key) != "key" || string(rec.Value) != "value" || !rec.Timestamp.Equal(orig.Timestamp) {
			t.Errorf("round %d: %+v is not the original", round, rec)
		}
	}
	reduced := draftOf(rec)
	reduced.omitValue = true
	if l, err := Parse(reduced.build("dlq", "1234567890")); err != nil || l.Whole() {
		t.Errorf("a letter without its value is said to be whole: %v", err)
	}
}

// TestAForgedCountIsBounded: a producer can write the header, too.
func TestAForgedCountIsBounded(t *testing.T) {
	for value, want := range map[string]int{"2": 2, "1000": 1000, "1001": 0, "65535": 0, "65536": 0, "-1": 0, "x": 0, "": 0} {
		header := kgo.RecordHeader{Key: headerRedrives, Value: []byte(value)}
		rec := &kgo.Record{Topic: "events", Headers: []kgo.RecordHeader{header, header, {Key: headerClass, Value: []byte("auth")}, {Key: "a"}}}
		if got := Redrives(rec); got != want {
			t.Errorf("%q is read as %d redrives, want %d", value, got, want)
		}
		out := draftOf(rec).build("dlq", "1234567890")
		n := 0
		for _, h := range out.Headers {
			if h.Key == headerRedrives {
				n++
			}
		}
		l, err := Parse(out)
		if err != nil || l.Redrives != want || n > 1 {
			t.Errorf("%q: the letter says %d redrives in %d headers (%v), want %d", value, l.Redrives, n, err, want)
		}
		if again, err := Parse(l.Again()); err != nil || again.Redrives != min(want+1, 1000) {
			t.Errorf("%q: sent through again it says %d (%v)", value, again.Redrives, err)
		}
		if own := OwnHeaders(rec); len(own) != 1 || own[0].Key != "a" {
			t.Errorf("own headers %v", own)
		}
	}
}

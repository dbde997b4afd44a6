package sink

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
		l, err := ParseLetter(letterOf(rec).build("dlq"))
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
	reduced := letterOf(rec)
	reduced.omitValue = true
	if l, err := ParseLetter(reduced.build("dlq")); err != nil || l.Whole() {
		t.Errorf("a letter without its value is said to be whole: %v", err)
	}
}

package sink

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"
)

// What is noted of records gives back whose they are and where from, whatever
// records come before and after; and those that come together share their origin.
func TestRecordsShareTheirOrigin(t *testing.T) {
	owners := []Owner{nil, &owner{}, &owner{}}
	rapid.Check(t, func(t *rapid.T) {
		var from *origin
		var notes []record
		var tokens []Token
		var sources []Source
		for range rapid.IntRange(1, 20).Draw(t, "records") {
			tok := Token{rapid.SampledFrom(owners).Draw(t, "owner"), rapid.Uint64().Draw(t, "seq")}
			r := &kgo.Record{
				Topic: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "topic"), Partition: rapid.Int32Range(0, 1).Draw(t, "partition"),
				Offset: rapid.Int64Min(0).Draw(t, "offset"), Timestamp: time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "timestamp")),
			}
			notes = append(notes, recordOf(tok, r, &from))
			tokens, sources = append(tokens, tok), append(sources, SourceOf(r))
			*r = kgo.Record{}
		}
		for i := range notes {
			if n := &notes[i]; n.token() != tokens[i] || n.source() != sources[i] {
				t.Fatalf("record %d is noted as %+v of %+v, want %+v of %+v", i, n.token(), n.source(), tokens[i], sources[i])
			}
			if i == 0 {
				continue
			}
			before := i - 1
			same := tokens[i].Owner == tokens[before].Owner && sources[i].Topic == sources[before].Topic && sources[i].Partition == sources[before].Partition
			if shared := notes[i].from == notes[before].from; shared != same {
				t.Fatalf("records %d and %d share their origin: %v, want %v", before, i, shared, same)
			}
		}
	})
}

// A feed lives for as long as the process, an assignment until it is revoked.
func TestAFeedKeepsNoAssignment(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok))
		r.send("p", "a")
		if r.feed.from != nil {
			t.Error("the feed still knows whose its last record was")
		}
		r.after(2 * time.Second)
	})
}

package verdict

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"
)

type assignment struct{ id int }

func (*assignment) Live() bool { return true }

// What is noted of records gives back whose they are and where from, whatever
// records come before and after; and those that come together share their origin.
func TestRecordsShareTheirOrigin(t *testing.T) {
	owners := []Owner{nil, &assignment{1}, &assignment{2}}
	rapid.Check(t, func(t *rapid.T) {
		var from *Origin
		var notes []Record
		var tokens []Handle
		var sources []Source
		for range rapid.IntRange(1, 20).Draw(t, "records") {
			tok := Handle{Owner: rapid.SampledFrom(owners).Draw(t, "owner"), Seq: rapid.Uint64().Draw(t, "seq")}
			r := &kgo.Record{
				Topic: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "topic"), Partition: rapid.Int32Range(0, 1).Draw(t, "partition"),
				Offset: rapid.Int64Min(0).Draw(t, "offset"), Timestamp: time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "timestamp")),
			}
			notes = append(notes, RecordOf(tok, r, &from))
			tokens, sources = append(tokens, tok), append(sources, SourceOf(r))
			*r = kgo.Record{}
		}
		for i := range notes {
			if n := &notes[i]; n.Handle() != tokens[i] || n.Source() != sources[i] {
				t.Fatalf("record %d is noted as %+v of %+v, want %+v of %+v", i, n.Handle(), n.Source(), tokens[i], sources[i])
			}
			if i == 0 {
				continue
			}
			before := i - 1
			same := tokens[i].Owner == tokens[before].Owner && sources[i].Topic == sources[before].Topic && sources[i].Partition == sources[before].Partition
			if shared := notes[i].From == notes[before].From; shared != same {
				t.Fatalf("records %d and %d share their origin: %v, want %v", before, i, shared, same)
			}
		}
	})
}

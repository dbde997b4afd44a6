package reconcile

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/textfile"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
	"github.com/tracklayer/amazon-capi/transform"
)

// textDecoder reads values of the form "profile|event id"; others cannot be read.
type textDecoder struct{ away error }

func (d textDecoder) DecodeRecord(_ context.Context, rec *kgo.Record, ev *schemas.Event) error {
	value := rec.Value
	ev.Reset()
	if d.away != nil {
		return d.away
	}
	profile, id, ok := strings.Cut(string(value), "|")
	if !ok {
		return &schemas.DecodeError{Code: verdict.CodeNoMagic}
	}
	*ev = schemas.Event{
		ProfileID: profile, EventID: id, EventName: "Purchase", ActionSource: "WEBSITE", OccurredAt: began.UnixMilli(),
		Custom: schemas.CustomData{Value: schemas.NewDecimal(1010, 2), Currency: "USD"},
	}
	return nil
}

var began = time.Date(2026, 4, 23, 10, 15, 0, 0, time.UTC)

type bench struct {
	t        *testing.T
	verdicts *Verdicts
	r        *Reconciler
	events   []Event
}

func newBench(t *testing.T, spans ...history.Span) *bench {
	t.Helper()
	tr, err := transform.New(transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, verdicts: NewVerdicts(&history.Plan{Topic: "events", Spans: spans})}
	b.r = &Reconciler{Verdicts: b.verdicts, Decoder: textDecoder{}, Transformer: tr, Now: func() time.Time { return began }}
	b.r.Each = func(e *Event) error { b.events = append(b.events, *e); return nil }
	return b
}

func (b *bench) receipt(profile, id string, partition int32, offset int64, class verdict.Class, attempts int) {
	b.verdicts.Receipt(&receipt.Receipt{Topic: "events", ProfileID: profile, Attempts: attempts, Events: []receipt.Event{
		{EventID: id, Partition: partition, Offset: offset, Class: class},
	}})
}

// letter is the dead letter of a record that has been redriven so often.
func (b *bench) letter(profile, id string, partition int32, offset int64, class verdict.Class, redrives int) {
	b.verdicts.Letter(&deadletter.Letter{
		Topic: "events", Partition: partition, Offset: offset, ProfileID: profile, EventID: id, Redrives: redrives, Reason: verdict.Reason{Class: class},
	})
}

func (b *bench) record(value string, partition int32, offset int64, headers ...kgo.RecordHeader) {
	b.t.Helper()
	rec := &kgo.Record{Topic: "events", Partition: partition, Offset: offset, Value: []byte(value), Timestamp: began.Add(time.Duration(offset) * time.Minute), Headers: headers}
	if err := b.r.Record(b.t.Context(), rec); err != nil {
		b.t.Fatal(err)
	}
}

// upTo is a group that has settled all of every partition before an offset.
type upTo int64

func (u upTo) Settled(_ int32, offset int64, _ int32) bool { return offset < int64(u) }

func (b *bench) committed(offset int64) { b.r.Live = upTo(offset) }

func (b *bench) finish() *Report {
	b.t.Helper()
	r, err := b.r.Finish()
	if err != nil {
		b.t.Fatal(err)
	}
	if r.Sum.Source != r.Sum.Sum() || r.Sum.Source != len(b.events) {
		b.t.Errorf("%+v does not add up to %d events", r.Sum, len(b.events))
	}
	return r
}

var redriven = kgo.RecordHeader{Key: "amazon-capi.redrives", Value: []byte("1")}

func TestFates(t *testing.T) {
	for name, tc := range map[string]struct {
		do   func(*bench)
		want Counts
	}{
		"accepted":   {func(b *bench) { b.receipt("1", "a", 0, 0, verdict.Accepted, 1); b.record("1|a", 0, 0) }, Counts{Source: 1, Accepted: 1}},
		"retried":    {func(b *bench) { b.receipt("1", "a", 0, 0, verdict.Accepted, 3); b.record("1|a", 0, 0) }, Counts{Source: 1, Accepted: 1, Retried: 1}},
		"filtered":   {func(b *bench) { b.receipt("1", "a", 0, 0, verdict.Filtered, 0); b.record("1|a", 0, 0) }, Counts{Source: 1, Filtered: 1}},
		"no verdict": {func(b *bench) { b.record("1|a", 0, 0) }, Counts{Source: 1, InFlight: 1}},
		"other's topic": {func(b *bench) {
			b.verdicts.topic = "x"
			b.receipt("1", "a", 0, 0, verdict.Accepted, 1)
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, InFlight: 1}},
		"a letter only": {func(b *bench) {
			b.verdicts.Letter(&deadletter.Letter{Topic: "events", Partition: 0, Offset: 0, Reason: verdict.Reason{Class: verdict.Auth}})
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Auth: 1}},
		"refused, then accepted at its place": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Rejected, 1)
			b.receipt("1", "a", 0, 0, verdict.Accepted, 1)
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Accepted: 1, Redriven: 1}},
		"accepted, then refused in a replay": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Accepted, 1)
			b.receipt("1", "a", 0, 0, verdict.Auth, 1)
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Accepted: 1, Redriven: 1}},
		"redriven and accepted": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Rejected, 1)
			b.receipt("1", "a", 0, 1, verdict.Accepted, 1)
			b.record("1|a", 0, 1, redriven) // partitions are read in any order
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Accepted: 1, Redriven: 1}},
		"redriven, the copy out of the range": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Rejected, 1)
			b.receipt("1", "a", 9, 9, verdict.Accepted, 1)
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Accepted: 1, Redriven: 1}},
		"redriven and in flight": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Rejected, 1)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 1, redriven)
		}, Counts{Source: 1, InFlight: 1, Redriven: 1}},
		"redriven and refused again": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Rejected, 1)
			b.receipt("1", "a", 0, 1, verdict.Validation, 1)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 1, redriven)
		}, Counts{Source: 1, Validation: 1, Redriven: 1}},
		"a copy without its original": {func(b *bench) {
			b.receipt("1", "a", 9, 9, verdict.Rejected, 1)
			b.receipt("1", "a", 0, 1, verdict.Accepted, 1)
			b.record("1|a", 0, 1, redriven)
		}, Counts{Source: 1, Accepted: 1, Redriven: 1}},
		"a copy of a letter alone": {func(b *bench) {
			b.verdicts.Letter(&deadletter.Letter{Topic: "events", Partition: 9, Offset: 9, ProfileID: "1", EventID: "a", Reason: verdict.Reason{Class: verdict.Auth}})
			b.receipt("1", "a", 0, 1, verdict.Accepted, 1)
			b.record("1|a", 0, 1, redriven)
		}, Counts{Source: 1, Accepted: 1, Redriven: 1}},
		"a copy of a letter that nobody can read": {func(b *bench) {
			b.verdicts.Letter(&deadletter.Letter{Topic: "events", Partition: 9, Offset: 9, Value: []byte("garbage"), Reason: verdict.Reason{Class: verdict.Decode}})
			b.receipt("", "", 0, 1, verdict.Decode, 0)
			b.record("garbage", 0, 1, redriven)
		}, Counts{Source: 1, Decode: 1, Redriven: 1}},
		"a producer's own header": {func(b *bench) {
			b.receipt("1", "a", 0, 1, verdict.Accepted, 1)
			b.record("1|a", 0, 1, redrivenTimes(900))
		}, Counts{Source: 1, Accepted: 1}},
		"a producer's own header, refused": {func(b *bench) {
			b.receipt("1", "a", 0, 1, verdict.Rejected, 1)
			b.record("1|a", 0, 1, redriven)
		}, Counts{Source: 1, Rejected: 1}},
		"a producer's own header does not hide a record": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Accepted, 1)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 1, redriven)
		}, Counts{Source: 2, Accepted: 1, InFlight: 1, Duplicates: 1}},
		"bytes that nobody can read, redriven": {func(b *bench) {
			b.receipt("", "", 0, 0, verdict.Decode, 0)
			b.receipt("", "", 0, 1, verdict.Decode, 0)
			b.record("garbage", 0, 0)
			b.record("garbage", 0, 1, redriven)
		}, Counts{Source: 1, Decode: 1, Redriven: 1}},
		"copies without their original, the last refused otherwise": {func(b *bench) {
			b.receipt("1", "a", 0, 1, verdict.Rejected, 1)
			b.receipt("1", "a", 0, 2, verdict.Validation, 1)
			b.record("1|a", 0, 1, redrivenTimes(1))
			b.record("1|a", 0, 2, redrivenTimes(2))
		}, Counts{Source: 1, Validation: 1, Redriven: 1}},
		"a copy without its original, accepted out of the range": {func(b *bench) {
			b.receipt("1", "a", 0, 1, verdict.Rejected, 1)
			b.receipt("1", "a", 9, 9, verdict.Accepted, 1)
			b.record("1|a", 0, 1, redriven)
		}, Counts{Source: 1, Accepted: 1, Redriven: 1}},
		"accepted, and its duplicate refused": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Accepted, 1)
			b.receipt("1", "a", 0, 1, verdict.Filtered, 1)
			b.receipt("1", "a", 9, 9, verdict.Rejected, 1)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 1)
		}, Counts{Source: 2, Accepted: 1, Filtered: 1, Duplicates: 1}},
		"a letter, and accepted in a replay": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Accepted, 1)
			b.verdicts.Letter(&deadletter.Letter{Topic: "events", Partition: 0, Offset: 0, Reason: verdict.Reason{Class: verdict.Auth}})
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Accepted: 1, Redriven: 1}},
		"receipt and letter expired, the copy accepted": {func(b *bench) {
			b.committed(5)
			b.receipt("1", "a", 0, 3, verdict.Accepted, 2)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 3, redriven)
		}, Counts{Source: 1, Accepted: 1, Retried: 1, Redriven: 1}},
		"receipt and letter expired, the copy accepted and read first": {func(b *bench) {
			b.committed(5)
			b.receipt("1", "a", 0, 3, verdict.Accepted, 1)
			b.record("1|a", 0, 3, redriven)
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Accepted: 1, Redriven: 1}},
		"receipt and letter expired, the first copy's too, the second accepted": {func(b *bench) {
			b.committed(5)
			b.receipt("1", "a", 0, 4, verdict.Accepted, 1)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 3, redrivenTimes(1))
			b.record("1|a", 0, 4, redrivenTimes(2))
		}, Counts{Source: 1, Accepted: 1, Redriven: 1}},
		"receipt and letter expired, the copy refused": {func(b *bench) {
			b.committed(5)
			b.receipt("1", "a", 0, 3, verdict.Validation, 1)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 3, redriven)
		}, Counts{Source: 1, Validation: 1, Redriven: 1}},
		"receipt and letter expired, the copy in flight": {func(b *bench) {
			b.committed(3)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 3, redriven)
		}, Counts{Source: 1, InFlight: 1, Redriven: 1}},
		"bytes that nobody can read, their receipt and letter expired": {func(b *bench) {
			b.committed(5)
			b.receipt("", "", 0, 3, verdict.Decode, 0)
			b.record("garbage", 0, 0)
			b.record("garbage", 0, 3, redriven)
		}, Counts{Source: 1, Decode: 1, Redriven: 1}},
		"missing, and a copy of another event accepted": {func(b *bench) {
			b.committed(5)
			b.receipt("1", "b", 0, 3, verdict.Accepted, 1)
			b.record("1|a", 0, 0)
			b.record("1|b", 0, 3, redriven)
		}, Counts{Source: 2, Accepted: 1, Missing: 1}},
		"missing, and a duplicate accepted that is not a copy": {func(b *bench) {
			b.committed(5)
			b.receipt("1", "a", 0, 0, verdict.Accepted, 1)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 3)
		}, Counts{Source: 2, Accepted: 1, Missing: 1, Duplicates: 1}},
		"twice by the source": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Accepted, 1)
			b.receipt("1", "a", 0, 1, verdict.Accepted, 1)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 1)
		}, Counts{Source: 2, Accepted: 2, Duplicates: 1}},
		"twice by the source, the first refused": {func(b *bench) {
			b.receipt("1", "a", 0, 1, verdict.Accepted, 1)
			b.receipt("1", "a", 0, 0, verdict.Auth, 1)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 1)
		}, Counts{Source: 2, Accepted: 1, Auth: 1, Duplicates: 1}},
		"twice by the source, the first filtered": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Filtered, 0)
			b.receipt("1", "a", 0, 1, verdict.Accepted, 1)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 1)
		}, Counts{Source: 2, Accepted: 1, Filtered: 1, Duplicates: 1}},
		"twice by the source, the first in flight": {func(b *bench) {
			b.receipt("1", "a", 0, 1, verdict.Accepted, 1)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 1)
		}, Counts{Source: 2, Accepted: 1, InFlight: 1, Duplicates: 1}},
		"twice by the source, both refused, one redriven and accepted": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Auth, 1)
			b.receipt("1", "a", 0, 1, verdict.Auth, 1)
			b.receipt("1", "a", 0, 2, verdict.Accepted, 1)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 1)
			b.record("1|a", 0, 2, redriven)
		}, Counts{Source: 2, Accepted: 2, Redriven: 2, Duplicates: 1}},
		"the copy refused otherwise out of the range": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Rejected, 1)
			b.receipt("1", "a", 9, 9, verdict.Validation, 1)
			b.letter("1", "a", 0, 0, verdict.Rejected, 0)
			b.letter("1", "a", 9, 9, verdict.Validation, 1)
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Validation: 1, Redriven: 1}},
		"the copies out of the range, their letters in any order": {func(b *bench) {
			b.letter("1", "a", 9, 11, verdict.Auth, 3)
			b.letter("1", "a", 9, 9, verdict.Validation, 1)
			b.letter("1", "a", 8, 9, verdict.Rejected, 2)
			b.letter("1", "a", 0, 0, verdict.Rejected, 0)
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Auth: 1, Redriven: 1}},
		"a copy in the range, a later one refused out of it": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Rejected, 1)
			b.receipt("1", "a", 0, 1, verdict.Validation, 1)
			b.letter("1", "a", 9, 9, verdict.Auth, 2)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 1, redriven)
		}, Counts{Source: 1, Auth: 1, Redriven: 1}},
		"a copy in the range, an earlier one refused out of it": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Rejected, 1)
			b.receipt("1", "a", 0, 1, verdict.Validation, 1)
			b.letter("1", "a", 9, 9, verdict.Auth, 1)
			b.record("1|a", 0, 0)
			b.record("1|a", 0, 1, redrivenTimes(2))
		}, Counts{Source: 1, Validation: 1, Redriven: 1}},
		"a copy without its original, a later one refused out of the range": {func(b *bench) {
			b.receipt("1", "a", 0, 1, verdict.Rejected, 1)
			b.letter("1", "a", 9, 9, verdict.Auth, 2)
			b.record("1|a", 0, 1, redriven)
		}, Counts{Source: 1, Auth: 1, Redriven: 1}},
		"the copy refused out of the range, and the last accepted there": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Rejected, 1)
			b.receipt("1", "a", 9, 9, verdict.Validation, 1)
			b.receipt("1", "a", 9, 10, verdict.Accepted, 1)
			b.letter("1", "a", 9, 9, verdict.Validation, 1)
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Accepted: 1, Redriven: 1}},
		"the copy filtered out of the range": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Rejected, 1)
			b.receipt("1", "a", 9, 9, verdict.Filtered, 0)
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Filtered: 1, Redriven: 1}},
		"bytes that nobody can read, their copy out of the range": {func(b *bench) {
			b.receipt("", "", 0, 0, verdict.Decode, 0)
			b.verdicts.Letter(&deadletter.Letter{Topic: "events", Partition: 9, Offset: 9, Value: []byte("garbage"), Redrives: 1, Reason: verdict.Reason{Class: verdict.Decode}})
			b.record("garbage", 0, 0)
		}, Counts{Source: 1, Decode: 1, Redriven: 1}},
		"a duplicate out of the range refused otherwise is not a copy": {func(b *bench) {
			b.receipt("1", "a", 0, 0, verdict.Rejected, 1)
			b.receipt("1", "a", 9, 9, verdict.Validation, 1)
			b.letter("1", "a", 9, 9, verdict.Validation, 0)
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Rejected: 1}},
		"receipt and letter expired, the copy refused out of the range": {func(b *bench) {
			b.committed(5)
			b.letter("1", "a", 9, 9, verdict.Validation, 1)
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Validation: 1, Redriven: 1}},
		"missing, and a duplicate refused and then accepted": {func(b *bench) {
			b.committed(5)
			b.receipt("1", "a", 9, 9, verdict.Rejected, 1)
			b.receipt("1", "a", 9, 10, verdict.Accepted, 1)
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Missing: 1}},
		"Amazon lacks it": {func(b *bench) {
			b.r.Amazon = &Diagnostics{}
			b.receipt("1", "a", 0, 0, verdict.Accepted, 1)
			b.record("1|a", 0, 0)
		}, Counts{Source: 1, Missing: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, history.Span{Partition: 0, From: 0, To: 10})
			tc.do(b)
			got := b.finish().Sum
			value := got.Value.Text("USD")
			got.Value = nil
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", tc.want) {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
			want := "0.00"
			if got.Accepted > 0 {
				want = "10.10" // once, however often the event was there
			}
			if value != want {
				t.Errorf("value %s, want %s", value, want)
			}
		})
	}
}

// TestOneOfEachIDCounts: of records with one id, exactly one that was accepted is no
// duplicate, and its amount counts, wherever it stands among the others.
func TestOneOfEachIDCounts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t, history.Span{Partition: 0, From: 0, To: 20})
		b.committed(rapid.SampledFrom([]int64{0, 20}).Draw(rt, "committed"))
		n := rapid.IntRange(1, 6).Draw(rt, "records")
		accepted := 0
		for i := range int64(n) {
			class := rapid.SampledFrom([]verdict.Class{verdict.Accepted, verdict.Filtered, verdict.Auth, 0}).Draw(rt, "class")
			if class != 0 {
				b.receipt("1", "a", 0, i, class, 1)
			}
			if class == verdict.Accepted {
				accepted++
			}
			b.record("1|a", 0, i)
		}
		sum := b.finish().Sum
		told := 0
		for _, e := range b.events {
			if e.Fate == verdict.Accepted.String() && !e.Duplicate {
				told++
			}
		}
		want, value := min(accepted, 1), "0.00"
		if accepted > 0 {
			value = "10.10"
		}
		if told != want || sum.Value.Text("USD") != value || sum.Duplicates != n-1 {
			rt.Fatalf("%d accepted: %d told as no duplicates, value %s, %d duplicates of %d", accepted, told, sum.Value.Text("USD"), sum.Duplicates, n)
		}
	})
}

func TestRegistryThatIsAwayIsNoVerdict(t *testing.T) {
	b := newBench(t)
	away := errors.New("away")
	b.r.Decoder = textDecoder{away}
	if err := b.r.Record(t.Context(), &kgo.Record{}); !errors.Is(err, away) {
		t.Errorf("%v", err)
	}
}

func indexes(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

func redrivenTimes(n int) kgo.RecordHeader {
	return kgo.RecordHeader{Key: "amazon-capi.redrives", Value: []byte(strconv.Itoa(n))}
}

// TestTheLastRedriveCounts: in whatever order an event and its copies are read,
// and whether the event itself is in the range or not.
func TestTheLastRedriveCounts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t, history.Span{Partition: 0, From: 0, To: 10}, history.Span{Partition: 1, From: 0, To: 10}, history.Span{Partition: 2, From: 0, To: 10})
		classes := []verdict.Class{verdict.Validation, verdict.Rejected, verdict.Auth, verdict.Filtered, 0}
		type copied struct {
			partition int32
			offset    int64
			redrives  int
		}
		n := rapid.IntRange(1, 6).Draw(rt, "copies")
		inRange := rapid.Bool().Draw(rt, "original in the range")
		want := InFlight
		var all []copied
		next := map[int32]int64{}
		put := func(class verdict.Class, redrives int, there bool) {
			c := copied{int32(rapid.IntRange(0, 2).Draw(rt, "partition")), 0, redrives}
			c.offset = next[c.partition]
			next[c.partition]++
			if there {
				all = append(all, c)
			}
			if class != 0 {
				b.receipt("1", "a", c.partition, c.offset, class, 1)
			}
		}
		put(verdict.Rejected, 0, inRange)
		accepted := rapid.IntRange(0, 2*n).Draw(rt, "accepted") // which of them, if any
		for i := 1; i <= n; i++ {
			class := rapid.SampledFrom(classes).Draw(rt, "class")
			if i == accepted {
				class = verdict.Accepted
			}
			put(class, i, true)
			switch {
			case want == verdict.Accepted.String():
			case class == 0:
				want = InFlight
			default:
				want = class.String()
			}
		}
		for _, i := range rapid.Permutation(indexes(len(all))).Draw(rt, "order") {
			c := all[i]
			if c.redrives == 0 {
				b.record("1|a", c.partition, c.offset)
			} else {
				b.record("1|a", c.partition, c.offset, redrivenTimes(c.redrives))
			}
		}
		sum := b.finish().Sum
		if sum.Source != 1 || sum.Redriven != 1 || b.events[0].Fate != want {
			rt.Fatalf("%+v with the fate %q, want one event with %q", sum, b.events[0].Fate, want)
		}
		// A copy that stands for its original is the one that says so.
		if e := b.events[0]; !inRange && accepted == 0 && !slices.Contains(all, copied{e.Partition, e.Offset, n}) {
			rt.Fatalf("partition %d, offset %d is told, which is not the last copy", e.Partition, e.Offset)
		}
	})
}

// TestRowsAddUp: whatever happened to records, every one is in one row, under one
// of the words.
func TestRowsAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t, history.Span{Partition: 0, From: 100, To: 200}, history.Span{Partition: 1, From: 0, To: 50})
		type place struct {
			partition int32
			offset    int64
		}
		refused := make(map[string][]place)
		for range rapid.IntRange(0, 60).Draw(rt, "receipts") {
			profile, id := rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "profile"), rapid.SampledFrom([]string{"a", "b", "c", ""}).Draw(rt, "id")
			class, at := rapid.SampledFrom(append(verdict.Classes(), 0)).Draw(rt, "class"), place{int32(rapid.IntRange(0, 2).Draw(rt, "partition")), int64(rapid.IntRange(0, 210).Draw(rt, "offset"))}
			b.receipt(profile, id, at.partition, at.offset, class, rapid.IntRange(0, 3).Draw(rt, "attempts"))
			if class.DeadLetter() {
				refused[profile+"|"+id] = append(refused[profile+"|"+id], at)
			}
		}
		originals := 0
		keys, here, claims := make(map[string]bool), make(map[string]bool), make(map[string][]place)
		for offset := range int64(rapid.IntRange(0, 50).Draw(rt, "records")) {
			value := rapid.SampledFrom([]string{"1|a", "1|b", "2|a", "2|c", "junk"}).Draw(rt, "value")
			if rapid.Bool().Draw(rt, "copy") {
				b.record(value, 1, offset, redriven)
				claims[value] = append(claims[value], place{1, offset})
				continue
			}
			b.record(value, 1, offset)
			keys[value] = true
			originals++
			if class, _, _ := b.verdicts.of(1, offset); class.DeadLetter() {
				here[value] = true
			}
		}
		for value, places := range claims {
			copies := 0
			for _, at := range places {
				if here[value] || slices.ContainsFunc(refused[value], func(other place) bool { return other != at }) {
					copies++
				} else { // a header that no refusal bears out
					originals++
					keys[value] = true
				}
			}
			if copies > 0 && !keys[value] {
				originals++ // stands for its original
			}
		}
		r := b.finish()
		if r.Sum.Source != originals {
			rt.Fatalf("%d records counted, want %d", r.Sum.Source, originals)
		}
		for _, rows := range [][]Row{r.Rows, r.By(true, false, false), r.By(false, false, false)} {
			var sum Counts
			for i := range rows {
				sum.add(&rows[i].Counts)
			}
			if fmt.Sprint(sum.Source, sum.Accepted, sum.DeadLettered(), sum.Filtered, sum.InFlight, sum.Missing, sum.Value) !=
				fmt.Sprint(r.Sum.Source, r.Sum.Accepted, r.Sum.DeadLettered(), r.Sum.Filtered, r.Sum.InFlight, r.Sum.Missing, r.Sum.Value) {
				rt.Fatalf("rows make %+v, want %+v", sum, r.Sum)
			}
		}
	})
}

func TestAmountsAreExact(t *testing.T) {
	var a Amounts
	for _, s := range []string{"0.1", "0.2", "129.95", "1e3", "0.005"} {
		r, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatal(s)
		}
		a = a.plus("USD", r)
	}
	a = a.plus("EUR", big.NewRat(5, 1))
	if got := a.String(); got != "5.00 EUR, 1130.255 USD" {
		t.Errorf("%s", got)
	}
}

func TestDiagnosticsForms(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		has  []string // profile|id
		not  []string
	}{
		"CSV":               {"\ufeffEvent-ID;x\n", nil, nil},
		"CSV with profiles": {"profile_id,event_id\n1,a\n2,b\n", []string{"1|a", "2|b"}, []string{"1|b", "2|a"}},
		"CSV without":       {"event id\na\n\nb\n", []string{"1|a", "9|b"}, []string{"1|c"}},
		"objects":           {`{"profile_id":"1","event_id":"a"}` + "\n" + `{"eventId":"b"}`, []string{"1|a", "7|b"}, []string{"2|a"}},
		"the sandbox's":     {`{"profile":"1","event_id":"a","accepted":1}` + "\n" + `{"profile":"1","event_id":"b","accepted":0}`, []string{"1|a"}, []string{"1|b"}},
		"its record":        {`{"seq":1,"profile":"1","items":[{"event_id":"a","verdict":"taken"},{"event_id":"b","verdict":"refused"}]}` + "\n" + `{"seq":2,"profile":"1","items":[]}`, []string{"1|a"}, []string{"1|b"}},
		"masked ids":        {"event_id\njane@example.com\n", []string{"1|" + redact.EventID("jane@example.com")}, nil},
		"nothing":           {" \n", nil, []string{"1|a"}},
	} {
		d, err := ReadDiagnostics(strings.NewReader(tc.text))
		if name == "CSV" {
			if err == nil {
				t.Error("a column that is not there was found")
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for want, all := range map[bool][]string{true: tc.has, false: tc.not} {
			for _, s := range all {
				profile, id, _ := strings.Cut(s, "|")
				if d.Has(profile, id) != want {
					t.Errorf("%s: has %s: %v", name, s, !want)
				}
			}
		}
	}
}

// TestDiagnosticsOfWindows: a byte order mark is no part of a column's name, and
// UTF-16 is said to be that.
func TestDiagnosticsOfWindows(t *testing.T) {
	for _, text := range []string{"\ufeffevent_id,profile\na,1\n", "\ufeff\"event_id\",\"profile\"\r\n\"a\",\"1\"\r\n", "\ufeff" + `{"event_id":"a","profile":"1"}`} {
		if d, err := ReadDiagnostics(strings.NewReader(text)); err != nil || !d.Has("1", "a") {
			t.Errorf("%q: %+v, %v", text, d, err)
		}
	}
	for _, text := range []string{"\xff\xfee\x00v\x00", "\xfe\xff\x00e\x00v", "e\x00v\x00"} {
		if _, err := ReadDiagnostics(strings.NewReader(text)); !errors.Is(err, textfile.ErrUTF16) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzReadDiagnostics(f *testing.F) {
	f.Add("event_id,profile\na,1\n")
	f.Add(`{"event_id":"a","items":[{}]}`)
	f.Add("\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ReadDiagnostics(strings.NewReader(text))
		if err == nil && d.Len() > len(text) {
			t.Errorf("%d events in %d bytes", d.Len(), len(text))
		}
		if err != nil && strings.Contains(err.Error(), "@") {
			t.Error("the error quotes what it read")
		}
	})
}

// TestAcceptancesAreCounted: each request that Amazon accepted an event in counts, and
// records of one event that one request carried count once.
func TestAcceptancesAreCounted(t *testing.T) {
	b := newBench(t, history.Span{Partition: 0, From: 0, To: 10})
	took := map[int64][3]int{}
	b.r.Sent = func(s *Sent) { took[s.Offset] = [3]int{s.Takes, s.Repeats, s.Recent} }
	b.verdicts.Recently = began
	accepted := func(request string, at time.Time, events ...receipt.Event) {
		for i := range events {
			events[i].Class = verdict.Accepted
		}
		b.verdicts.Receipt(&receipt.Receipt{Topic: "events", ProfileID: "1", RequestID: request, Attempts: 1, LastAnswered: at, Events: events})
	}
	a := func(offset int64) receipt.Event { return receipt.Event{EventID: "a", Offset: offset} }
	c := func(offset int64) receipt.Event { return receipt.Event{EventID: "c", Offset: offset} }
	accepted("r1", began.Add(-time.Hour), c(0), a(1), a(2)) // one request has both
	accepted("r1", began.Add(-time.Hour), a(3))             // the rest of a receipt that was split
	accepted("r2", began.Add(time.Hour), a(1))              // a replay
	accepted("r3", began.Add(time.Hour), a(4))              // the same id, published again
	for range 40 {
		accepted("", began, c(5))
	}
	for _, rec := range []struct {
		offset int64
		id     string
	}{{0, "c"}, {1, "a"}, {2, "a"}, {3, "a"}, {4, "a"}, {5, "c"}, {6, "x"}} {
		b.record("1|"+rec.id, 0, rec.offset)
	}
	want := map[int64][3]int{0: {1, 0, 0}, 1: {2, 1, 1}, 2: {}, 3: {}, 4: {1, 1, 1}, 5: {40, 40, 0}, 6: {}}
	for offset, w := range want {
		if took[offset] != w {
			t.Errorf("offset %d: %v, want %v", offset, took[offset], w)
		}
	}
	b.finish()
}

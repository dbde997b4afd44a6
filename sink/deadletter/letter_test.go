package deadletter

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

var valueMissing = verdict.Reason{Class: verdict.Validation, Code: "value_missing", Field: "custom_data.value", Message: "a purchase has a value"}

func draftOf(rec *kgo.Record) *Draft {
	return &Draft{Record: verdict.RecordOf(verdict.Handle{}, rec, new(*verdict.Origin)), Original: OriginalOf(rec), Contract: "c", Reason: valueMissing}
}

// A letter that is sent through again and fails again has as many headers as
// the first time.
func TestHeadersDoNotGrowWithEachRound(t *testing.T) {
	rec := &kgo.Record{Topic: "events", Headers: []kgo.RecordHeader{{Key: "own", Value: []byte("1")}}}
	sizes := map[int]bool{}
	for range 5 {
		l := draftOf(rec)
		rec = l.build("dlq", l.Profile)
		sizes[len(rec.Headers)] = true
	}
	if len(sizes) != 1 {
		t.Errorf("numbers of headers: %v", sizes)
	}
}

func TestHeadersOfTheOriginalAreBounded(t *testing.T) {
	var hs []kgo.RecordHeader
	for i := range 200 {
		hs = append(hs, kgo.RecordHeader{Key: fmt.Sprint("h", i), Value: []byte("v")})
	}
	hs = append(hs, kgo.RecordHeader{Key: "large", Value: make([]byte, maxOwnHeaderBytes)})
	l := draftOf(&kgo.Record{Topic: strings.Repeat("t", 500), Headers: hs})
	l.EventID, l.Profile = strings.Repeat("e", 10_000), strings.Repeat("p", 10_000)
	l.Reason.Message, l.Reason.Code, l.Reason.Field = strings.Repeat("m ", 10_000), strings.Repeat("c", 10_000), strings.Repeat("f", 10_000)
	out := l.build("dlq", l.Profile)
	total := 0
	for _, h := range out.Headers {
		total += len(h.Key) + len(h.Value)
	}
	if len(out.Headers) > maxOwnHeaders+20 || total > maxOwnHeaderBytes+6<<10 {
		t.Errorf("%d headers with %d bytes", len(out.Headers), total)
	}
	if got, err := Parse(out); err != nil || got.HeadersOmitted != 137 {
		t.Errorf("%d headers said to be omitted, want 137 (%v)", got.HeadersOmitted, err)
	}
}

// TestWhatNamesTheSchemaIsKept: among any number of other headers, for a redrive to be
// read as the original was.
func TestWhatNamesTheSchemaIsKept(t *testing.T) {
	var hs []kgo.RecordHeader
	for i := range 200 {
		hs = append(hs, kgo.RecordHeader{Key: fmt.Sprint("h", i), Value: make([]byte, 1000)}, kgo.RecordHeader{Key: framing.HeaderConfluent, Value: []byte{byte(i)}})
	}
	_, last := framing.Write(framing.RefUUID(framing.GUID, [16]byte{5}), nil, true, false)
	_, apicurio := framing.Write(framing.RefNumber(framing.ApicurioGlobalID, 6), nil, true, false)
	hs = append(append(hs, last...), apicurio...)
	want, got := new(framing.Found), new(framing.Found)
	if fault := framing.All.Find([]byte("x"), hs, want); fault != nil {
		t.Fatal(fault)
	}
	rec := &kgo.Record{Topic: "events", Value: []byte("x"), Headers: hs}
	for range 3 {
		l := draftOf(rec)
		letter, err := Parse(l.build("dlq", l.Profile))
		if err != nil {
			t.Fatal(err)
		}
		rec = letter.Again()
		if fault := framing.All.Find(rec.Value, rec.Headers, got); fault != nil || got.Ref != want.Ref {
			t.Fatalf("%v %v, want %v", got.Ref, fault, want.Ref)
		}
		if n := len(framing.Naming(rec.Headers)); n != 2 || len(rec.Headers) > maxOwnHeaders+3 {
			t.Errorf("%d headers of %d name the schema", n, len(rec.Headers))
		}
	}
}

func TestLettersOfOtherToolsAreReadAsFarAsTheyGo(t *testing.T) {
	h := func(kv ...string) (out []kgo.RecordHeader) {
		for i := 0; i < len(kv); i += 2 {
			out = append(out, kgo.RecordHeader{Key: kv[i], Value: []byte(kv[i+1])})
		}
		return out
	}
	for name, tt := range map[string]struct {
		headers []kgo.RecordHeader
		want    Letter
		err     error
	}{
		"Kafka Connect's": {
			h("__connect.errors.topic", "t", "__connect.errors.partition", "1", "__connect.errors.offset", "2", "__connect.errors.stage", "VALUE_CONVERTER",
				"__connect.errors.exception.message", "no schema for jane@example.com", "__connect.errors.exception.stacktrace", "at x"),
			Letter{Topic: "t", Partition: 1, Offset: 2, Stage: "VALUE_CONVERTER", Reason: verdict.Reason{Message: "no schema for [email]"}, Pointer: true}, nil,
		},
		"damaged": {
			h("__connect.errors.partition", "x", "__connect.errors.offset", "99999999999999999999", "amazon-capi.class", "melted", "amazon-capi.status", "-1",
				"amazon-capi.attempts", "", "amazon-capi.first-failure", "yesterday", "amazon-capi.unheard-of", "x"),
			Letter{Partition: -1, Offset: -1}, nil, // class "melted" is a later version's
		},
		"a share group's": {
			h("__dlq.errors.topic", "t", "__dlq.errors.partition", "1", "__dlq.errors.offset", "12345678", "__dlq.errors.group", "g",
				"__dlq.errors.delivery.count", "5", "__dlq.errors.message", "no luck for jane@example.com"),
			Letter{Topic: "t", Partition: 1, Offset: 12345678, Attempts: 5, Reason: verdict.Reason{Message: "no luck for [email]"}, Pointer: true}, nil,
		},
		"Spring's": {
			h("kafka_dlt-original-topic", "t", "kafka_dlt-original-partition", "\x00\x00\x00\x03", "kafka_dlt-original-offset", "\x00\x00\x00\x00\x00\x00\x01\x00",
				"kafka_dlt-original-timestamp", "\x00\x00\x01\x9b\x00\x00\x00\x00", "kafka_dlt-exception-fqcn", "a.B", "kafka_dlt-exception-message", "for jane@example.com",
				"kafka_dlt-exception-stacktrace", "at x", "kafka_dlt-original-topic", "t-retry", "retry_topic-attempts", "\x00\x00\x00\x04", "own", "1"),
			Letter{
				Topic: "t", Partition: 3, Offset: 256, Timestamp: time.UnixMilli(0x19b00000000), Stage: "a.B", Attempts: 4,
				Reason: verdict.Reason{Message: "for [email]"}, Headers: h("own", "1"), Pointer: true,
			}, nil,
		},
		"others', damaged": {
			h("kafka_dlt-original-partition", "\xff\xff\xff\xff", "kafka_dlt-original-offset", "xyz", "kafka_dlt-original-timestamp", "", "__dlq.errors.delivery.count", "-7"),
			Letter{Partition: -1, Offset: -1, Pointer: true}, nil,
		},
		"ours, of a record of Spring's": {
			h("kafka_dlt-original-topic", "theirs", "__dlq.errors.topic", "theirs", "amazon-capi.class", "validation", "__connect.errors.topic", "t"),
			Letter{
				Topic: "t", Partition: -1, Offset: -1, Reason: verdict.Reason{Class: verdict.Validation},
				Headers: h("kafka_dlt-original-topic", "theirs", "__dlq.errors.topic", "theirs"),
			}, nil,
		},
		"none": {h("x", "y"), Letter{Partition: -1, Offset: -1, Headers: h("x", "y")}, ErrNoLetter},
	} {
		got, err := Parse(&kgo.Record{Headers: tt.headers})
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzParseLetter(f *testing.F) {
	f.Add("amazon-capi.status", "422", "__connect.errors.offset", "7")
	f.Add("amazon-capi.timestamp-omitted", "-9223372036854775808", "amazon-capi.value-omitted", "x")
	f.Add("kafka_dlt-original-offset", "\xff\xff\xff\xff\xff\xff\xff\xff", "__dlq.errors.partition", "99999999999")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		l, err := Parse(&kgo.Record{Headers: []kgo.RecordHeader{{Key: k1, Value: []byte(v1)}, {Key: k2, Value: []byte(v2)}}})
		if err != nil && !errors.Is(err, ErrNoLetter) {
			t.Fatal(err)
		}
		if l.Reason.Status < 0 || l.Attempts < 0 {
			t.Fatalf("%+v", l)
		}
	})
}

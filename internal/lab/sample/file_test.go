package sample

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

func read(t *testing.T, text string) ([]Sample, error) {
	t.Helper()
	var out []Sample
	for s, err := range Read(strings.NewReader(text), "events.jsonl") {
		if err != nil {
			return out, err
		}
		out = append(out, s)
	}
	return out, nil
}

var compareDecimals = cmp.Comparer(func(a, b schemas.Decimal) bool { return a.IsSet() == b.IsSet() && a.String() == b.String() })

func TestRead(t *testing.T) {
	got, err := read(t, `
# a comment
{"event":{"event_id":"a","profile_id":"1","event_name":"Lead","occurred_at":"2026-04-23T10:17:00Z"},"schema":1,"key":"k","timestamp":"2026-05-01T00:00:00Z","expect":"accepted","why":"it is good"}

  {"event_id":"b","event_name":"Lead"}
{"damage":"tombstone","key":"c","expect":"decode","code":"tombstone"}
{"raw_base64":"AAAAAAE="}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []Sample{
		{Event: &schemas.Event{EventID: "a", ProfileID: "1", EventName: "Lead", OccurredAt: 1776939420000}, Schema: schemas.V1, Key: "k",
			Timestamp: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), Expect: verdict.Accepted, Why: "it is good"},
		{Event: &schemas.Event{EventID: "b", EventName: "Lead"}},
		{Damage: Tombstone, Key: "c", Expect: verdict.Decode, Code: "tombstone"},
		{Raw: []byte{0, 0, 0, 0, 1}},
	}
	if diff := cmp.Diff(want, got, compareDecimals); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
}

func TestReadErrors(t *testing.T) {
	const secret = "jane@example.com"
	for text, want := range map[string]string{
		`{"event_id":"a"`:                              "events.jsonl:2: not one JSON object",
		`{"event_id":"a"} {}`:                          "events.jsonl:2: not one JSON object",
		`[]`:                                           "events.jsonl:2: not one JSON object",
		`{}`:                                           "",
		`{"evnt_id":"` + secret + `"}`:                 `unknown field "evnt_id"`,
		`{"event":{"user_data":{"email":7}}}`:          "events.jsonl:2: event: user_data.email",
		`{"event":{},"expected":"accepted"}`:           `unknown field "expected"`,
		`{"event":{},"expect":"accpted"}`:              "expect: verdict class",
		`{"event":{},"schema":9}`:                      "schema version 9 is unknown",
		`{"event":{},"damage":"burnt"}`:                `damage "burnt" is unknown: want one of tombstone,`,
		`{"event":{},"raw_base64":"AA=="}`:             "want neither event nor damage",
		`{"damage":"truncated"}`:                       "there is nothing to publish",
		`{"event":{},"timestamp":"yesterday"}`:         "yesterday",
		`{"raw_base64":"***","why":"` + secret + `"}`:  "events.jsonl:2: ",
		`{"event":{"event_name":"` + secret + `"},"x"`: "events.jsonl:2: ",
	} {
		_, err := read(t, "\n"+text+"\n")
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in the error", text, err, want)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error quotes the event: %v", text, err)
		}
	}
	got, err := read(t, `{"event_id":"a"}`+"\n"+`nonsense`+"\n"+`{"event_id":"b"}`)
	if err == nil || len(got) != 1 {
		t.Errorf("%d samples and %v, want one and then an error", len(got), err)
	}
}

// TestReadLongLine: an event of the largest records that brokers take.
func TestReadWithByteOrderMark(t *testing.T) {
	const event = `{"event_id":"e","event_name":"Lead"}`
	n := 0
	for s, err := range Read(strings.NewReader("\ufeff"+event+"\r\n"+event), "x") {
		if err != nil || s.Event.EventID != "e" {
			t.Fatalf("%+v, %v", s, err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d events, want 2", n)
	}
	for _, err := range Read(strings.NewReader("{\x00\"\x00"), "x") {
		if err == nil || !strings.Contains(err.Error(), "UTF-16") {
			t.Errorf("UTF-16: %v", err)
		}
	}
}

func TestReadLongLine(t *testing.T) {
	long := strings.Repeat("x", 5<<20)
	got, err := read(t, `{"event_id":"a","custom_data":{"attributes":{"k":"`+long+`"}}}`)
	if err != nil || len(got) != 1 || got[0].Event.Custom.Attributes[0].Value != long {
		t.Errorf("%d samples, %v; want the one", len(got), err)
	}
}

func TestReadAll(t *testing.T) {
	files := fstest.MapFS{
		"events/b.jsonl":   {Data: []byte(`{"event_id":"2"}`)},
		"events/a.jsonl":   {Data: []byte(`{"event_id":"1"}`)},
		"events/README.md": {Data: []byte(`no sample`)},
	}
	got, err := ReadAll(files)
	if err != nil || len(got) != 2 || got[0].EventID() != "1" || got[1].EventID() != "2" {
		t.Errorf("%+v, %v; want 1 and 2", got, err)
	}
	files["events/c.jsonl"] = &fstest.MapFile{Data: []byte("{\n")}
	if _, err := ReadAll(files); err == nil || !strings.HasPrefix(err.Error(), "events/c.jsonl:1:") {
		t.Errorf("%v, want an error that names the file and the line", err)
	}
}

// TestWriteThenRead: what is generated survives a file.
func TestWriteThenRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, err := NewGenerator(rapid.Uint64().Draw(t, "seed"), GeneratorOptions{Broken: 0.5, Denied: 0.1, V1: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		var samples []Sample
		for range 10 {
			samples = append(samples, g.Next())
		}
		var file bytes.Buffer
		if err := Write(&file, samples...); err != nil {
			t.Fatal(err)
		}
		var got []Sample
		for s, err := range Read(&file, "file") {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, s)
		}
		if diff := cmp.Diff(samples, got, compareDecimals); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

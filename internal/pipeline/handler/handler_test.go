package handler

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/transform"
)

var errAway = errors.New("the registry does not answer")

// decode reads values of the form "profile|event-id" and some words.
type decode struct{}

func (decode) DecodeRecord(_ context.Context, rec *kgo.Record, ev *schemas.Event) error {
	ev.Reset()
	profile, id, _ := strings.Cut(string(rec.Value), "|")
	ev.ProfileID, ev.EventID = profile, id
	switch id {
	case "broken":
		return &schemas.DecodeError{Code: verdict.CodeNoMagic, Message: "no magic byte"}
	case "away":
		return errAway
	case "denied":
		ev.Consent.AdUserData = "DENIED"
	case "dropped":
		ev.User.MADID = "no uuid"
	}
	ev.EventName, ev.ActionSource, ev.OccurredAt = "Lead", "WEBSITE", time.Now().UnixMilli()
	return nil
}

// noted is what a feed was given.
type noted struct {
	what, profile, event string
	seq                  uint64
	past                 *sink.Past
	topic                string
}

type fakeLanes struct {
	got     []noted
	flushed int
	shed    []sink.Backlog
	calls   string
}

func (f *fakeLanes) AddAgain(h verdict.Handle, rec *kgo.Record, c *transform.Conversion, past *sink.Past) {
	f.got = append(f.got, noted{"add", c.ProfileID, c.EventID, h.Seq, past, rec.Topic})
}

func (f *fakeLanes) Refuse(h verdict.Handle, rec *kgo.Record, profile, event string, r verdict.Reason) {
	f.got = append(f.got, noted{r.Class.String(), profile, event, h.Seq, nil, rec.Topic})
}

func (f *fakeLanes) Filter(h verdict.Handle, rec *kgo.Record, profile, event string, r verdict.Reason) {
	f.Refuse(h, rec, profile, event, r)
}

type laneCalls struct{ *fakeLanes }

func (l laneCalls) Flush()                  { l.calls += "flush " }
func (l laneCalls) Hurry()                  { l.calls += "hurry " }
func (l laneCalls) Sweep()                  { l.calls += "sweep " }
func (l laneCalls) Shed(int) []sink.Backlog { return l.shed }
func (l laneCalls) Wants(string) int        { return 7 }

func (f *fakeLanes) Flush() { f.flushed++ }

func newHandler(t *testing.T, f *fakeLanes, o Options) *Handler {
	t.Helper()
	tr, err := transform.New(transform.Options{ConsentDenied: transform.ConsentFilter})
	if err != nil {
		t.Fatal(err)
	}
	o.Decoder, o.Transformer = decode{}, tr
	return NewReader(o).To(laneCalls{f}, func() Feed { return f })
}

// Each record goes where it belongs, with what the consumer has to know of it.
func TestReadAndTake(t *testing.T) {
	past := new(sink.Past)
	for name, tc := range map[string]struct {
		value string
		past  *verdict.Past
		want  noted
		sends bool
		more  bool // it takes more memory than the record
	}{
		"an event":             {"p1|a", nil, noted{"add", "p1", "a", 3, nil, "t"}, true, false},
		"one given back":       {"p1|a", verdict.NewPast(time.Time{}, past), noted{"add", "p1", "a", 3, past, "t"}, true, false},
		"no Avro":              {"p1|broken", nil, noted{"decode", "p1", "broken", 3, nil, "t"}, false, true},
		"no Avro, bad profile": {"p 1|broken", nil, noted{"decode", "", "broken", 3, nil, "t"}, false, true},
		"no id":                {"p1|", nil, noted{"validation", "p1", "", 3, nil, "t"}, false, true},
		"denied":               {"p1|denied", nil, noted{"filtered", "p1", "denied", 3, nil, "t"}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := new(fakeLanes)
			w := newHandler(t, f, Options{}).NewWorker()
			rec := &kgo.Record{Topic: "t", Value: []byte(tc.value)}
			r, err := w.Read(t.Context(), rec, tc.past != nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Profile != tc.want.profile || r.Sends != tc.sends || (r.Size > verdict.SizeOf(rec)+letterOverhead) != tc.more || !tc.more && r.Size != 0 {
				t.Errorf("read as %+v", r)
			}
			w.Take(verdict.Handle{Seq: 3}, tc.past)
			w.Flush()
			if len(f.got) != 1 || f.got[0] != tc.want || f.flushed != 1 {
				t.Errorf("flushed %d times, fed %+v, want %+v", f.flushed, f.got, tc.want)
			}
			if w.rec != nil || w.event.EventID != "" || w.conversion.EventID != "" {
				t.Error("the record is kept after the flush")
			}
		})
	}
}

// decodeSame has one event for all records, and allocates nothing.
type decodeSame struct{ ev schemas.Event }

func (d *decodeSame) DecodeRecord(_ context.Context, _ *kgo.Record, ev *schemas.Event) error {
	*ev = d.ev
	return nil
}

// discard is a feed that keeps nothing.
type discard struct{ fakeLanes }

func (discard) AddAgain(verdict.Handle, *kgo.Record, *transform.Conversion, *sink.Past) {}

// A record's way through the worker allocates nothing: one allocation is a twentieth of
// what an event costs.
func TestNothingIsAllocated(t *testing.T) {
	tr, err := transform.New(transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, rec := new(decodeSame), &kgo.Record{Topic: "t", Value: []byte("p1|a")}
	if err := (decode{}).DecodeRecord(t.Context(), rec, &d.ev); err != nil {
		t.Fatal(err)
	}
	f := new(discard)
	w := NewReader(Options{
		Decoder: d, Transformer: tr, Erased: func(string) (bool, error) { return false, nil },
	}).To(laneCalls{&f.fakeLanes}, func() Feed { return f }).NewWorker()
	if n := testing.AllocsPerRun(100, func() {
		r, err := w.Read(t.Context(), rec, false)
		if err != nil || !r.Sends {
			t.Fatalf("read as %+v: %v", r, err)
		}
		w.Take(verdict.Handle{}, nil)
	}); n != 0 {
		t.Errorf("%v allocations a record, want none", n)
	}
}

// What cannot be read now is nobody's fault, and goes nowhere.
func TestReadsThatMustWait(t *testing.T) {
	f := new(fakeLanes)
	w := newHandler(t, f, Options{}).NewWorker()
	if _, err := w.Read(t.Context(), &kgo.Record{Value: []byte("p1|away")}, false); !errors.Is(err, errAway) {
		t.Errorf("read with %v", err)
	}
	gone := errors.New("the original cannot be read now")
	w = newHandler(t, f, Options{Restore: func(context.Context, *kgo.Record) (*kgo.Record, error) { return nil, gone }}).NewWorker()
	if _, err := w.Read(t.Context(), &kgo.Record{Value: []byte("p1|a")}, false); !errors.Is(err, gone) {
		t.Errorf("restored with %v", err)
	}
	if len(f.got) > 0 {
		t.Errorf("fed %+v", f.got)
	}
}

// What is restored is handled in place of what was read.
func TestRestore(t *testing.T) {
	f := new(fakeLanes)
	w := newHandler(t, f, Options{Restore: func(_ context.Context, rec *kgo.Record) (*kgo.Record, error) {
		return &kgo.Record{Topic: "source", Value: append([]byte("p1|"), rec.Value...)}, nil
	}}).NewWorker()
	if _, err := w.Read(t.Context(), &kgo.Record{Topic: "letters", Value: []byte("x")}, false); err != nil {
		t.Fatal(err)
	}
	w.Take(verdict.Handle{Seq: 1}, nil)
	if want := (noted{"add", "p1", "x", 1, nil, "source"}); f.got[0] != want {
		t.Errorf("fed %+v, want %+v", f.got[0], want)
	}
}

// What was left out of an event counts once, however often the event is read.
func TestWarningsCountOnce(t *testing.T) {
	f := new(fakeLanes)
	reg := prometheus.NewRegistry()
	w := newHandler(t, f, Options{Registerer: reg}).NewWorker()
	for _, again := range []bool{false, true, true} {
		if _, err := w.Read(t.Context(), &kgo.Record{Value: []byte("p1|dropped")}, again); err != nil {
			t.Fatal(err)
		}
		w.Flush()
	}
	families, err := reg.Gather()
	if err != nil || len(families) != 1 || families[0].Metric[0].Counter.GetValue() != 1 {
		t.Errorf("%v, %v; want one warning", families, err)
	}
}

// The consumer's words are the lanes'.
func TestLanesInTheConsumersWords(t *testing.T) {
	f := &fakeLanes{shed: []sink.Backlog{
		{Profile: "p1", Tokens: []verdict.Handle{{Seq: 1}, {Seq: 2}}, Past: new(sink.Past)},
		{Profile: "p2", Tokens: []verdict.Handle{{Seq: 3}}},
	}}
	h := newHandler(t, f, Options{})
	h.Flush(true)
	h.Flush(false)
	h.Forget()
	if f.calls != "flush hurry sweep " || h.Wants("p1") != 7 {
		t.Errorf("called %q", f.calls)
	}
	given := h.GiveBack(3)
	if len(given) != 2 || given[0].Profile != "p1" || len(given[0].Handles) != 2 || given[0].Past.Of != any(f.shed[0].Past) || given[1].Past != nil {
		t.Errorf("%+v", given)
	}
	f.shed = nil
	if h.GiveBack(3) != nil {
		t.Error("something was given back")
	}
}

// decodeMany has events of more attributes than are sent.
type decodeMany struct{ decode }

func (d decodeMany) DecodeRecord(ctx context.Context, rec *kgo.Record, ev *schemas.Event) error {
	err := d.decode.DecodeRecord(ctx, rec, ev)
	for i := range 11 {
		ev.Custom.Attributes = append(ev.Custom.Attributes, schemas.Attribute{Key: fmt.Sprintf("a%02d", i), Value: "v"})
	}
	return err
}

// What is left out of an event is told by name, once, however often the event is read.
func TestAttributesLeftOutAreToldOnce(t *testing.T) {
	var told []string
	tr, err := transform.New(transform.Options{Wide: true})
	if err != nil {
		t.Fatal(err)
	}
	f := new(fakeLanes)
	w := NewReader(Options{
		Decoder: decodeMany{}, Transformer: tr,
		AttributeLeftOut: func(attribute string, why transform.Warning) { told = append(told, attribute+" "+why.String()) },
	}).To(laneCalls{f}, func() Feed { return f }).NewWorker()
	for _, again := range []bool{false, true} {
		if _, err := w.Read(t.Context(), &kgo.Record{Value: []byte("p1|a")}, again); err != nil {
			t.Fatal(err)
		}
	}
	if len(told) != 1 || told[0] != "a10 attributes_too_many" {
		t.Errorf("told %q, want a10 once", told)
	}
}

// TestErasedEventsAreFiltered: before any rule, also what could not be read whole; and what
// cannot be asked about waits.
func TestErasedEventsAreFiltered(t *testing.T) {
	var f fakeLanes
	away := false
	h := newHandler(t, &f, Options{Erased: func(id string) (bool, error) {
		if away {
			return false, errAway
		}
		return id == "gone" || id == "broken", nil
	}})
	w := h.NewWorker()
	read := func(id string) (verdict.Reading, error) {
		return w.Read(t.Context(), &kgo.Record{Topic: "events", Value: []byte("1|" + id)}, false)
	}
	for i, id := range []string{"gone", "stays", "broken"} {
		r, err := read(id)
		if err != nil || r.Sends != (id == "stays") || r.Profile != "1" {
			t.Errorf("%s: %+v, %v", id, r, err)
		}
		if id != "stays" && w.reason.Code != "erased" {
			t.Errorf("%s: %+v", id, w.reason)
		}
		w.Take(verdict.Handle{Seq: uint64(i)}, nil)
	}
	if len(f.got) != 3 || f.got[0].what != "filtered" || f.got[1].what != "add" || f.got[2].what != "filtered" {
		t.Errorf("%+v", f.got)
	}
	away = true
	if _, err := read("stays"); !errors.Is(err, errAway) {
		t.Errorf("without a list: %v", err)
	}
}

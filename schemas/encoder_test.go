package schemas

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/decimal"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"pgregory.net/rapid"
)

// event draws any event that the version can carry.
func drawEvent(v Version) *rapid.Generator[*event.Event] {
	return rapid.Custom(func(t *rapid.T) *event.Event {
		ev := new(event.Event)
		for i := range event.Fields {
			f := &event.Fields[i]
			switch {
			case f.Text != nil:
				*f.Text(ev) = rapid.OneOf(rapid.Just(""), rapid.String()).Draw(t, f.Path())
			case f.Instant != nil:
				*f.Instant(ev) = rapid.Int64().Draw(t, f.Path())
			case f.Count != nil:
				*f.Count(ev) = rapid.Int64().Draw(t, f.Path())
			case f.Amount != nil:
				if rapid.Bool().Draw(t, "has a value") {
					*f.Amount(ev) = decimal.FromBytes(rapid.SliceOfN(rapid.Byte(), 0, 15).Draw(t, f.Path()), rapid.IntRange(0, 10).Draw(t, "scale"))
				}
			default:
				for key, value := range rapid.MapOfN(rapid.String(), rapid.String(), 0, 4).Draw(t, f.Path()) {
					*f.Attributes(ev) = append(*f.Attributes(ev), event.Attribute{Key: key, Value: value})
				}
				slices.SortFunc(*f.Attributes(ev), func(a, b event.Attribute) int { return strings.Compare(a.Key, b.Key) })
			}
		}
		return avrotest.ForVersion(v, ev)
	})
}

// TestAnyEventSurvivesTheWire: amounts of up to 28 digits before the point are
// within the schema's 38, and 15 bytes with 10 decimals are more than that.
func TestAnyEventSurvivesTheWire(t *testing.T) {
	enc, dec := mustEncoder(t), NewDecoder(ours(t))
	for _, v := range Versions() {
		rapid.Check(t, func(t *rapid.T) {
			want := drawEvent(v).Draw(t, "event")
			value, err := enc.EncodeWire(uint32(v), v, want)
			if err != nil {
				if strings.Contains(err.Error(), "more than 38 digits") && len(want.Custom.Value.String()) > 28 {
					return
				}
				t.Fatal(err)
			}
			var got event.Event
			if err := dec.Decode(context.Background(), value, &got); err != nil {
				t.Fatal(err)
			}
			if d := avrotest.Diff(want, &got); d != "" {
				t.Fatalf("version %d (-want +got):\n%s", v, d)
			}
		})
	}
}

func TestEncodeFramesWhatItEncodes(t *testing.T) {
	enc := mustEncoder(t)
	ev := avrotest.FullEvent()
	ev.Custom.Attributes = nil // a map's order is chance
	payload, err := enc.Encode(V4, ev)
	if err != nil {
		t.Fatal(err)
	}
	value, err := enc.EncodeWire(300, V4, ev)
	if err != nil {
		t.Fatal(err)
	}
	if want := append([]byte{0, 0, 0, 1, 44}, payload...); !bytes.Equal(value, want) {
		t.Errorf("framed as %x, want %x", value[:avro.HeaderSize], want[:avro.HeaderSize])
	}
}

func TestAmountsOfTheSchemaAreExact(t *testing.T) {
	dec := NewDecoder(ours(t))
	for _, amount := range []string{"129.95", "0.0000001", "10000000000000.01", "-3", "0", "9999999999999999999999999999.9999999999"} {
		ev := &event.Event{EventID: "e", EventName: "n"}
		var err error
		if ev.Custom.Value, err = decimal.Parse(amount); err != nil {
			t.Fatal(err)
		}
		var got event.Event
		if err := dec.Decode(context.Background(), mustEncode(t, 4, V4, ev), &got); err != nil {
			t.Fatal(err)
		}
		if s := got.Custom.Value.String(); s != amount {
			t.Errorf("%s arrives as %s", amount, s)
		}
	}
}

func TestEncodeRefusesWhatItWouldLose(t *testing.T) {
	enc := mustEncoder(t)
	for name, c := range map[string]struct {
		version Version
		change  func(*event.Event)
		says    string
	}{
		"unknown version": {5, func(*event.Event) {}, "version 5 is unknown"},
		"hashed email":    {V1, func(e *event.Event) { e.User.HashedEmail = "jane" }, "no field user_data.hashed_email"},
		"aref tokens":     {V2, func(e *event.Event) { e.ArefTokens = "jane" }, "no field aref_tokens"},
		"click time":      {V1, func(e *event.Event) { e.ClickCapturedAt = 1 }, "no field click_captured_at"},
		"too many digits": {V2, func(e *event.Event) { e.Custom.Value = decimal.FromFloat(1e28, 64) }, "custom_data.value: it has more than 38 digits"},
		"too small":       {V2, func(e *event.Event) { e.Custom.Value = decimal.FromFloat(1.5e-10, 64) }, "custom_data.value: it has more than 10 decimals"},
		"not a number":    {V2, func(e *event.Event) { e.Custom.Value = decimal.FromFloat(math.NaN(), 64) }, "custom_data.value: it is not finite"},
		"attribute thrice": {V2, func(e *event.Event) {
			e.Custom.Attributes = []event.Attribute{{Key: "jane", Value: "1"}, {Key: "jane", Value: "2"}}
		}, "custom_data.attributes: it has a key twice"},
	} {
		t.Run(name, func(t *testing.T) {
			ev := avrotest.ForV1(avrotest.FullEvent())
			c.change(ev)
			_, err := enc.Encode(c.version, ev)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "jane") {
				t.Errorf("error %v, want it to say %q", err, c.says)
			}
		})
	}
}

// TestEncodeTakesBadEvents: the demo publishes them.
func TestEncodeTakesBadEvents(t *testing.T) {
	dec := NewDecoder(ours(t))
	for name, ev := range map[string]*event.Event{
		"nothing at all":   {},
		"no email in UTF8": {EventID: "e", User: event.UserData{Email: "\xff"}},
	} {
		var got event.Event
		err := dec.Decode(context.Background(), mustEncode(t, 4, V4, ev), &got)
		if name == "nothing at all" && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if name != "nothing at all" {
			wantCode(t, err, verdict.CodeInvalidUTF8, "user_data.email")
		}
	}
}

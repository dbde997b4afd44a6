package transform

import (
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/schemas"
)

// now is the clock of the tests: half a minute after the event of newEvent.
var now = time.Date(2026, 4, 23, 10, 16, 0, 0, time.UTC)

// newEvent is the guide's purchase as the source would have it.
func newEvent() *schemas.Event {
	return &schemas.Event{
		EventID:      "ord_10492_purchase",
		ProfileID:    "1234567890",
		EventName:    "Purchase",
		ActionSource: "WEBSITE",
		OccurredAt:   time.Date(2026, 4, 23, 10, 15, 30, 0, time.UTC).UnixMilli(),
		ClickID:      "amzn1.click.abc123",
		User: schemas.UserData{
			Email:       "jane.doe@example.com",
			Phone:       "+1 (555) 123-4567",
			MADID:       "AEBE52E7-03EE-455A-B3C4-E57283966239",
			CountryCode: "US",
			PostalCode:  "10001",
		},
		Custom: schemas.CustomData{
			Value:    schemas.NewDecimal(12995, 2),
			Currency: "USD",
		},
	}
}

func newTransformer(t testing.TB, o Options) *Transformer {
	t.Helper()
	tr, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// mapping loads a mapping that must be good.
func mapping(t testing.TB, yaml string) *Mapping {
	t.Helper()
	m, err := LoadMapping("test.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// convert transforms an event that must be taken.
func convert(t testing.TB, tr *Transformer, ev *schemas.Event) Conversion {
	t.Helper()
	var out Conversion
	if reason, ok := tr.Transform(ev, now, &out); !ok {
		t.Fatalf("refused: %v", reason)
	}
	return out
}

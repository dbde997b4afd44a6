package sample

import (
	"errors"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/schemas"
)

// TestDamageSparesTheID: the id is told in a dead letter where it can be read,
// also where the id holds the name that is damaged.
func TestDamageSparesTheID(t *testing.T) {
	e, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	ids := LocalIDs()
	s := Sample{Event: &schemas.Event{EventID: "Purchase-1", ProfileID: "1", EventName: "Purchase"}, Damage: InvalidUTF8}
	value, err := e.Value(ids, &s)
	if err != nil {
		t.Fatal(err)
	}
	var ev schemas.Event
	var bad *schemas.DecodeError
	if err := schemas.NewDecoder(ids).Decode(t.Context(), value, &ev); !errors.As(err, &bad) || bad.Field != "event_name" {
		t.Errorf("%v, want a fault of event_name", err)
	}
	if ev.EventID != "Purchase-1" {
		t.Errorf("event id %q", ev.EventID)
	}
}

func TestValueErrors(t *testing.T) {
	e, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	event := &schemas.Event{EventID: "jane@example.com"}
	for want, s := range map[string]Sample{
		"version 4 of the event schema is not registered": {Event: event},
		"schema for this damage is not registered":        {Event: event, Damage: NotTrackLayer},
		"needs an event_name":                             {Event: event, Damage: InvalidUTF8, Schema: schemas.V1},
		"nothing to publish":                              {},
		`damage "burnt" is unknown`:                       {Event: event, Damage: "burnt"},
	} {
		ids := IDs{Versions: map[schemas.Version]uint32{schemas.V1: 1}}
		_, err := e.Value(ids, &s)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), event.EventID) {
			t.Errorf("%v, want %q in the error, and not the event", err, want)
		}
	}
}

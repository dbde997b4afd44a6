package sample

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// Sample is one record to publish.
type Sample struct {
	// Event is what the record carries. It is nil if Raw is the whole value.
	Event *schemas.Event
	// Aliases are those that Event was read by.
	Aliases []schemas.Alias
	// Schema is the version that writes Event; schemas.Latest if 0.
	Schema schemas.Version
	// Damage is done to the record after Event was written; Intact if empty.
	Damage Damage
	// Raw is the record's value instead of Event, byte for byte.
	Raw []byte
	// Key is the record's key; the event's id if empty.
	Key string
	// Timestamp is the record's; the publisher decides if it is zero.
	Timestamp time.Time

	// Expect is the class that the event ends in with the default settings and
	// the sandbox Amazon; 0 if nobody says. Code is the reason's, where there
	// is one to know.
	Expect verdict.Class
	Code   string
	// Why says what the sample shows.
	Why string
}

// Damage is what is wrong with a record's bytes rather than with its event.
type Damage string

// The kinds of damage.
const (
	Intact         Damage = ""
	Tombstone      Damage = "tombstone"       // the value is null
	Empty          Damage = "empty"           // the value has no bytes
	NoMagic        Damage = "no_magic"        // not the Confluent wire format
	Short          Damage = "short"           // ends within the header
	Truncated      Damage = "truncated"       // ends within the record
	TrailingBytes  Damage = "trailing_bytes"  // goes on after the record
	UnknownSchema  Damage = "unknown_schema"  // names an id the registry does not have
	NotTrackLayer  Damage = "not_tracklayer"  // names the schema of something else
	InvalidUTF8    Damage = "invalid_utf8"    // the event's name is not UTF-8
	UnexpectedType Damage = "unexpected_type" // the event has a list of names
	NotANumber     Damage = "nan"             // the event's value is NaN
)

// Damages returns every kind but Intact.
func Damages() []Damage {
	return []Damage{
		Tombstone, Empty, NoMagic, Short, Truncated, TrailingBytes, UnknownSchema, NotTrackLayer,
		InvalidUTF8, UnexpectedType, NotANumber,
	}
}

func (d Damage) check() error {
	if d == Intact || slices.Contains(Damages(), d) {
		return nil
	}
	var names []string
	for _, known := range Damages() {
		names = append(names, string(known))
	}
	return fmt.Errorf("damage %q is unknown: want one of %s", string(d), strings.Join(names, ", "))
}

// EventID returns the id of the sample's event; "" if it has none.
func (s *Sample) EventID() string {
	if s.Event == nil {
		return ""
	}
	return s.Event.EventID
}

// ProfileID returns the profile of the sample's event; "" if it has none.
func (s *Sample) ProfileID() string {
	if s.Event == nil {
		return ""
	}
	return s.Event.ProfileID
}

func (s *Sample) key() []byte {
	switch {
	case s.Key != "":
		return []byte(s.Key)
	case s.EventID() != "":
		return []byte(s.EventID())
	}
	return nil
}

func (s *Sample) version() schemas.Version {
	if s.Schema == 0 {
		return schemas.Latest
	}
	return s.Schema
}

package consumer

import (
	"testing"
	"unsafe"
)

// The tally outlives all records, and a profile's name in it must not keep the
// one that it was read from.
func TestTheTallyOwnsItsProfilesNames(t *testing.T) {
	record := []byte("2000000001")
	tally := NewTally()
	tally.consumed(map[string]int{unsafe.String(&record[0], len(record)): 1})
	copy(record, "xxxxxxxxxx")
	tally.consumed(map[string]int{"2000000001": 2})
	s := tally.Summary()
	if len(s.Profiles) != 1 || s.Profiles[0].Profile != "2000000001" || s.Profiles[0].Consumed != 3 {
		t.Errorf("%+v: want 3 consumed of profile 2000000001", s.Profiles)
	}
}

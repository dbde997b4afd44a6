package consumer

import (
	"strconv"
	"testing"
	"unsafe"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink"
)

// The tally outlives all records, and a profile's name in it must not keep the
// one that it was read from.
func TestTheTallyOwnsItsProfilesNames(t *testing.T) {
	record := []byte("2000000001")
	tally := NewTally()
	var counts profileCounts
	counts.add(unsafe.String(&record[0], len(record)))
	counts.hand(tally)
	copy(record, "xxxxxxxxxx")
	counts.add("2000000001")
	counts.add("2000000001")
	counts.hand(tally)
	counts.hand(tally)
	tally.settled([]sink.Verdict{{ProfileID: "2000000001", Class: verdict.Accepted}})
	s := tally.Summary()
	if len(s.Profiles) != 1 || s.Profiles[0].Profile != "2000000001" || s.Profiles[0].Consumed != 3 {
		t.Errorf("%+v: want 3 consumed of profile 2000000001", s.Profiles)
	}
}

// Profile ids come from data, and a faulty producer could make up any number.
func TestProfileCountsForgetProfiles(t *testing.T) {
	tally := NewTally()
	var counts profileCounts
	for chunk := range 10 {
		for i := range chunkLen {
			counts.add(strconv.Itoa(chunk*chunkLen + i))
		}
		counts.hand(tally)
		if n := len(counts.known); n > maxRemembered {
			t.Fatalf("%d profiles are remembered between chunks, want at most %d", n, maxRemembered)
		}
	}
	if s := tally.Summary(); s.Total.Consumed != 10*chunkLen {
		t.Errorf("%d consumed, want %d", s.Total.Consumed, 10*chunkLen)
	}
}

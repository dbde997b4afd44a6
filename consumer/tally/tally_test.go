package tally

import (
	"strconv"
	"testing"
	"unsafe"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

const ofChunk = 512

// The tally outlives all records, and a profile's name in it must not keep the
// one that it was read from.
func TestTheTallyOwnsItsProfilesNames(t *testing.T) {
	record := []byte("2000000001")
	tally := New()
	var counts Chunk
	counts.Add(unsafe.String(&record[0], len(record)))
	counts.Hand(tally)
	copy(record, "xxxxxxxxxx")
	counts.Add("2000000001")
	counts.Add("2000000001")
	counts.Hand(tally)
	counts.Hand(tally)
	tally.Settled([]verdict.Verdict{{ProfileID: "2000000001", Class: verdict.Accepted}})
	s := tally.Summary()
	if len(s.Profiles) != 1 || s.Profiles[0].Profile != "2000000001" || s.Profiles[0].Consumed != 3 {
		t.Errorf("%+v: want 3 consumed of profile 2000000001", s.Profiles)
	}
}

// Profile ids come from data, and a faulty producer could make up any number.
func TestProfileCountsForgetProfiles(t *testing.T) {
	tally := New()
	var counts Chunk
	for chunk := range 10 {
		for i := range ofChunk {
			counts.Add(strconv.Itoa(chunk*ofChunk + i))
		}
		counts.Hand(tally)
		if n := len(counts.known); n > maxRemembered {
			t.Fatalf("%d profiles are remembered between chunks, want at most %d", n, maxRemembered)
		}
	}
	if s := tally.Summary(); s.Total.Consumed != 10*ofChunk {
		t.Errorf("%d consumed, want %d", s.Total.Consumed, 10*ofChunk)
	}
}

// shown is the counts that metrics have, by label.
func (t *Tally) shownAs() map[string]Counts {
	m := make(map[string]Counts)
	for _, p := range t.labelled() {
		m[p.Profile] = p.Counts
	}
	return m
}

func (t *Tally) took(profile string, n int) {
	var counts Chunk
	for range n {
		counts.Add(profile)
	}
	counts.Hand(t)
}

// Ids that somebody made up share a label, and take none from those that Amazon
// knows or an account names, however many there are and whoever comes first.
func TestMadeUpProfilesTakeNoLabels(t *testing.T) {
	tally := New()
	tally.Configured = func(profile string) bool { return profile == "named" }
	for i := range 3 * maxProfiles {
		tally.took(strconv.Itoa(i), 1)
		tally.Settled([]verdict.Verdict{{ProfileID: strconv.Itoa(i), Class: verdict.Auth}})
	}
	tally.took("named", 2)
	tally.took("real", 5)
	before := tally.shownAs()
	if len(before) != 2 || before[OtherProfiles].Consumed != 3*maxProfiles+5 || before["named"].Consumed != 2 {
		t.Errorf("labels %d, others %d, named %d", len(before), before[OtherProfiles].Consumed, before["named"].Consumed)
	}
	tally.Settled([]verdict.Verdict{{ProfileID: "real", Class: verdict.Accepted}, {ProfileID: "real", Class: verdict.Accepted}})
	tally.took("real", 3)
	after := tally.shownAs()
	real, others := after["real"], after[OtherProfiles]
	if real.Consumed != 3 || real.Settled[verdict.Accepted] != 2 {
		t.Errorf("the real profile: %+v", real)
	}
	if others.Consumed < before[OtherProfiles].Consumed || others.Settled[verdict.Auth] != 3*maxProfiles {
		t.Errorf("the others fell from %+v to %+v", before[OtherProfiles], others)
	}
	if s := tally.Summary(); s.Total.Consumed != 3*maxProfiles+10 || len(s.Profiles) > 2*maxProfiles+3 {
		t.Errorf("%d consumed in all, of %d profiles", s.Total.Consumed, len(s.Profiles))
	}
}

// A profile that becomes known keeps its counts where they have been shown.
func TestAProfileThatBecomesKnown(t *testing.T) {
	tally := New()
	tally.took("p", 4)
	if got := tally.shownAs(); got[OtherProfiles].Consumed != 4 {
		t.Fatalf("%+v", got)
	}
	tally.Settled([]verdict.Verdict{{ProfileID: "p", Class: verdict.Accepted}})
	tally.took("p", 1)
	tally.took("q", 2) // never shown before it is known
	tally.Settled([]verdict.Verdict{{ProfileID: "q", Class: verdict.Accepted}})
	got := tally.shownAs()
	if got["p"].Consumed != 1 || got["q"].Consumed != 2 || got[OtherProfiles].Consumed != 4 {
		t.Errorf("%+v", got)
	}
	for _, p := range tally.Summary().Profiles {
		if p.Profile == "p" && p.Consumed != 5 {
			t.Errorf("the summary has %d of p, want all 5", p.Consumed)
		}
	}
}

// More real profiles than labels share one, too.
func TestLabelsOfKnownProfilesAreBounded(t *testing.T) {
	tally := New()
	for i := range 2 * maxProfiles {
		tally.took(strconv.Itoa(i), 1)
		tally.Settled([]verdict.Verdict{{ProfileID: strconv.Itoa(i), Class: verdict.Accepted}})
	}
	got, sum := tally.shownAs(), uint64(0)
	for _, c := range got {
		sum += c.Settled[verdict.Accepted]
	}
	if len(got) > maxProfiles+2 || sum != 2*maxProfiles {
		t.Errorf("%d labels, %d accepted under them", len(got), sum)
	}
}

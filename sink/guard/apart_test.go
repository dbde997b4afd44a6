package guard

import (
	"testing"
	"time"
)

// day lets good and bad profiles have events for a while, as ever: a good one has 100 in 20
// seconds, a bad one as many times ten as it is busy, of which four fifths are refused.
func (b *bench) day(busy int, bad ...string) {
	for range 60 {
		b.Accepted("good", 100, false)
		for _, p := range bad {
			b.Accepted(p, 2*busy, false)
			b.Withhold(p, letters(p, 8*busy, missing))
		}
		b.now = b.now.Add(20 * time.Second)
	}
}

// checkStream checks that the stream counts these profiles and no others.
func (b *bench) checkStream(t *testing.T, profiles ...string) {
	t.Helper()
	var want counts
	for _, name := range profiles {
		p := b.profiles[name]
		p.advance(b.now, b.opts.Settings.Within)
		want = want.plus(p.total())
	}
	b.stream.advance(b.now, b.opts.Settings.Within)
	if got := b.stream.total(); got != want {
		t.Errorf("the stream has %+v, want %+v, the events of %q", got, want, profiles)
	}
}

// TestAnAlwaysBadProfileBlindsNobody: its events are taken out of the stream's once, not with
// each of its letters, and so a storm of others is noticed.
func TestAnAlwaysBadProfileBlindsNobody(t *testing.T) {
	b := newBench(Default())
	b.day(1, "bad")
	b.day(100, "bad")
	if b.Holding() || b.storm != nil {
		t.Fatal("held for what was always so")
	}
	b.checkStream(t, "good")
	b.flood("", 3000, broken)
	if b.storm == nil || !b.held("") {
		t.Error("a storm of the stream is not noticed beside a profile that is always bad")
	}
}

// TestManyAlwaysBadProfilesAreNoStorm, if none of them is the cause alone.
func TestManyAlwaysBadProfilesAreNoStorm(t *testing.T) {
	b := newBench(Default())
	for range 60 { // the stream is well: they have little to do beside it
		b.Accepted("large", 1000, false)
		for _, p := range []string{"bad", "worse", "worst"} {
			b.Accepted(p, 2, false)
			b.Withhold(p, letters(p, 8, missing))
		}
		b.now = b.now.Add(20 * time.Second)
	}
	b.day(100, "bad", "worse", "worst")
	if b.Holding() || b.storm != nil {
		t.Error("held for what was always so")
	}
}

// TestAProfileThatIsWellAgainCounts for the stream, with the events that it was taken out with.
func TestAProfileThatIsWellAgainCounts(t *testing.T) {
	b := newBench(Default())
	b.day(1, "bad")
	b.day(100, "bad")
	b.checkStream(t, "good")
	for range 20 {
		b.Accepted("good", 100, false)
		b.Accepted("bad", 100, false)
		b.now = b.now.Add(20 * time.Second)
	}
	if b.profiles["bad"].apart {
		t.Error("it is apart, and was well for the whole time")
	}
	b.checkStream(t, "good", "bad")
}

// TestASetApartProfileIsHeldForItself: a hold of its own takes nothing more out of the
// stream's counts.
func TestASetApartProfileIsHeldForItself(t *testing.T) {
	b := newBench(Default())
	b.known("1")
	b.Accepted("1", 600, false)
	b.Withhold("1", letters("1", 400, missing))
	b.flood("", 300, broken)
	if !b.profiles["1"].apart || b.Holding() {
		t.Fatalf("apart %v, held %v", b.profiles["1"].apart, b.Holding())
	}
	b.Withhold("1", letters("1", 700, missing))
	if want := (counts{300, 300}); !b.held("1") || b.stream.total() != want {
		t.Errorf("held %v; the stream has %+v, want %+v", b.held("1"), b.stream.total(), want)
	}
}

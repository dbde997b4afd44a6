package guard

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// idleLanes have no events, so that holds end by idling.
type idleLanes struct{ noLanes }

func (idleLanes) Busy(string) bool { return false }

var broken = verdict.CodeNotAvro.Because("no Avro")

// known makes the guard know profiles to be well, for longer than its time.
func (b *bench) known(profiles ...string) {
	for _, p := range profiles {
		b.Accepted(p, 500, false)
	}
	b.now = b.now.Add(6 * time.Minute)
}

// flood refuses that many records of a profile, and those that wait are kept.
func (b *bench) flood(profile string, n int, why *verdict.Reason) {
	for range n {
		b.Sift(letters(profile, 1, why))
	}
}

func (b *bench) held(profile string) bool {
	_, held := b.Held(profile)
	return held
}

// failing returns how many conditions fail whose name begins so.
func (b *bench) failing(name string) (n int) {
	for _, s := range b.opts.Conditions.States() {
		if !s.OK && strings.HasPrefix(s.Name, name) {
			n++
		}
	}
	return n
}

// TestTheStreamsHoldEndsWithItsMembers: it is about profiles that are held with the stream.
// A hold of another kind does not keep it.
func TestTheStreamsHoldEndsWithItsMembers(t *testing.T) {
	for name, end := range map[string]func(b *bench){
		"its own hold passes":     func(b *bench) { b.Accepted("1", 1, true) },
		"its own hold is resumed": func(b *bench) { one := "1"; b.Resume(&one) },
		"all is resumed":          func(b *bench) { b.Resume(nil) },
	} {
		b := newBench(Default())
		b.opts.Conditions = health.NewConditions(zerolog.Nop(), b.opts.Now)
		b.cond = b.opts.Conditions.Condition(conditionName)
		b.opts.Lanes = idleLanes{}
		b.known("1", "2")
		b.flood("1", 1000, missing)
		b.flood("", 1000, broken)
		if !b.held("1") || !b.held("") || b.storm == nil {
			t.Fatalf("%s: held %v %v in a storm: %v", name, b.held("1"), b.held(""), b.storm != nil)
		}
		// The partitions of the stream's records go to others; the profile's stay.
		b.holds[""].drafts = nil
		b.endIdle(b.now)
		b.now = b.now.Add(6 * time.Minute)
		b.endIdle(b.now)
		if b.held("") || !b.held("1") {
			t.Fatalf("%s: held %v %v", name, b.held(""), b.held("1"))
		}
		end(b)
		if b.Holding() || b.storm != nil {
			t.Errorf("%s: the stream is held without members", name)
		}
		if n := b.failing(conditionName); n > 0 {
			t.Errorf("%s: %d conditions fail", name, n)
		}
	}
}

// TestStrangersHoldNobody: undecodable bytes and profiles that somebody makes up hold no
// profile with other troubles.
func TestStrangersHoldNobody(t *testing.T) {
	b := newBench(Default())
	b.known("1", "2")
	for i := range 5000 {
		b.Sift(letters(fmt.Sprint("made up ", i), 1, missing))
	}
	if b.Holding() || b.storm != nil {
		t.Error("profiles that Amazon never accepted hold the stream")
	}
	b.flood("", 1000, broken)
	if !b.held("") {
		t.Fatal("what cannot be decoded is not held")
	}
	if b.Withhold("1", letters("1", 1, missing)) || b.held("1") {
		t.Error("a profile is held for another reason than the storm's")
	}
	if !b.Withhold("2", letters("2", 1, broken)) {
		t.Error("a profile is not held for the storm's reason")
	}
	held := false
	for range 20 {
		held = b.Withhold("1", letters("1", 50, missing)) || held
	}
	if !held || b.holds["1"].joined {
		t.Error("a profile has no storm of its own in that of the stream")
	}
}

// TestKnownProfilesAreTriedFirst, however many others come after them.
func TestKnownProfilesAreTriedFirst(t *testing.T) {
	b := newBench(Default())
	b.known("1", "2")
	b.flood("", 1000, missing)
	b.Sift(letters("1", 1, missing))
	b.Sift(letters("2", 1, missing))
	tried := map[string]int{}
	for i := range 40 {
		for k := range 100 {
			b.Sift(letters(fmt.Sprint("made up ", i, k), 1, missing))
		}
		b.now = b.now.Add(maxTry)
		for _, h := range b.due(b.now) {
			tried[h.name]++
		}
	}
	if tried["1"] < 9 || tried["2"] < 9 || tried[""] < 9 || len(tried) < 4 {
		t.Errorf("tried: %v", tried)
	}
}

// TestAStormOfTheStreamThatComesBack: an event that passes does not begin the tries anew.
func TestAStormOfTheStreamThatComesBack(t *testing.T) {
	for pause, want := range map[time.Duration]int{time.Minute: 4, 2 * time.Hour: 0} {
		b := newBench(Default())
		b.known("1", "2")
		b.flood("", 1000, broken)
		for range 4 {
			b.now = b.now.Add(maxTry)
			b.due(b.now)
		}
		b.Accepted("", 1, true)
		if b.Holding() || b.storm != nil {
			t.Fatal("an accepted event ends nothing")
		}
		b.now = b.now.Add(pause)
		b.flood("", 2000, broken)
		if b.storm == nil || b.storm.tries != want {
			t.Errorf("after %s: %+v, want %d tries", pause, b.storm, want)
		}
	}
}

// TestTheSpecimenStays: what is given back leaves one of the hold's reason.
func TestTheSpecimenStays(t *testing.T) {
	b := newBench(Default())
	b.known("1", "2")
	b.flood("1", 1000, missing)
	h := b.holds["1"]
	h.drafts = append(letters("1", 1, broken), h.drafts...)
	b.Shed(100_000)
	if len(h.drafts) != 1 || reasonOf(&h.drafts[0].Reason) != h.reason {
		t.Errorf("%d drafts remain, the first is %v", len(h.drafts), h.drafts[0].Reason)
	}
}

// A hold has a reason, also if no reason is common.
func TestNoCommonReason(t *testing.T) {
	var rs reasons
	for i := range 5 {
		rs.add(reason{class: verdict.Rejected, code: fmt.Sprint(i)})
	}
	if r := rs.commonest(); r.code != "4" {
		t.Errorf("the commonest is %+v", r)
	}
}

// TestTheHundredAndFirstHold has a condition when another one has ended.
func TestTheHundredAndFirstHold(t *testing.T) {
	b := newBench(Settings{Share: 50, Events: 10, Within: 5 * time.Minute, Before: 10})
	b.opts.Conditions = health.NewConditions(zerolog.Nop(), b.opts.Now)
	var names []string
	for i := range maxConditions + 3 {
		names = append(names, fmt.Sprint(i))
	}
	b.known(names...)
	for _, p := range names {
		b.Withhold(p, letters(p, 20, missing))
	}
	told := func() int { return b.failing(conditionName + " ") }
	if len(b.holds) != len(names) || told() != maxConditions {
		t.Fatalf("%d held, %d told", len(b.holds), told())
	}
	for i := range 5 {
		b.Accepted(names[i], 1, true)
		if want := min(maxConditions, len(names)-i-1); told() != want {
			t.Errorf("%d ended: %d told, want %d", i+1, told(), want)
		}
	}
}

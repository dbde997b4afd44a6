package harness

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestEveryCardOfARound: a short run meets everything, and a seed gives the same
// order again.
func TestEveryCardOfARound(t *testing.T) {
	cards := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	deal := func(seed uint64) (out []string) {
		d := newDeck(source(seed, trackMembers), cards)
		for range 3 * len(cards) {
			if got := d.round(); got != (len(out) >= len(cards)) {
				t.Errorf("after %d cards of %d the round is over: %t", len(out), len(cards), got)
			}
			out = append(out, d.deal())
		}
		return out
	}
	first := deal(7)
	for round := range slices.Chunk(first, len(cards)) {
		if got := slices.Sorted(slices.Values(round)); !slices.Equal(got, cards) {
			t.Errorf("a round dealt %q", got)
		}
	}
	if again := deal(7); !slices.Equal(first, again) {
		t.Errorf("one seed gave %q and %q", first, again)
	}
	if other := deal(8); slices.Equal(first, other) {
		t.Error("another seed gave the same order")
	}
}

// TestHostilityLastsUntilAllIsMet: neither a slow track nor the time alone ends
// it.
func TestHostilityLastsUntilAllIsMet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHostility(time.Minute, 2)
		h.met[0].Store(true)
		h.met[1].Store(true)
		if h.over() {
			t.Error("over before its time")
		}
		time.Sleep(time.Minute)
		if !h.over() {
			t.Error("not over")
		}
		h.met[1].Store(false)
		if h.over() {
			t.Error("over though one track has not met all")
		}
	})
}

func TestChoosing(t *testing.T) {
	short, err := chosen(nil, time.Minute, 1)
	if err != nil || slices.ContainsFunc(short, func(e episode) bool { return e.slow }) || len(short) < 5 {
		t.Errorf("a short run does %d things, slow ones among them; %v", len(short), err)
	}
	if slices.ContainsFunc(short, func(e episode) bool { return e.nodes > 1 }) {
		t.Error("one broker does what takes three")
	}
	long, err := chosen(nil, longRun, 3)
	if err != nil || len(long) != len(episodes()) {
		t.Errorf("a long run does %d of %d things; %v", len(long), len(episodes()), err)
	}
	two, err := chosen([]string{"term", "kill"}, time.Minute, 1)
	if err != nil || len(two) != 2 || two[0].name != "term" || two[1].name != "kill" {
		t.Errorf("%d things, %v; want the two that were named", len(two), err)
	}
	if _, err := chosen([]string{"earthquake"}, time.Minute, 1); err == nil {
		t.Error("an episode that nobody knows was chosen")
	}
	if _, err := chosenTroubles([]string{"items", "flood"}); err == nil {
		t.Error("a trouble that nobody knows was chosen")
	}
}

// TestTroublesAreToldApart: the record has a fault's name alone, and the auditor
// tells by it whether the sender was told.
func TestTroublesAreToldApart(t *testing.T) {
	type effect struct {
		do    string
		taken bool
	}
	seen := make(map[string]effect)
	for _, tr := range troubles() {
		for _, d := range tr.does() {
			e := effect{d.Do, d.Taken}
			if was, known := seen[d.Name]; known && was != e {
				t.Errorf("%s is %+v and %+v", d.Name, was, e)
			}
			seen[d.Name] = e
		}
	}
}

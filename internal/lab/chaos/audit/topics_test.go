package audit

import (
	"slices"
	"testing"
)

// elsewhere moves what is about a partition of the scene to another topic, offsets and all.
func (s *scene) elsewhere(partition int32) {
	const other = "events.eu"
	s.More = map[string]map[int32]int64{other: {partition: s.Ends[partition]}}
	delete(s.Ends, partition)
	for i := range s.Records {
		if s.Records[i].Partition == partition {
			s.Records[i].Topic = other
		}
	}
	for i := range s.Letters {
		if s.Letters[i].Partition == partition {
			s.Letters[i].Topic = other
		}
	}
	for i := range s.Commits {
		if s.Commits[i].Partition == partition {
			s.Commits[i].Topic = other
		}
	}
	s.forge = func(s *scene) {
		for i := range s.Receipts {
			if s.Receipts[i].Events[0].Partition == partition {
				s.Receipts[i].Topic = other
			}
		}
	}
}

// TestSeveralTopics: what is said of one topic is nothing to the others.
func TestSeveralTopics(t *testing.T) {
	s := newScene()
	s.elsewhere(1)
	s.want(t, nil)

	s = newScene()
	s.elsewhere(1)
	for i := range s.Commits {
		s.Commits[i].Topic = "" // of that partition of the first topic, which has no record in it
	}
	s.want(t, map[Rule]int{NotDrained: 1})

	s = newScene()
	s.elsewhere(1)
	i := slices.IndexFunc(s.Letters, func(l Letter) bool { return l.Topic != "events" })
	s.Letters[i].Topic = "events"
	s.want(t, map[Rule]int{LetterAltered: 1, Lost: 1, ReceiptDisagrees: 1})
}

// TestGone: nothing has to become of what was deleted before it was read, and what becomes
// of it all the same is no mistake.
func TestGone(t *testing.T) {
	s := newScene()
	s.untake("e05")
	s.Records[s.record("e05")].Gone = true
	if r := s.want(t, nil); r.Gone != 1 || r.Lost != 0 {
		t.Errorf("%d gone and %d lost, want 1 and 0", r.Gone, r.Lost)
	}

	s = newScene()
	s.untake("e05")
	s.letter(s.record("e05"), at(1.7)).Code = notRetained
	s.Records[s.record("e05")].Gone = true
	s.Letters[len(s.Letters)-1].Value = Hash{}
	s.want(t, nil)
}

// TestReset: offsets that an operator has moved go back, and from there on they may not.
func TestReset(t *testing.T) {
	s := newScene()
	last := s.Commits[len(s.Commits)-1]
	reset := last
	reset.At, reset.Offset, reset.Reset = at(21), 3, true
	last.At = at(22)
	s.Commits = append(s.Commits, reset, last)
	s.want(t, nil)

	s.Commits[len(s.Commits)-2].Reset = false
	s.want(t, map[Rule]int{CommitWentBack: 1})
}

package audit

import (
	"slices"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// resend has partition 0 read again by its next owner from what was committed
// at a time, as far as it was published by then, and returns how many events
// that sends a second time.
func (s *scene) resend(from, taken float64) (again int) {
	committed := int64(0)
	for _, c := range s.Commits {
		if c.Partition == 0 && !c.At.After(at(from)) {
			committed = c.Offset
		}
	}
	for i := range s.Records {
		r := &s.Records[i]
		if r.Partition != 0 || r.Offset < committed || r.Published.After(at(from)) || s.Samples[r.Key].Expect != "accepted" {
			continue
		}
		if s.answers[i].After(at(from)) {
			s.untake(r.Key)
		} else {
			again++
		}
		s.take(i, at(taken))
		s.answers[i] = at(taken + 0.1)
	}
	s.commit()
	return again
}

// killed is a scene in which m0 is killed at 3.2 s and m1 goes on at 4 s with
// what was committed.
func killed(t *testing.T, inFlight int) (s *scene, again int) {
	t.Helper()
	s = newScene()
	s.fault(journal.Kill, "m0", 3.2, 3.2, inFlight)
	s.generation(4, "m1", "m1")
	again = s.resend(3.2, 4.2)
	if again < 1 {
		t.Fatal("nothing is sent again; the scene shows nothing")
	}
	return s, again
}

// TestKillExplains: what a killed member had not committed may be sent again.
func TestKillExplains(t *testing.T) {
	s, again := killed(t, 3)
	r := s.want(t, nil)
	if f := r.Faults[0]; r.Duplicates != again || f.Duplicates != again || f.InFlight != 3 {
		t.Errorf("%d duplicates, %+v; want all %d after the kill", r.Duplicates, f, again)
	}
}

// TestKillOfAnotherExplainsNothing: a member's end is no reason for what
// happens to partitions it did not have.
func TestKillOfAnotherExplainsNothing(t *testing.T) {
	s, again := killed(t, 3)
	s.Faults[0].Member = "m1"
	s.want(t, map[Rule]int{AfterGracefulStop: again})
}

// TestCommittedIsNotSentAgain: the next owner begins where its partition was
// committed to; what is before that is not sent again because of a kill.
func TestCommittedIsNotSentAgain(t *testing.T) {
	s, _ := killed(t, 3)
	s.take(s.record("e02"), at(4.2))
	s.want(t, map[Rule]int{Unexplained: 1})
}

// TestStaleVerdicts: an event that was finished long before a kill, and held
// back from the committed prefix by another, is not to be sent again.
func TestStaleVerdicts(t *testing.T) {
	stuck := func() *scene {
		s := newScene()
		s.answers[s.record("e00")] = at(1000)
		s.untake("e00")
		s.fault(journal.Kill, "m0", 5.2, 5.2, 2)
		s.generation(5.7, "m1", "m1")
		s.commit()
		s.take(s.record("e00"), at(5.8))
		s.take(s.record("e02"), at(5.8)) // first taken at 1.5 s
		s.answers[s.record("e00")] = at(5.9)
		s.commit()
		return s
	}
	s := stuck()
	r := s.want(t, map[Rule]int{Stale: 1})
	if r.Faults[0].Stale != 1 {
		t.Errorf("%+v", r.Faults[0])
	}
	// What Amazon had taken and no receipt said yet was in flight.
	s = stuck()
	s.forge = func(s *scene) { s.receiptOf("e02").Written = at(5.85) }
	s.want(t, nil)
}

// TestCommitsThatWereNotPossible: while nobody can commit, as between two
// generations, verdicts get older without being committed.
func TestCommitsThatWereNotPossible(t *testing.T) {
	s := newScene()
	// The last commits before the kill at 6 s were at 2.5 s.
	var commits []Commit
	for _, c := range s.Commits {
		if !c.At.After(at(2.5)) || c.At.After(at(6)) {
			commits = append(commits, c)
		}
	}
	s.Commits = commits
	s.fault(journal.Kill, "m0", 6, 6, 2)
	s.generation(6.2, "m1", "m1")
	s.take(s.record("e16"), at(6.3)) // first taken at 2.9 s
	s.want(t, nil)
}

// TestGracefulStop: a member that is told to end has to finish what it has,
// unless something keeps it from that.
func TestGracefulStop(t *testing.T) {
	terminated := func() (*scene, int) {
		s := newScene()
		s.fault(journal.Term, "m0", 3.2, 3.6, 3)
		s.generation(3.6, "", "m1")
		s.generation(4, "m1", "m1")
		return s, s.resend(3.2, 4.2)
	}
	s, again := terminated()
	s.want(t, map[Rule]int{AfterGracefulStop: again})

	s, _ = terminated()
	s.fault(journal.Amazon, "", 3, 3.5, 3)
	s.want(t, nil)

	// An event that Amazon had failed right before counts as well.
	s, _ = terminated()
	q := s.take(s.record("e38"), at(3.1))
	q.Items[0].Verdict, q.Fault, q.Status = Unjudged, "503", 503
	s.want(t, nil)
}

// TestHeldByTheNextOwner: who gets a partition may hold an event behind a stuck
// profile, and send it only after a fault that came later. What explains it is the
// handover, in which its verdict was not committed.
func TestHeldByTheNextOwner(t *testing.T) {
	held := func() *scene {
		s := newScene()
		s.fault(journal.Term, "m0", 3.2, 3.6, 3)
		s.generation(3.6, "", "m1")
		s.generation(4, "m1", "m1")
		s.fault(journal.BrokerStop, "", 12, 14, 3)
		for _, key := range []string{"e18", "e20"} {
			s.answers[s.record(key)] = at(18.1)
		}
		s.commit()
		s.take(s.record("e18"), at(18)) // first taken at 3.1 s
		s.forge = func(s *scene) { s.receiptOf("e18").Written = at(3.3) }
		return s
	}
	s := held()
	s.fault(journal.Amazon, "", 3, 3.5, 3)
	r := s.want(t, nil)
	i := slices.IndexFunc(r.Faults, func(f FaultReport) bool { return f.Kind == journal.Term })
	if i < 0 || r.Faults[i].Duplicates != 1 {
		t.Errorf("%+v", r.Faults)
	}
	held().want(t, map[Rule]int{Stale: 1}) // nothing kept m0 from finishing
}

// TestRestartInPlace: a static member is restarted without the group handing
// anything over, and only the brokers' name for it changes.
func TestRestartInPlace(t *testing.T) {
	s := newScene()
	s.fault(journal.Term, "m0", 3.2, 3.6, 3)
	s.generation(4, "m0", "m1")
	s.Generations[1].Owners[0] = Owner{"m0", "m0-2"}
	again := s.resend(3.2, 4.2)
	s.want(t, map[Rule]int{AfterGracefulStop: again})
}

// TestOthersHaveTimeToo: a partition that moves because somebody else joins is
// given up in good order.
func TestOthersHaveTimeToo(t *testing.T) {
	s := newScene()
	s.fault(journal.Join, "m2", 3, 3, 3)
	s.generation(3.2, "", "m1")
	s.generation(4, "m2", "m1")
	again := s.resend(3.2, 4.2)
	s.want(t, map[Rule]int{AfterGracefulStop: again})
}

// TestMoreThanWasInFlight: a member that was frozen may go on with what it had
// when its time stood still, and not with more.
func TestMoreThanWasInFlight(t *testing.T) {
	frozen := func(inFlight int) *scene {
		s := newScene()
		s.fault(journal.Freeze, "m0", 4.45, 12, inFlight)
		s.generation(10.25, "m1", "m1")
		for _, key := range []string{"e32", "e34", "e36", "e38"} {
			i := s.record(key)
			s.untake(key)
			s.take(i, at(10.4))
			if key < "e36" {
				s.take(i, at(12.1)) // by m0, which does not know yet
			}
			s.answers[i] = at(10.5)
		}
		s.commit()
		return s
	}
	frozen(2).want(t, nil)
	frozen(1).want(t, map[Rule]int{TooMany: 1})
	s := frozen(1)
	s.Faults[0].InFlight = nil // it did not answer, and may have had a lot
	s.want(t, nil)
}

// TestFrozenAndNotFound: a member that was frozen and kept what it had finds its
// requests timed out, and sends them again.
func TestFrozenAndNotFound(t *testing.T) {
	s := newScene()
	s.fault(journal.Freeze, "m0", 3.15, 8, 2)
	s.take(s.record("e18"), at(8.2)) // first taken at 3.1 s
	s.take(s.record("e20"), at(8.2)) // and at 3.3 s, on its way already
	s.forge = func(s *scene) {
		for _, key := range []string{"e18", "e20"} {
			s.receiptOf(key).Written = at(8.3)
		}
	}
	for _, key := range []string{"e18", "e20"} {
		s.answers[s.record(key)] = at(8.4)
	}
	s.commit()
	if r := s.want(t, nil); r.Faults[0].Duplicates != 2 {
		t.Errorf("%+v", r.Faults[0])
	}
	s.Faults[0].Member = "m1"
	s.want(t, map[Rule]int{Unexplained: 2})
}

// TestTheDeadDoNothing: what was first sent after a member was killed is not sent
// again because of that.
func TestTheDeadDoNothing(t *testing.T) {
	s, _ := killed(t, 3)
	i := s.record("e38")
	s.untake("e38")
	s.take(i, at(6.5)) // by m1, which has the partition since 4 s
	s.take(i, at(6.8))
	s.answers[i] = at(6.9)
	s.commit()
	s.want(t, map[Rule]int{Unexplained: 1})
}

// TestAnswersThatWereLost: after an answer that the sender did not get, it has
// to send again; once for each.
func TestAnswersThatWereLost(t *testing.T) {
	for _, do := range []journal.Does{{Name: "reset", Do: "reset"}, {Name: "hang", Do: "hang"}, {Name: "x", Do: "status", Taken: true}} {
		s := newScene()
		s.fault(journal.Amazon, "", 2, 4, 3)
		s.Faults[0].Does = []journal.Does{do}
		s.take(s.record("e14"), at(2.5)).Fault = do.Name
		r := s.want(t, nil)
		if r.Duplicates != 1 || r.Sandbox[0].Unsaid != 1 || r.Sandbox[0].Duplicates != 1 {
			t.Errorf("%s: %+v", do.Name, r.Sandbox)
		}
		s.take(s.record("e14"), at(3))
		s.want(t, map[Rule]int{Unexplained: 1})
	}
	s := newScene()
	s.fault(journal.Amazon, "", 2, 4, 3)
	s.Faults[0].Does = []journal.Does{{Name: "503", Do: "status"}}
	s.take(s.record("e14"), at(2.5)).Fault = "503" // says nothing was taken
	s.want(t, map[Rule]int{Unexplained: 1})
}

// TestOutageExplains: members that cannot reach the brokers lose what they have
// without any of it showing in the group's history.
func TestOutageExplains(t *testing.T) {
	s := newScene()
	s.fault(journal.BrokerKill, "", 2.9, 8, 5)
	var commits []Commit
	for _, c := range s.Commits {
		if c.At.Before(at(2.9)) || c.At.After(at(8)) {
			commits = append(commits, c)
		}
	}
	s.Commits = commits
	s.take(s.record("e18"), at(8.5)) // first taken at 3.1 s
	r := s.want(t, nil)
	if r.Faults[0].Duplicates != 1 {
		t.Errorf("%+v", r.Faults[0])
	}
}

// TestRecovery is how long after a fault's end all was delivered that had been
// published by then.
func TestRecovery(t *testing.T) {
	s := newScene()
	s.fault(journal.BrokerPause, "", 2, 3, 5)
	s.untake("e18") // published at 2.8 s
	s.take(s.record("e18"), at(7))
	s.answers[s.record("e18")] = at(7.1)
	s.commit()
	r := s.want(t, nil)
	if got := r.Faults[0].Recovery; got != 4 {
		t.Errorf("recovered after %gs, want 4", got)
	}
}

func TestUncommittedSince(t *testing.T) {
	tl := &timeline{index: &index{Facts: &Facts{Run: journal.Run{CommitInterval: 500 * time.Millisecond}}}}
	tl.outages = []span{{at(10), at(20)}, {at(21), at(30)}}
	for _, tc := range []struct{ at, want float64 }{
		{5, 1.5},  // nothing in the way
		{10, 6.5}, //
		{15, 6.5}, // within an outage
		{22, 7.5}, // in the second of two, a second after the first
		{30.5, 8}, // half a second after it
		{31, 8.5}, //
		{32.5, 20},
		{34, 30.5},
	} {
		if got := tl.uncommittedSince(at(tc.at)); !got.Equal(at(tc.want)) {
			t.Errorf("at %g: since %g, want %g", tc.at, got.Sub(epoch).Seconds(), tc.want)
		}
	}
}

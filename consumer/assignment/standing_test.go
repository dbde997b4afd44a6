package assignment

import (
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// TestWhatIsLostMayComeBack: a lost assignment is kept for a session's length, and goes on
// if the group gives it again and holds what this member has committed.
func TestWhatIsLostMayComeBack(t *testing.T) {
	const session = 45 * time.Second
	lost := time.Unix(1000, 0)
	suspended := func(t *testing.T) (*Assignment, Fetched) {
		t.Helper()
		a := taking(10)
		a.settleSeqs(0, 1)
		c, _ := a.Commitable(ledger.MetadataLimit)
		if !a.Attempt(c, "m") {
			t.Fatal("may not commit")
		}
		if !a.Given(false) || a.Suspended() {
			t.Fatal("not as it was given")
		}
		if !a.Suspend(lost) || !a.Suspended() || a.Taking() || a.Commits() || a.Given(false) {
			t.Fatal("not suspended")
		}
		if a.Suspend(lost) {
			t.Error("suspended twice")
		}
		return a, Fetched{Offset: c.Offset.Offset, Metadata: &c.Metadata}
	}
	t.Run("overdue", func(t *testing.T) {
		a, _ := suspended(t)
		if a.Overdue(lost.Add(session-1), session) || !a.Overdue(lost.Add(session), session) {
			t.Error("not overdue after exactly a session")
		}
		if a.Backdate(lost.Add(time.Second)); a.Overdue(lost.Add(session-1), session) || !a.Overdue(lost.Add(session), session) {
			t.Error("backdated to later")
		}
		if a.Backdate(lost.Add(-time.Second)); !a.Overdue(lost.Add(session-time.Second), session) {
			t.Error("not backdated")
		}
		if !a.Given(true) || a.Overdue(lost.Add(session), session) || !a.Given(false) {
			t.Error("overdue though the group has given it again")
		}
	})
	t.Run("goes on", func(t *testing.T) {
		a, held := suspended(t)
		if !a.AwaitsGroup() {
			t.Error("its verdicts wait for nobody")
		}
		a.Await()
		if was, goesOn := a.ComeBack(held, "n", false); !was || !goesOn || !a.Taking() || a.MemberOf() != "n" {
			t.Errorf("suspended %v, goes on %v as %q", was, goesOn, a.MemberOf())
		}
		if given, awaits := a.Awaits(); awaits {
			t.Errorf("still waits for the group, given %d times", given)
		}
		if was, goesOn := a.ComeBack(held, "n", false); was || goesOn {
			t.Errorf("suspended %v, goes on %v, though it was not suspended", was, goesOn)
		}
	})
	t.Run("only drains during a stop", func(t *testing.T) {
		a, held := suspended(t)
		if _, goesOn := a.ComeBack(held, "m", true); !goesOn || a.Taking() || a.Suspended() {
			t.Error("takes more during a stop")
		}
	})
	t.Run("another's commit", func(t *testing.T) {
		a, held := suspended(t)
		held.Offset++
		if was, goesOn := a.ComeBack(held, "m", false); !was || goesOn || !a.Suspended() {
			t.Errorf("suspended %v, goes on %v with what another has committed", was, goesOn)
		}
	})
	t.Run("an answer about another", func(t *testing.T) {
		a, held := suspended(t)
		for name, f := range map[string]Fetched{
			"of before it was given": {Offset: held.Offset, Metadata: held.Metadata, Of: a, Given: -1},
			"of another assignment":  {Offset: held.Offset, Metadata: held.Metadata, Of: taking(1)},
		} {
			if was, goesOn := a.ComeBack(f, "m", false); was || goesOn || !a.Suspended() {
				t.Errorf("%s: suspended %v, goes on %v", name, was, goesOn)
			}
		}
	})
	t.Run("nothing to keep", func(t *testing.T) {
		if New(someTopic, 0, someInboxes(), func() {}).Suspend(lost) {
			t.Error("one that has taken nothing is kept")
		}
		a := taking(3)
		a.Of(upTo(9), false)
		if a.Suspend(lost) {
			t.Error("a job's is kept")
		}
		if a = taking(3); a.Overdue(lost, 0) {
			t.Error("overdue, though it is not suspended")
		}
	})
}

// TestAnOrphanIsBereftWhenAllIsSettled, and neither commits nor fetches.
func TestAnOrphanIsBereftWhenAllIsSettled(t *testing.T) {
	a := taking(3)
	a.settleSeqs(1)
	if a.Orphaned() || a.Bereft() {
		t.Error("an orphan from the start")
	}
	if left, stamps := a.Orphan(); left != 2 || len(stamps) != 0 || !a.Orphaned() || a.Bereft() || a.Commits() {
		t.Errorf("%d left, %d stamps, commits %v", left, len(stamps), a.Commits())
	}
	if a.settleSeqs(0, 2); !a.Bereft() {
		t.Error("not bereft, though all is settled")
	}
	b := taking(3)
	b.End()
	if left, _ := b.Orphan(); left != 0 || b.Orphaned() {
		t.Errorf("%d left of one that has ended", left)
	}
}

// TestRefusedCommitsPauseFetches once that has lasted, and a commit that is taken ends it.
func TestRefusedCommitsPauseFetches(t *testing.T) {
	a, began := taking(3), time.Unix(1000, 0)
	for _, tc := range []struct {
		after         time.Duration
		pause, paused bool
	}{{0, false, false}, {59 * time.Second, false, false}, {time.Minute, true, true}, {2 * time.Minute, false, true}} {
		if pause, paused := a.CommitRefused(began.Add(tc.after), time.Minute); pause != tc.pause || paused != tc.paused || a.Fetches() == paused {
			t.Errorf("after %s: pauses %v, paused %v, fetches %v", tc.after, pause, paused, a.Fetches())
		}
	}
	if !a.CommitTaken() || a.CommitTaken() || !a.Fetches() {
		t.Error("a commit that was taken does not end the pause once")
	}
	if pause, _ := a.CommitRefused(began.Add(time.Hour), time.Minute); pause {
		t.Error("the next refusal counts from the first")
	}
}

// TestWhereFetchingGoesOn: behind the last record, once the claim is settled.
func TestWhereFetchingGoesOn(t *testing.T) {
	a := taking(10)
	if at, ok := a.GoesOn(); at != 10 || !ok {
		t.Errorf("at %d, %v; want 10", at, ok)
	}
	if a.Await(); a.AwaitsGroup() {
		t.Error("waits with nothing to commit")
	}
	if _, ok := a.GoesOn(); ok {
		t.Error("goes on before the group has said where it stands")
	}
	if a.settleSeqs(0); !a.AwaitsGroup() {
		t.Error("a verdict waits for nobody")
	}
}

package audit

import (
	"maps"
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

const (
	accepted = "accepted"
	filtered = "filtered"
	rejected = "rejected"

	notRetained = "not_retained" // the code of what was deleted before it was read again
)

// clockGrain is what two times of one machine may differ by though they are in
// order: the brokers write milliseconds.
const clockGrain = 2 * time.Millisecond

// checkHarness holds what the harness says against the topic: a judgement on
// wrong premises would be worth nothing.
func checkHarness(ix *index, v *verdicts) {
	for i := range ix.Records {
		r := &ix.Records[i]
		e := ix.byRecord[i]
		switch {
		case e == nil:
			v.add(HarnessWrong, "record %d/%d with key %.60q was published and is not a sample", r.Partition, r.Offset, r.Key)
		case e.expect == accepted || e.expect == filtered:
			if !r.Decoded || r.EventID != e.key.id || r.Profile != e.key.profile {
				v.add(HarnessWrong, "record %s is to be %s, and its bytes are not that event", ix.describe(i), e.expect)
			}
		}
	}
	if d := ix.Drained; d == nil {
		v.add(HarnessWrong, "the run was not ended; its events had no time to be delivered")
	} else if len(ix.Records) < d.Acknowledged {
		v.add(HarnessWrong, "the brokers acknowledged %d records and have %d", d.Acknowledged, len(ix.Records))
	}
}

// checkOutcomes holds what happened to every record against what should have.
func checkOutcomes(ix *index, tl *timeline, v *verdicts, r *Report) {
	end := tl.Run.Began.Add(forever)
	for i := range ix.Records {
		rec := &ix.Records[i]
		e := ix.byRecord[i]
		if e == nil {
			continue
		}
		taken, dead := len(e.takes) > 0, len(ix.letters[ix.placeOf(rec)]) > 0
		r.count(taken, dead)
		nowhere, committed := !taken && !dead, tl.committed(ix.of(rec.Topic, rec.Partition), end) > rec.Offset
		switch {
		case e.expect == filtered && !nowhere:
			v.add(FilteredSent, "%s", ix.describe(i))
		case e.expect == filtered && committed:
			r.Filtered++
		case nowhere && rec.Gone && e.expect != filtered:
			r.Gone++
		case nowhere && committed:
			r.Lost++
			v.add(Lost, "%s, which was to be %s", ix.describe(i), e.expect)
		case nowhere:
			r.Pending++
		case e.expect == accepted && dead && !rec.Gone:
			v.add(GoodDeadLettered, "%s", ix.describe(i))
		case e.expect != accepted && taken:
			v.add(BadAccepted, "%s, which was to be %s", ix.describe(i), e.expect)
		}
	}
	checkDrained(tl, v, tl.Run.Topic, ix.Ends)
	for topic, ends := range ix.More {
		checkDrained(tl, v, topic, ends)
	}
}

// count counts a record that was published.
func (r *Report) count(taken, dead bool) {
	r.Published++
	if taken {
		r.Accepted++
	}
	if dead {
		r.DeadLettered++
	}
}

// checkDrained: at the end a topic's partitions are committed to their ends.
func checkDrained(tl *timeline, v *verdicts, topic string, ends map[int32]int64) {
	for p, end := range ends {
		if at := tl.committed(part{topic, p}, tl.Run.Began.Add(forever)); at < end {
			v.add(NotDrained, "%s %d: committed to %d of %d", topic, p, at, end)
		}
	}
}

// checkCommits goes through the group's commits: none may pass a record that
// had no verdict or no receipt at that moment, and none may take an earlier one
// back.
func checkCommits(ix *index, tl *timeline, v *verdicts) {
	for _, partition := range slices.SortedFunc(maps.Keys(tl.commits), comparePart) {
		at, commits := int64(0), tl.commits[partition]
		for _, c := range commits {
			if c.Reset {
				at = c.Offset
				continue
			}
			if c.Offset < at {
				v.add(CommitWentBack, "%s %d: from %d to %d", partition.topic, partition.partition, at, c.Offset)
			}
			for _, i := range ix.from(partition, at) {
				if ix.Records[i].Offset >= c.Offset {
					break
				}
				e := ix.byRecord[i]
				if e == nil || ix.Records[i].Gone {
					continue
				}
				if len(ix.receipts[i]) == 0 {
					v.add(NoReceipt, "%s", ix.describe(i))
				}
				if final := ix.final(i); final.After(c.At.Add(clockGrain)) {
					v.add(CommittedEarly, "%s, by %s", ix.describe(i), final.Sub(c.At).Round(time.Millisecond))
				}
			}
			at = max(at, c.Offset)
		}
	}
}

// checkSends goes through what the sandbox was sent.
func checkSends(ix *index, v *verdicts) {
	for _, e := range ix.events {
		if e.changed > 0 {
			v.add(BytesDiffer, "event %.60q of profile %s, in %d of %d sends", e.key.id, e.key.profile, e.changed, len(e.asked))
		}
	}
	for i := range ix.Requests {
		r := &ix.Requests[i]
		for j := range r.Items {
			if it := &r.Items[j]; it.Verdict == Taken && ix.events[eventKey{r.Profile, it.EventID}] == nil {
				v.add(UnknownSent, "event %.60q of profile %s", it.EventID, r.Profile)
			}
		}
	}
}

// checkLetters holds each dead letter against its original.
func checkLetters(ix *index, v *verdicts) {
	for i := range ix.Letters {
		l := &ix.Letters[i]
		record, known := ix.at[ix.original(l)]
		if !known || !ix.reads(l.Topic) {
			v.add(LetterAltered, "a letter names %s %d/%d, where there is no record", l.Topic, l.Partition, l.Offset)
			continue
		}
		r := &ix.Records[record]
		if r.Gone && l.Code == notRetained {
			continue // of what could not be read again only the place is known
		}
		if l.Key != r.Key || l.Value != r.Value || l.Omitted {
			v.add(LetterAltered, "%s", ix.describe(record))
		}
		e := ix.byRecord[record]
		if e == nil || e.expect == accepted || e.expect == filtered {
			continue // another rule's
		}
		if l.Class != e.expect || e.code != "" && l.Code != e.code {
			v.add(WrongClass, "%s: %s %s, want %s %s", ix.describe(record), l.Class, l.Code, e.expect, e.code)
		}
		if e.expect == rejected && len(e.asked) == 0 {
			v.add(WrongClass, "%s: rejected, and Amazon was never asked", ix.describe(record))
		}
	}
}

const (
	// fillsUp is how long the stuck profiles may take to fill what the members
	// have room for; what is published later is to be delivered beside them.
	fillsUp = 5 * time.Second
	// besides is how long an event of another profile may take meanwhile.
	besides = 8 * time.Second
)

// checkStarved: while Amazon fails some profiles, events of all others are
// delivered.
func checkStarved(ix *index, v *verdicts) {
	for i := range ix.faults {
		f := &ix.faults[i]
		if f.Kind != journal.Stuck {
			continue
		}
		from, until := f.Began.Add(fillsUp), ended(f).Add(-besides)
		for record := range ix.Records {
			published, e := ix.Records[record].Published, ix.byRecord[record]
			if e == nil || e.expect != accepted || slices.Contains(f.Profiles, e.key.profile) || published.Before(from) || published.After(until) {
				continue
			}
			if len(e.takes) == 0 || e.takes[0].at.After(ended(f)) {
				v.add(Starved, "%s of profile %s", ix.describe(record), e.key.profile)
			}
		}
	}
}

// checkExits: a member ends when it is told to, and then without a complaint.
func checkExits(f *Facts, v *verdicts) {
	for _, x := range f.Exits {
		switch {
		case x.Told == "":
			v.add(EndedBadly, "%s ended by itself with code %d, see %s", x.Member, x.Code, x.Log)
		case x.Told == "SIGTERM" && x.Code != 0:
			v.add(EndedBadly, "%s ended with code %d after SIGTERM, see %s", x.Member, x.Code, x.Log)
		}
	}
	for i := range f.Faults {
		if k := f.Faults[i].Kind; k == journal.Term && f.Faults[i].Ended.IsZero() {
			v.add(EndedBadly, "%s did not end after SIGTERM", f.Faults[i].Member)
		}
	}
}

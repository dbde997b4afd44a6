package consumer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// TestBeyondAgainstModel: for any ledger, what the metadata says is settled is
// settled, and unless it had to be cut for length all that is settled is in it.
func TestBeyondAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLedger()
		var offsets []int64
		var done []bool
		offset := int64(rapid.IntRange(0, 1000).Draw(t, "start"))
		n := rapid.IntRange(1, 3*segmentLen).Draw(t, "n")
		share := rapid.IntRange(0, 100).Draw(t, "share settled")
		for range n {
			offset += int64(rapid.SampledFrom([]int{1, 1, 1, 1, 50}).Draw(t, "gap"))
			l.take(mark{offset, 3}, 1, 0)
			offsets, done = append(offsets, offset), append(done, false)
		}
		for i := range offsets {
			if rapid.IntRange(0, 99).Draw(t, "settled") < share {
				l.settle(uint64(i))
				done[i] = true
			}
		}
		first := slices.Index(done, false)
		if first < 0 {
			return // committable as a whole; there is nothing beyond
		}
		b := l.beyond()
		if b.committed != offsets[first] {
			t.Fatalf("belongs to offset %d, want the first without a verdict, %d", b.committed, offsets[first])
		}
		text := b.metadata(metadataLimit)
		if len(text) > metadataLimit {
			t.Fatalf("%d characters", len(text))
		}
		got, err := parseBeyond(text, b.committed)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for i := first; i < len(offsets); i++ {
			if got.has(offsets[i], 3) {
				if !done[i] {
					t.Fatalf("offset %d has no verdict and is said to have one: it would be lost", offsets[i])
				}
				found++
			} else if done[i] && len(b.text()) <= metadataLimit {
				t.Fatalf("offset %d has a verdict and is not in metadata that had room", offsets[i])
			}
			if got.has(offsets[i], 4) {
				t.Fatalf("a record of a later epoch is taken for one that was settled")
			}
		}
		if got.has(b.committed, 3) {
			t.Fatal("the committed offset itself is said to be settled")
		}
	})
}

// TestBeyondKeepsTheLongestRuns: metadata has 4,096 bytes and gaps can be many.
func TestBeyondKeepsTheLongestRuns(t *testing.T) {
	b := beyond{committed: 10, epoch: 1}
	at := int64(11)
	total, long := int64(0), int64(0)
	for i := range 20_000 {
		n := int64(1 + i*7919%50) // no pattern that compression would see
		if i%1000 == 0 {
			n = 100_000
			long += n
		}
		b.settled = append(b.settled, span{at, at + n})
		total += n
		at += n + 1 + int64(i*31%17)
	}
	text := b.metadata(metadataLimit)
	got, err := parseBeyond(text, 10)
	if err != nil || len(text) > metadataLimit {
		t.Fatalf("%d characters, %v", len(text), err)
	}
	var kept, keptLong int64
	for _, s := range got.settled {
		kept += s.to - s.from
		if s.to-s.from >= 100_000 {
			keptLong += s.to - s.from
		}
	}
	if keptLong != long || kept == long {
		t.Errorf("kept %d of %d offsets, %d of %d in long runs; want all long runs and some others", kept, total, keptLong, long)
	}
}

func TestParseBeyondRefusesWhatItCannotTrust(t *testing.T) {
	good := beyond{committed: 100, epoch: 2, settled: []span{{105, 110}, {120, 121}}}.metadata(metadataLimit)
	if _, err := parseBeyond(good, 100); err != nil {
		t.Fatal(err)
	}
	if b, err := parseBeyond("", 5); err != nil || b.settled != nil {
		t.Errorf("no metadata: %v, %v", b, err)
	}
	for name, tc := range map[string]struct {
		text string
		at   int64
	}{
		"another offset":   {good, 101},
		"an older version": {"1." + good[2:], 100},
		"a later version":  {"3." + good[2:], 100},
		"another program":  {"consumer-1", 100},
		"no base64":        {metadataVersion + "§§", 100},
		"cut":              {good[:len(good)-4], 100},
		"changed":          {metadataVersion + flip(good[2:]), 100},
		"no compression":   {metadataVersion + "AAAA", 100},
	} {
		if b, err := parseBeyond(tc.text, tc.at); err == nil || b.settled != nil {
			t.Errorf("%s: %v, %v; want an error and nothing settled", name, b, err)
		}
	}
}

func flip(s string) string {
	c := byte('A')
	if s[len(s)/2] == c {
		c = 'B'
	}
	return s[:len(s)/2] + string(c) + s[len(s)/2+1:]
}

func FuzzParseBeyond(f *testing.F) {
	f.Add(beyond{committed: 100, epoch: 2, settled: []span{{105, 110}, {120, 121}}}.metadata(metadataLimit), int64(100))
	many := beyond{committed: 3, log: oneLog, witnesses: witnesses{{2, 7}, {90, 8}}}
	for i := range int64(200) {
		many.settled = append(many.settled, span{10 + 9*i, 12 + 9*i})
	}
	f.Add(many.metadata(metadataLimit), int64(3))
	f.Add("1.Y2BgYGBkZGAAAA", int64(0))
	f.Add("2.", int64(0))
	f.Add("", int64(0))
	f.Fuzz(func(t *testing.T, text string, committed int64) {
		b, err := parseBeyond(text, committed)
		if err != nil {
			if len(b.settled)+len(b.witnesses) > 0 || b.log != (logID{}) {
				t.Fatalf("%v, and something is taken from it", err)
			}
			return
		}
		last := b.committed
		for _, s := range b.settled {
			if s.from <= last || s.to <= s.from {
				t.Fatalf("ranges %v after %d are not in order", b.settled, b.committed)
			}
			last = s.to
		}
		for i := 1; i < len(b.witnesses); i++ {
			if b.witnesses[i].offset <= b.witnesses[i-1].offset {
				t.Fatalf("witnesses %v are not in order", b.witnesses)
			}
		}
		if b.has(committed, b.epoch) && text != "" {
			t.Fatal("the committed offset itself is said to be settled")
		}
	})
}

// TestMetadataIsReadBack: any of it that fits.
func TestMetadataIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawPast(t)
		b := h.claim.said
		limit := rapid.SampledFrom([]int{metadataLimit, metadataLimit, 400, 200, 100, 60, 0}).Draw(t, "limit")
		text := b.metadata(limit)
		if len(text) > limit {
			t.Fatalf("%d characters of %d", len(text), limit)
		}
		got, err := parseBeyond(text, b.committed)
		if err != nil {
			t.Fatal(err)
		}
		if text != "" && (got.log != b.log || got.epoch != b.epoch || got.witnesses[len(got.witnesses)-1] != b.witnesses[len(b.witnesses)-1]) {
			t.Fatalf("wrote %+v, read %+v", b, got)
		}
		if limit == metadataLimit && (!slices.Equal(got.settled, b.settled) || !slices.Equal(got.witnesses, b.witnesses)) {
			t.Fatalf("wrote %+v, read %+v", b, got)
		}
		for o := range h.last + 2 {
			if got.has(o, 0) && !b.has(o, 0) {
				t.Fatalf("offset %d is settled only in what was read back", o)
			}
		}
	})
}

// TestRestartSendsAgainOnlyWhatHadNoVerdict: a process that dies with one event
// waiting must not have all sent again that came after it.
func TestRestartSendsAgainOnlyWhatHadNoVerdict(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("p1", 0, 1000)...)
	s := newFakeSink(false)
	m := b.start(s, func(o *Options) { o.Drain = -1 })
	vs := s.take(1000)
	for i, v := range vs {
		if i%100 != 3 { // ten of them wait
			m.Settle([]verdict.Verdict{v})
		}
	}
	b.eventually("the metadata is committed", func() bool {
		o, _ := b.offset(0)
		got, err := parseBeyond(o.Metadata, o.At)
		return err == nil && o.At == 3 && got.has(999, 0)
	})
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	s2 := newFakeSink(true)
	m2 := b.start(s2, nil)
	b.eventually("all is committed", func() bool { return b.committed(0) == 1000 })
	for i := range 1000 {
		want := 0
		if i%100 == 3 {
			want = 1
		}
		if n := s2.count(fmt.Sprintf("e%d", i)); n != want {
			t.Errorf("e%d was sent %d times after the restart, want %d", i, n, want)
		}
	}
	if sum := m2.Tally().Summary(); sum.Taken != 10 || sum.InFlight() != 0 {
		t.Errorf("taken %d, in flight %d; want only the ten that waited", sum.Taken, sum.InFlight())
	}
	if o, _ := b.offset(0); len(said(t, o).settled) > 0 {
		t.Errorf("metadata %q names ranges though all is committed", o.Metadata)
	}
}

// said is what a commit's metadata says.
func said(t *testing.T, o kadm.OffsetResponse) beyond {
	t.Helper()
	got, err := parseBeyond(o.Metadata, o.At)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestStrangeMetadataIsIgnored: other programs commit metadata, too.
func TestStrangeMetadataIsIgnored(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("p1", 0, 10)...)
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: 2, LeaderEpoch: -1, Metadata: "somebody else's"})
	if err := b.admin.CommitAllOffsets(t.Context(), group, offsets); err != nil {
		t.Fatal(err)
	}
	s := newFakeSink(true)
	b.start(s, nil)
	b.eventually("all is committed", func() bool { return b.committed(0) == 10 })
	if s.count("e1") != 0 || s.count("e2") != 1 {
		t.Errorf("e1 sent %d times, e2 %d times; want 0 and 1", s.count("e1"), s.count("e2"))
	}
	if !strings.Contains(b.log.String(), "metadata cannot be used") {
		t.Errorf("no warning:\n%s", b.log)
	}
}

func BenchmarkBeyond(b *testing.B) {
	l := newLedger()
	for i := range int64(1_000_000) {
		seq := l.take(mark{i, 0}, 100, 0)
		if i%10_000 != 0 {
			l.settle(seq)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = l.beyond().metadata(metadataLimit)
	}
}

func TestFreshSplitsRuns(t *testing.T) {
	a := newAssignment(topic, 0, newInboxes(1), func() {})
	a.before = beyond{committed: 0, epoch: 5, settled: []span{{2, 4}, {6, 7}}}
	var records []*kgo.Record
	for i := range int64(8) {
		records = append(records, &kgo.Record{Offset: i, LeaderEpoch: 5, Timestamp: time.UnixMilli(i)})
	}
	fresh, bytes := a.fresh(records)
	if len(fresh) != 5 || bytes != 5*int64(recordSize(records[0])) {
		t.Fatalf("%d fresh records of %d bytes", len(fresh), bytes)
	}
	a.push(records, fresh, 8)
	var got []string
	for _, in := range a.inbox {
		got = append(got, fmt.Sprintf("%d+%d@%d", in.records[0].Offset, len(in.records), in.firstSeq))
	}
	if want := []string{"0+2@0", "4+2@4", "7+1@7"}; !slices.Equal(got, want) {
		t.Errorf("runs %v, want %v", got, want)
	}
	if a.ledger.undone != 5 || a.skipped != 3 {
		t.Errorf("undone %d, skipped %d; want 5 and 3", a.ledger.undone, a.skipped)
	}
}

// TestACommitRepeatsWhatItHasNotComeTo: a member that has read a part of what
// another had settled passes all of it on.
func TestACommitRepeatsWhatItHasNotComeTo(t *testing.T) {
	before := beyond{committed: 0, epoch: 3, settled: []span{{2, 4}, {6, 9}, {12, 20}}}
	for _, tc := range []struct {
		read    int64 // records, from offset 0 on
		settled []uint64
		epoch   int32
		want    int64
		has     []int64
		hasNot  []int64
	}{
		{read: 1, settled: []uint64{0}, epoch: 3, want: 1, has: []int64{2, 3, 6, 8, 12, 19}, hasNot: []int64{1, 4, 5, 9, 11, 20}},
		{read: 2, settled: []uint64{0, 1}, epoch: 3, want: 4, has: []int64{6, 8, 12, 19}, hasNot: []int64{4, 5, 9}},
		{read: 8, settled: []uint64{0, 1, 4, 5}, epoch: 3, want: 9, has: []int64{12, 19}, hasNot: []int64{9, 11}},
		{read: 8, settled: []uint64{0, 1, 5}, epoch: 3, want: 4, has: []int64{5, 6, 7, 8, 12}, hasNot: []int64{4, 9}},
		{read: 12, settled: []uint64{0, 1, 4, 5, 9, 10, 11}, epoch: 3, want: 20},
		{read: 2, settled: []uint64{0, 1}, epoch: 4, want: 2, hasNot: []int64{2, 6, 12}},
	} {
		a := newAssignment(topic, 0, newInboxes(1), func() {})
		a.before = before
		var records []*kgo.Record
		for i := range tc.read {
			records = append(records, &kgo.Record{Offset: i, LeaderEpoch: tc.epoch, Timestamp: time.UnixMilli(i)})
		}
		a.distrust(records)
		fresh, _ := a.fresh(records)
		a.push(records, fresh, 100)
		for _, seq := range tc.settled {
			a.ledger.settle(seq)
		}
		c, _ := a.commitable(metadataLimit)
		if c.offset.Offset != tc.want {
			t.Errorf("%+v: commits %d", tc, c.offset.Offset)
		}
		got, err := parseBeyond(c.metadata, c.offset.Offset)
		if err != nil {
			t.Fatalf("%+v: %v", tc, err)
		}
		for _, at := range tc.has {
			if !got.has(at, tc.epoch) {
				t.Errorf("%+v: %d is forgotten", tc, at)
			}
		}
		for _, at := range tc.hasNot {
			if got.has(at, tc.epoch) {
				t.Errorf("%+v: %d is said to be settled", tc, at)
			}
		}
	}
}

// TestANewLeaderWroteWhatFollows: a leader that is elected in order writes behind all
// that was settled before. One poll that brings both, what an earlier owner settled
// and what the new leader wrote, sends none of it again.
func TestANewLeaderWroteWhatFollows(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("p1", 0, 50)...)
	s := newFakeSink(false)
	m := b.start(s, func(o *Options) { o.Drain = -1 })
	for _, v := range s.take(50) {
		if v.EventID != "e10" && v.EventID != "e12" {
			m.Settle([]verdict.Verdict{v})
		}
	}
	b.eventually("the ranges are committed", func() bool {
		o, _ := b.offset(0)
		got, err := parseBeyond(o.Metadata, o.At)
		return err == nil && o.At == 10 && got.has(49, 0) && got.has(11, 0)
	})
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if err := b.cluster.MoveTopicPartition(topic, 0, b.cluster.LeaderFor(topic, 0)); err != nil {
		t.Fatal(err)
	}
	b.publish(0, events("p1", 50, 60)...)
	s = newFakeSink(true)
	b.start(s, nil)
	b.eventually("all is committed", func() bool { return b.committed(0) == 60 })
	for i := range 60 {
		want := 0
		if i == 10 || i == 12 || i >= 50 {
			want = 1
		}
		if n := s.count(fmt.Sprintf("e%d", i)); n != want {
			t.Errorf("e%d was sent %d times, want %d", i, n, want)
		}
	}
	if strings.Contains(b.log.String(), `"reason":`) {
		t.Errorf("the log is said to have changed:\n%s", b.log)
	}
}

// TestDistrustKeepsWhatIsBeforeTheLoss: records of a later epoch are in the place of
// some that were settled. What was settled before the first of them is still so.
func TestDistrustKeepsWhatIsBeforeTheLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 40
		a := newAssignment(topic, 0, newInboxes(1), func() {})
		a.before = beyond{epoch: 3}
		settled := make(map[int64]bool)
		for at := int64(1); at < n; {
			to := at + int64(rapid.IntRange(1, 5).Draw(t, "run"))
			a.before.settled = append(a.before.settled, span{at, to})
			for ; at < to; at++ {
				settled[at] = true
			}
			at += int64(rapid.IntRange(1, 5).Draw(t, "gap"))
		}
		end := a.before.end()
		later := int64(rapid.IntRange(0, n+10).Draw(t, "first of a later epoch"))
		var records []*kgo.Record
		from := int64(0)
		forgot := false
		for _, to := range []int64{int64(rapid.IntRange(1, n).Draw(t, "poll")), n + 20} {
			records = records[:0]
			for o := from; o < to; o++ {
				r := &kgo.Record{Offset: o, LeaderEpoch: 3}
				if o >= later {
					r.LeaderEpoch = 4
				}
				records = append(records, r)
			}
			forgot = a.distrust(records) || forgot
			for _, r := range records {
				if got, want := a.before.has(r.Offset, r.LeaderEpoch), settled[r.Offset] && r.Offset < later; got != want {
					t.Fatalf("offset %d, later epoch from %d: taken for settled %v, want %v", r.Offset, later, got, want)
				}
			}
			from = to
		}
		if want := later < end; forgot != want {
			t.Fatalf("settled up to %d, later epoch from %d: told of a loss %v, want %v", end, later, forgot, want)
		}
	})
}

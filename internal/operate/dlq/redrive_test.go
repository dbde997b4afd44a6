package dlq

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// originals is a source with one record.
type originals struct {
	rec *kgo.Record
	err error
}

func (o originals) One(context.Context, string, int32, int64) (*kgo.Record, error) {
	return o.rec, o.err
}

// redriven has the topic hold letters of the entry that are done.
func redriven(r *Redrive, e *Entry, times int) {
	for range times {
		before := *e
		before.Done = true
		r.Rounds.Add(&before)
	}
}

// pointer makes of an entry one without a value, whose original says how often it was
// redriven.
func pointer(e *Entry, r *Redrive, redriven string) {
	e.Letter = deadletter.Letter{Topic: "events", Partition: 1, Offset: 2, Pointer: true}
	rec := &kgo.Record{Value: []byte("event")}
	if redriven != "" {
		rec.Headers = []kgo.RecordHeader{{Key: "amazon-capi.redrives", Value: []byte(redriven)}}
	}
	r.Originals = originals{rec: rec}
}

// TestPointers: what a pointer is made of comes from its source, and two of them are
// two events.
func TestPointers(t *testing.T) {
	at := time.UnixMilli(5)
	source := originals{rec: &kgo.Record{Key: []byte("k"), Value: []byte("v"), Timestamp: at, Headers: []kgo.RecordHeader{
		{Key: "own", Value: []byte("1")}, {Key: "amazon-capi.redrives", Value: []byte("1")},
	}}}
	l := deadletter.Letter{Topic: "events", Partition: 1, Offset: 2, Pointer: true}
	rec, err := Original(t.Context(), &l, source)
	if err != nil || string(rec.Key) != "k" || string(rec.Value) != "v" || !rec.Timestamp.Equal(at) || rec.Partition != 1 {
		t.Fatalf("%+v, %v", rec, err)
	}
	if n := deadletter.Redrives(rec); n != 2 || len(rec.Headers) != 2 || rec.Headers[0].Key != "own" {
		t.Errorf("headers %v, want its own and the count 2", rec.Headers)
	}
	other := l
	other.Offset = 3
	r := NewRounds()
	if r.key(&Entry{Letter: l}) == r.key(&Entry{Letter: other}) {
		t.Error("pointers to two records count as one event")
	}
	e := Entry{Letter: l}
	if v := e.View(nil); strings.Join(v.Lacks, " ") != "value key headers" || !strings.Contains(v.Remedy, "only says where") {
		t.Errorf("%+v", v)
	}
}

func TestRedriveDecides(t *testing.T) {
	away := errors.New("brokers away")
	for name, tc := range map[string]struct {
		change func(*Entry, *Redrive)
		got    func(*Redrive) int // the count that must be one
		err    error
	}{
		"meant":       {func(*Entry, *Redrive) {}, func(r *Redrive) int { return r.Send.Len() }, nil},
		"not meant":   {func(_ *Entry, r *Redrive) { r.Filter.Statuses = []int{400} }, func(r *Redrive) int { return r.NotMeant }, nil},
		"done":        {func(e *Entry, _ *Redrive) { e.Done = true }, func(r *Redrive) int { return r.Done }, nil},
		"no letter":   {func(e *Entry, _ *Redrive) { e.NoLetter = true }, func(r *Redrive) int { return r.NoLetter }, nil},
		"other topic": {func(e *Entry, _ *Redrive) { e.Letter.Topic = "other" }, func(r *Redrive) int { return r.OtherTopic }, nil},
		"no topic":    {func(e *Entry, _ *Redrive) { e.Letter.Topic = "" }, func(r *Redrive) int { return r.Send.Len() }, nil},
		"last chance": {func(e *Entry, _ *Redrive) { e.Letter.Redrives = 2 }, func(r *Redrive) int { return r.Send.Len() }, nil},
		"too often":   {func(e *Entry, r *Redrive) { e.Letter.Redrives = 3; redriven(r, e, 3) }, func(r *Redrive) int { return r.Quarantine.Len() }, nil},
		"forged":      {func(e *Entry, r *Redrive) { e.Letter.Redrives = 900 }, func(r *Redrive) int { return r.Send.Len() }, nil},
		"half forged": {func(e *Entry, r *Redrive) { e.Letter.Redrives = 900; redriven(r, e, 2) }, func(r *Redrive) int { return r.Send.Len() }, nil},
		"of another": {func(e *Entry, r *Redrive) {
			redriven(r, e, 5)
			e.Letter.Redrives, e.Letter.Value = 900, []byte("other")
		}, func(r *Redrive) int { return r.Send.Len() }, nil},
		"not whole":     {func(e *Entry, _ *Redrive) { e.Letter.ValueOmitted = 1 }, func(r *Redrive) int { return r.Send.Len() }, nil},
		"original gone": {func(e *Entry, r *Redrive) { e.Letter.ValueOmitted = 1; r.Originals = originals{} }, func(r *Redrive) int { return r.Lost }, nil},
		"not retained": {func(e *Entry, r *Redrive) {
			e.Letter.KeyOmitted = 1
			r.Originals = originals{err: history.ErrNotRetained}
		}, func(r *Redrive) int { return r.Lost }, nil},
		"original away":                       {func(e *Entry, r *Redrive) { e.Letter.ValueOmitted = 1; r.Originals = originals{err: away} }, func(*Redrive) int { return 1 }, away},
		"pointer":                             {func(e *Entry, r *Redrive) { pointer(e, r, "") }, func(r *Redrive) int { return r.Send.Len() }, nil},
		"pointer without a place":             {func(e *Entry, r *Redrive) { pointer(e, r, ""); e.Letter.Topic = "" }, func(r *Redrive) int { return r.Lost }, nil},
		"pointer to what was redriven thrice": {func(e *Entry, r *Redrive) { pointer(e, r, "3") }, func(r *Redrive) int { return r.Quarantine.Len() }, nil},
		"pointer to what may not be read": {func(e *Entry, r *Redrive) {
			pointer(e, r, "")
			r.Originals = originals{err: kerr.TopicAuthorizationFailed}
		}, func(r *Redrive) int { return r.Lost }, nil},
		"whole, all away": {func(_ *Entry, r *Redrive) { r.Originals = originals{err: away} }, func(r *Redrive) int { return r.Send.Len() }, nil},
	} {
		e := entry()
		e.Letter.Topic = "events"
		r := &Redrive{Topic: "events", MaxRedrives: 3, Rounds: NewRounds(), Originals: originals{rec: &kgo.Record{}}}
		tc.change(e, r)
		if err := r.Add(t.Context(), e); !errors.Is(err, tc.err) || tc.got(r) != 1 {
			t.Errorf("%s: %v, %+v", name, err, r)
		}
	}
}

// TestRedriveThatCouldNotBeRemembered: better refused than forgotten.
func TestRedriveThatCouldNotBeRemembered(t *testing.T) {
	r := &Redrive{Topic: "events", MaxRedrives: 3, Rounds: NewRounds(), Filter: Filter{Profiles: []string{"1"}}}
	seed := uint32(1)
	const n = 60_000
	for i := range int64(n) {
		e := entry()
		e.Letter.Topic, e.Offset = "events", i
		seed = seed*1664525 + 1013904223
		if seed>>31 == 0 {
			e.Letter.ProfileID = "2"
		}
		if err := r.Add(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	plan := &history.Plan{Spans: []history.Span{{Partition: 3, From: 0, To: n}}}
	if err := r.Check(plan); err == nil || !strings.Contains(err.Error(), "--until") {
		t.Errorf("half of %d letters at random: %v; want that they cannot be told apart", n, err)
	}
	plan.Spans[0].Partition = 4 // of which none is sent
	if err := r.Check(plan); err != nil {
		t.Error(err)
	}
}

func TestOriginalOfALetterThatIsNotWhole(t *testing.T) {
	l := &deadletter.Letter{Topic: "events", Partition: 1, Offset: 2, ValueOmitted: 9, Redrives: 1, Headers: []kgo.RecordHeader{{Key: "a"}}}
	rec := &kgo.Record{Key: []byte("k"), Value: []byte("v"), Timestamp: failed, Headers: []kgo.RecordHeader{{Key: "a"}, {Key: "b"}}}
	got, err := Original(t.Context(), l, originals{rec: rec})
	if err != nil || string(got.Value) != "v" || string(got.Key) != "k" || !got.Timestamp.Equal(failed) || got.Topic != "events" || got.Offset != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if len(got.Headers) != 3 || got.Headers[1].Key != "b" || string(got.Headers[2].Value) != "2" || len(rec.Headers) != 2 {
		t.Errorf("headers %v", got.Headers)
	}
}

// brokers answers each produced record in turn.
type brokers struct {
	answers []error
	sent    []*kgo.Record
}

func (b *brokers) Produce(_ context.Context, r *kgo.Record, promise func(*kgo.Record, error)) {
	b.sent = append(b.sent, r)
	err := b.answers[0]
	b.answers = b.answers[1:]
	promise(r, err)
}

func TestCopierIsDoneWhenTheBrokersAre(t *testing.T) {
	refused := kerr.MessageTooLarge
	for name, tc := range map[string]struct {
		answers []error
		copyErr error
		want    CopyCounts
		settled int
	}{
		"acknowledged":           {[]error{nil}, nil, CopyCounts{Copied: 1}, 1},
		"refused":                {[]error{refused}, nil, CopyCounts{Failed: 1, Failure: refused}, 0},
		"too old for the topic":  {[]error{kerr.InvalidTimestamp, nil}, nil, CopyCounts{Copied: 1, Retimed: 1}, 1},
		"its time is not at all": {[]error{kerr.InvalidTimestamp, kerr.InvalidTimestamp}, nil, CopyCounts{Failed: 1, Failure: kerr.InvalidTimestamp}, 0},
		"no original":            {nil, errNoOriginal, CopyCounts{Failed: 1, Failure: errNoOriginal}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := &brokers{answers: tc.answers}
			settled, left := 0, 0
			c := &Copier{
				Topic: "events", Producer: b,
				Copy: func(context.Context, *kgo.Record) (*kgo.Record, error) {
					return &kgo.Record{
						Partition: 2, Key: []byte("k"), Value: []byte("v"), Timestamp: failed,
						Headers: []kgo.RecordHeader{{Key: "own", Value: []byte("1")}, {Key: "amazon-capi.redrives", Value: []byte("2")}},
					}, tc.copyErr
				},
				Settle: func(vs []verdict.Verdict) { settled += len(vs) },
				Leave:  func(verdict.Handle) { left++ },
			}
			if err := handle(t.Context(), c, &kgo.Record{Partition: 3, Offset: 4}); err != nil {
				t.Fatal(err)
			}
			c.Wait()
			got := c.Counts()
			if got.Copied != tc.want.Copied || got.Retimed != tc.want.Retimed || got.Failed != tc.want.Failed || !errors.Is(got.Failure, tc.want.Failure) {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
			if settled != tc.settled || left != 1-tc.settled {
				t.Errorf("settled %d, left %d", settled, left)
			}
			for i, r := range b.sent {
				if r.Topic != "events" || r.Partition != 2 || i == 0 && !r.Timestamp.Equal(failed) || i == 1 && !r.Timestamp.Equal(time.Time{}) {
					t.Errorf("sent %d: %+v", i, r)
				}
				// Its time is all that a copy may lose.
				if string(r.Key) != "k" || string(r.Value) != "v" || len(r.Headers) != 2 || r.Headers[0].Key != "own" || deadletter.Redrives(r) != 2 {
					t.Errorf("sent %d: key %q, value %q, headers %v; want those of the original and the count 2", i, r.Key, r.Value, r.Headers)
				}
			}
		})
	}
}

// TestCopierOutlastsItsBrokers: what passes is waited for, and told once; what
// somebody has to fix ends a copy with the reason.
func TestCopierOutlastsItsBrokers(t *testing.T) {
	ten := func(err error) (all []error) { return slices.Repeat([]error{err}, 10) }
	stuck := errors.New("the client is stuck")
	for name, tc := range map[string]struct {
		before  int // copies that were written before
		answers []error
		renews  error // the error that another producer helps with
		written bool
		logs    int
		says    string
	}{
		"too few replicas":       {0, ten(kerr.NotEnoughReplicas), nil, true, 2, "min.insync.replicas of topic events"},
		"a disk":                 {0, ten(kerr.KafkaStorageError), nil, true, 2, "KAFKA_STORAGE_ERROR"},
		"the network":            {0, ten(io.ErrUnexpectedEOF), nil, true, 2, "unexpected EOF"},
		"made again":             {0, []error{kerr.UnknownTopicID}, kerr.UnknownTopicID, true, 0, ""},
		"stuck":                  {0, []error{stuck, stuck}, stuck, true, 0, ""},
		"stuck for good":         {0, ten(kerr.ClusterAuthorizationFailed), kerr.ClusterAuthorizationFailed, false, 0, "IDEMPOTENT_WRITE"},
		"not allowed":            {0, ten(kerr.TopicAuthorizationFailed), nil, false, 0, "WRITE and DESCRIBE on topic events"},
		"never there":            {0, ten(kerr.UnknownTopicOrPartition), nil, false, 0, "does not exist"},
		"away for a while":       {1, ten(kerr.UnknownTopicOrPartition), nil, true, 2, "does not exist"},
		"away for good":          {1, slices.Repeat([]error{kerr.UnknownTopicOrPartition}, 100), nil, false, 1, "does not exist"},
		"too large, then larger": {0, []error{kerr.MessageTooLarge}, kerr.MessageTooLarge, true, 0, ""},
		"a compacted topic":      {0, ten(kerr.InvalidRecord), nil, false, 0, "cleanup.policy"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &brokers{answers: append(slices.Clone(tc.answers), nil)}
				settled, left := 0, 0
				var log bytes.Buffer
				c := &Copier{
					Topic: "events", Producer: b, Log: zerolog.New(&log),
					Copy: func(context.Context, *kgo.Record) (*kgo.Record, error) {
						return &kgo.Record{Value: []byte("v"), Timestamp: failed}, nil
					},
					Renew:  func(_ context.Context, err error) (bool, error) { return errors.Is(err, tc.renews), nil },
					Settle: func(vs []verdict.Verdict) { settled += len(vs) },
					Leave:  func(verdict.Handle) { left++ },
					counts: CopyCounts{Copied: tc.before},
				}
				if err := handle(t.Context(), c, &kgo.Record{Partition: 3, Offset: 4}); err != nil {
					t.Fatal(err)
				}
				c.Wait()
				got := c.Counts()
				if got.Copied-tc.before != settled || got.Failed != left || settled+left != 1 || (settled == 1) != tc.written {
					t.Errorf("%+v, settled %d, left %d", got, settled, left)
				}
				if n := strings.Count(log.String(), "\n"); n != tc.logs {
					t.Errorf("%d log lines, want %d:\n%s", n, tc.logs, log.String())
				}
				if said := log.String() + fmt.Sprint(got.Failure); !strings.Contains(said, tc.says) {
					t.Errorf("it says %q, want %q", said, tc.says)
				}
				for i, r := range b.sent {
					if string(r.Value) != "v" || !r.Timestamp.Equal(failed) || slices.Contains(b.sent[:i], r) {
						t.Errorf("try %d is %+v; want a record of its own with the original's time", i, r)
					}
				}
			})
		})
	}
}

// TestCopiesGoWhereTheirOriginalsWere: into the partition of the original, and where
// the topic has fewer partitions by now, where its key belongs: one order of a key's
// events is kept, and nothing is sent to a partition that is not there.
func TestCopiesGoWhereTheirOriginalsWere(t *testing.T) {
	byKey := kgo.StickyKeyPartitioner(nil)
	p := samePartition{byKey}.ForTopic("events")
	for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
		for partition := int32(-1); partition < 8; partition++ {
			for n := 1; n <= 6; n++ {
				r := &kgo.Record{Key: []byte(key), Partition: partition}
				want := int(partition)
				if partition < 0 || int(partition) >= n {
					want = byKey.ForTopic("events").Partition(r, n)
				}
				if got := p.Partition(r, n); got != want || !p.RequiresConsistency(r) {
					t.Errorf("a record of key %s and partition %d goes to %d of %d, want %d, always", key, partition, got, n, want)
				}
			}
		}
	}
	if p.RequiresConsistency(&kgo.Record{Partition: -1}) {
		t.Error("a record without key and partition may go anywhere")
	}
}

// Instead of a letter whose batch unpacks to too much the consumer brings a record that
// says so. It is neither put into quarantine nor sent to the source: the letter stays.
func TestNoCopyOfWhatIsNoLetter(t *testing.T) {
	for name, as := range map[string]func(context.Context, *kgo.Record) (*kgo.Record, error){
		"quarantine": asItIs,
		"redrive":    newRestorer(originals{rec: &kgo.Record{Value: []byte("another")}}).record,
	} {
		t.Run(name, func(t *testing.T) {
			left := 0
			c := Copier{
				Topic: "to", Producer: &brokers{answers: []error{nil}}, Copy: as,
				Settle: func([]verdict.Verdict) { t.Error("it counts as copied") },
				Leave:  func(verdict.Handle) { left++ },
			}
			if err := handle(t.Context(), &c, &kgo.Record{Value: []byte("amazon-capi has not read the producer's batch")}); err != nil {
				t.Fatal(err)
			}
			c.Wait()
			if got := c.Counts(); got.Failed != 1 || left != 1 || !errors.Is(got.Failure, deadletter.ErrNoLetter) {
				t.Errorf("%+v, %d left", got, left)
			}
		})
	}
}

// handle gives a letter to a worker of the copier's.
func handle(ctx context.Context, c *Copier, letter *kgo.Record) error {
	w := c.NewWorker()
	if _, err := w.Read(ctx, letter, false); err != nil {
		return err
	}
	w.Take(verdict.Handle{}, nil)
	return nil
}

// A job that is stopped does not wait for brokers.
func TestCopierThatIsStoppedTriesNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		left := 0
		c := &Copier{
			Topic: "events", Producer: &brokers{answers: slices.Repeat([]error{kerr.NotEnoughReplicas}, 1000)},
			Copy:  func(context.Context, *kgo.Record) (*kgo.Record, error) { return &kgo.Record{}, nil },
			Leave: func(verdict.Handle) { left++ },
		}
		if err := handle(ctx, c, &kgo.Record{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		began := time.Now()
		cancel()
		c.Wait()
		if left != 1 || time.Since(began) > 0 || !errors.Is(c.Counts().Failure, kerr.NotEnoughReplicas) {
			t.Errorf("left %d after %s, %v", left, time.Since(began), c.Counts().Failure)
		}
	})
}

func TestCopierThatIsStoppedHoldsTheLetter(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := &Copier{Copy: func(ctx context.Context, _ *kgo.Record) (*kgo.Record, error) { return nil, ctx.Err() }}
	if err := handle(ctx, c, &kgo.Record{}); !errors.Is(err, context.Canceled) || c.Counts().Failed != 0 {
		t.Errorf("%v, %+v", err, c.Counts())
	}
}

func TestWordsOfEntries(t *testing.T) {
	foreign, none := &Entry{}, &Entry{NoLetter: true}
	if foreign.Class() != Foreign || !strings.Contains(foreign.Remedy(), "Another tool") || !strings.Contains(none.Remedy(), "no header") {
		t.Errorf("%q, %q, %q", foreign.Class(), foreign.Remedy(), none.Remedy())
	}
	e := entry()
	e.Letter.Reason = verdict.Reason{Class: verdict.Auth, Status: 403}
	e.Letter.EventID, e.Letter.ProfileID, e.Letter.Topic = "of-jane@example.com", strings.Repeat("ab", 40), "events"
	v := e.View(nil)
	if strings.Contains(v.EventID, "jane") || strings.Contains(v.Profile, "abab") || v.State != "open" || v.Source == nil || !strings.Contains(v.Remedy, "approved") {
		t.Errorf("%+v", v)
	}
}

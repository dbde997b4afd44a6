package sink

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

var invalid = verdict.Reason{Class: verdict.Validation, Code: "value_missing", Field: "custom_data.value", Message: "a purchase has a value"}

func (r *rig) refuse(id string, rec *kgo.Record) {
	r.seq++
	r.feed.Refuse(verdict.Handle{Owner: r.owner, Seq: r.seq}, rec, "1234567890", id, invalid)
	r.feed.Flush()
}

func TestADeadLetterIsTheOriginalWithItsReason(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, inTurn(reply{status: 503}, reply{status: 422, body: `{"code":"INVALID_USER_INFO","message":"madid is bad"}`}), func(o *Options) { o.Linger = -1 })
		at := time.UnixMilli(1776939330123)
		rec := &kgo.Record{
			Topic: "events", Partition: 7, Offset: 4711, Key: []byte("key"), Value: []byte{0, 0, 0, 0, 1, 2}, Timestamp: at,
			Headers: []kgo.RecordHeader{
				{Key: "trace", Value: []byte("t1")},
				{Key: "amazon-capi.code", Value: []byte("OLD")},
				{Key: "amazon-capi.redrives", Value: []byte("2")},
				{Key: "__connect.errors.topic", Value: []byte("old")},
				{Key: "trace", Value: []byte("t2")},
			},
		}
		began := time.Now()
		r.feed.Add(verdict.Handle{Owner: r.owner, Seq: 1}, rec, purchase())
		r.feed.Flush()
		r.after(time.Second)

		if diff := cmp.Diff([]string{"ord_10492_purchase rejected 2"}, r.classes()); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		raw := r.box.raw[0]
		if raw.Topic != "events.dlq" || string(raw.Key) != "key" || string(raw.Value) != string(rec.Value) || !raw.Timestamp.Equal(at) {
			t.Errorf("the letter is not the original: %+v", raw)
		}
		var got []string
		for _, h := range raw.Headers {
			got = append(got, h.Key+"="+string(h.Value))
		}
		stamp := func(d time.Duration) string { return began.Add(d).UTC().Format("2006-01-02T15:04:05.000Z") }
		want := []string{
			"trace=t1", "amazon-capi.redrives=2", "trace=t2",
			"__connect.errors.topic=events", "__connect.errors.partition=7", "__connect.errors.offset=4711",
			"__connect.errors.stage=TASK_PUT", "__connect.errors.class.name=github.com/tracklayer/amazon-capi/sink",
			"__connect.errors.exception.class.name=amazon-capi.rejected", "__connect.errors.exception.message=madid is bad",
			"amazon-capi.class=rejected", "amazon-capi.status=422", "amazon-capi.code=INVALID_USER_INFO", "amazon-capi.field=madid",
			"amazon-capi.message=madid is bad", "amazon-capi.profile=1234567890", "amazon-capi.event-id=ord_10492_purchase",
			"amazon-capi.attempts=2", "amazon-capi.first-failure=" + stamp(0), "amazon-capi.last-failure=" + stamp(500*time.Millisecond),
			"amazon-capi.contract=off-amazon-2023-11-13",
		}
		want[len(want)-2] = "amazon-capi.last-failure=" + stamp(499*time.Millisecond) // the jitter's full is a hair less
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}

		l, err := deadletter.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		wantLetter := deadletter.Letter{
			Key: rec.Key, Value: rec.Value, Timestamp: at,
			Headers: []kgo.RecordHeader{{Key: "trace", Value: []byte("t1")}, {Key: "trace", Value: []byte("t2")}},
			Topic:   "events", Partition: 7, Offset: 4711,
			Reason: verdict.Reason{Class: verdict.Rejected, Status: 422, Code: "INVALID_USER_INFO", Field: "madid", Message: "madid is bad"},
			Stage:  "TASK_PUT", ProfileID: "1234567890", EventID: "ord_10492_purchase", Attempts: 2,
			FirstFailure: began.UTC().Truncate(time.Millisecond), LastFailure: began.Add(499 * time.Millisecond).UTC().Truncate(time.Millisecond),
			Contract: "off-amazon-2023-11-13", Redrives: 2,
		}
		if diff := cmp.Diff(wantLetter, l); diff != "" {
			t.Errorf("parsed (-want +got):\n%s", diff)
		}
	})
}

func TestAVerdictWaitsForTheBrokersAcknowledgement(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok))
		r.box.fail = func(*kgo.Record) error {
			time.Sleep(5 * time.Second)
			return nil
		}
		rec := r.record("bad")
		from := verdict.SourceOf(rec)
		r.refuse("bad", rec)
		r.after(4 * time.Second)
		if len(r.classes()) != 0 {
			t.Fatal("a verdict before the acknowledgement")
		}
		r.after(2 * time.Second)
		v := r.verdict("bad")
		if v.Class != verdict.Validation || v.Attempts != 0 || v.Source != from || v.Handle.Seq != 1 || v.Code != invalid.Code || v.ProfileID != "1234567890" {
			t.Errorf("%+v", v)
		}
	})
}

func TestADeadLetterTopicThatFailsHoldsAndIsTriedAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"missing":     {kerr.UnknownTopicOrPartition, "events.dlq: it does not exist: check its name (--dead-letter-topic), create it"},
		"not allowed": {kerr.TopicAuthorizationFailed, "we are not allowed to write to it"},
		"full":        {kgo.ErrMaxBuffered, "buffer is full"},
		"silent":      {errSilence, "have not acknowledged dead letters to events.dlq for 10s"},
		"anything":    {errors.New("told by jane@example.com"), "told by [email]"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, always(ok))
				tries := 0
				silent := make(chan struct{})
				r.box.fail = func(*kgo.Record) error {
					r.mu.Lock()
					tries++
					first := tries <= 3
					r.mu.Unlock()
					if errors.Is(tt.err, errSilence) {
						<-silent
						return nil
					}
					if first {
						return tt.err
					}
					return nil
				}
				r.refuse("bad", r.record("bad"))
				if errors.Is(tt.err, errSilence) {
					r.after(time.Hour)
				} else {
					r.after(1500 * time.Millisecond)
				}
				if f := r.failing(); len(f) != 1 || !strings.HasPrefix(f[0], "dead-letter topic: ") || !strings.Contains(f[0], tt.want) {
					t.Errorf("failing: %v, want %q", f, tt.want)
				}
				if len(r.classes()) != 0 {
					t.Error("a verdict without a letter")
				}
				// The lanes go on meanwhile.
				r.send("p", "good")
				r.after(time.Second)
				if r.verdict("good").Class != verdict.Accepted {
					t.Error("the dead-letter topic holds up lanes")
				}
				close(silent)
				r.after(time.Minute)
				if r.verdict("bad").Class != verdict.Validation || len(r.failing()) != 0 {
					t.Errorf("did not go on by itself: %v, failing %v", r.classes(), r.failing())
				}
				if n := strings.Count(r.log.String(), `"condition":`); n != 2 {
					t.Errorf("%d lines about conditions, want 2:\n%s", n, r.log)
				}
			})
		})
	}
}

func TestDeadLettersOfEndedAssignmentsAreDropped(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok))
		r.box.fail = func(*kgo.Record) error { return kerr.UnknownTopicOrPartition }
		r.refuse("bad", r.record("bad"))
		r.after(time.Minute)
		r.owner.end()
		r.after(time.Minute)
		if got := r.metric(r.sink.metrics.fenced); got != 1 || len(r.classes()) != 0 || len(r.failing()) != 0 {
			t.Errorf("fenced %v, %v, failing %v", got, r.classes(), r.failing())
		}
		r.owner = &owner{}
		r.box.fail = nil
		r.refuse("bad2", r.record("bad2"))
		r.after(time.Minute)
		if diff := cmp.Diff([]string{"bad2 validation 0"}, r.classes()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestALetterTheTopicDoesNotTakeIsReduced(t *testing.T) {
	big := make([]byte, 5<<20)
	for name, tt := range map[string]struct {
		takes func(*kgo.Record) error
		rec   *kgo.Record
		check func(t *testing.T, l deadletter.Letter)
	}{
		"value too large": {
			func(r *kgo.Record) error { return tooLargeOver(r, 1<<20) },
			&kgo.Record{Key: []byte("k"), Value: big, Timestamp: time.UnixMilli(5000)},
			func(t *testing.T, l deadletter.Letter) {
				if l.Value != nil || l.ValueOmitted != len(big) || string(l.Key) != "k" {
					t.Errorf("value %d bytes, omitted %d, key %q", len(l.Value), l.ValueOmitted, l.Key)
				}
			},
		},
		"key too large": {
			func(r *kgo.Record) error { return tooLargeOver(r, 1<<20) },
			&kgo.Record{Key: big, Value: []byte("v"), Headers: []kgo.RecordHeader{{Key: "a"}}, Timestamp: time.UnixMilli(5000)},
			func(t *testing.T, l deadletter.Letter) {
				if l.Key != nil || l.KeyOmitted != len(big) || l.ValueOmitted != 1 || l.HeadersOmitted != 1 {
					t.Errorf("%+v", l)
				}
			},
		},
		"timestamp out of range": {
			func(r *kgo.Record) error {
				if r.Timestamp.Year() == 9999 {
					return kerr.InvalidTimestamp
				}
				return nil
			},
			&kgo.Record{Value: []byte("v"), Timestamp: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)},
			func(t *testing.T, l deadletter.Letter) {
				if l.Timestamp.UTC().Year() != 9999 || string(l.Value) != "v" {
					t.Errorf("%+v", l)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, always(ok))
				// A broker refuses the whole of what came together.
				r.box.fail = tt.takes
				tt.rec.Topic, tt.rec.Partition, tt.rec.Offset = "events", 2, 42
				r.feed.Refuse(verdict.Handle{Owner: r.owner, Seq: 1}, r.record("before"), "p", "before", invalid)
				r.feed.Refuse(verdict.Handle{Owner: r.owner, Seq: 2}, tt.rec, "p", "it", invalid)
				r.feed.Refuse(verdict.Handle{Owner: r.owner, Seq: 3}, r.record("after"), "p", "after", invalid)
				r.feed.Flush()
				r.after(time.Second)
				if diff := cmp.Diff([]string{"after validation 0", "before validation 0", "it validation 0"}, r.classes()); diff != "" {
					t.Fatalf("-want +got:\n%s", diff)
				}
				for _, l := range r.box.all() {
					if l.EventID == "it" {
						tt.check(t, l)
						if l.Topic != "events" || l.Partition != 2 || l.Offset != 42 {
							t.Errorf("it does not say where the original is: %+v", l)
						}
					} else if l.ValueOmitted != 0 || len(l.Value) == 0 {
						t.Errorf("%s lost its value", l.EventID)
					}
				}
				if !strings.Contains(r.log.String(), `"level":"error"`) || !strings.Contains(r.log.String(), `"offset":42`) {
					t.Errorf("log:\n%s", r.log)
				}
				if diff := cmp.Diff([]string{}, r.failing()); diff != "" {
					t.Errorf("failing (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func tooLargeOver(r *kgo.Record, limit int) error {
	if len(r.Key)+len(r.Value) > limit {
		return fmt.Errorf("%w (uncompressed_bytes=%d)", kerr.MessageTooLarge, len(r.Value))
	}
	return nil
}

// Brokers refuse a batch of records for its size although each of them is
// small. None of them may lose its value for that.
func TestSmallLettersKeepTheirValuesInATooLargeBatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok))
		together := 0
		r.box.fail = func(*kgo.Record) error {
			r.mu.Lock()
			together++
			r.mu.Unlock()
			time.Sleep(time.Millisecond)
			r.mu.Lock()
			n := together
			r.mu.Unlock()
			time.Sleep(time.Millisecond)
			r.mu.Lock()
			together--
			r.mu.Unlock()
			if n > 1 {
				return kerr.MessageTooLarge
			}
			return nil
		}
		for i := range 50 {
			r.feed.Refuse(verdict.Handle{Owner: r.owner, Seq: uint64(i)}, r.record("x"), "p", fmt.Sprint(i), invalid)
		}
		r.feed.Flush()
		r.after(time.Minute)
		letters := r.box.all()
		if len(letters) != 50 || len(r.classes()) != 50 {
			t.Fatalf("%d letters, %d verdicts", len(letters), len(r.classes()))
		}
		for _, l := range letters {
			if l.ValueOmitted != 0 {
				t.Fatal("a small letter lost its value")
			}
		}
	})
}

func TestATopicThatTakesNothingHolds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok))
		r.box.fail = func(*kgo.Record) error { return kerr.MessageTooLarge }
		r.refuse("bad", r.record("bad"))
		r.after(time.Hour)
		if f := r.failing(); len(f) != 1 || !strings.Contains(f[0], "max.message.bytes") || len(r.classes()) != 0 {
			t.Errorf("failing %v, %v", f, r.classes())
		}
	})
}

func TestManyLettersAreWrittenInRounds(t *testing.T) {
	const round = 500 // letters that are on their way to the brokers at once
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok))
		for i := range 3*deadletter.MaxRound + 7 {
			r.feed.Refuse(verdict.Handle{Owner: r.owner, Seq: uint64(i)}, r.record("x"), "p", fmt.Sprint(i), invalid)
		}
		r.feed.Flush()
		r.after(time.Second)
		if n := len(r.box.all()); n != 3*round+7 || len(r.classes()) != n {
			t.Errorf("%d letters, %d verdicts", n, len(r.classes()))
		}
	})
}

func TestCloseWaitsForDeadLettersWithinItsBudget(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok))
		r.box.fail = func(*kgo.Record) error { time.Sleep(3 * time.Second); return nil }
		r.refuse("bad", r.record("bad"))
		if took, err := r.closing(time.Minute); err != nil || took != 3*time.Second {
			t.Errorf("took %s, %v", took, err)
		}
		if len(r.classes()) != 1 {
			t.Errorf("%v", r.classes())
		}
	})
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok))
		r.box.fail = func(*kgo.Record) error { return errSilence }
		r.refuse("bad", r.record("bad"))
		took, err := r.closing(4 * time.Second)
		if err == nil || took != 4*time.Second {
			t.Errorf("took %s, %v; want the budget and an error", took, err)
		}
		r.after(time.Minute)
		if len(r.classes()) != 0 {
			t.Errorf("%v", r.classes())
		}
	})
}

// TestLettersThatWaitAreSaid: when letters are asked for faster than they are made,
// those of everybody wait, and readiness says so until they do not.
func TestLettersThatWaitAreSaid(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, always(ok))
		// Each round of letters takes the brokers a few seconds: not long enough for
		// one to be late, and longer and longer for those that wait.
		r.box.fail = func(*kgo.Record) error {
			time.Sleep(5 * time.Second)
			return nil
		}
		for i := range 5000 {
			id := fmt.Sprintf("bad%d", i)
			r.refuse(id, r.record(id))
		}
		r.after(20 * time.Second)
		if f := r.failing(); len(f) != 1 || !strings.HasPrefix(f[0], "dead letters: ") || !strings.Contains(f[0], "still to be made, the oldest for") {
			t.Errorf("failing: %v", f)
		}
		r.after(2 * time.Minute)
		if f := r.failing(); len(f) != 0 {
			t.Errorf("failing after all are written: %v", f)
		}
		if n := len(r.box.all()); n != 5000 {
			t.Errorf("%d letters were written", n)
		}
	})
}

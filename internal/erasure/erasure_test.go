package erasure

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/kafka"
)

const topic = "erased"

type bench struct {
	*testing.T
	kafka.Settings
	client *kgo.Client
	admin  *kadm.Client
}

func newBench(t *testing.T) *bench {
	t.Parallel()
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	b := &bench{T: t, Settings: kafka.Settings{Brokers: c.ListenAddrs()}}
	if b.client, err = b.Connect(kgo.DefaultProduceTopic(topic)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.client.Close)
	b.admin = kadm.NewClient(b.client)
	return b
}

func (b *bench) add(want int, ids ...string) {
	b.Helper()
	n, err := Add(b.Context(), b.Settings, topic, ids, time.Now())
	if err != nil || n != want {
		b.Fatalf("%d added, want %d: %v", n, want, err)
	}
}

func (b *bench) has(l *List, ids ...string) {
	b.Helper()
	for _, id := range []string{"a", "b", "c", "d"} {
		erased, err := l.Erased(id)
		if want := strings.Contains(strings.Join(ids, " "), id); err != nil || erased != want {
			b.Errorf("%s: erased %v, want %v: %v", id, erased, want, err)
		}
	}
}

func (b *bench) remove() {
	b.Helper()
	if _, err := b.admin.DeleteTopic(b.Context(), topic); err != nil {
		b.Fatal(err)
	}
}

// TestTheListIsObeyed: a list that is not there has nothing; what is written is known at the
// next look; one that is deleted cannot be read, and keeps what it had when it is made again.
func TestTheListIsObeyed(t *testing.T) {
	b := newBench(t)
	f := NewFollower(Options{Kafka: b.Settings, Topic: topic})
	defer f.Close()
	if _, err := f.List().Erased("a"); err == nil {
		t.Error("a list that was not read has an answer")
	}
	if _, err := f.List().Version(); err == nil {
		t.Error("a list that was not read has a version")
	}
	look := func() {
		t.Helper()
		if err := f.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	look()
	b.has(f.List())
	b.add(2, "a", "b")
	look()
	b.has(f.List(), "a", "b")
	was, _ := f.List().Version()
	b.add(1, "a", "c") // run again after it broke off
	b.add(0, "a", "c")
	look()
	now, err := f.List().Version()
	if look(); err != nil || was == now {
		t.Errorf("version %d after %d, though it has grown: %v", now, was, err)
	}
	if again, _ := f.List().Version(); again != now {
		t.Errorf("version %d after %d, though nothing is new", again, now)
	}
	b.has(f.List(), "a", "b", "c")
	b.remove()
	if err := f.Look(t.Context()); !errors.Is(err, errGone) {
		t.Errorf("a list that is gone: %v", err)
	}
	b.has(f.List(), "a", "b", "c") // for as long as a moment's outage takes
	b.add(1, "d")
	look()
	b.has(f.List(), "a", "b", "c", "d")
	if l, err := Read(t.Context(), b.Settings, topic); err != nil || l.Len() != 1 {
		t.Errorf("%d entries: %v", l.Len(), err)
	}
	if l, err := Read(t.Context(), b.Settings, ""); err != nil || l.Len() != 0 {
		t.Errorf("no list: %v", err)
	}
}

// TestABrokenErasureIsFinished: it broke off after its key, or in the middle of its entries.
func TestABrokenErasureIsFinished(t *testing.T) {
	b := newBench(t)
	if _, err := b.admin.CreateTopic(t.Context(), 3, 1, map[string]*string{"cleanup.policy": new("compact")}, topic); err != nil {
		t.Fatal(err)
	}
	_, _, rec := newKey()
	if err := b.client.ProduceSync(t.Context(), rec).FirstErr(); err != nil {
		t.Fatal(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Add(stopped, b.Settings, topic, []string{"a", "b"}, time.Now()); err == nil {
		t.Error("it was stopped and says nothing")
	}
	b.add(1, "a")
	b.add(2, "a", "b", "c")
	l, err := Read(t.Context(), b.Settings, topic)
	if err != nil || len(l.keys) != 1 {
		t.Fatalf("%d keys: %v", len(l.keys), err)
	}
	b.has(l, "a", "b", "c")
}

// TestAListThatExpiresIsRefused: its events would be sent again one day.
func TestAListThatExpiresIsRefused(t *testing.T) {
	b := newBench(t)
	if _, err := b.admin.CreateTopic(t.Context(), 1, 1, map[string]*string{"cleanup.policy": new("delete")}, topic); err != nil {
		t.Fatal(err)
	}
	if _, err := Add(t.Context(), b.Settings, topic, []string{"a"}, time.Now()); err == nil || !strings.Contains(err.Error(), "want cleanup.policy=compact") {
		t.Error(err)
	}
}

// TestWhatIsWritten: the topic holds no event id, and what others write to it is passed over.
func TestWhatIsWritten(t *testing.T) {
	b := newBench(t)
	b.add(1, "lead:jane@example.com")
	junk := []*kgo.Record{{Value: []byte("x")}, {Key: []byte("erased/zz")}, {Key: []byte("key/00112233"), Value: []byte("short")}, {Key: []byte("erased/" + strings.Repeat("0", 39))}}
	if err := b.client.ProduceSync(t.Context(), junk...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	l, err := Read(t.Context(), b.Settings, topic)
	if err != nil || l.Len() != 1 {
		t.Fatalf("%d entries: %v", l.Len(), err)
	}
	reader, err := b.Connect(kgo.ConsumeTopics(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	n := 0
	for n < 2+len(junk) {
		reader.PollFetches(t.Context()).EachRecord(func(r *kgo.Record) {
			n++
			if strings.Contains(string(r.Key)+string(r.Value), "jane") {
				t.Errorf("%s: %s", r.Key, r.Value)
			}
		})
	}
	// A tombstone takes an entry away.
	for e := range l.entries {
		if err := b.client.ProduceSync(t.Context(), &kgo.Record{Key: []byte(entryPrefix + hex.EncodeToString(e[:]))}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if l, err = Read(t.Context(), b.Settings, topic); err != nil || l.Len() != 0 {
		t.Errorf("%d entries after it was taken away: %v", l.Len(), err)
	}
}

// TestAListThatIsNotWhole: it lacks its key, or is more than is kept in memory.
func TestAListThatIsNotWhole(t *testing.T) {
	l := new(List)
	id, key, rec := newKey()
	l.enter(&kgo.Record{Key: []byte(entryPrefix + hex.EncodeToString(append(id[:], key[:16]...))), Value: []byte("{}")})
	if err := l.confirm(); !errors.Is(err, errDamaged) {
		t.Errorf("without a key: %v", err)
	}
	if _, err := l.Erased("a"); err == nil || !strings.Contains(err.Error(), "--erasure-topic") {
		t.Errorf("%v", err)
	}
	l.enter(rec)
	if err := l.confirm(); err != nil {
		t.Error(err)
	}
	for i := range MaxEntries + 5 {
		var e entry
		copy(e[:], id[:])
		copy(e[4:], fmt.Sprint(i))
		l.enter(&kgo.Record{Key: []byte(entryPrefix + hex.EncodeToString(e[:])), Value: []byte("{}")})
	}
	if err := l.confirm(); err == nil || !strings.Contains(err.Error(), "more than 1000000") || l.Len() > MaxEntries+1 {
		t.Errorf("%d entries: %v", l.Len(), err)
	}
}

// TestAListThatCannotBeReadHolds: after half a minute without a word of it nothing is sent,
// until there is one.
func TestAListThatCannotBeReadHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("away") }
		f := NewFollower(Options{Kafka: kafka.Settings{Brokers: []string{"kafka:9092"}, Dial: away}, Topic: topic})
		ctx, stop := context.WithCancel(t.Context())
		if err := f.list.confirm(); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { f.Follow(ctx); close(done) }()
		time.Sleep(stale / 2)
		if _, err := f.list.Erased("a"); err != nil {
			t.Errorf("after half the time: %v", err)
		}
		time.Sleep(2*stale + lookTimeout)
		_, err := f.list.Erased("a")
		var waits interface{ Wait(context.Context) error }
		if err == nil || !errors.As(err, &waits) {
			t.Fatalf("%v", err)
		}
		waited := make(chan error)
		go func() { waited <- waits.Wait(ctx) }()
		synctest.Wait()
		if err := f.list.confirm(); err != nil {
			t.Fatal(err)
		}
		if err := <-waited; err != nil {
			t.Error(err)
		}
		stop()
		<-done
		synctest.Wait()
	})
}

func BenchmarkErased(b *testing.B) {
	for _, n := range []int{0, 1, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l := new(List)
			id, key, rec := newKey()
			if n > 0 {
				l.enter(rec)
			}
			for i := range n {
				e := entryOf(id, key, fmt.Sprint(i))
				l.enter(&kgo.Record{Key: []byte(entryPrefix + hex.EncodeToString(e[:])), Value: []byte("{}")})
			}
			if err := l.confirm(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if erased, err := l.Erased("ord_10492_purchase"); erased || err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestWhatHadNoRoomIsReadAgain: a list that was too large is whole again after tombstones.
func TestWhatHadNoRoomIsReadAgain(t *testing.T) {
	b := newBench(t)
	b.add(4, "a", "b", "c", "d")
	f := NewFollower(Options{Kafka: b.Settings, Topic: topic})
	defer f.Close()
	f.list.limit = 2
	if err := f.Look(t.Context()); err == nil {
		t.Error("a list that is too large is asked")
	}
	id, key := f.list.anyKey()
	for _, gone := range []string{"a", "b"} {
		e := entryOf(id, key, gone)
		if err := b.client.ProduceSync(t.Context(), &kgo.Record{Key: []byte(entryPrefix + hex.EncodeToString(e[:]))}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	// As compaction does: what the tombstones take away is not read again.
	var upTo kadm.Offsets
	upTo.AddOffset(topic, 0, 3, -1)
	if _, err := b.admin.DeleteRecords(t.Context(), upTo); err != nil {
		t.Fatal(err)
	}
	// An entry that has no room until the tombstones are read is read with the next look.
	for range 3 {
		if err := f.Look(t.Context()); err == nil {
			b.has(f.List(), "c", "d")
			return
		}
	}
	t.Error("the list is not asked again")
}

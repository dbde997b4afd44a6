package consumer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/internal/pipeline/handler"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// aliasDecoder reads "profile|event-id" and, as the real one does, gives texts that
// are parts of the value.
type aliasDecoder struct{}

func (aliasDecoder) DecodeRecord(_ context.Context, rec *kgo.Record, ev *schemas.Event) error {
	value := rec.Value
	ev.Reset()
	profile, id, _ := strings.Cut(unsafe.String(&value[0], len(value)), "|")
	ev.EventID, ev.ProfileID, ev.EventName, ev.ActionSource = id, profile, "Lead", "WEBSITE"
	ev.OccurredAt = time.Now().UnixMilli()
	if strings.Contains(id, "denied") {
		ev.Consent.AdUserData = "DENIED"
	}
	return nil
}

// lateSink reads what it was given only when it is flushed, and keeps nothing.
type lateSink struct{ *fakeSink }

func (s lateSink) NewFeed() handler.Feed { return &lateFeed{fakeFeed{sink: s.fakeSink}} }

type lateFeed struct{ fakeFeed }

func (f *lateFeed) Flush() {
	for i := range f.batch {
		v := &f.batch[i]
		v.EventID, v.ProfileID = strings.Clone(v.EventID), strings.Clone(v.ProfileID)
	}
	f.fakeFeed.Flush()
}

// Records and their texts are whole until their feed has been flushed, and their
// memory is the next fetch's after that, long before there are verdicts.
func TestMemoryOfFetchesIsUsedAgain(t *testing.T) {
	b := newBench(t, 2)
	s := newFakeSink(false)
	const rounds, each = 6, 700 // more than a chunk
	c := b.startWith(s, newStages(t, aliasDecoder{}, lateSink{s}), nil)
	var want []string
	lent := 0
	for round := range rounds {
		for p := range int32(2) {
			var values []string
			for i := range each {
				id := fmt.Sprintf("e%d-%d-%d", round, p, i)
				if i%7 == 0 {
					id += "-denied"
				}
				values = append(values, fmt.Sprintf("profile-%d|%s", i%3, id))
				want = append(want, id)
			}
			b.publish(p, values...)
		}
		b.eventually("all handed on", func() bool { return len(s.delivered()) == len(want) })
		b.eventually("their memory is back", func() bool { bytes, records := c.pools.Kept(); return bytes > 0 && records > 0 })
		if round == 0 {
			_, lent = c.pools.Kept()
		}
	}
	slices.Sort(want)
	if got := s.delivered(); !slices.Equal(got, want) {
		t.Errorf("%d events, want %d, each under its own id", len(got), len(want))
	}
	if _, n := c.pools.Kept(); n > 4*lent+8 {
		t.Errorf("memory for %d batches was made where %d were at once", n, lent)
	}
	s.acceptFromNowOn()
	b.eventually("all settled", func() bool { sum := c.Tally().Summary(); return sum.InFlight() == 0 && sum.Taken == rounds*2*each })
	byProfile := map[string]uint64{}
	for _, p := range c.Tally().Summary().Profiles {
		byProfile[p.Profile] = p.Settled[verdict.Accepted] + p.Settled[verdict.Filtered]
	}
	if len(byProfile) != 3 || byProfile["profile-0"] != rounds*2*234 || byProfile["profile-1"] != rounds*2*233 {
		t.Errorf("counted %v", byProfile)
	}
}

// A handler may keep the records, if it says so.
func TestJobsKeepTheirRecords(t *testing.T) {
	b := newBench(t, 1)
	values := events("p", 0, 1500)
	b.publish(0, values...)
	all := make([]int64, len(values))
	for i := range all {
		all[i] = int64(i)
	}
	s := newFakeSink(true)
	var mu sync.Mutex
	var kept []*kgo.Record
	keep := handling{fakeSink: s, do: func(h verdict.Handle, rec *kgo.Record) {
		mu.Lock()
		kept = append(kept, rec)
		mu.Unlock()
		go s.settle([]verdict.Verdict{{Handle: h, Source: verdict.SourceOf(rec), Class: verdict.Accepted}})
	}}
	m := b.startWith(s, keep, func(o *Options) { o.Job, o.KeepsRecords = &Job{Selection: chosen(all)}, true })
	m.ends(b)
	for i, rec := range kept {
		if string(rec.Value) != values[i] {
			t.Fatalf("record %d is %q now, was %q", i, rec.Value, values[i])
		}
	}
}

// What a busy time needed is given up soon after it, everywhere.
func TestUnusedMemoryIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Consumer{pools: flow.NewFetchPools(1 << 20)}
		go c.trimLoop(t.Context())
		c.pools.PutDecompressBytes(make([]byte, 1000))
		c.pools.PutRecords(make([]kgo.Record, 10))
		kept := func() []int { bytes, records := c.pools.Kept(); return []int{bytes, records} }
		if got := kept(); !slices.Equal(got, []int{1, 1}) {
			t.Fatalf("%v slices are kept, want one of each kind", got)
		}
		// What comes within the first second was not unused for all of it.
		time.Sleep(2*trimEvery + time.Millisecond)
		synctest.Wait()
		if got := kept(); !slices.Equal(got, []int{0, 0}) {
			t.Errorf("after two rounds %v slices are kept, want none", got)
		}
	})
}

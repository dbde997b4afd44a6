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

	"github.com/tracklayer/amazon-capi/internal/pipeline/handler"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// aliasDecoder reads "profile|event-id" and, as the real one does, gives texts that
// are parts of the value.
type aliasDecoder struct{}

func (aliasDecoder) Decode(_ context.Context, value []byte, ev *schemas.Event) error {
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
		b.eventually("their memory is back", func() bool { return c.pools.bytes.Kept() > 0 && c.pools.records.Kept() > 0 })
		if round == 0 {
			lent = c.pools.records.Kept()
		}
	}
	slices.Sort(want)
	if got := s.delivered(); !slices.Equal(got, want) {
		t.Errorf("%d events, want %d, each under its own id", len(got), len(want))
	}
	if n := c.pools.records.Kept(); n > 4*lent+8 {
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

// Memory is lent by what the packed bytes say, within bounds.
func TestUnpackedSizeIsGuessed(t *testing.T) {
	p := newFetchPools(1 << 20)
	for _, tt := range []struct {
		packed []byte
		codec  kgo.CompressionCodecType
		want   int
	}{
		{[]byte{0xc8, 0x01, 'x'}, kgo.CodecSnappy, 200},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0x7f, 'x'}, kgo.CodecSnappy, maxUnpacked},
		{nil, kgo.CodecSnappy, 0},
		{make([]byte, 100), kgo.CodecZstd, 400},
	} {
		if got := cap(p.GetDecompressBytes(tt.packed, tt.codec)); got < tt.want || got > tt.want+tt.want/4+4 {
			t.Errorf("%v of %d bytes: %d, want about %d", tt.codec, len(tt.packed), got, tt.want)
		}
	}
}

// What lies unused is no more than goes up and down with the fetches.
func TestUnusedFetchMemoryIsBounded(t *testing.T) {
	const most = 64 << 10
	p := newFetchPools(most)
	for range 100 {
		p.PutDecompressBytes(make([]byte, 0, most))
	}
	if got := p.bytes.Kept(); got != unusedFetches {
		t.Errorf("memory of %d fetches is kept, want %d", got, unusedFetches)
	}
}

// What a busy time needed is given up soon after it, everywhere.
func TestUnusedMemoryIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Consumer{pools: newFetchPools(1 << 20)}
		go c.trimLoop(t.Context())
		c.pools.PutDecompressBytes(make([]byte, 1000))
		c.pools.PutRecords(make([]kgo.Record, 10))
		kept := func() []int { return []int{c.pools.bytes.Kept(), c.pools.records.Kept()} }
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

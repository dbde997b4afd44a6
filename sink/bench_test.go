package sink

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// discard is an Amazon that takes everything and says nothing, to measure what
// the sink itself costs.
type discard struct{}

func (discard) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// BenchmarkLanes is an event's way from Add to its verdict, in fetches of 500
// over 50 profiles, everything but the network included.
func BenchmarkLanes(b *testing.B) {
	var settled atomic.Int64
	done := make(chan struct{}, 1)
	var want int64
	s, err := New(Options{
		Contract: guide, BaseURL: "https://amazon.test", ClientID: "c", Tokens: &fixedTokens{},
		HTTPClient:  &http.Client{Transport: discard{}},
		DeadLetters: DeadLetterOptions{Producer: &letterbox{}, Topic: "dlq"},
		Settle: func(vs []verdict.Verdict) {
			if settled.Add(int64(len(vs))) == want {
				done <- struct{}{}
			}
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close(context.Background())
	const fetch, profiles, ids = 500, 50, 100_000
	var names [profiles]string
	var orders [ids]string
	for i := range orders {
		names[i%profiles] = fmt.Sprint("profile-", i%profiles)
		orders[i] = fmt.Sprint("order-", i)
	}
	event := purchase() // one for all, as a pump has it
	feed, rec := s.NewFeed(), &kgo.Record{}
	want = int64(b.N)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		event.ProfileID, event.EventID = names[i%profiles], orders[i%ids]
		feed.Add(verdict.Handle{Seq: uint64(i)}, rec, event)
		if i%fetch == fetch-1 {
			feed.Flush()
		}
	}
	feed.Flush()
	s.Flush()
	<-done
}

// distant is an Amazon that is 50 ms away, like the real one.
type distant struct{ discard }

func (d distant) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(50 * time.Millisecond)
	return d.discard.RoundTrip(r)
}

// BenchmarkLaneConcurrency is what one profile gets through at most, by the
// requests it may have in flight. An operation is a full batch.
func BenchmarkLaneConcurrency(b *testing.B) {
	for _, concurrency := range []int{1, 2, 4, 8, 16} {
		b.Run(fmt.Sprint(concurrency), func(b *testing.B) {
			settled := make(chan int, 64)
			s, err := New(Options{
				Contract: guide, BaseURL: "https://amazon.test", ClientID: "c", Tokens: &fixedTokens{},
				HTTPClient: &http.Client{Transport: distant{}}, LaneConcurrency: concurrency,
				DeadLetters: DeadLetterOptions{Producer: &letterbox{}, Topic: "dlq"},
				Settle:      func(vs []verdict.Verdict) { settled <- len(vs) },
			})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close(context.Background())
			c, feed, rec, n := purchase(), s.NewFeed(), &kgo.Record{}, 0
			const batch = 500
			send := func(batches int) {
				for range batches {
					for range batch {
						n++
						c.EventID = fmt.Sprint("order-", n)
						feed.Add(verdict.Handle{}, rec, c)
					}
					feed.Flush()
				}
				for left := batches * batch; left > 0; {
					left -= <-settled
				}
			}
			send(concurrency * concurrency) // the window has grown
			b.ResetTimer()
			send(b.N)
			b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

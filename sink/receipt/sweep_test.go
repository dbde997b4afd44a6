package receipt

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/backoff"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/slicepool"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// assignment is one that a test can end.
type assignment struct{ ended atomic.Bool }

func (a *assignment) Live() bool { return !a.ended.Load() }

// deaf is a Producer that acknowledges nothing.
type deaf struct{ err error } // nil says nothing at all

func (s deaf) TryProduce(ctx context.Context, r *kgo.Record, promise func(*kgo.Record, error)) {
	go func() {
		if s.err == nil {
			<-ctx.Done()
			promise(r, ctx.Err())
			return
		}
		promise(r, s.err)
	}()
}

// What waits for assignments that have ended is given up: their next owners
// deliver it again. Memory must not grow with each rebalance of a long outage.
func TestReceiptsOfEndedAssignmentsAreGivenUp(t *testing.T) {
	for name, fault := range map[string]error{"refused": kerr.UnknownTopicOrPartition, "silent": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				conditions := health.NewConditions(zerolog.Nop(), nil)
				settled := 0
				w := New(ctx, Options{
					Producer: deaf{fault}, Topic: "receipts", Prefix: []byte{0, 0, 0, 0, 1}, MaxBytes: 900_000,
					Settle: func(vs []verdict.Verdict) { settled += len(vs) }, Shown: func(p string) string { return p },
					Bytes: &slicepool.Slices[byte]{}, Verdicts: &slicepool.Slices[verdict.Verdict]{},
					Backoff: backoff.New(500*time.Millisecond, 30*time.Second, nil), Conditions: conditions, Now: time.Now,
				})
				defer func() {
					cancel()
					_ = w.Close()
				}()
				held := func() (n int) {
					w.mu.Lock()
					defer w.mu.Unlock()
					for _, rc := range w.pending {
						n += len(rc.verdicts)
					}
					for rc := range w.flying {
						n += len(rc.verdicts)
					}
					return n
				}
				after := func(d time.Duration) {
					time.Sleep(d)
					synctest.Wait()
				}
				old, next := &assignment{}, &assignment{}
				for i, owner := range []*assignment{old, old, next} {
					w.Put(&verdict.Request{}, []verdict.Verdict{{
						Handle: verdict.Handle{Owner: owner, Seq: uint64(i)}, Class: verdict.Accepted, ProfileID: "p", EventID: fmt.Sprint(i),
					}})
				}
				after(time.Minute)
				if n := held(); n != 3 {
					t.Errorf("%d verdicts wait, want 3", n)
				}
				old.ended.Store(true)
				w.Sweep()
				after(time.Minute)
				if n := held(); n != 1 || settled != 0 {
					t.Errorf("%d verdicts wait, and %d are settled; want one to wait", n, settled)
				}
				next.ended.Store(true)
				w.Sweep()
				after(time.Minute)
				if n := held(); n != 0 {
					t.Errorf("%d verdicts wait", n)
				}
				if fault != nil && conditions.Failing() {
					t.Error("nothing waits, and yet the condition fails")
				}
			})
		})
	}
}

package receipt

import (
	"context"
	"sync"
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

// held answers what it is given when the test says so.
type held struct {
	mu    sync.Mutex
	waits []func(error)
}

func (h *held) TryProduce(_ context.Context, r *kgo.Record, promise func(*kgo.Record, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waits = append(h.waits, func(err error) { promise(r, err) })
}

// answer answers all that waits, and returns how many that were.
func (h *held) answer(err error) int {
	h.mu.Lock()
	waits := h.waits
	h.waits = nil
	h.mu.Unlock()
	for _, say := range waits {
		say(err)
	}
	synctest.Wait()
	return len(waits)
}

// TestWhatIsRefusedAfterItsOwnerEnded is not written again: a receipt all of whose events
// are their next owner's has none to be of.
func TestWhatIsRefusedAfterItsOwnerEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		brokers := new(held)
		settled := 0
		w := New(ctx, Options{
			Producer: brokers, Topic: "receipts", Prefix: []byte{0, 0, 0, 0, 1}, MaxBytes: 900_000,
			Settle: func(vs []verdict.Verdict) { settled += len(vs) }, Shown: func(p string) string { return p },
			Bytes: &slicepool.Slices[byte]{}, Verdicts: &slicepool.Slices[verdict.Verdict]{},
			Backoff: backoff.New(500*time.Millisecond, 30*time.Second, nil), Conditions: health.NewConditions(zerolog.Nop(), nil), Now: time.Now,
		})
		defer func() {
			cancel()
			brokers.answer(context.Canceled)
			_ = w.Close()
		}()
		old, next := &assignment{}, &assignment{}
		put := func(seq uint64, owner *assignment) {
			w.Put(&verdict.Request{}, []verdict.Verdict{{Handle: verdict.Handle{Owner: owner, Seq: seq}, Class: verdict.Accepted, ProfileID: "p", EventID: "e"}})
			synctest.Wait()
		}
		put(1, old)
		old.ended.Store(true)
		if n := brokers.answer(kerr.NotLeaderForPartition); n != 1 {
			t.Fatalf("%d receipts were written, want one", n)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := brokers.answer(nil); n != 0 || settled != 0 {
			t.Errorf("%d receipts were written again and %d verdicts settled, of an assignment that has ended", n, settled)
		}
		put(2, next)
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := brokers.answer(nil); n != 1 || settled != 1 {
			t.Errorf("%d receipts were written and %d verdicts settled, want the one that came later", n, settled)
		}
	})
}

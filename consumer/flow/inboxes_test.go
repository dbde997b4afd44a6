package flow

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Nothing is taken while as much as is useful lies about, and what is taken goes on
// at once when that changes.
func TestInboxesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewInboxes(1536)
		b.Add(b.most - 1)
		if err := b.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.Add(1)
		done := make(chan error, 1)
		go func() { done <- b.Wait(t.Context()) }()
		time.Sleep(time.Hour)
		if len(done) != 0 {
			t.Fatal("more is taken than pumps can begin")
		}
		b.Add(-1)
		synctest.Wait()
		if len(done) != 1 || <-done != nil {
			t.Fatal("nothing is taken though there is room")
		}
		b.Add(1)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if b.Wait(ctx) == nil {
			t.Fatal("waited longer than its context")
		}
	})
}

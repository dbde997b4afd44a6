package pump

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/health"
)

// TestARegistryThatNobodyWaitsFor: a partition may be given up while its record waits
// for the registry. The condition ends with the last that waits, and not before.
func TestARegistryThatNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conditions := health.NewConditions(zerolog.Nop(), nil)
		held := &Holds{Registry: conditions.Condition("registry")}
		first, endFirst := context.WithCancel(t.Context())
		second, endSecond := context.WithCancel(t.Context())
		run := func(ctx context.Context) chan struct{} {
			done := make(chan struct{})
			go func() {
				defer close(done)
				h := &hold{by: held}
				defer h.over()
				for h.wait(ctx, errors.New("the registry is away")) {
				}
			}()
			return done
		}
		a, b := run(first), run(second)
		time.Sleep(time.Minute)
		if !conditions.Failing() {
			t.Error("two records wait, and the condition is well")
		}
		endFirst()
		<-a
		if !conditions.Failing() {
			t.Error("a record waits, and the condition is well")
		}
		endSecond()
		<-b
		if conditions.Failing() {
			t.Error("nobody waits, and the condition fails")
		}
	})
}

package flow

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPaceSpreadsWhatIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Pace{PerSecond: 100}
		started, taken := time.Now(), 0
		for taken < 1000 {
			if err := p.Wait(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			n := min(p.Most(), 1000-taken)
			taken += n
			p.Took(n, time.Now())
			if most := 100*time.Since(started).Seconds() + 10.01; float64(taken) > most {
				t.Fatalf("%d taken after %s", taken, time.Since(started))
			}
		}
		if took := time.Since(started); took < 9*time.Second || took > 10*time.Second {
			t.Errorf("1000 at 100 a second took %s", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		p.Took(1000, time.Now())
		time.AfterFunc(time.Second, cancel)
		if err := p.Wait(ctx, time.Now()); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want that it was told to stop", err)
		}
	})
}

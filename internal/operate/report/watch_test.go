package report

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := NewProgress(&out)
		ctx, cancel := context.WithCancel(t.Context())
		var done atomic.Int64
		stop := p.Watch(ctx, "sent", 10, func() int { return int(done.Load()) })
		time.Sleep(3 * time.Second)
		synctest.Wait()
		done.Store(4)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		cancel()
		synctest.Wait()
		stop()
		for _, want := range []string{"sent: 4 of 10 (40%)", "stopping; what is on its way is waited for"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%q is not shown:\n%s", want, out.String())
			}
		}
		shown := out.Len()
		time.Sleep(time.Minute)
		if out.Len() != shown {
			t.Error("it goes on after it was stopped")
		}
	})
}

func TestTexts(t *testing.T) {
	for got, want := range map[string]string{
		Shorten("häßlich", 7): "häßlich", Shorten("häßlich", 4): "häß…", OrDash(0): "–", OrDash(7): "7",
		ShortTime(time.Time{}): "–", ShortTime(time.Date(2026, 4, 23, 12, 0, 0, 0, time.FixedZone("", 7200))): "2026-04-23 10:00:00Z",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	var out bytes.Buffer
	if err := JSON(&out, map[string]string{"a": "<&>"}); err != nil || out.String() != "{\"a\":\"<&>\"}\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

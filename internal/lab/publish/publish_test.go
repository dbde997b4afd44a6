package publish

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

func TestGivesUpWithoutBrokers(t *testing.T) {
	c, err := sandbox.StartCluster(t.Context(), sandbox.ClusterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	samples, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	_, err = Run(t.Context(), Options{
		Kafka: kafka.Settings{Brokers: []string{"127.0.0.1:1"}}, Registry: registry.Options{URL: c.RegistryURL()},
		Topic: "tracklayer.events", Patience: 200 * time.Millisecond,
	}, samples)
	if err == nil || !strings.Contains(err.Error(), "acknowledged nothing for 200ms") {
		t.Errorf("%v", err)
	}
}

// TestPace: the rate is kept by the count, so that what came late is made up for,
// and the end of the context is heeded while waiting.
func TestPace(t *testing.T) {
	all := func(yield func(sample.Sample, error) bool) {
		for range 10 {
			if !yield(sample.Sample{}, nil) {
				return
			}
		}
	}
	synctest.Test(t, func(t *testing.T) {
		started, n := time.Now(), 0
		for range paced(t.Context(), all, 2) {
			if n++; n == 3 {
				time.Sleep(2 * time.Second)
			}
		}
		if took := time.Since(started); n != 10 || took != 4500*time.Millisecond {
			t.Errorf("%d samples in %s, want 10 in 4.5s", n, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		n = 0
		for range paced(ctx, all, 0.1) {
			n++
		}
		if n != 1 {
			t.Errorf("%d samples came before the context ended, want 1", n)
		}
	})
}

func TestFiles(t *testing.T) {
	line := `{"event_id":"lead_1","profile_id":"1234567890","event_name":"Lead","action_source":"WEBSITE","occurred_at":"2026-04-23T10:17:00Z"}` + "\n"
	samples, err := Files(strings.NewReader(line+line), []string{"-"})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for s, err := range samples {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, s.Event.EventID)
	}
	if !slices.Equal(ids, []string{"lead_1", "lead_1"}) {
		t.Errorf("%q", ids)
	}
	_, err = Files(nil, []string{"/nonexistent.jsonl"})
	if _, mistake := errors.AsType[*setting.Mistake](err); !mistake {
		t.Errorf("a file that does not exist: %v", err)
	}
}

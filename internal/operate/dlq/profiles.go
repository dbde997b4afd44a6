package dlq

import (
	"context"
	"io"
	"maps"
	"slices"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

// Profiles returns the profiles of the letters that are read before ctx ends.
func Profiles(ctx context.Context, s kafka.Settings, topic string) []string {
	reader, plan, err := history.Open(ctx, s, history.Range{Topic: topic}, report.NewTerminalProgress(io.Discard))
	if err != nil {
		return nil
	}
	defer reader.Close()
	found := make(map[string]bool)
	_ = Scan(ctx, reader, plan, nil, func(e *Entry) error { // what was read until then is good enough
		if p := e.Profile(); p != "" && len(found) < 1000 {
			found[p] = true
		}
		return nil
	})
	return slices.Sorted(maps.Keys(found))
}

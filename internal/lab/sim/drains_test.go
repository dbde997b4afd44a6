package sim

import (
	"io"
	"testing"

	"github.com/rs/zerolog"
)

// TestDrains: only a drain that leaves something behind counts.
func TestDrains(t *testing.T) {
	d := &drains{Writer: io.Discard}
	log := zerolog.New(d)
	log.Info().Int("left", 0).Str("event", "left").Msg("stopped")
	log.Info().Int("parked", 3).Msg("left behind")
	if d.ranOut.Load() {
		t.Fatal("a drain that left nothing is taken for one that ran out")
	}
	log.Info().Int("took_ms", 8000).Int("left", 10).Msg("partitions revoked")
	if !d.ranOut.Load() {
		t.Error("a drain that left 10 events is not noticed")
	}
}

package receipt

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/internal/backoff"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/slicepool"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Options are the settings of receipts. All but Conditions and Registerer
// are required.
type Options struct {
	// Producer must wait for all replicas (kgo's default).
	Producer kafka.Producer
	Topic    string
	// Prefix is what values begin with, and names the schema of receipts.
	Prefix []byte
	// MaxBytes bounds the value of one receipt.
	MaxBytes int
	// Settle takes the verdicts of acknowledged receipts. The slice is valid only during
	// the call.
	Settle func([]verdict.Verdict)
	// Shown returns a profile as receipts show it.
	Shown func(profile string) string
	// Bytes and Verdicts lend the memory of receipts. The memory of verdicts passed to Put
	// also goes there.
	Bytes    *slicepool.Slices[byte]
	Verdicts *slicepool.Slices[verdict.Verdict]

	Backoff    backoff.Backoff
	Conditions *health.Conditions    // reports the topic; nil reports nothing
	Registerer prometheus.Registerer // nil means no metrics
	Now        func() time.Time
}

package pump

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Worker handles records, one after the other. One pump at a time uses it. It keeps
// nothing of a record that it has only read, nor of any after Flush, unless the consumer
// was told so.
type Worker interface {
	// Read reads a record. again is set for one that was read before and put off. An
	// error says nothing about the record, only that it cannot be read now; if it has a
	// method Wait(context.Context) error, that is waited for.
	Read(ctx context.Context, rec *kgo.Record, again bool) (verdict.Reading, error)
	// Take takes the record that was read last. past is that of a record that was given back.
	Take(h verdict.Handle, past *verdict.Past)
	// Refuse takes a record that can no longer be read.
	Refuse(h verdict.Handle, rec *kgo.Record, profile string, why verdict.Reason)
	// Flush passes on what was taken.
	Flush()
}

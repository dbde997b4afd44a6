package sink

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/backoff"
)

// Producer is what dead letters and receipts need of a Kafka client; *kgo.Client is one.
type Producer interface {
	TryProduce(ctx context.Context, r *kgo.Record, promise func(*kgo.Record, error))
}

// slowAck is from when on records that are not acknowledged are reported: the client
// itself tries for long and says nothing.
const slowAck = 10 * time.Second

// Renewer is a Producer that can mend itself; *kafka.Writer is one.
type Renewer interface {
	// Renew is called with a record's error before it is produced again. It reports
	// whether the producer is another one now, which may take what was refused. An
	// error means that nobody can tell.
	Renew(ctx context.Context, cause error) (renewed bool, err error)
	// Limit is the topic's max.message.bytes, 0 if it is not known.
	Limit() int
	// Why says what keeps the topic from being written to while the brokers say
	// nothing; empty if there is nothing to be seen.
	Why(ctx context.Context) string
}

func renewerOf(p Producer) Renewer {
	if r, ok := p.(Renewer); ok {
		return r
	}
	return asItIs{}
}

// asItIs is the Renewer of a Producer that is none.
type asItIs struct{}

func (asItIs) Renew(context.Context, error) (bool, error) { return false, nil }
func (asItIs) Limit() int                                 { return 0 }
func (asItIs) Why(context.Context) string                 { return "" }

// because adds a reason to a sentence, if there is one.
func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// ofTheRecord reports whether an error is about one record, and not about the
// topic: it is no reason to keep the others waiting.
func ofTheRecord(err error) bool {
	for _, own := range []error{kerr.MessageTooLarge, kerr.RecordListTooLarge, kerr.InvalidTimestamp, kerr.InvalidRecord, kerr.PolicyViolation} {
		if errors.Is(err, own) {
			return true
		}
	}
	return false
}

// oversized reports whether a record has more bytes than the topic takes in a batch,
// or in a segment, of which only the first is a limit that the producer knows.
func oversized(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge)
}

// unwritable are the records that a topic does not take, each by itself. They are
// not given up: the topic's settings may change, so one of them is tried now and
// then, and when it is taken, all are.
type unwritable[T any] struct {
	items []T
	due   time.Time // when the next is tried
	tries int
}

func (r *unwritable[T]) add(item T, now time.Time, b backoff.Backoff) {
	r.items = append(r.items, item)
	r.due = now.Add(b.Spaced(r.tries))
	r.tries++
}

// take returns the one to try now, and when it is another's turn is put off.
func (r *unwritable[T]) take(now time.Time, b backoff.Backoff) (item T, due bool) {
	if len(r.items) == 0 || now.Before(r.due) {
		return item, false
	}
	item = r.items[0]
	r.items = r.items[1:]
	r.due = now.Add(b.Spaced(r.tries))
	return item, true
}

// all returns all, to be tried at once.
func (r *unwritable[T]) all() []T {
	items := r.items
	*r = unwritable[T]{}
	return items
}

package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/backoff"
)

// Producer is what dead letters and receipts need of a Kafka client; *kgo.Client implements it.
type Producer interface {
	TryProduce(ctx context.Context, r *kgo.Record, promise func(*kgo.Record, error))
}

// SlowAck is the age at which unacknowledged records are reported: the client itself
// tries for a long time and reports nothing.
const SlowAck = 10 * time.Second

// Renewer is a Producer that can repair itself; *Writer implements it.
type Renewer interface {
	// Renew is called with a record's error before it is produced again. It reports
	// whether the producer has changed, so that it may accept what was refused. An error
	// means that this could not be found out.
	Renew(ctx context.Context, cause error) (renewed bool, err error)
	// Limit returns the topic's max.message.bytes, 0 if unknown.
	Limit() int
	// Why returns what keeps the topic from being written to while the brokers do not
	// answer; empty if nothing is visible.
	Why(ctx context.Context) string
}

// RenewerOf returns the producer itself, or a Renewer that repairs nothing.
func RenewerOf(p Producer) Renewer {
	if r, ok := p.(Renewer); ok {
		return r
	}
	return asItIs{}
}

// asItIs is the Renewer of a Producer that cannot be renewed.
type asItIs struct{}

func (asItIs) Renew(context.Context, error) (bool, error) { return false, nil }
func (asItIs) Limit() int                                 { return 0 }
func (asItIs) Why(context.Context) string                 { return "" }

// Because adds a reason to a sentence, if there is one.
func Because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// OfTheRecord reports whether an error is about one record, and not about the topic: the
// others need not wait.
func OfTheRecord(err error) bool {
	for _, own := range []error{kerr.MessageTooLarge, kerr.RecordListTooLarge, kerr.InvalidTimestamp, kerr.InvalidRecord, kerr.PolicyViolation} {
		if errors.Is(err, own) {
			return true
		}
	}
	return false
}

// Oversized reports whether a record has more bytes than the topic takes in a batch, or
// in a segment; the producer knows only the first limit.
func Oversized(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge)
}

// Unwritable are the records that a topic refuses, each by itself. They are not given up:
// the topic's settings may change, so one of them is tried occasionally, and once it is
// accepted, all are.
type Unwritable[T any] struct {
	Items []T
	Due   time.Time // when the next is tried
	tries int
}

// Add sets an item aside.
func (r *Unwritable[T]) Add(item T, now time.Time, b backoff.Backoff) {
	r.Items = append(r.Items, item)
	r.Due = now.Add(b.Spaced(r.tries))
	r.tries++
}

// Take returns the one to try now, and sets when the next is tried.
func (r *Unwritable[T]) Take(now time.Time, b backoff.Backoff) (item T, due bool) {
	if len(r.Items) == 0 || now.Before(r.Due) {
		return item, false
	}
	item = r.Items[0]
	r.Items = r.Items[1:]
	r.Due = now.Add(b.Spaced(r.tries))
	return item, true
}

// All returns all items, to be tried at once.
func (r *Unwritable[T]) All() []T {
	items := r.Items
	*r = Unwritable[T]{}
	return items
}

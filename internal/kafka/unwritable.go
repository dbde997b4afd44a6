package kafka

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

// SlowAck is from when on records that are not acknowledged are reported: the client
// itself tries for long and says nothing.
const SlowAck = 10 * time.Second

// Renewer is a Producer that can fix itself; *Writer is one.
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

// RenewerOf returns the producer itself, or for one that is not a Renewer what fixes nothing.
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

// OfTheRecord reports whether an error is about one record, and not about the
// topic: it is no reason to keep the others waiting.
func OfTheRecord(err error) bool {
	for _, own := range []error{kerr.MessageTooLarge, kerr.RecordListTooLarge, kerr.InvalidTimestamp, kerr.InvalidRecord, kerr.PolicyViolation} {
		if errors.Is(err, own) {
			return true
		}
	}
	return false
}

// Oversized reports whether a record has more bytes than the topic takes in a batch,
// or in a segment, of which only the first is a limit that the producer knows.
func Oversized(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge)
}

// Unwritable are the records that a topic does not take, each by itself. They are
// not given up: the topic's settings may change, so one of them is tried now and
// then, and when it is taken, all are.
type Unwritable[T any] struct {
	Items []T
	Due   time.Time // when the next is tried
	tries int
}

// Add keeps an item aside.
func (r *Unwritable[T]) Add(item T, now time.Time, b backoff.Backoff) {
	r.Items = append(r.Items, item)
	r.Due = now.Add(b.Spaced(r.tries))
	r.tries++
}

// Take returns the one to try now, and when it is another's turn is put off.
func (r *Unwritable[T]) Take(now time.Time, b backoff.Backoff) (item T, due bool) {
	if len(r.Items) == 0 || now.Before(r.Due) {
		return item, false
	}
	item = r.Items[0]
	r.Items = r.Items[1:]
	r.Due = now.Add(b.Spaced(r.tries))
	return item, true
}

// All returns all, to be tried at once.
func (r *Unwritable[T]) All() []T {
	items := r.Items
	*r = Unwritable[T]{}
	return items
}

package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

const (
	// SmallestBatch and largestBatch bound a producer's batch limit: it refuses to start
	// with another one, whatever the topic's is.
	SmallestBatch, largestBatch = 512, 1 << 30
	// requestBytes is the client's default maximum of a request, which must hold a batch.
	requestBytes = 100 << 20
	// renewTimeout bounds the requests of a renewal.
	renewTimeout = 5 * time.Second
	// retireAfter is how long a replaced client may take to write its remaining records.
	retireAfter = 30 * time.Second
	// reasonAfter is how many attempts of a record may fail before the client returns it
	// with the brokers' reason. At one attempt a second that is longer than an election
	// of leaders. By default the client tries forever and reports nothing.
	reasonAfter = 10
)

// Writer writes to one topic with a kgo.Client that it replaces when that client cannot
// continue, which otherwise would take a restart of the process:
//
//   - the topic was deleted and made again: the client refuses its new id;
//   - the topic's max.message.bytes changed: the client's batch limit is fixed;
//   - idempotent writes were denied: the client keeps that for good;
//   - the topic has fewer partitions than the client once saw;
//   - the brokers do not know the compression.
//
// The client is replaced rather than told to forget the topic, because a client that
// forgets begins again at sequence number 0 under the same producer id. If the partition
// has not changed, the brokers take that for a repetition and acknowledge records that
// they never wrote.
type Writer struct {
	topic string
	opts  []kgo.Opt
	most  int

	renewing sync.Mutex // one renewal at a time

	mu     sync.Mutex
	client *kgo.Client
	limit  int  // the client's
	known  bool // limit is the topic's own
	stuck  bool // the client fails permanently
	plain  bool // without compression
	closed bool

	retired sync.WaitGroup
	closing chan struct{}
}

// NewWriter returns a writer to topic. Batches are as large as the topic takes, but no
// larger than most. It asks the brokers for the topic's limit; if they do not answer, it
// begins with their default. Close it.
func NewWriter(ctx context.Context, topic string, most int, opts ...kgo.Opt) (*Writer, error) {
	w := &Writer{topic: topic, opts: opts, most: most, limit: min(defaultMessageBytes, most), closing: make(chan struct{})}
	client, err := w.make(w.limit, false)
	if err != nil {
		return nil, err
	}
	w.client = client
	limit, known, err := w.ask(ctx, client)
	if err != nil || limit == w.limit {
		w.known = err == nil && known
		return w, nil
	}
	if err := w.replace(limit, known, false); err != nil {
		client.Close()
		return nil, err
	}
	return w, nil
}

func (w *Writer) make(limit int, plain bool) (*kgo.Client, error) {
	limit = max(min(limit, largestBatch), SmallestBatch)
	opts := append([]kgo.Opt{
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchMaxBytes(int32(limit)),
		kgo.BrokerMaxWriteBytes(int32(max(limit, requestBytes))),
		kgo.RecordRetries(reasonAfter),
		kgo.MetadataMinAge(time.Second),
	}, w.opts...)
	if plain {
		opts = append(opts, kgo.ProducerBatchCompression(kgo.NoCompression()))
	}
	return kgo.NewClient(opts...)
}

// ask returns the batch limit that fits the topic. The topic's own is unknown if we may
// not ask for it; the client then leaves it to the brokers to refuse what is too large.
func (w *Writer) ask(ctx context.Context, client *kgo.Client) (limit int, known bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	limit, err = messageLimit(ctx, client, w.topic)
	switch {
	case err == nil:
		return min(limit, w.most), true, nil
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return w.most, false, nil
	}
	return 0, false, err
}

func (w *Writer) replace(limit int, known, plain bool) error {
	client, err := w.make(limit, plain)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		client.Close()
		return kgo.ErrClientClosed
	}
	old := w.client
	w.client, w.limit, w.known, w.plain, w.stuck = client, limit, known, plain, false
	w.retired.Go(func() {
		defer crash.Report()
		w.retire(old)
	})
	return nil
}

// retire closes a client once it has written what it was given. The rest fails, and is
// the caller's to write again.
func (w *Writer) retire(client *kgo.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), retireAfter)
	defer cancel()
	go func() {
		defer crash.Report()
		select {
		case <-w.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	_ = client.Flush(ctx)
	client.Close()
}

// TryProduce is kgo.Client's.
func (w *Writer) TryProduce(ctx context.Context, r *kgo.Record, promise func(*kgo.Record, error)) {
	client := w.current()
	client.TryProduce(ctx, r, w.watch(client, promise))
}

// Produce is kgo.Client's.
func (w *Writer) Produce(ctx context.Context, r *kgo.Record, promise func(*kgo.Record, error)) {
	client := w.current()
	client.Produce(ctx, r, w.watch(client, promise))
}

func (w *Writer) current() *kgo.Client {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.client
}

// watch notes from an acknowledgement that its client cannot continue.
func (w *Writer) watch(client *kgo.Client, promise func(*kgo.Record, error)) func(*kgo.Record, error) {
	return func(r *kgo.Record, err error) {
		defer crash.Report()
		if err != nil && !passes(err) {
			w.mu.Lock()
			if w.client == client { // otherwise it was replaced already
				w.stuck = true
				w.plain = w.plain || errors.Is(err, kerr.UnsupportedCompressionType)
			}
			w.mu.Unlock()
		}
		if promise != nil {
			promise(r, err)
		}
	}
}

// passes reports whether a client recovers from an error by itself, or the error is about
// the record alone.
func passes(err error) bool {
	if errors.Is(err, kerr.UnknownTopicID) {
		return false
	}
	for _, own := range []error{
		context.Canceled, context.DeadlineExceeded, kgo.ErrMaxBuffered, kgo.ErrClientClosed,
		kerr.TopicAuthorizationFailed, kerr.MessageTooLarge, kerr.RecordListTooLarge, kerr.InvalidRecord, kerr.InvalidTimestamp, kerr.PolicyViolation,
	} {
		if errors.Is(err, own) {
			return true
		}
	}
	return kerr.IsRetriable(err)
}

// Renew is called with the error of a record before it is produced again. It replaces the
// client if that cannot continue or, for a record that was too large, if the topic's
// limit has changed, and reports whether it did: the refused record may then be accepted.
// An error means that the brokers could not be asked for their limit.
func (w *Writer) Renew(ctx context.Context, cause error) (renewed bool, err error) {
	w.renewing.Lock()
	defer w.renewing.Unlock()
	w.mu.Lock()
	client, limit, known, stuck, plain := w.client, w.limit, w.known, w.stuck, w.plain
	w.mu.Unlock()
	size := errors.Is(cause, kerr.MessageTooLarge)
	if !size && !stuck {
		return false, nil
	}
	now, nowKnown, err := w.ask(ctx, client)
	switch {
	case err == nil:
	case size:
		return false, fmt.Errorf("the limit of topic %s cannot be asked for: %w", w.topic, redact.Wrap(err))
	default:
		now, nowKnown = limit, known
	}
	if now == limit && !stuck {
		w.mu.Lock()
		w.known = nowKnown
		w.mu.Unlock()
		return false, nil
	}
	if err := w.replace(now, nowKnown, plain); err != nil {
		return false, err
	}
	return true, nil
}

// Limit returns the topic's max.message.bytes, 0 if unknown.
func (w *Writer) Limit() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.known {
		return 0
	}
	return w.limit
}

// Why examines the topic and says what keeps it from being written to, while the client
// waits and reports nothing; empty if nothing is visible.
func (w *Writer) Why(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	return whyStuck(ctx, kadm.NewClient(w.current()), w.topic)
}

// Close closes the client. Its remaining records fail.
func (w *Writer) Close() {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return
	}
	w.closed = true
	client := w.client
	w.mu.Unlock()
	close(w.closing)
	client.Close()
	w.retired.Wait()
}

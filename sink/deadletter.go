package sink

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/ops"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Producer is what dead letters and receipts need of a Kafka client; *kgo.Client is one.
type Producer interface {
	TryProduce(ctx context.Context, r *kgo.Record, promise func(*kgo.Record, error))
}

const (
	// maxRound is how many letters are on their way to the brokers at once.
	maxRound = 500
	// slowAck is from when on letters that are not acknowledged are reported:
	// the client itself tries for ever and says nothing.
	slowAck = 10 * time.Second
)

// deadLetters writes dead letters and settles them once the brokers have
// acknowledged them. Lanes do not wait for it; a topic that is away holds the
// letters' offsets and nothing else. It has a goroutine only while it has
// letters.
type deadLetters struct {
	producer Producer
	topic    string
	conclude func(*request, []Verdict)
	cond     *ops.Condition
	log      zerolog.Logger
	metrics  *metrics
	backoff  backoff
	ctx      context.Context
	wg       sync.WaitGroup

	mu      sync.Mutex
	pending []*letter
	running bool
	closed  bool
}

func newDeadLetters(ctx context.Context, o Options, m *metrics, conclude func(*request, []Verdict)) *deadLetters {
	return &deadLetters{
		producer: o.DeadLetters.Producer,
		topic:    o.DeadLetters.Topic,
		conclude: conclude,
		cond:     condition(o.Conditions, "dead-letter topic"),
		log:      o.Log,
		metrics:  m,
		backoff:  backoff{o.BackoffMin, o.BackoffMax, o.Rand},
		ctx:      ctx,
	}
}

// put takes the letters that came of a request, nil for those that were never
// sent; the slice stays the caller's.
func (d *deadLetters) put(r *request, letters []*letter) {
	if len(letters) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	for _, l := range letters {
		l.request = r
	}
	d.pending = append(d.pending, letters...)
	if !d.running {
		d.running = true
		d.wg.Go(d.run)
	}
}

// close waits until all letters are written, or the context ends.
func (d *deadLetters) close() error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.wg.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.pending); n > 0 {
		return fmt.Errorf("%d dead letters were not acknowledged by the brokers; their records are read again", n)
	}
	return nil
}

func (d *deadLetters) run() {
	for failures := 0; d.ctx.Err() == nil; {
		round := d.take()
		if round == nil {
			return
		}
		if d.write(round) {
			failures = 0
			continue
		}
		if !sleep(d.ctx, d.backoff.spaced(failures)) {
			return
		}
		failures++
	}
}

// take returns the next letters to write, at most maxRound; nil when there are
// none, and then the goroutine is over. Letters of assignments that have ended
// are dropped: the next owners write them.
func (d *deadLetters) take() []*letter {
	d.mu.Lock()
	defer d.mu.Unlock()
	var round []*letter
	n := 0
	for _, l := range d.pending {
		if l.record.live() {
			if len(round) == maxRound || len(round) > 0 && (l.alone || round[0].alone) {
				break
			}
			round = append(round, l)
		} else {
			d.metrics.fenced.Inc()
		}
		n++
	}
	clear(d.pending[:n])
	if d.pending = d.pending[n:]; len(d.pending) == 0 {
		d.pending = nil
	}
	if d.running = len(round) > 0; !d.running {
		// Written, or dropped with their assignments: nothing is held up.
		d.cond.OK()
	}
	return round
}

func (d *deadLetters) putBack(letters []*letter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending = append(letters, d.pending...)
}

// write writes a round of letters and settles those that are acknowledged;
// false when it makes no sense to go on at once.
func (d *deadLetters) write(round []*letter) bool {
	acks := d.produce(round)
	if acks == nil {
		d.putBack(round)
		return false
	}
	var done, back []*letter
	var fault error
	for i, l := range round {
		err := acks[i]
		switch {
		case err == nil:
			d.metrics.lettersWritten.WithLabelValues(l.reason.Class.String()).Inc()
			d.log.Debug().Str("profile", redact.ID(l.profile)).Str("event_id", redact.ID(l.eventID)).
				Stringer("class", l.reason.Class).Int("status", l.reason.Status).Msg("dead letter written")
			done = append(done, l)
			continue
		case d.reduced(l, err, len(round)):
		default:
			fault = err
			d.metrics.lettersFailed.Inc()
		}
		back = append(back, l)
	}
	d.settle(done)
	if len(back) > 0 {
		d.putBack(back)
	}
	if fault != nil {
		d.cond.Fail(d.describe(fault))
		return false
	}
	if len(done) > 0 {
		d.cond.OK()
	}
	return true
}

// settle passes on the verdicts of letters that are acknowledged, those of one
// request together, because they share a receipt. Only now: a receipt must not
// speak of a dead letter that nobody finds.
func (d *deadLetters) settle(letters []*letter) {
	var verdicts []Verdict
	for i, l := range letters {
		verdicts = append(verdicts, Verdict{
			Token: l.token(), Source: l.source(), Contract: l.contract, ProfileID: l.profile, EventID: l.eventID,
			Class: l.reason.Class, Attempts: l.attempts, Status: l.reason.Status, Code: l.reason.Code,
		})
		if i == len(letters)-1 || letters[i+1].request != l.request {
			d.conclude(l.request, verdicts)
			verdicts = nil
		}
	}
}

// reduced deals with a letter that the topic does not take as it is. Brokers
// refuse a batch of records for the one at fault, so it is first tried alone;
// only then is something left out, which the original still has.
func (d *deadLetters) reduced(l *letter, err error, round int) bool {
	if !errors.Is(err, kerr.MessageTooLarge) && !errors.Is(err, kerr.InvalidTimestamp) {
		return false
	}
	if round > 1 {
		l.alone = true
		return true
	}
	if !l.reduce(err) {
		return false
	}
	l.alone = true
	d.metrics.lettersReduced.Inc()
	d.log.Error().
		Str("topic", l.from.topic).Int32("partition", l.from.partition).Int64("offset", l.offset).
		Str("event_id", redact.ID(l.eventID)).Int("value_bytes", len(l.value)).
		Bool("without_value", l.omitValue).Bool("without_headers", l.omitHeaders).
		Bool("without_key", l.omitKey).Bool("without_timestamp", l.omitTime).
		Str("reason", redact.Line(err.Error(), 200)).
		Msg("the dead-letter topic does not take this record whole; the letter names where the original is")
	return true
}

// produce returns an error or nil for each letter, and nil when the context
// ended before all were known.
func (d *deadLetters) produce(round []*letter) []error {
	a := &acks{errs: make([]error, len(round)), left: len(round), done: make(chan struct{})}
	for i, l := range round {
		acknowledged := func(_ *kgo.Record, err error) { a.set(i, err) }
		d.producer.TryProduce(d.ctx, l.build(d.topic), acknowledged)
	}
	slow := time.NewTimer(slowAck)
	defer slow.Stop()
	for {
		select {
		case <-a.done:
			return a.errs
		case <-slow.C:
			d.cond.Fail(fmt.Sprintf("the brokers have not acknowledged dead letters to %s for %s", d.topic, slowAck))
		case <-d.ctx.Done():
			return nil
		}
	}
}

// acks collects what the client's promises say. They may come after everybody
// has gone.
type acks struct {
	mu   sync.Mutex
	errs []error
	left int
	done chan struct{}
}

func (a *acks) set(i int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.errs[i] = err
	if a.left--; a.left == 0 {
		close(a.done)
	}
}

func (d *deadLetters) describe(err error) string {
	why := whyNotWritten(err, "--dead-letter-topic")
	if errors.Is(err, kerr.MessageTooLarge) {
		why = "it does not even take a letter without key and value: raise its max.message.bytes"
	}
	return fmt.Sprintf("dead letters cannot be written to %s: %s", d.topic, why)
}

// whyNotWritten says what keeps a topic from being written to, and for a topic
// that is missing which flag names it.
func whyNotWritten(err error, flag string) string {
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return "it does not exist: create it, or see " + flag
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return "we are not allowed to write to it"
	case errors.Is(err, kgo.ErrMaxBuffered):
		return "the client's buffer is full"
	}
	return redact.Line(redact.Message(err.Error()), 200)
}

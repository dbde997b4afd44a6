package deadletter

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/backoff"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

const (
	// MaxRound is how many letters are on their way to the brokers at once.
	MaxRound = 500
	// slowLetters is from when on letters that wait to be made are reported: whoever
	// can have many of them made, or each take long, holds up those of all others.
	slowLetters = 15 * time.Second
)

// Writer writes dead letters and settles them once the brokers have
// acknowledged them. Lanes do not wait for it; a topic that is away holds the
// letters' offsets and nothing else. It has a goroutine only while it has
// letters.
type Writer struct {
	opts    Options
	cond    *health.Condition
	slow    *health.Condition // letters wait to be made
	metrics *metrics
	ctx     context.Context
	wg      sync.WaitGroup

	wake    chan struct{} // capacity 1: there are new letters
	renewer kafka.Renewer // the producer, if it is one

	mu      sync.Mutex
	pending []*Draft
	refused kafka.Unwritable[*Draft]
	running bool
	closed  bool
	faulty  bool // the last round could not be written, which has a condition of its own
}

// Options are the settings of dead letters. All but Conditions and Registerer
// are required.
type Options struct {
	// Producer must wait for all replicas (kgo's default) and take records as
	// large as the source topic's.
	Producer kafka.Producer
	Topic    string
	// Conclude takes the verdicts of letters that are acknowledged, those of one
	// request together.
	Conclude func(*verdict.Request, []verdict.Verdict)
	// Shown is a profile as headers and logs have it.
	Shown func(profile string) string
	// Fenced counts letters that are dropped because their assignment has ended.
	Fenced     prometheus.Counter
	Backoff    backoff.Backoff
	Log        zerolog.Logger
	Conditions *health.Conditions    // reports the topic; nil reports nothing
	Registerer prometheus.Registerer // nil means no metrics
	Now        func() time.Time
}

// New returns a writer that gives up what is not written when ctx ends.
func New(ctx context.Context, o Options) *Writer {
	return &Writer{
		opts:    o,
		cond:    o.Conditions.Condition("dead-letter topic"),
		slow:    o.Conditions.Condition("dead letters"),
		metrics: newMetrics(o.Registerer),
		ctx:     ctx,
		wake:    make(chan struct{}, 1),
		renewer: kafka.RenewerOf(o.Producer),
	}
}

// Put takes the letters that came of a request, nil for those that were never
// sent; the slice stays the caller's.
func (d *Writer) Put(r *verdict.Request, letters []*Draft) {
	if len(letters) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	now := d.opts.Now()
	for _, l := range letters {
		l.request, l.queued = r, now
	}
	d.pending = append(d.pending, letters...)
	if !d.running {
		d.running = true
		d.wg.Go(d.run)
		return
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Close waits until all letters are written, or the context ends.
func (d *Writer) Close() error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.wg.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.pending) + len(d.refused.Items); n > 0 {
		return fmt.Errorf("%s %s not acknowledged by the brokers; what %s %s about is read again", count.Of(n, "dead letter"), count.Was(n), count.They(n), count.Is(n))
	}
	return nil
}

func (d *Writer) run() {
	defer crash.Report()
	for failures := 0; d.ctx.Err() == nil; {
		round, more := d.take()
		switch {
		case !more:
			return
		case len(round) == 0:
			d.rest()
		case d.write(round):
			failures = 0
		case !wait.For(d.ctx, d.opts.Backoff.Spaced(failures)):
			return
		default:
			failures++
		}
	}
}

// rest waits until a letter that was refused is due again, or for new letters.
func (d *Writer) rest() {
	d.mu.Lock()
	wait := d.refused.Due.Sub(d.opts.Now())
	d.mu.Unlock()
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-d.wake:
	case <-t.C:
	case <-d.ctx.Done():
	}
}

// take returns the next letters to write, at most MaxRound. There are none while
// all that are left were refused and are not due again; more is false when there
// is none at all, and then the goroutine is over. Letters of assignments that have
// ended are dropped: the next owners write them.
func (d *Writer) take() (round []*Draft, more bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused.Items = slices.DeleteFunc(d.refused.Items, d.fenced)
	if l, due := d.refused.Take(d.opts.Now(), d.opts.Backoff); due {
		l.whole()
		d.pending = append([]*Draft{l}, d.pending...)
	}
	n := 0
	for _, l := range d.pending {
		if !d.fenced(l) {
			if len(round) == MaxRound || len(round) > 0 && (l.alone || round[0].alone) {
				break
			}
			round = append(round, l)
		}
		n++
	}
	clear(d.pending[:n])
	if d.pending = d.pending[n:]; len(d.pending) == 0 {
		d.pending = nil
	}
	if d.running = len(round)+len(d.refused.Items) > 0; !d.running {
		// Written, or dropped with their assignments: nothing is held up.
		d.cond.OK()
		d.slow.OK()
		return nil, false
	}
	age := time.Duration(0)
	if len(round) > 0 {
		age = d.opts.Now().Sub(round[0].queued)
	}
	if age < slowLetters {
		d.slow.OK()
	} else if !d.faulty {
		d.slow.Fail(fmt.Sprintf("%s still to be made, the oldest for %s", count.Of(len(d.pending)+len(round), "dead letter"), age.Round(time.Second)))
	}
	return round, d.running
}

// fenced reports whether a letter's assignment has ended, and counts it.
func (d *Writer) fenced(l *Draft) bool {
	if l.Record.Live() {
		return false
	}
	d.opts.Fenced.Inc()
	return true
}

func (d *Writer) putBack(letters []*Draft) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending = append(letters, d.pending...)
}

// write writes a round of letters and settles those that are acknowledged;
// false when it makes no sense to go on at once.
func (d *Writer) write(round []*Draft) bool {
	acks := d.produce(round)
	if acks == nil {
		d.putBack(round)
		return false
	}
	var done, back []*Draft
	var fault error
	for i, l := range round {
		err := acks[i]
		if err == nil {
			d.written(l)
			done = append(done, l)
			continue
		}
		again := true
		if kafka.OfTheRecord(err) {
			again, err = d.refuse(l, err, len(round))
		} else {
			l.whole() // the topic may be another one by the next try
		}
		if again {
			back = append(back, l)
		}
		if err != nil {
			fault = err
			d.metrics.failed.Inc()
		}
	}
	d.settle(done)
	d.mu.Lock()
	d.faulty = fault != nil
	d.mu.Unlock()
	d.putBack(back)
	if fault != nil {
		// What is in the way of the next try is dealt with now; what is not
		// there to be asked is the same fault.
		_, _ = d.renewer.Renew(d.ctx, fault)
		d.cond.Fail(d.describe(fault))
		return false
	}
	d.checkWell(len(done) > 0)
	return true
}

// written notes that the brokers have a letter. That shows whether what they
// refused may be taken now, so that is tried again at once.
func (d *Writer) written(l *Draft) {
	d.metrics.written.WithLabelValues(l.Reason.Class.String()).Inc()
	d.opts.Log.Debug().Str("profile", d.opts.Shown(l.Profile)).Str("event_id", redact.EventID(l.EventID)).
		Stringer("class", l.Reason.Class).Int("status", l.Reason.Status).Msg("dead letter written")
	if l.reduced != nil {
		d.metrics.reduced.Inc()
		d.opts.Log.Error().
			Str("topic", l.From.Topic).Int32("partition", l.From.Partition).Int64("offset", l.Offset).
			Str("event_id", redact.EventID(l.EventID)).Int("value_bytes", len(l.Value)).
			Bool("without_value", l.omitValue).Bool("without_headers", l.omitHeaders).
			Bool("without_key", l.omitKey).Bool("without_timestamp", l.omitTime).
			Str("reason", redact.Line(redact.Error(l.reduced), 200)).
			Msg("the dead-letter topic does not take this record whole; the letter names where the original is")
	}
	if l.refused {
		d.mu.Lock()
		all := d.refused.All()
		for _, other := range all {
			other.whole()
		}
		d.pending = append(all, d.pending...)
		d.mu.Unlock()
	}
}

// checkWell ends the condition once letters are written and none is refused.
func (d *Writer) checkWell(wrote bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if wrote && len(d.refused.Items) == 0 {
		d.cond.OK()
	}
}

// settle passes on the verdicts of letters that are acknowledged, those of one
// request together, because they share a receipt. Only now: a receipt must not
// speak of a dead letter that nobody finds.
func (d *Writer) settle(letters []*Draft) {
	var verdicts []verdict.Verdict
	for i, l := range letters {
		verdicts = append(verdicts, verdict.Verdict{
			Handle: l.Handle(), Source: l.Source(), Contract: l.Contract, ProfileID: l.Profile, EventID: l.EventID,
			Class: l.Reason.Class, Attempts: l.Attempts, Status: l.Reason.Status, Code: l.Reason.Code,
		})
		if i == len(letters)-1 || letters[i+1].request != l.request {
			d.opts.Conclude(l.request, verdicts)
			verdicts = nil
		}
	}
}

// produce returns an error or nil for each letter, and nil when the context
// ended before all were known.
func (d *Writer) produce(round []*Draft) []error {
	a := &acks{errs: make([]error, len(round)), left: len(round), done: make(chan struct{})}
	for i, rec := range d.build(round) {
		acknowledged := func(_ *kgo.Record, err error) { a.set(i, err) }
		d.opts.Producer.TryProduce(d.ctx, rec, acknowledged)
	}
	slow := time.NewTimer(kafka.SlowAck)
	defer slow.Stop()
	for {
		select {
		case <-a.done:
			return a.errs
		case <-slow.C:
			why := kafka.Because(d.renewer.Why(d.ctx))
			select {
			case <-a.done: // while it was asked
			default:
				d.cond.Fail(fmt.Sprintf("the brokers have not acknowledged dead letters to %s for %s%s", d.opts.Topic, kafka.SlowAck, why))
			}
		case <-d.ctx.Done():
			return nil
		}
	}
}

// build makes the letters' records, and says so when that takes long.
func (d *Writer) build(round []*Draft) []*kgo.Record {
	late := time.AfterFunc(slowLetters, func() {
		defer crash.Report()
		d.slow.Fail(fmt.Sprintf("making %s takes longer than %s", count.Of(len(round), "dead letter"), slowLetters))
	})
	defer late.Stop()
	records := make([]*kgo.Record, len(round))
	for i, l := range round {
		records[i] = l.build(d.opts.Topic, d.opts.Shown(l.Profile))
	}
	return records
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

func (d *Writer) describe(err error) string {
	return fmt.Sprintf("dead letters cannot be written to %s: %s", d.opts.Topic, kafka.Reason(err, d.opts.Topic, setting.DeadLetterTopic.String()))
}

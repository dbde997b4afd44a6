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
	// MaxRound is the maximum number of letters produced at once.
	MaxRound = 500
	// slowLetters is how long letters may wait to be built before that is reported: one
	// source of many or slow letters delays all others.
	slowLetters = 15 * time.Second
)

// Writer writes dead letters and settles them once the brokers have acknowledged them.
// Lanes do not wait for it; while the topic is unavailable, only the letters' offsets wait.
// It has a goroutine only while it has letters.
type Writer struct {
	opts    Options
	cond    *health.Condition
	slow    *health.Condition // letters waiting to be built
	metrics *metrics
	notices notices
	ctx     context.Context
	wg      sync.WaitGroup

	wake    chan struct{} // capacity 1: there are new letters
	renewer kafka.Renewer // the producer, if it is one

	mu      sync.Mutex
	pending []*Draft
	refused kafka.Unwritable[*Draft]
	running bool
	closed  bool
	faulty  bool // the last round could not be written, which a condition of its own reports
}

// Options are the settings of dead letters. All but Erased, Conditions and Registerer
// are required.
type Options struct {
	// Producer must wait for all replicas (kgo's default) and take records as
	// large as the source topic's.
	Producer kafka.Producer
	Topic    string
	// Conclude takes the verdicts of acknowledged letters, those of one request together.
	Conclude func(*verdict.Request, []verdict.Verdict)
	// Shown returns a profile as headers and logs show it.
	Shown func(profile string) string
	// Erased reports whether an event was erased, so that no letter may copy it; nil if there is no
	// list. The error says that the list cannot be read now.
	Erased func(eventID string) (bool, error)
	// Fenced counts letters dropped because their assignment has ended.
	Fenced     prometheus.Counter
	Backoff    backoff.Backoff
	Log        zerolog.Logger
	Conditions *health.Conditions    // reports the topic; nil reports nothing
	Registerer prometheus.Registerer // nil means no metrics
	Now        func() time.Time
}

// New returns a writer that gives up unwritten letters when ctx ends.
func New(ctx context.Context, o Options) *Writer {
	return &Writer{
		opts:    o,
		cond:    o.Conditions.Condition("dead-letter topic"),
		slow:    o.Conditions.Condition("dead letters"),
		metrics: newMetrics(o.Registerer),
		notices: notices{log: o.Log},
		ctx:     ctx,
		wake:    make(chan struct{}, 1),
		renewer: kafka.RenewerOf(o.Producer),
	}
}

// Put takes the letters of one request; the request is nil for records that were never
// sent. The caller keeps the slice.
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
	d.notices.close()
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

// rest waits until a refused letter is due again, or for new letters.
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

// take returns the next letters to write, at most MaxRound. It returns none while all that
// are left were refused and are not due again; more is false if there are none at all,
// which ends the goroutine. Letters of ended assignments are dropped: the next owners
// write them.
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
		// Written, or dropped with their assignments: nothing waits.
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

// write writes a round of letters and settles those that are acknowledged; false if an
// immediate next round would fail as well.
func (d *Writer) write(round []*Draft) bool {
	round, ok := d.dropErased(round)
	if !ok {
		return false
	}
	if len(round) == 0 {
		return true
	}
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
			l.whole() // the topic may have changed by the next try
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
		// Fix what would prevent the next try now; if the brokers cannot be asked, that is
		// the same fault.
		_, _ = d.renewer.Renew(d.ctx, fault)
		d.cond.Fail(d.describe(fault))
		return false
	}
	d.checkWell(len(done) > 0)
	return true
}

// written notes an acknowledged letter. It shows that the topic may now take what it
// refused, so refused letters are tried again at once.
func (d *Writer) written(l *Draft) {
	d.metrics.written.WithLabelValues(l.Reason.Class.String()).Inc()
	if profile := d.opts.Shown(l.Profile); !d.notices.letter(l, profile) {
		d.opts.Log.Debug().Str("profile", profile).Str("event_id", redact.EventID(l.EventID)).
			Stringer("class", l.Reason.Class).Int("status", l.Reason.Status).Msg("dead letter written")
	}
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

// settle passes on the verdicts of acknowledged letters, those of one request together
// because they share a receipt. It runs only after the acknowledgement, so that no receipt
// mentions a dead letter that does not exist.
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

// produce returns an error or nil for each letter; nil if the context ended before all
// results were known.
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

// build makes the letters' records, and reports it if that takes long.
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

// acks collects the client's acknowledgements. They may arrive after all readers have
// left.
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

package receipt

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	receipts "github.com/tracklayer/amazon-capi/schemas/receipt"
)

// maxReceiptsFlying bounds how many receipts the client has at once. More would wait there,
// where they cannot be dropped, instead of here.
const maxReceiptsFlying = 256

// Writer writes receipts and settles their verdicts once all replicas have them. Lanes do
// not wait for it: while the topic is unavailable, the consumer's window fills up and bounds
// what waits here. Each receipt is acknowledged on its own, so that a partition without a
// leader delays only its own profiles. It has a goroutine only while it has receipts.
type Writer struct {
	opts    Options
	cond    *health.Condition
	metrics *metrics
	ctx     context.Context
	wg      sync.WaitGroup
	wake    chan struct{} // capacity 1: there is something new to process
	renewer kafka.Renewer // the producer, if it is one

	mu       sync.Mutex
	pending  []*receipt
	refused  kafka.Unwritable[*receipt]
	flying   map[*receipt]struct{} // with the client
	answered []*receipt            // by the client, and not processed
	running  bool
	closed   bool

	// These belong to the goroutine, if there is one.
	events    []receipts.Event
	maxBytes  int       // of a record's value
	asked     time.Time // when maxBytes was last compared with the topic's limit
	failures  int       // consecutive
	restUntil time.Time
	failing   bool      // the condition fails
	lateAt    time.Time // when it last asked why acknowledgements are late
	why       string    // and the answer
}

// New returns a writer that gives up unwritten receipts when ctx ends.
func New(ctx context.Context, o Options) *Writer {
	return &Writer{
		opts:     o,
		cond:     o.Conditions.Condition("receipts topic"),
		metrics:  newMetrics(o.Registerer),
		ctx:      ctx,
		wake:     make(chan struct{}, 1),
		renewer:  kafka.RenewerOf(o.Producer),
		flying:   make(map[*receipt]struct{}),
		maxBytes: o.MaxBytes,
	}
}

// giveBack returns the memory of verdicts.
func (w *Writer) giveBack(vs []verdict.Verdict) {
	clear(vs)
	w.opts.Verdicts.Put(vs)
}

// Put takes verdicts that need a receipt, and owns their slice.
func (w *Writer) Put(r *verdict.Request, vs []verdict.Verdict) {
	now := w.opts.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	taken := false
	cut(r, vs, func(run []verdict.Verdict) {
		rc := &receipt{request: r, since: now, verdicts: run}
		if taken = len(run) == len(vs); !taken {
			rc.verdicts = append(w.opts.Verdicts.Get(len(run)), run...)
		}
		w.pending = append(w.pending, rc)
	})
	if !taken {
		w.giveBack(vs)
	}
	if !w.running {
		w.running = true
		w.wg.Go(w.run)
	} else {
		w.signal()
	}
}

func (w *Writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Sweep drops what waits for ended assignments. Without it, a topic that is unavailable
// through many rebalances would collect the records of all of them.
func (w *Writer) Sweep() {
	w.mu.Lock()
	defer w.mu.Unlock()
	given := func(r *receipt) bool {
		r.prune()
		return len(r.verdicts) == 0
	}
	w.pending = slices.DeleteFunc(w.pending, given)
	w.refused.Items = slices.DeleteFunc(w.refused.Items, given)
	for r := range w.flying {
		r.prune()
	}
	w.signal()
}

// Close waits until all receipts are written, or the context ends.
func (w *Writer) Close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.wg.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.pending) + len(w.refused.Items) + len(w.flying) + len(w.answered); n > 0 {
		return fmt.Errorf("%s %s not acknowledged by the brokers; what %s %s about is read again", count.Of(n, "receipt"), count.Was(n), count.They(n), count.Is(n))
	}
	return nil
}

func (w *Writer) run() {
	defer crash.Report()
	for w.ctx.Err() == nil {
		w.hear()
		if !w.write() {
			return
		}
		w.wait()
	}
}

// hear processes the brokers' answers.
func (w *Writer) hear() {
	w.mu.Lock()
	answered := w.answered
	w.answered = nil
	w.mu.Unlock()
	var back []*receipt
	var fault error
	for _, r := range answered {
		err := r.err
		switch {
		case err == nil:
			w.written(r)
			continue
		case len(r.verdicts) == 0: // swept meanwhile
			continue
		case kafka.OfTheRecord(err):
			if err = w.refuse(r, &back); err == nil {
				continue
			}
		}
		w.metrics.failed.Inc()
		fault = err
		r.tried = true
		back = append(back, r)
	}
	w.putBack(back)
	switch {
	case fault != nil:
		// Fix what would prevent the next try now; if the brokers cannot be asked, that is
		// the same fault.
		if renewed, _ := w.renewer.Renew(w.ctx, fault); renewed {
			w.fit()
		}
		// Answers to receipts that were in flight together count as one failure.
		if now := w.opts.Now(); !now.Before(w.restUntil) {
			w.restUntil = now.Add(w.opts.Backoff.Spaced(w.failures))
			w.failures++
		}
		w.fail(fmt.Sprintf("receipts cannot be written to %s: %s", w.opts.Topic, kafka.Reason(fault, w.opts.Topic, setting.ReceiptsTopic.String())))
	case len(answered) > 0:
		w.failures = 0
	}
}

func (w *Writer) written(r *receipt) {
	w.metrics.written.Inc()
	w.metrics.seconds.Observe(w.opts.Now().Sub(r.since).Seconds())
	if len(r.verdicts) > 0 { // else they were swept meanwhile
		w.opts.Settle(r.verdicts)
	}
	w.giveBack(r.verdicts)
	w.opts.Bytes.Put(r.buf)
	r.verdicts, r.buf = nil, nil
	if r.refused {
		// The topic takes what it refused before, so it may take the others.
		w.mu.Lock()
		w.pending = append(w.refused.All(), w.pending...)
		w.mu.Unlock()
	}
}

// putBack puts receipts before all others. Their memory is not reused: only a success shows
// that the client no longer reads it.
func (w *Writer) putBack(receipts []*receipt) {
	if len(receipts) == 0 {
		return
	}
	for _, r := range receipts {
		r.buf, r.err = nil, nil
		r.prune()
	}
	receipts = slices.DeleteFunc(receipts, func(r *receipt) bool { return len(r.verdicts) == 0 })
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = append(receipts, w.pending...)
}

// write gives the client what there is to write; false if nothing is left, which ends the
// goroutine.
func (w *Writer) write() bool {
	for {
		r, more := w.next()
		if r == nil {
			return more
		}
		rec, events := r.build(&w.opts, w.opts.Shown(r.verdicts[0].ProfileID), w.events[:0])
		clear(events)
		w.events = events
		if len(r.buf) > w.maxBytes {
			w.outgrown()
		}
		if len(r.buf) > w.maxBytes && len(r.verdicts) > 1 {
			w.metrics.split.Inc()
			first, second := r.halves()
			w.putBack([]*receipt{first, second})
			continue
		}
		w.mu.Lock()
		r.produced = w.opts.Now()
		w.flying[r] = struct{}{}
		w.mu.Unlock()
		w.opts.Producer.TryProduce(w.ctx, rec, func(_ *kgo.Record, err error) {
			defer crash.Report()
			w.answer(r, err)
		})
	}
}

// answer is the client's acknowledgement. It may arrive after all readers have left.
func (w *Writer) answer(r *receipt, err error) {
	w.mu.Lock()
	delete(w.flying, r)
	r.err = err
	w.answered = append(w.answered, r)
	w.mu.Unlock()
	w.signal()
}

// next takes the receipt to write now. It returns nil if none may be written, and more
// reports whether any is left.
func (w *Writer) next() (r *receipt, more bool) {
	now := w.opts.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if r, due := w.refused.Take(now, w.opts.Backoff); due {
		w.pending = append([]*receipt{r}, w.pending...)
	}
	if len(w.pending)+len(w.flying)+len(w.answered)+len(w.refused.Items) == 0 {
		w.pending, w.running = nil, false
		w.well() // written, or dropped with their assignments: nothing waits
		return nil, false
	}
	w.checkWell(now)
	if len(w.pending) == 0 || now.Before(w.restUntil) || len(w.flying) >= maxReceiptsFlying {
		return nil, true
	}
	r = w.pending[0]
	if len(w.flying) > 0 && (r.alone || w.aloneFlying()) {
		return nil, true
	}
	w.pending[0] = nil
	w.pending = w.pending[1:]
	return r, true
}

func (w *Writer) aloneFlying() bool {
	for r := range w.flying {
		return r.alone // one that must fly alone flies alone, so any of them answers
	}
	return false
}

// wait waits for news, for the end of a rest, or until an acknowledgement is late, which it
// reports: the client itself keeps trying for a long time and reports nothing.
func (w *Writer) wait() {
	d, late := w.patience(w.opts.Now())
	if late {
		if now := w.opts.Now(); now.Sub(w.lateAt) >= kafka.SlowAck {
			w.lateAt, w.why = now, kafka.Because(w.renewer.Why(w.ctx))
		}
		if d, late = w.patience(w.opts.Now()); late { // still, after asking
			w.fail(fmt.Sprintf("the brokers have not acknowledged receipts to %s for %s%s", w.opts.Topic, kafka.SlowAck, w.why))
		}
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-w.wake:
	case <-t.C:
	case <-w.ctx.Done():
	}
}

// patience returns how long to wait without news, and whether an acknowledgement is late.
func (w *Writer) patience(now time.Time) (d time.Duration, late bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d = kafka.SlowAck
	if at, ok := w.oldest(); ok {
		if left := at.Add(kafka.SlowAck).Sub(now); left > 0 {
			d = left
		} else {
			late = true
		}
	}
	if len(w.refused.Items) > 0 {
		d = min(d, max(w.refused.Due.Sub(now), 0))
	}
	if rest := w.restUntil.Sub(now); len(w.pending) > 0 && rest > 0 {
		d = min(d, rest)
	}
	return d, late
}

// oldest returns when the client got what it has had longest. The caller holds mu.
func (w *Writer) oldest() (at time.Time, ok bool) {
	for r := range w.flying {
		if !ok || r.produced.Before(at) {
			at, ok = r.produced, true
		}
	}
	return at, ok
}

func (w *Writer) fail(reason string) {
	w.failing = true
	w.cond.Fail(reason)
}

func (w *Writer) well() {
	w.failing = false
	w.cond.OK()
}

// checkWell ends the condition when nothing is left that failed or is late. One success is
// not enough: if one of two partitions works and the other does not, the condition would
// flap. The caller holds mu.
func (w *Writer) checkWell(now time.Time) {
	if !w.failing || len(w.refused.Items) > 0 || slices.ContainsFunc(w.pending, func(r *receipt) bool { return r.tried }) {
		return
	}
	for _, r := range w.answered {
		if r.err != nil {
			return
		}
	}
	for r := range w.flying {
		if r.tried || now.Sub(r.produced) >= kafka.SlowAck {
			return
		}
	}
	w.well()
}

package receipt

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// refuse handles a receipt that the topic does not take as it is. Brokers refuse a whole
// batch of records, so the receipt is first tried alone. If it was too large, it is tried
// with the topic's current limit, and then halved. What is still refused is set aside, so
// that others are written meanwhile. An error means that no receipt can be written.
func (w *Writer) refuse(r *receipt, back *[]*receipt) (fault error) {
	if !r.alone {
		r.alone = true
		*back = append(*back, r)
		return nil
	}
	if kafka.Oversized(r.err) {
		renewed, fault := w.renewer.Renew(w.ctx, r.err)
		switch {
		case fault != nil:
			return fault
		case renewed:
			w.fit()
			*back = append(*back, r)
			return nil
		case len(r.verdicts) > 1:
			// Later receipts need not find out again.
			w.maxBytes = min(w.maxBytes, max(len(r.buf)/2, 1))
			w.asked = w.opts.Now()
			w.metrics.split.Inc()
			first, second := r.halves()
			*back = append(*back, first, second)
			return nil
		}
	}
	w.metrics.failed.Inc()
	w.fail(w.describeRefused(r))
	r.tried, r.refused = true, true
	r.buf, r.err = nil, nil
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused.Add(r, w.opts.Now(), w.opts.Backoff)
	return nil
}

// batchRoom is what a batch with one receipt holds beside the receipt and its key.
const batchRoom = 128

// fit makes receipts as large as the topic accepts.
func (w *Writer) fit() {
	w.asked = w.opts.Now()
	w.maxBytes = w.opts.MaxBytes
	if limit := w.renewer.Limit(); limit > 0 {
		w.maxBytes = min(w.maxBytes, max(limit-batchRoom-redact.WordLimit, 1))
	}
}

// askAgain is how long receipts stay small before the topic's limit is read again. Small
// receipts are no fault that somebody waits to see fixed.
const askAgain = time.Minute

// outgrown reports whether the limit has grown for a receipt that is too large.
func (w *Writer) outgrown() {
	if w.maxBytes == w.opts.MaxBytes || w.opts.Now().Sub(w.asked) < askAgain {
		return
	}
	w.asked = w.opts.Now()
	if renewed, _ := w.renewer.Renew(w.ctx, kerr.MessageTooLarge); renewed {
		w.fit()
	}
}

// describeRefused says what the topic would have to accept for a receipt that it refuses.
func (w *Writer) describeRefused(r *receipt) string {
	why := kafka.Reason(r.err, w.opts.Topic, setting.ReceiptsTopic.String())
	if errors.Is(r.err, kerr.MessageTooLarge) {
		why = "it does not even take a receipt for a single event: " + kafka.TooLarge(w.opts.Topic, w.renewer.Limit(), len(r.buf)+len(r.verdicts[0].ProfileID)+batchRoom)
	}
	return fmt.Sprintf("receipts cannot be written to %s: %s", w.opts.Topic, why)
}

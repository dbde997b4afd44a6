package deadletter

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tracklayer/amazon-capi/internal/kafka"
)

// refuse deals with a letter that the topic does not take as it is. Brokers
// refuse a batch of records for the one at fault, so it is first tried alone. If
// it was too large, it is tried with the topic's limit as it is now; only then is
// something left out, which the original still has. When nothing is left to leave
// out, the letter is kept aside, so that others are written meanwhile. An error is
// one that is in the way of all letters.
func (d *Writer) refuse(l *Draft, err error, round int) (again bool, fault error) {
	if round > 1 {
		l.alone = true
		return true, nil
	}
	if errors.Is(err, kerr.MessageTooLarge) {
		renewed, fault := d.renewer.Renew(d.ctx, err)
		if renewed {
			l.whole()
		}
		if renewed || fault != nil {
			return true, fault
		}
	}
	if l.reduce(err) {
		l.alone, l.reduced = true, err
		return true, nil
	}
	d.metrics.failed.Inc()
	d.cond.Fail(d.describeRefused(l, err))
	l.alone, l.refused = true, true
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused.Add(l, d.opts.Now(), d.opts.Backoff)
	return false, nil
}

// describeRefused says what the topic would have to take for a letter that it
// refuses without all that can be left out.
func (d *Writer) describeRefused(l *Draft, err error) string {
	if !errors.Is(err, kerr.MessageTooLarge) {
		return d.describe(err)
	}
	l.whole()
	return fmt.Sprintf("dead letters cannot be written to %s: it does not even take a letter without key and value: %s",
		d.opts.Topic, kafka.TooLarge(d.opts.Topic, d.renewer.Limit(), kafka.RecordBytes(l.build(d.opts.Topic, d.opts.Shown(l.Profile)))))
}

package deadletter

import (
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tracklayer/amazon-capi/internal/kafka"
)

// refuse handles a letter that the topic does not take as it is. Brokers refuse a whole
// batch of records for one of them, so the letter is first tried alone. If it was too
// large, it is tried with the topic's current limit; only then are parts left out, which
// the original still has. If nothing more can be left out, the letter is set aside so that
// others are written meanwhile. An error means that no letter can be written.
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
	if d.fits(l, err) && l.reduce(err) {
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

// fits reports whether the topic may take the letter without every part that can be left
// out. If the limit is smaller than the headers alone, trying is useless, and if the limit
// were raised during the attempt, the letter would lose parts needlessly.
func (d *Writer) fits(l *Draft, err error) bool {
	limit := d.renewer.Limit()
	if limit == 0 || !errors.Is(err, kerr.MessageTooLarge) {
		return true // unknown
	}
	n := 0
	for _, h := range l.build(d.opts.Topic, d.opts.Shown(l.Profile)).Headers {
		if kept := strings.HasPrefix(h.Key, connectPrefix) || strings.HasPrefix(h.Key, ownPrefix); kept {
			n += len(h.Key) + len(h.Value)
		}
	}
	// The client tries records of that size whatever the limit is, and compression may
	// make them small enough.
	return n <= max(limit, kafka.SmallestBatch)
}

// describeRefused says what the topic would have to accept for a letter that it refuses
// even in its shortest form.
func (d *Writer) describeRefused(l *Draft, err error) string {
	if !errors.Is(err, kerr.MessageTooLarge) {
		return d.describe(err)
	}
	l.whole()
	return fmt.Sprintf("dead letters cannot be written to %s: it does not even take a letter without key and value: %s",
		d.opts.Topic, kafka.TooLarge(d.opts.Topic, d.renewer.Limit(), kafka.RecordBytes(l.build(d.opts.Topic, d.opts.Shown(l.Profile)))))
}

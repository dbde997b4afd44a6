package deadletter

import (
	"errors"
	"fmt"
	"strings"

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

// fits reports whether the topic may take the letter without all that can be left
// out. A limit below the headers alone takes none: to try would only give a limit that
// is raised in between the chance to take less than it could.
func (d *Writer) fits(l *Draft, err error) bool {
	limit := d.renewer.Limit()
	if limit == 0 || !errors.Is(err, kerr.MessageTooLarge) {
		return true // nobody knows
	}
	n := 0
	for _, h := range l.build(d.opts.Topic, d.opts.Shown(l.Profile)).Headers {
		if kept := strings.HasPrefix(h.Key, connectPrefix) || strings.HasPrefix(h.Key, ownPrefix); kept {
			n += len(h.Key) + len(h.Value)
		}
	}
	// The client tries records of that size whatever the limit is, and compression
	// may make them small enough.
	return n <= max(limit, kafka.SmallestBatch)
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

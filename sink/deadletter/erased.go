package deadletter

import (
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// dropErased takes the letters out of a round whose events must not be copied any more: they
// were erased since they were read, while their requests were under way or while the letters
// waited for their topic. It settles them. ok is false if the list cannot be read now; the
// letters wait then, since one that is written cannot be taken back.
func (d *Writer) dropErased(round []*Draft) (left []*Draft, ok bool) {
	if d.opts.Erased == nil {
		return round, true
	}
	var erased []*Draft
	for i, l := range round {
		is, err := d.opts.Erased(l.EventID)
		if err != nil {
			d.putBack(append(left, round[i:]...))
			d.settleErased(erased)
			d.mu.Lock()
			d.faulty = true // the list has a condition of its own
			d.mu.Unlock()
			return nil, false
		}
		if is {
			erased = append(erased, l)
		} else {
			left = append(left, l)
		}
	}
	d.settleErased(erased)
	return left, true
}

// settleErased settles events that get no letter.
func (d *Writer) settleErased(letters []*Draft) {
	for _, l := range letters {
		l.Reason = verdict.Reason{Class: verdict.Filtered, Code: verdict.CodeErased.String()}
	}
	d.settle(letters)
}

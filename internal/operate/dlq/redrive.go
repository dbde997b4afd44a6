package dlq

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// Redrive decides which letters are redriven. It is built from a whole scan, so that the
// outcome can be shown and counted before anything happens.
type Redrive struct {
	// Filter chooses the letters.
	Filter Filter
	// Topic is the source; letters that name another stay.
	Topic string
	// Named leaves letters that name no topic.
	Named bool
	// MaxRedrives is how often an event is redriven before it goes into quarantine.
	MaxRedrives int
	// Rounds is how often events were redriven before, over the whole topic.
	Rounds *Rounds
	// Originals reads the originals of incomplete letters.
	Originals Originals

	// Predictor predicts the verdicts on the letters; nil for no prediction.
	Predictor *Predictor

	// Send and Quarantine are the letters, by position.
	Send, Quarantine history.Set
	// Sending counts the letters of Send.
	Sending Stats
	// Counts of the others.
	Done       int // were redriven before
	NotMeant   int // by the filter
	OtherTopic int // came from another topic, or do not name theirs
	NoLetter   int // are not dead letters
	Lost       int // lack a part of their original, which is gone
	Erased     int // must not be sent again
	// Unmatched says which of the filter's values no letter has.
	Unmatched []string

	open history.Set // that stay
}

// Add decides about an entry; call it with every entry of the topic, in order. The error
// means that an original could not be read.
func (r *Redrive) Add(ctx context.Context, e *Entry) error {
	switch {
	case e.Done:
		r.Done++
		return nil
	case e.Erased:
		r.Erased++
	case !r.Filter.Match(e):
		r.NotMeant++
	case e.NoLetter:
		r.NoLetter++
	case e.Letter.Topic != r.Topic && (r.Named || e.Letter.Topic != ""):
		r.OtherTopic++
	case r.Rounds.Of(e) >= r.MaxRedrives:
		r.Quarantine.Add(e.Partition, e.Offset)
		return nil
	default:
		original, err := Original(ctx, &e.Letter, r.Originals)
		if err != nil {
			if !gone(err) {
				return err
			}
			r.Lost++
			break
		}
		// A pointer has no bytes to recognise earlier letters of the event by.
		if e.Letter.Pointer && deadletter.Redrives(original) > r.MaxRedrives {
			r.Quarantine.Add(e.Partition, e.Offset)
			return nil
		}
		if r.Predictor != nil {
			r.Predictor.add(ctx, e, original)
		}
		r.Send.Add(e.Partition, e.Offset)
		r.Sending.Add(e)
		return nil
	}
	r.open.Add(e.Partition, e.Offset)
	return nil
}

// gone reports whether an error means that an original will not come back, or that we may
// not read it.
func gone(err error) bool {
	return errors.Is(err, errNoOriginal) || errors.Is(err, errNoPlace) || errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, history.ErrNotRetained) || errors.Is(err, history.ErrBadRange) || errors.Is(err, history.ErrNoTopic)
}

// Check returns an error if the group's commits would have no room to remember what was
// done: then letters that were sent would count as open, and the next redrive would send
// them again.
func (r *Redrive) Check(plan *history.Plan) error {
	for _, s := range plan.Spans {
		if max(r.Send.End(s.Partition), r.Quarantine.End(s.Partition)) == 0 {
			continue
		}
		var stay []int64
		for at := range r.open.Offsets(s.Partition) {
			stay = append(stay, at)
		}
		if !proof.Rememberable(stay, s.To) {
			return fmt.Errorf("the letters that the filters choose are scattered among %d others of partition %d that stay, more than the group's offsets can tell apart: "+
				"choose fewer of them (--until, --partition), or more (fewer filters)", len(stay), s.Partition)
		}
	}
	return nil
}

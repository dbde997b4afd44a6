package parking

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// A partition that cannot be read again is left alone for troubleFor, and for longer each
// time that it still cannot, up to maxTroubleFor: looking at it takes time that records of
// the others are waiting in.
const (
	troubleFor    = time.Second
	maxTroubleFor = 30 * time.Second
)

// troubles are the partitions that could not be read again.
type troubles map[assignment.TopicPartition]trouble

type trouble struct {
	why   error
	pause time.Duration
	until time.Time
}

// note notes that a partition could not be read.
func (t *troubles) note(tp assignment.TopicPartition, why error, now time.Time) {
	if *t == nil {
		*t = make(troubles)
	}
	pause := min(max(2*(*t)[tp].pause, troubleFor), maxTroubleFor)
	(*t)[tp] = trouble{why: why, pause: pause, until: now.Add(pause)}
}

// over notes that a partition was read.
func (t troubles) over(tp assignment.TopicPartition) { delete(t, tp) }

// waits reports whether a partition is to be left alone now.
func (t troubles) waits(tp assignment.TopicPartition, now time.Time) bool {
	return t[tp].until.After(now)
}

// among returns those of which something is wanted again.
func (t troubles) among(w *Wanted) (tps []assignment.TopicPartition) {
	for tp := range w.partitions {
		if _, ok := t[tp]; ok {
			tps = append(tps, tp)
		}
	}
	return tps
}

// forget forgets partitions of which nothing is parked any more, and those that nobody has
// looked at for long: whether they can be read is not known, and may not be held against
// the brokers while their profiles want nothing.
func (t troubles) forget(lots *Lots, now time.Time) {
	maps.DeleteFunc(t, func(tp assignment.TopicPartition, x trouble) bool {
		return now.Sub(x.until) > maxTroubleFor || !lots.owes(tp)
	})
}

// tell returns what is the matter with them; nil if there are none.
func (t troubles) tell() error {
	const most = 5
	var told []string
	for _, tp := range slices.SortedFunc(maps.Keys(t), func(a, b assignment.TopicPartition) int { return strings.Compare(a.String(), b.String()) }) {
		if len(told) == most {
			told = append(told, fmt.Sprintf("and %d more", len(t)-most))
			break
		}
		told = append(told, fmt.Sprintf("partition %s: %v", tp, t[tp].why))
	}
	if len(told) == 0 {
		return nil
	}
	return errors.New(strings.Join(told, "; "))
}

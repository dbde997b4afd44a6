package parking

import (
	"cmp"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Wanted is what one turn looks for, by partition and in the order of offsets.
type Wanted struct {
	lots       *Lots
	errands    []errand
	partitions map[assignment.TopicPartition][]want
	aside      map[assignment.TopicPartition][]want // that cannot be read now
}

type want struct {
	assignment.Spot
	errand int
}

func newWanted(p *Lots, errands []errand) *Wanted {
	w := &Wanted{lots: p, errands: errands, partitions: make(map[assignment.TopicPartition][]want), aside: make(map[assignment.TopicPartition][]want)}
	for i, e := range errands {
		for _, s := range e.spots {
			tp := s.Owner.TopicPartition()
			w.partitions[tp] = append(w.partitions[tp], want{s, i})
		}
	}
	for _, wants := range w.partitions {
		slices.SortFunc(wants, func(a, b want) int { return cmp.Compare(a.At.Offset, b.At.Offset) })
	}
	return w
}

// left returns what of an errand was not found.
func (w *Wanted) left(errand int) (spots []assignment.Spot) {
	for _, partitions := range []map[assignment.TopicPartition][]want{w.partitions, w.aside} {
		for _, wants := range partitions {
			for _, x := range wants {
				if x.errand == errand {
					spots = append(spots, x.Spot)
				}
			}
		}
	}
	// In the order in which they were taken, as far as it is known.
	slices.SortStableFunc(spots, func(a, b assignment.Spot) int { return cmp.Compare(a.Seq, b.Seq) })
	return spots
}

// Found passes on those of a partition's records that are wanted, and gives up those that
// should have come before one of them and did not.
func (w *Wanted) Found(tp assignment.TopicPartition, records []*kgo.Record) {
	wants := w.partitions[tp]
	var hits assignment.Intake
	var owner *assignment.Assignment // of the hits
	var gone []want
	i := 0
	for _, rec := range records {
		for ; i < len(wants) && wants[i].At.Offset < rec.Offset; i++ {
			gone = append(gone, wants[i])
		}
		if i == len(wants) {
			break
		}
		if wants[i].At.Offset == rec.Offset {
			if wants[i].Replaced(rec) {
				gone = append(gone, wants[i])
				i++
				continue
			}
			if len(hits.Records) > 0 && wants[i].Owner != owner {
				w.handOn(owner, hits)
				hits = assignment.Intake{}
			}
			owner = wants[i].Owner
			hits.Records, hits.Seqs, hits.Pasts = append(hits.Records, rec), append(hits.Seqs, wants[i].Seq), append(hits.Pasts, wants[i].Past)
			i++
		}
	}
	if len(hits.Records) > 0 {
		w.handOn(owner, hits)
	}
	w.giveUp(gone)
	w.now(tp, wants[i:])
}

// now sets what of a partition is still wanted.
func (w *Wanted) now(tp assignment.TopicPartition, wants []want) {
	if len(wants) == 0 {
		delete(w.partitions, tp)
		return
	}
	w.partitions[tp] = wants
}

// putAside looks for nothing more of a partition in this turn.
func (w *Wanted) putAside(tp assignment.TopicPartition) {
	if wants := w.partitions[tp]; len(wants) > 0 {
		w.aside[tp] = wants
		delete(w.partitions, tp)
	}
}

// handOn gives records to their assignment's pump once more.
func (w *Wanted) handOn(a *assignment.Assignment, in assignment.Intake) {
	var bytes int64
	for _, rec := range in.Records {
		bytes += int64(verdict.SizeOf(rec))
	}
	n := len(in.Records)
	// The window first, as always: a verdict may come before Again returns.
	w.lots.window.Take(n, bytes)
	if !a.Again(in) {
		w.lots.window.Release(n, bytes)
		return
	}
	w.lots.metrics.reread.Add(float64(n))
}

// giveUp reports that records no longer exist in Kafka.
func (w *Wanted) giveUp(gone []want) {
	for _, x := range gone {
		rec := &kgo.Record{Topic: x.Owner.Topic(), Partition: x.Owner.Partition(), Offset: x.At.Offset, LeaderEpoch: x.At.Epoch}
		w.handOn(x.Owner, assignment.Intake{Records: []*kgo.Record{rec}, Seqs: []uint64{x.Seq}, Gone: true, Of: w.errands[x.errand].profile})
	}
}

// giveUpOrphans gives up records whose topic has been deleted. Other records may be at
// their offsets now.
func (w *Wanted) giveUpOrphans() {
	for tp, wants := range w.partitions {
		var gone []want
		wants = slices.DeleteFunc(wants, func(x want) bool {
			orphan := x.Owner.Orphaned()
			if orphan {
				gone = append(gone, x)
			}
			return orphan
		})
		w.giveUp(gone)
		w.now(tp, wants)
	}
}

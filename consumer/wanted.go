package consumer

import (
	"cmp"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// wanted is what one turn looks for, by partition and in the order of offsets.
type wanted struct {
	parking    *parking
	topic      string
	errands    []errand
	partitions map[int32][]want
}

type want struct {
	spot
	errand int
}

func newWanted(p *parking, topic string, errands []errand) *wanted {
	w := &wanted{parking: p, topic: topic, errands: errands, partitions: make(map[int32][]want)}
	for i, e := range errands {
		for _, s := range e.spots {
			w.partitions[s.owner.partition] = append(w.partitions[s.owner.partition], want{s, i})
		}
	}
	for _, wants := range w.partitions {
		slices.SortFunc(wants, func(a, b want) int { return cmp.Compare(a.at.Offset, b.at.Offset) })
	}
	return w
}

// left is what of an errand was not found.
func (w *wanted) left(errand int) (spots []spot) {
	for _, wants := range w.partitions {
		for _, x := range wants {
			if x.errand == errand {
				spots = append(spots, x.spot)
			}
		}
	}
	// In the order in which they were taken, as far as there is one.
	slices.SortStableFunc(spots, func(a, b spot) int { return cmp.Compare(a.seq, b.seq) })
	return spots
}

// found hands on those of a partition's records that are wanted, and gives up
// those that should have come before one of them and did not.
func (w *wanted) found(partition int32, records []*kgo.Record) {
	wants := w.partitions[partition]
	var hits intake
	var owner *assignment // of the hits
	var gone []want
	i := 0
	for _, rec := range records {
		for ; i < len(wants) && wants[i].at.Offset < rec.Offset; i++ {
			gone = append(gone, wants[i])
		}
		if i == len(wants) {
			break
		}
		if wants[i].at.Offset == rec.Offset {
			if wants[i].replaced(rec) {
				gone = append(gone, wants[i])
				i++
				continue
			}
			if len(hits.records) > 0 && wants[i].owner != owner {
				w.handOn(owner, hits)
				hits = intake{}
			}
			owner = wants[i].owner
			hits.records, hits.seqs, hits.pasts = append(hits.records, rec), append(hits.seqs, wants[i].seq), append(hits.pasts, wants[i].past)
			i++
		}
	}
	if len(hits.records) > 0 {
		w.handOn(owner, hits)
	}
	w.giveUp(gone)
	w.now(partition, wants[i:])
}

// now sets what of a partition is still wanted.
func (w *wanted) now(partition int32, wants []want) {
	if len(wants) == 0 {
		delete(w.partitions, partition)
		return
	}
	w.partitions[partition] = wants
}

// handOn gives records to their assignment's pump once more.
func (w *wanted) handOn(a *assignment, in intake) {
	var bytes int64
	for _, rec := range in.records {
		bytes += int64(verdict.SizeOf(rec))
	}
	n := len(in.records)
	// The window first, as always: a verdict may come before again returns.
	w.parking.window.Take(n, bytes)
	if !a.again(in) {
		w.parking.window.Release(n, bytes)
		return
	}
	w.parking.metrics.reread.Add(float64(n))
}

// giveUp hands on that records are not in Kafka any more.
func (w *wanted) giveUp(gone []want) {
	for _, x := range gone {
		rec := &kgo.Record{Topic: w.topic, Partition: x.owner.partition, Offset: x.at.Offset, LeaderEpoch: x.at.Epoch}
		w.handOn(x.owner, intake{records: []*kgo.Record{rec}, seqs: []uint64{x.seq}, gone: w.errands[x.errand].profile})
	}
}

// giveUpOrphans gives up records whose topic has been deleted. There may be others
// at their offsets now.
func (w *wanted) giveUpOrphans() {
	for partition, wants := range w.partitions {
		var gone []want
		wants = slices.DeleteFunc(wants, func(x want) bool {
			orphan := x.owner.orphaned()
			if orphan {
				gone = append(gone, x)
			}
			return orphan
		})
		w.giveUp(gone)
		w.now(partition, wants)
	}
}

package consumer

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Progress is what a group has settled of a topic, as its commits tell it: all
// before the committed offset of a partition, and what the commit's metadata
// names beyond.
type Progress struct {
	committed map[int32]int64
	beyond    map[int32]beyond
	// Unreadable counts partitions whose metadata is not ours or is damaged; of
	// those only the committed offset counts.
	Unreadable int
}

// ReadProgress asks for the group's commits. A group that has none has settled
// nothing.
func ReadProgress(ctx context.Context, admin *kadm.Client, group, topic string) (*Progress, error) {
	p := &Progress{committed: make(map[int32]int64), beyond: make(map[int32]beyond)}
	offsets, err := admin.FetchOffsets(ctx, group)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return p, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the offsets of group %q cannot be read: %w", group, err)
	}
	for partition, o := range offsets[topic] {
		if o.Err != nil {
			return nil, fmt.Errorf("the offsets of group %q cannot be read: partition %d: %w", group, partition, o.Err)
		}
		if o.At < 0 {
			continue
		}
		p.committed[partition] = o.At
		b, err := parseBeyond(o.Metadata, o.At)
		if err != nil {
			p.Unreadable++
			continue
		}
		p.beyond[partition] = b
	}
	return p, nil
}

// Begun tells whether the group has committed anything of the topic.
func (p *Progress) Begun() bool { return len(p.committed) > 0 }

// Committed is the offset up to which all of a partition is settled; -1 if the
// group has none.
func (p *Progress) Committed(partition int32) int64 {
	if at, ok := p.committed[partition]; ok {
		return at
	}
	return -1
}

// Settled tells whether a record has had its verdict.
func (p *Progress) Settled(partition int32, offset int64, leaderEpoch int32) bool {
	if at, ok := p.committed[partition]; ok && offset < at {
		return true
	}
	b := p.beyond[partition]
	return b.has(offset, leaderEpoch)
}

// Rememberable tells whether one commit can say that all of a partition up to end
// is settled but for the given offsets, which rise. A commit's metadata is bounded, and
// what does not fit into it is forgotten.
func Rememberable(unsettled []int64, end int64) bool {
	if len(unsettled) == 0 {
		return true
	}
	b := beyond{committed: unsettled[0]}
	next := unsettled[0] + 1
	for _, at := range unsettled[1:] {
		if at > next {
			b.settled = append(b.settled, span{next, at})
		}
		next = at + 1
	}
	if end > next {
		b.settled = append(b.settled, span{next, end})
	}
	return len(b.text()) <= metadataLimit
}

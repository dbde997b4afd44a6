package proof

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Progress is what a group has settled of a topic, according to its commits: everything
// before the committed offset of a partition, and the ranges in the commit's metadata.
// Both are believed as far as they are about the records in the topic, by the rules of a
// Consumer.
type Progress struct {
	committed map[int32]int64
	beyond    map[int32]ledger.Beyond
	// Unreadable counts partitions whose metadata is not ours, is damaged or is not about
	// the topic's records; of those only the committed offset counts, or a part of what
	// they say.
	Unreadable int
	// Missed are the records of each partition that were deleted after what is settled of
	// it and before they were read; only partitions with some.
	Missed map[int32]int64
}

// ReadProgress reads the group's commits, and the records that they are about. A group
// without commits has settled nothing.
func ReadProgress(ctx context.Context, client *kgo.Client, group, topic string) (*Progress, error) {
	p := &Progress{committed: make(map[int32]int64), beyond: make(map[int32]ledger.Beyond), Missed: make(map[int32]int64)}
	offsets, err := kadm.NewClient(client).FetchOffsets(ctx, group)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return p, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the offsets of group %q cannot be read: %w", group, redact.Wrap(err))
	}
	var claims []ledger.Claim
	for partition, o := range offsets[topic] {
		if o.Err != nil {
			return nil, fmt.Errorf("the offsets of group %q cannot be read: partition %d: %w", group, partition, redact.Wrap(o.Err))
		}
		if o.At < 0 {
			continue
		}
		c := ledger.Claim{Partition: partition, Committed: o.At, First: -1}
		var bad *ledger.MetadataError
		if c.Said, err = ledger.ParseBeyond(o.Metadata, o.At); errors.As(err, &bad) {
			c.Unread = bad.Reason
		}
		claims = append(claims, c)
		p.committed[partition] = o.At
	}
	prover := Prover{Client: client, Topic: topic, Timeout: Timeout}
	found, err := prover.patient(ctx, claims)
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return p, nil // the caller finds that out, too
	}
	if err != nil {
		return nil, fmt.Errorf("what group %q has settled cannot be compared with topic %q: %w", group, topic, redact.Wrap(err))
	}
	for partition, f := range found {
		p.committed[partition], p.beyond[partition] = f.Begin, f.Believed
		if f.Missed > 0 {
			p.Missed[partition] = f.Missed
		}
		if f.Reason != "" {
			p.Unreadable++
		}
	}
	return p, nil
}

// Begun reports whether the group has committed anything of the topic.
func (p *Progress) Begun() bool { return len(p.committed) > 0 }

// Committed returns the offset up to which all of a partition is settled; -1 if the group
// has none.
func (p *Progress) Committed(partition int32) int64 {
	if at, ok := p.committed[partition]; ok {
		return at
	}
	return -1
}

// Settled reports whether a record has its verdict.
func (p *Progress) Settled(partition int32, offset int64, leaderEpoch int32) bool {
	if at, ok := p.committed[partition]; ok && offset < at {
		return true
	}
	b := p.beyond[partition]
	return b.Has(offset, leaderEpoch)
}

// Rememberable reports whether one commit can express that all of a partition up to end
// is settled except for the given offsets, in ascending order. A commit's metadata is
// bounded, and what does not fit into it is forgotten.
func Rememberable(unsettled []int64, end int64) bool {
	if len(unsettled) == 0 {
		return true
	}
	b := ledger.Beyond{Committed: unsettled[0], Log: ledger.LogID{Cluster: 1, Name: 1, Topic: [16]byte{1}}}
	for i := range int64(ledger.MaxWitnesses) {
		b.Witnesses = append(b.Witnesses, ledger.Witness{Offset: (i + 1) * (end/ledger.MaxWitnesses + 1), Print: 1})
	}
	next := unsettled[0] + 1
	for _, at := range unsettled[1:] {
		if at > next {
			b.Settled = append(b.Settled, ledger.Span{From: next, To: at})
		}
		next = at + 1
	}
	if end > next {
		b.Settled = append(b.Settled, ledger.Span{From: next, To: end})
	}
	return len(b.Text()) <= ledger.MetadataLimit
}

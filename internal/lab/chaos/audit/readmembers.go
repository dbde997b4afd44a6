package audit

import (
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kgo"
)

// In the consumer protocol (KIP-848) the brokers write a record for each change of one
// member, and none for a generation. What follows from all of them so far is taken for
// one: who has a partition, from that time on.

// The versions of keys that are about members. Records of a group's epoch and of the
// assignment that it is on its way to say nothing about who has what.
const (
	keyMember     = 5 // who it is: its client id
	keyAssignment = 8 // what it has, and what it was asked to give up
)

// groupMember is a member of a group of the consumer protocol, by what the brokers have
// written of it so far.
type groupMember struct {
	client     string
	partitions []int32
}

// readMember takes a record about a member.
func (f *groupReader) readMember(version int16, r *kgo.Record) error {
	key := kbin.Reader{Src: r.Key[2:]}
	group, id := key.String(), key.String()
	if err := key.Complete(); err != nil {
		return fmt.Errorf("a member's key: %w", err)
	}
	if group != f.Run.Group {
		return nil
	}
	if f.members == nil {
		f.members = make(map[string]groupMember)
	}
	m := f.members[id]
	switch {
	case r.Value == nil && version == keyMember:
		delete(f.members, id)
	case r.Value == nil:
		m.partitions = nil
		f.members[id] = m
	case version == keyMember:
		client, err := readClient(r.Value)
		if err != nil {
			return fmt.Errorf("member %s: %w", id, err)
		}
		m.client = client
		f.members[id] = m
		return nil // its partitions are written for themselves
	default:
		partitions, err := readAssigned(r.Value, f.topicID)
		if err != nil {
			return fmt.Errorf("what member %s has: %w", id, err)
		}
		m.partitions = partitions
		f.members[id] = m
	}
	g := Generation{At: r.Timestamp, Number: int32(len(f.Generations)), Owners: make(map[int32]Owner)}
	for id, m := range f.members {
		for _, p := range m.partitions {
			g.Owners[p] = Owner{m.client, id}
		}
	}
	f.Generations = append(f.Generations, g)
	return nil
}

// readClient returns the client id of a member.
func readClient(value []byte) (string, error) {
	if err := ofVersionZero(value); err != nil {
		return "", err
	}
	b := kbin.Reader{Src: value[2:]}
	b.CompactNullableString() // its instance
	b.CompactNullableString() // its rack
	client := b.CompactString()
	if !b.Ok() {
		return "", kbin.ErrNotEnoughData
	}
	return client, nil
}

// readAssigned returns the partitions of a topic that a member has. Those that it was
// asked to give up are not among them, though it may be finishing them: as in a generation
// of the classic protocol, they are nobody's until another member has them.
func readAssigned(value []byte, topicID [16]byte) (partitions []int32, err error) {
	if err := ofVersionZero(value); err != nil {
		return nil, err
	}
	b := kbin.Reader{Src: value[2:]}
	b.Int32() // its epoch
	b.Int32() // the one before
	b.Int8()  // its state
	for range b.CompactArrayLen() {
		id := b.Uuid()
		for range b.CompactArrayLen() {
			if p := b.Int32(); id == topicID {
				partitions = append(partitions, p)
			}
		}
		for range b.Uvarint() { // fields of later brokers
			b.Uvarint()
			b.Span(int(b.Uvarint()))
		}
		if !b.Ok() {
			return nil, kbin.ErrNotEnoughData
		}
	}
	return partitions, nil
}

func ofVersionZero(value []byte) error {
	if len(value) < 2 {
		return kbin.ErrNotEnoughData
	}
	if v := binary.BigEndian.Uint16(value); v != 0 {
		return fmt.Errorf("a value of version %d, want 0", v)
	}
	return nil
}

package ledger

import (
	"encoding/binary"
	"slices"

	"github.com/cespare/xxhash/v2"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Witness is a record that this member or an earlier owner has taken, as a fingerprint.
// Brokers lose records only from a log's end, so a witness that is reread and unchanged
// proves everything before it, too.
type Witness struct {
	Offset int64
	Print  uint64
}

// MaxWitnesses bounds how many are kept of a partition: 16 characters of a commit's
// metadata each.
const MaxWitnesses = 12

// Fingerprint distinguishes a record from any other that brokers could hold at its
// offset. It is no cryptographic hash: whoever can choose colliding records can also
// write whatever they want to the topic. A marker that ends a transaction is a record
// like the others, and no other record has its fingerprint.
func Fingerprint(r *kgo.Record) uint64 {
	var head [28]byte
	binary.BigEndian.PutUint64(head[0:], uint64(r.Offset))
	binary.BigEndian.PutUint64(head[8:], uint64(r.Timestamp.UnixMilli()))
	binary.BigEndian.PutUint32(head[16:], uint32(r.LeaderEpoch))
	binary.BigEndian.PutUint32(head[20:], uint32(len(r.Key)))
	binary.BigEndian.PutUint32(head[24:], uint32(len(r.Value)))
	if r.Attrs.IsControl() {
		head[20] |= 0x80 // of a length that never is that large
	}
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write(head[:]) // a Digest takes everything
	_, _ = d.Write(r.Key)
	_, _ = d.Write(r.Value)
	return d.Sum64()
}

// Witnesses are ordered by offset.
type Witnesses []Witness

// Add adds the last record taken. If there are too many, the least important one is
// dropped: they stay dense near the end, where a log is cut, and get sparser with the
// distance from it.
func (ws Witnesses) Add(w Witness) Witnesses {
	// Those of an earlier owner may be beyond it.
	i, found := ws.find(w.Offset)
	if found {
		ws[i] = w
		return ws
	}
	ws = slices.Insert(ws, i, w)
	if len(ws) > MaxWitnesses {
		ws = slices.Delete(ws, ws.least(), ws.least()+1)
	}
	return ws
}

// least returns the witness whose removal leaves the smallest gap in relation to its
// distance from the end. It is never the first or the last.
func (ws Witnesses) least() (least int) {
	end := ws[len(ws)-1].Offset
	smallest := 0.0
	for i := 1; i < len(ws)-1; i++ {
		gap := float64(ws[i+1].Offset-ws[i-1].Offset) / float64(end-ws[i].Offset+1)
		if least == 0 || gap < smallest {
			least, smallest = i, gap
		}
	}
	return least
}

func (ws Witnesses) find(offset int64) (i int, found bool) {
	return slices.BinarySearchFunc(ws, offset, func(w Witness, o int64) int {
		switch {
		case w.Offset < o:
			return -1
		case w.Offset > o:
			return 1
		}
		return 0
	})
}

// Below returns the witnesses before the offset.
func (ws Witnesses) Below(offset int64) Witnesses {
	i, _ := ws.find(offset)
	return ws[:i]
}

// from returns the witnesses at the offset and after it.
func (ws Witnesses) from(offset int64) Witnesses {
	i, _ := ws.find(offset)
	return ws[i:]
}

// Contradicted reports whether one of the records differs from what a witness beyond the
// last one taken saw in its place.
func (ws Witnesses) Contradicted(last int64, records []*kgo.Record) bool {
	ws = ws.from(last + 1)
	if len(ws) == 0 || len(records) == 0 {
		return false
	}
	for _, w := range ws.Below(records[len(records)-1].Offset + 1) {
		i, found := slices.BinarySearchFunc(records, w.Offset, func(r *kgo.Record, o int64) int {
			switch {
			case r.Offset < o:
				return -1
			case r.Offset > o:
				return 1
			}
			return 0
		})
		if found && Fingerprint(records[i]) != w.Print {
			return true
		}
	}
	return false
}

// LogID identifies the log and cluster that offsets are about. Zero parts are unknown:
// brokers before 2.8 give topics no ids.
type LogID struct {
	Cluster uint64 // a hash of the cluster's id
	Name    uint64 // a hash of the topic's name
	Topic   [16]byte
}

// NewLogID returns the id of a log; empty and zero parts are unknown.
func NewLogID(cluster, name string, topic [16]byte) LogID {
	id := LogID{Topic: topic}
	if cluster != "" {
		id.Cluster = xxhash.Sum64String(cluster)
	}
	if name != "" {
		id.Name = xxhash.Sum64String(name)
	}
	return id
}

// kinship is the relation between two logs.
type kinship int

const (
	sameLog      kinship = iota // as far as is known
	otherCluster                // a mirror, or a cluster that was set up again
	otherTopic                  // a copy within the cluster
	madeAgain                   // deleted and recreated under its name
)

// kinship returns the relation of the log to the one that it was said to be.
func (id LogID) kinship(to LogID) kinship {
	var unknown [16]byte
	differ := func(a, b uint64) bool { return a != 0 && b != 0 && a != b }
	switch {
	case differ(id.Cluster, to.Cluster):
		return otherCluster
	case differ(id.Name, to.Name):
		return otherTopic
	case id.Topic != unknown && to.Topic != unknown && id.Topic != to.Topic:
		return madeAgain
	}
	return sameLog
}

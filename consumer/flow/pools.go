package flow

import (
	"encoding/binary"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/slicepool"
)

// FetchPools lend the client the memory that it unpacks fetches into, which otherwise is
// 500 bytes of garbage per event. The memory returns when all records of a broker's batch
// have been recycled, which a pump does as soon as it has passed on what it made of them.
// Records that are never begun, because their partition leaves, leave theirs to the
// garbage collector.
type FetchPools struct {
	bytes   slicepool.Slices[byte]
	records slicepool.Slices[kgo.Record]
}

var (
	_ kgo.PoolDecompressBytes = (*FetchPools)(nil)
	_ kgo.PoolRecords         = (*FetchPools)(nil)
)

const (
	// maxUnpacked is the largest guess of an unpacked size, and the largest memory that
	// is kept: a corrupt header must not cost gigabytes.
	maxUnpacked = 8 << 20
	// maxRecords is the largest number of records whose memory is kept.
	maxRecords = 64 << 10
	// unpackedTimes is the guess without a header.
	unpackedTimes = 4
	// unusedFetches is how many fetches' worth of memory may be unused: what is lent
	// varies by about that much. Without a bound, three times the maximum ever lent at
	// once was kept, because the brokers' batches are of all sizes.
	unusedFetches = 8
)

// NewFetchPools returns pools for fetches of at most that many packed bytes.
func NewFetchPools(most int32) *FetchPools {
	p := &FetchPools{}
	p.bytes.Most, p.records.Most = maxUnpacked, maxRecords
	p.bytes.Unused = unusedFetches * int(most)
	return p
}

// GetDecompressBytes implements kgo.PoolDecompressBytes.
func (p *FetchPools) GetDecompressBytes(packed []byte, codec kgo.CompressionCodecType) []byte {
	n := uint64(len(packed)) * unpackedTimes
	if codec == kgo.CodecSnappy {
		// Its blocks begin with their length. The Java client's framing has a wrong but
		// harmless number here.
		if said, size := binary.Uvarint(packed); size > 0 {
			n = said
		}
	}
	return p.bytes.Get(int(min(n, maxUnpacked)))
}

// PutDecompressBytes implements kgo.PoolDecompressBytes.
func (p *FetchPools) PutDecompressBytes(b []byte) { p.bytes.Put(b) }

// GetRecords implements kgo.PoolRecords.
func (p *FetchPools) GetRecords(n int) []kgo.Record { return p.records.Get(n) }

// PutRecords implements kgo.PoolRecords.
func (p *FetchPools) PutRecords(rs []kgo.Record) { p.records.Put(rs) }

// Trim releases memory that was not needed since the last call.
func (p *FetchPools) Trim() {
	p.bytes.Trim()
	p.records.Trim()
}

// Kept returns how many pieces of memory are kept.
func (p *FetchPools) Kept() (bytes, records int) { return p.bytes.Kept(), p.records.Kept() }

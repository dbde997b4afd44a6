package flow

import (
	"encoding/binary"

	"github.com/twmb/franz-go/pkg/kgo"
)

// MaxBatch bounds what a producer's batch unpacks to. Brokers bound it packed alone, and
// a megabyte of gzip can become a gigabyte: whoever may write to the topic would end the
// process, and the next one that reads the batch. Batches that are meant to be read are
// a few megabytes at most.
const MaxBatch = 32 << 20

// A fetch brings many batches, so that what each becomes is bounded by its own size, too.
// An event has an id and a time that no codec packs into less than some bytes.
const (
	unpackedFree  = 16 << 10 // bytes that any batch may unpack to
	unpackedBytes = 256      // beyond that for each of its own
	recordsFree   = 64       // records that any may have
	recordsByte   = 1        // beyond that for each of its bytes
)

// Unpacker unpacks the client's batches within bounds. Beyond them it fails as the client
// does for a batch that is too large.
type Unpacker struct{ inner kgo.Decompressor }

// NewUnpacker returns one that takes its memory from pools, which may be nil. The client
// bounds its own decompressor alone, so that one is taken from a client that does
// nothing else.
func NewUnpacker(pools *FetchPools) (*Unpacker, error) {
	opts := []kgo.Opt{kgo.MaxDecompressBatchBytes(MaxBatch)}
	if pools != nil {
		opts = append(opts, kgo.WithPools(pools))
	}
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	return &Unpacker{cl.OptValue(kgo.WithDecompressor).(kgo.Decompressor)}, nil
}

// Decompress implements kgo.Decompressor.
func (u *Unpacker) Decompress(packed []byte, codec kgo.CompressionCodecType) ([]byte, error) {
	out, err := u.inner.Decompress(packed, codec)
	if err != nil || codec == kgo.CodecNone {
		return out, err
	}
	if len(out) > unpackedFree+unpackedBytes*len(packed) || moreRecords(out, recordsFree+recordsByte*len(packed)) {
		return nil, kgo.ErrMaxDecompress
	}
	return out, nil
}

// moreRecords reports whether a batch has more records than most. Each takes 200 bytes of
// memory, and may have been seven. It reads their lengths alone, and those only if so
// many fit.
func moreRecords(batch []byte, most int) bool {
	const least = 7 // bytes of an empty record
	// What begins with a zero is of the formats before Kafka 0.11, whose records are
	// larger.
	if len(batch) <= least*most || batch[0] == 0 {
		return false
	}
	for n := 0; len(batch) > 0; n++ {
		if n >= most {
			return true
		}
		length, used := binary.Varint(batch)
		if used <= 0 || length < 0 || length > int64(len(batch)-used) {
			return false // the client refuses it
		}
		batch = batch[used+int(length):]
	}
	return false
}

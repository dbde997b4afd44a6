package framing

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"sync"

	"github.com/tracklayer/amazon-capi/schemas/avro"
)

// MaxInflated bounds what a compressed payload may inflate to. A kilobyte of zlib can
// hold a megabyte, and Kafka's brokers take no event of more than that by default.
const MaxInflated = 1 << 20

// inflater is reused for the next record: a zlib reader has 40 KB.
type inflater struct {
	from bytes.Reader
	zlib io.ReadCloser
	out  bytes.Buffer
}

var inflaters = sync.Pool{New: func() any { return new(inflater) }}

// Inflate returns the Avro of a payload in zlib, in memory of its own.
func Inflate(payload []byte) ([]byte, *avro.Fault) {
	z := inflaters.Get().(*inflater)
	defer inflaters.Put(z)
	z.out.Reset()
	if err := z.read(payload); err != nil {
		// Not passed on: it says no more, and not in our words.
		return nil, &avro.Fault{Kind: avro.BadZlib, Message: "what AWS Glue's prefix calls zlib is not, or is cut off"}
	}
	if z.out.Len() > MaxInflated {
		return nil, &avro.Fault{Kind: avro.BadZlib, Message: fmt.Sprintf("the payload inflates to more than %d MiB", MaxInflated>>20)}
	}
	if z.from.Len() > 0 {
		return nil, &avro.Fault{Kind: avro.BadZlib, Message: "something follows the zlib stream of the payload"}
	}
	return bytes.Clone(z.out.Bytes()), nil
}

func (z *inflater) read(payload []byte) (err error) {
	z.from.Reset(payload)
	if z.zlib == nil {
		z.zlib, err = zlib.NewReader(&z.from)
	} else {
		err = z.zlib.(zlib.Resetter).Reset(&z.from, nil)
	}
	if err != nil {
		return err
	}
	_, err = z.out.ReadFrom(io.LimitReader(z.zlib, MaxInflated+1))
	return err
}

package flow

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Memory is lent by what the packed bytes say, within bounds.
func TestUnpackedSizeIsGuessed(t *testing.T) {
	p := NewFetchPools(1 << 20)
	for _, tt := range []struct {
		packed []byte
		codec  kgo.CompressionCodecType
		want   int
	}{
		{[]byte{0xc8, 0x01, 'x'}, kgo.CodecSnappy, 200},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0x7f, 'x'}, kgo.CodecSnappy, maxUnpacked},
		{nil, kgo.CodecSnappy, 0},
		{make([]byte, 100), kgo.CodecZstd, 400},
	} {
		if got := cap(p.GetDecompressBytes(tt.packed, tt.codec)); got < tt.want || got > tt.want+tt.want/4+4 {
			t.Errorf("%v of %d bytes: %d, want about %d", tt.codec, len(tt.packed), got, tt.want)
		}
	}
}

// What lies unused is no more than goes up and down with the fetches.
func TestUnusedFetchMemoryIsBounded(t *testing.T) {
	const most = 64 << 10
	p := NewFetchPools(most)
	for range 100 {
		p.PutDecompressBytes(make([]byte, 0, most))
	}
	if got := p.bytes.Kept(); got != unusedFetches {
		t.Errorf("memory of %d fetches is kept, want %d", got, unusedFetches)
	}
}

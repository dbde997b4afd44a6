package exchange

import (
	"bytes"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/setting"
)

// zipper compresses request bodies, for links that cost more than CPU time: a request shrinks
// to a fifth, and compressing it takes a quarter of the CPU time of everything else
// (BenchmarkGzip). Amazon does not document that it accepts compressed bodies, so it is off
// by default and turns itself off when an answer says so. Trying loses nothing: a body
// that cannot be read delivers no events.
type zipper struct {
	log     zerolog.Logger
	pool    sync.Pool // *zipped
	refused atomic.Bool
}

// zipped is a compressed body with its compressor.
type zipped struct {
	buf bytes.Buffer
	w   *gzip.Writer
}

func newZipper(log zerolog.Logger) *zipper {
	return &zipper{log: log, pool: sync.Pool{New: func() any {
		// The fastest level: bodies are full of hashes, which do not shrink further at
		// higher levels.
		w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // a valid level
		return &zipped{w: w}
	}}}
}

// zip compresses a body; nil if compression is off. Return the result to the pool once
// nobody reads it.
func (z *zipper) zip(b Body) *zipped {
	if z == nil || z.refused.Load() {
		return nil
	}
	to := z.pool.Get().(*zipped)
	to.buf.Reset()
	to.w.Reset(&to.buf)
	for _, part := range b {
		_, _ = to.w.Write(part) // into memory
	}
	_ = to.w.Close()
	return to
}

// understood takes the status of the answer to a compressed body; false if the request
// must be repeated uncompressed.
func (z *zipper) understood(status int) bool {
	if status != http.StatusUnsupportedMediaType {
		return true
	}
	if z.refused.CompareAndSwap(false, true) {
		z.log.Warn().Msg("Amazon does not accept compressed requests (415): they are sent uncompressed from now on, see " + setting.Gzip.String())
	}
	return false
}

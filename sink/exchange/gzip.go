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

// zipper compresses the bodies of requests, for links that cost more than the
// processor: a request becomes a fifth of its size, for a quarter of what
// everything else takes (BenchmarkGzip). Amazon does not say that it takes such
// bodies, so it is off unless asked for, and goes off by itself at the first answer
// that says so. Nothing is lost by trying: a body that cannot be read has no events.
type zipper struct {
	log     zerolog.Logger
	pool    sync.Pool // *zipped
	refused atomic.Bool
}

// zipped is a compressed body, and what it takes to make one.
type zipped struct {
	buf bytes.Buffer
	w   *gzip.Writer
}

func newZipper(log zerolog.Logger) *zipper {
	return &zipper{log: log, pool: sync.Pool{New: func() any {
		// The fastest level: hashes, of which bodies are full, do not get smaller
		// by trying harder.
		w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // which is a level
		return &zipped{w: w}
	}}}
}

// zip compresses a body; nil if that is not wanted. What it returns goes back to
// the pool once nobody reads it.
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

// understood is told the status of the answer to a compressed body; false when the
// request is to be made again without.
func (z *zipper) understood(status int) bool {
	if status != http.StatusUnsupportedMediaType {
		return true
	}
	if z.refused.CompareAndSwap(false, true) {
		z.log.Warn().Msg("Amazon does not take compressed requests (415): they are sent as they are from now on, see " + setting.Gzip.String())
	}
	return false
}

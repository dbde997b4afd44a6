package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// EncodingsOf returns the encodings of a body, the last applied first.
func EncodingsOf(h http.Header, body []byte) (list []string) {
	for _, v := range h.Values("Content-Encoding") {
		for e := range strings.SplitSeq(v, ",") {
			if e = strings.ToLower(strings.TrimSpace(e)); e != "" && e != "identity" {
				list = append(list, e)
			}
		}
	}
	if len(list) == 0 && bytes.HasPrefix(body, []byte("\x1f\x8b\x08")) {
		list = []string{"gzip"} // compressed without a Content-Encoding
	}
	slices.Reverse(list)
	return list
}

// ErrTooLarge is returned for an answer beyond its limit.
var ErrTooLarge = errors.New("the answer is larger than any answer to such a request can be")

// Unreadable is a body that is compressed and cannot be decompressed.
type Unreadable struct{ encoding, why string }

func (u *Unreadable) Error() string {
	return fmt.Sprintf("the answer is compressed (%s) although that was not asked for, and cannot be read: %s", u.encoding, u.why)
}

// Inflater decompresses one answer at a time: compression is not requested and therefore
// rare, and not every lane should hold the memory for it.
type Inflater struct {
	mu   sync.Mutex
	a, b bytes.Buffer
}

const (
	// maxWindow bounds the memory of a zstd decoder. Brotli's is 16 MB by its format.
	maxWindow = 8 << 20
	// maxKept is the largest buffer kept for reuse: an answer that echoes a full request's
	// events.
	maxKept = 2 << 20
	// maxDecoded bounds what a zstd decoder produces from one body.
	maxDecoded = 16 << 20
	// maxEncodings is how many nested encodings are decoded.
	maxEncodings = 2
)

// Inflate decodes the body and passes the result to use.
func (z *Inflater) Inflate(body []byte, encodings []string, most int, use func([]byte)) error {
	if len(encodings) > maxEncodings {
		return &Unreadable{fmt.Sprint(len(encodings), " times"), "want it once, or not at all"}
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	defer z.trim()
	from, to := &z.a, &z.b
	for _, e := range encodings {
		to.Reset()
		if err := undo(to, e, body, most); err != nil {
			return err
		}
		body = to.Bytes()
		from, to = to, from
	}
	use(body)
	return nil
}

// trim releases the memory of a large answer.
func (z *Inflater) trim() {
	for _, b := range []*bytes.Buffer{&z.a, &z.b} {
		if b.Cap() > maxKept {
			*b = bytes.Buffer{}
		}
	}
}

func undo(to *bytes.Buffer, encoding string, body []byte, most int) (err error) {
	name := redact.Line(redact.Message(encoding), 20)
	defer func() {
		// A decoder that panics on a malicious body must not end the program.
		if recover() != nil {
			err = &Unreadable{name, "it is damaged"}
		}
	}()
	r, done, err := decoder(encoding, body)
	if err != nil {
		return &Unreadable{name, "it is damaged"}
	}
	if r == nil {
		return &Unreadable{name, "want identity, gzip, deflate, br or zstd"}
	}
	defer done()
	n, err := to.ReadFrom(io.LimitReader(r, int64(most)+1))
	switch {
	case n > int64(most):
		return ErrTooLarge
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Unreadable{name, "it is truncated"}
	case err != nil:
		return &Unreadable{name, "it is damaged"}
	}
	return nil
}

// wholeBrotli reads a brotli stream followed by one extra byte. The library ends in the same
// way at a stream's end and at a truncation; only if the extra byte is left over was the
// stream complete.
type wholeBrotli struct{ r *brotli.Reader }

func (w wholeBrotli) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	switch {
	case err == nil:
	case err.Error() == "brotli: excessive input":
		err = io.EOF
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// decoder returns nil for an unknown encoding.
func decoder(encoding string, body []byte) (r io.Reader, done func(), err error) {
	in := bytes.NewReader(body)
	done = func() {}
	switch encoding {
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(in)
	case "deflate":
		// HTTP's deflate is zlib's format; some servers send raw deflate.
		if len(body) >= 2 && body[0]&0x0f == 8 && (int(body[0])<<8|int(body[1]))%31 == 0 {
			r, err = zlib.NewReader(in)
		} else {
			r = flate.NewReader(in)
		}
	case "br":
		r = wholeBrotli{brotli.NewReader(bytes.NewReader(append(slices.Clip(body), 0)))}
	case "zstd":
		var z *zstd.Decoder
		z, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxDecoded))
		if err == nil {
			r, done = z, z.Close
		}
	}
	return r, done, err
}

package sink

import (
	"bytes"
	"io"
	"sync"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// loginReply is what Login with Amazon answers, or how it fails to.
type loginReply struct {
	status int
	header map[string]string
	body   string
	err    error         // instead of an answer
	cut    bool          // the body breaks off
	delay  time.Duration // before the answer; the client may give up meanwhile
}

const loginPage = "<!DOCTYPE html>\n<html><body><h1>Sign in</h1></body></html>"

// loginLog is a log that a test reads while it is written to.
type loginLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *loginLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *loginLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// loginPacked is a text by an encoding.
func loginPacked(encoding, s string) string {
	var b bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip", "x-gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "raw":
		w, _ = flate.NewWriter(&b, 6)
	case "br":
		w = brotli.NewWriter(&b)
	case "zstd":
		w, _ = zstd.NewWriter(&b)
	}
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

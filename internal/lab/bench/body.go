package bench

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"
)

// body is the memory that a request is read into.
type body struct {
	wire  bytes.Buffer // as it came
	plain []byte       // wire, or inflated

	source   bytes.Reader
	zip      gzip.Reader
	inflated bytes.Buffer
}

// mostAhead bounds the memory that a request's word for its length is taken for.
const mostAhead = 8 << 20

// read reads a request's body, and returns the status of its answer if it cannot.
func (b *body) read(r *http.Request) (status int) {
	b.wire.Reset()
	// Room for all of it has the reads be as large as the socket's buffer.
	b.wire.Grow(int(min(max(r.ContentLength, 0), mostAhead)) + bytes.MinRead)
	if _, err := b.wire.ReadFrom(r.Body); err != nil {
		return http.StatusBadRequest
	}
	b.plain = b.wire.Bytes()
	switch r.Header.Get("Content-Encoding") {
	case "":
		return http.StatusOK
	case "gzip":
		return b.inflate()
	}
	return http.StatusUnsupportedMediaType
}

func (b *body) inflate() (status int) {
	b.source.Reset(b.plain)
	b.inflated.Reset()
	if b.zip.Reset(&b.source) != nil {
		return http.StatusBadRequest
	}
	if _, err := b.inflated.ReadFrom(&b.zip); err != nil {
		return http.StatusBadRequest
	}
	b.plain = b.inflated.Bytes()
	return http.StatusOK
}

// timedPrefix begins the ids of events that are published for their latency; the
// Unix microseconds of their publication follow.
const timedPrefix = "bench-"

const idKey = `"eventId":"`

// rare is the letter of idKey that there is least of in events, and rareAt where
// it is. To look at every I is a quarter of the time that bytes.Count takes,
// which stops at every quotation mark or tries every byte.
const (
	rare   = 'I'
	rareAt = len(`"event`)
)

// events returns how many event ids there are in a body, and when those events
// were published whose ids tell.
func events(body []byte) (n int, published []time.Time) {
	for i := rareAt; i < len(body); i++ {
		next := bytes.IndexByte(body[i:], rare)
		if next < 0 {
			break
		}
		i += next
		id, ok := bytes.CutPrefix(body[i-rareAt:], []byte(idKey))
		if !ok {
			continue
		}
		n++
		if at, ok := publishedAt(id); ok {
			published = append(published, at)
		}
	}
	return n, published
}

// publishedAt reads the time out of what begins with an event's id.
func publishedAt(id []byte) (at time.Time, ok bool) {
	rest, ok := bytes.CutPrefix(id, []byte(timedPrefix))
	if !ok {
		return at, false
	}
	end := bytes.IndexAny(rest, `-"`)
	if end < 0 {
		return at, false
	}
	us, err := strconv.ParseInt(string(rest[:end]), 10, 64)
	return time.UnixMicro(us), err == nil
}

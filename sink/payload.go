package sink

import (
	"errors"
	"io"
	"sync"
)

// body is a request's body: what the contract has before the events, these, and
// what it has after them. It is not put together, because a batch's events lie in
// its memory as they are sent, page for page.
type body [][]byte

func (b body) size() (n int) {
	for _, part := range b {
		n += len(part)
	}
	return n
}

// read copies what comes after the first off bytes.
func (b body) read(dst []byte, off int) (n int) {
	for _, part := range b {
		skip := min(off, len(part))
		n += copy(dst[n:], part[skip:])
		off -= skip
	}
	return n
}

var errReleased = errors.New("request body used after its request ended")

// payload lends a body to a request. net/http may go on reading it after Do has
// returned, when the answer came early or the context ended; by then the bytes may
// already be those of another batch, and Amazon would be sent a mixture. After
// release a reader gets an error instead.
type payload struct {
	mu   sync.Mutex
	body body
	over bool // released
}

func (p *payload) open() io.ReadCloser { return &payloadReader{p: p} }

// release takes the bytes back. No reader touches them afterwards.
func (p *payload) release() {
	p.mu.Lock()
	p.body, p.over = body{}, true
	p.mu.Unlock()
}

type payloadReader struct {
	p   *payload
	off int
}

func (r *payloadReader) Read(b []byte) (int, error) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	switch {
	case r.p.over:
		return 0, errReleased
	case r.off == r.p.body.size():
		return 0, io.EOF
	}
	n := r.p.body.read(b, r.off)
	r.off += n
	return n, nil
}

func (r *payloadReader) Close() error { return nil }

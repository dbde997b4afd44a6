package sink

import (
	"errors"
	"io"
	"sync"
)

var errReleased = errors.New("request body used after its request ended")

// payload lends bytes to a request. net/http may go on reading a body after Do
// has returned, when the answer came early or the context ended; by then the
// bytes may already be those of another batch, and Amazon would be sent a
// mixture. After release a reader gets an error instead.
type payload struct {
	mu   sync.Mutex
	data []byte // nil once released
}

func (p *payload) open() io.ReadCloser { return &payloadReader{p: p} }

// release takes the bytes back. No reader touches them afterwards.
func (p *payload) release() {
	p.mu.Lock()
	p.data = nil
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
	case r.p.data == nil:
		return 0, errReleased
	case r.off == len(r.p.data):
		return 0, io.EOF
	}
	n := copy(b, r.p.data[r.off:])
	r.off += n
	return n, nil
}

func (r *payloadReader) Close() error { return nil }

package exchange

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
)

// Body is a request's body: the contract's prefix, the events, and its suffix. The parts
// are not joined: a batch's events are sent from the pages that hold them.
type Body [][]byte

// has reports whether the body contains an id, or its middle if it is a UUID, in lower
// case, upper case or as given.
func (b Body) has(id string) bool {
	if len(id) == 36 {
		id = id[8:24] // begins with a dash, a rare byte that is fast to search for
	}
	spellings := [...][]byte{[]byte(id), bytes.ToUpper([]byte(id)), bytes.ToLower([]byte(id))}
	for i, spelled := range spellings {
		if i > 0 && bytes.Equal(spelled, spellings[0]) {
			continue
		}
		for _, part := range b {
			if bytes.Contains(part, spelled) {
				return true
			}
		}
	}
	return false
}

// repeats reports whether a key of an answer occurs in the body, in any case and not as a key
// of the body. It reads the whole body.
func (b Body) repeats(key string) bool {
	named, lower := []byte(`"`+key+`":`), bytes.ToLower([]byte(key))
	if slices.ContainsFunc(b, func(part []byte) bool { return bytes.Contains(part, named) }) {
		return false
	}
	return slices.ContainsFunc(b, func(part []byte) bool { return bytes.Contains(bytes.ToLower(part), lower) })
}

func (b Body) size() (n int) {
	for _, part := range b {
		n += len(part)
	}
	return n
}

// read copies bytes from offset off.
func (b Body) read(dst []byte, off int) (n int) {
	for _, part := range b {
		skip := min(off, len(part))
		n += copy(dst[n:], part[skip:])
		off -= skip
	}
	return n
}

// part returns at most that many bytes from offset off.
func (b Body) part(off, most int) Body {
	parts := make(Body, 0, len(b))
	for _, p := range b {
		skip := min(off, len(p))
		off -= skip
		p = p[skip:][:min(len(p)-skip, most)]
		most -= len(p)
		if len(p) > 0 {
			parts = append(parts, p)
		}
	}
	return parts
}

var errReleased = errors.New("request body used after its request ended")

// payload lends a body to a request. net/http may still read it after Do has returned, if
// the answer came early or the context ended; by then the bytes may belong to another
// batch, and Amazon would receive a mixture. After release a reader gets an error instead.
type payload struct {
	mu   sync.Mutex
	body Body
	over bool // released
}

func (p *payload) open() io.ReadCloser { return &payloadReader{p: p} }

// release revokes the bytes. No reader touches them afterwards.
func (p *payload) release() {
	p.mu.Lock()
	p.body, p.over = Body{}, true
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

// WriteParts implements parted. The bytes are borrowed until the connection has taken them
// or fails, and release waits for that. The wait is short: if a request ends before its
// body was written, net/http closes the connection.
func (r *payloadReader) WriteParts(c net.Conn, most int64) (int64, error) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	if r.p.over {
		return 0, errReleased
	}
	parts := net.Buffers(r.p.body.part(r.off, int(most)))
	n, err := parts.WriteTo(c)
	r.off += int(n)
	return n, err
}

package exchange

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/sink/web"
)

// sockets is both ends of a connection that can take many parts at a time.
func sockets(t *testing.T) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

// A body that is read for a while and then writes itself, in whatever pieces, is
// what it was, and is left as it was for the next try.
func TestBodiesWriteThemselves(t *testing.T) {
	near, far := sockets(t)
	rapid.Check(t, func(t *rapid.T) {
		var parts Body
		for range rapid.IntRange(1, 30).Draw(t, "parts") {
			parts = append(parts, bytes.Repeat([]byte{byte(len(parts))}, rapid.IntRange(0, 3000).Draw(t, "size")))
		}
		whole := bytes.Join(parts, nil)
		p := &payload{body: parts}
		for range 2 {
			r := p.open().(*payloadReader)
			got := make([]byte, rapid.IntRange(0, len(whole)).Draw(t, "read"))
			if _, err := io.ReadFull(r, got); err != nil {
				t.Fatal(err)
			}
			for len(got) < len(whole) {
				most := rapid.IntRange(1, len(whole)).Draw(t, "most")
				n, err := r.WriteParts(near, int64(most))
				if left := len(whole) - len(got); err != nil || int(n) != min(most, left) {
					t.Fatalf("%d bytes written, %v; want %d at most, of %d", n, err, most, left)
				}
				piece := make([]byte, n)
				if _, err := io.ReadFull(far, piece); err != nil {
					t.Fatal(err)
				}
				got = append(got, piece...)
			}
			if _, err := r.Read(make([]byte, 1)); !bytes.Equal(got, whole) || err != io.EOF {
				t.Fatalf("%d bytes of %d are not those of the body, or go on: %v", len(got), len(whole), err)
			}
		}
		p.release()
		if n, err := p.open().(*payloadReader).WriteParts(near, 10); n > 0 || !errors.Is(err, errReleased) {
			t.Fatalf("%d bytes are written after their release, %v", n, err)
		}
	})
}

// While a connection takes a body its bytes are not given to others, and a
// connection that is closed gives them back.
func TestBytesAreLentUntilTheyAreWritten(t *testing.T) {
	near, far := net.Pipe()
	p := &payload{body: Body{bytes.Repeat([]byte("x"), 100)}}
	done := make(chan error)
	go func() {
		_, err := p.open().(*payloadReader).WriteParts(near, 100)
		done <- err
	}()
	if _, err := far.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if p.mu.TryLock() {
		t.Fatal("a release would not wait")
	}
	near.Close()
	if err := <-done; err == nil {
		t.Error("no error of a connection that was closed")
	}
	p.release()
}

// spyBody notes how many bytes of a payload are copied to be sent.
type spyBody struct {
	*payloadReader
	copied, direct int64
}

func (s *spyBody) Read(b []byte) (int, error) {
	n, err := s.payloadReader.Read(b)
	s.copied += int64(n)
	return n, err
}

func (s *spyBody) WriteParts(c net.Conn, most int64) (int64, error) {
	n, err := s.payloadReader.WriteParts(c, most)
	s.direct += n
	return n, err
}

// postBody posts a body of that size as the sink does, and returns the status.
func postBody(t *testing.T, url string, b io.Reader, size int) (status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, b)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(size)
	client := web.NewClient(nil)
	t.Cleanup(client.CloseIdleConnections)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// net/http has a body of which the length is known write itself, but for the first
// bytes, that go with the headers.
func TestBodiesAreNotCopied(t *testing.T) {
	var got []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, _ = io.ReadAll(r.Body) }))
	defer server.Close()
	parts := Body{[]byte(`{"events":[`), bytes.Repeat([]byte("1,"), 50_000), bytes.Repeat([]byte("2,"), 50_000), []byte("3]}")}
	p := &payload{body: parts}
	spy := &spyBody{payloadReader: p.open().(*payloadReader)}
	postBody(t, server.URL, spy, parts.size())
	if whole := bytes.Join(parts, nil); !bytes.Equal(got, whole) || spy.copied > 4<<10 || spy.copied+spy.direct != int64(len(whole)) {
		t.Errorf("%d bytes came of %d, %d of them copied and %d not", len(got), len(whole), spy.copied, spy.direct)
	}
}

// A server that answers before it has read a body, and reads no more, does not keep
// the body's bytes.
func TestAnEarlyAnswerGivesBytesBack(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	over := make(chan struct{})
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = c.Read(make([]byte, 1024))
		_, _ = io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
		<-over
	}()
	defer close(over)

	part := bytes.Repeat([]byte("x"), 1<<20)
	p := &payload{}
	for range 64 { // more than sockets take
		p.body = append(p.body, part)
	}
	status := postBody(t, "http://"+l.Addr().String(), p.open(), p.body.size())
	p.release()
	if status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", status)
	}
}

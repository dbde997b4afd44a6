package bench

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// serve starts Amazon.
func (b *bench) serve(ctx context.Context) (err error) {
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	b.base = "http://" + addr
	args := []string{"bench", "serve", "--listen", addr, "--answer", b.o.Answer.String()}
	if b.o.Echo {
		args = append(args, "--echo")
	}
	if b.server, err = startChild("bench serve", b.o.Exe, args, nil); err != nil {
		return err
	}
	var seen Seen
	return b.server.poll(ctx, 20*time.Millisecond, func() (bool, error) {
		return getJSON(ctx, b.base+seenPath, &seen) == nil, nil
	})
}

// freeAddr finds a port on loopback. Somebody may take it before it is used;
// then the process that wants it says so.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// Serve is the server's process: it answers until ctx ends.
func Serve(ctx context.Context, addr string, a *Amazon) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: a, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

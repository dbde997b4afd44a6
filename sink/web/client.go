package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/web"
)

// NewClient returns a client for an API that many lanes call at once. It sets no overall
// timeout, because requests have their own; it keeps enough idle connections that lanes do
// not need a handshake for each batch; and it detects dead HTTP/2 connections, which would
// otherwise swallow requests until the kernel gives up on them.
//
// Connections are opened by dial, or by the operating system if that is nil.
func NewClient(dial web.Dial) *http.Client {
	if dial == nil {
		dial = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext
	}
	return web.NoRedirects(http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return partsConn{c}, nil
		},
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          512,
		MaxIdleConnsPerHost:   256,
		IdleConnTimeout:       60 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		// Each request sets its own Accept-Encoding.
		DisableCompression: true,
		HTTP2:              &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
		// Ten times what a server's headers need; net/http would accept 10 MB on each of
		// thousands of connections.
		MaxResponseHeaderBytes: 128 << 10,
	}})
}

// partsConn writes a batch's body from its pages, many parts at a time: joining the parts
// first took 3 % of the program's CPU. Everything else that is sent is small. It has no
// effect on TLS, which must copy.
type partsConn struct{ net.Conn }

// parted is a body that writes itself, up to a number of bytes.
type parted interface {
	WriteParts(c net.Conn, most int64) (int64, error)
}

// ReadFrom implements io.ReaderFrom, which net/http uses to write a body, limited to its
// length.
func (c partsConn) ReadFrom(r io.Reader) (n int64, err error) {
	if l, ok := r.(*io.LimitedReader); ok {
		if b, ok := l.R.(parted); ok {
			n, err = b.WriteParts(c.Conn, l.N)
			l.N -= n
			return n, err
		}
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, r)
}

// NoRedirects returns a copy of the client, or of NewClient's if it is nil, that follows no
// redirect.
func NoRedirects(client *http.Client) *http.Client {
	if client == nil {
		client = NewClient(nil)
	}
	return web.NoRedirects(*client)
}

// Endpoint checks a base URL from the setting of that name.
func Endpoint(setting, raw string) (*url.URL, error) {
	u, err := web.ParseURL(raw, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: want one such as https://host.example", setting, err)
	}
	return u, nil
}

// Fault is why a request got no answer: a label for metrics, and a text for people that has
// no secrets or URLs. Text from the other side is masked except for identifiers of the request's
// events, which are not known here.
type Fault struct{ Label, Text string }

// faultLimit bounds the text of a fault.
const faultLimit = 200

// The labels of faults.
const (
	FaultTimeout    = "timeout"
	faultConnection = "connection"
	FaultTruncated  = "truncated"
	FaultUnreadable = "unreadable"
	FaultCancelled  = "cancelled"
)

// FaultOf explains an error of an HTTP client. It is built from the error's parts and not
// from its text, which repeats URLs and what the other side said.
func FaultOf(err error, timeout time.Duration) Fault {
	var (
		dns  *net.DNSError
		op   *net.OpError
		wait interface{ Timeout() bool }
	)
	switch {
	case errors.Is(err, context.Canceled):
		return Fault{FaultCancelled, "cancelled"}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &wait) && wait.Timeout():
		return Fault{FaultTimeout, fmt.Sprintf("no answer within %s", timeout)}
	case errors.As(err, &dns):
		return Fault{faultConnection, redact.Line(fmt.Sprintf("host %s cannot be found", redact.Around(dns.Name, dns.Name)), faultLimit)}
	case errors.As(err, &op):
		text := op.Op
		if op.Addr != nil {
			text += " " + op.Addr.String()
		}
		if op.Err != nil { // from a proxy, it is the proxy's text
			text += ": " + redact.Error(op.Err)
		}
		return Fault{faultConnection, redact.Line(text, faultLimit)}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return Fault{FaultTruncated, "the connection was closed before the answer was whole"}
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return Fault{faultConnection, redact.Line(redact.Error(err), faultLimit)}
}

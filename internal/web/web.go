package web

import (
	"context"
	"net"
	"net/http"
)

// Dial opens a connection, like (*net.Dialer).DialContext. Everything this program
// connects to accepts one: a simulation has no network but its own.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// NoRedirects returns a copy of c that returns a redirect as the answer. Following it
// would carry a token, a password or a person's data to wherever a stranger points:
// another port, another host, or the same one without TLS. net/http drops Authorization
// only if the host's name changes, and it repeats the body of a 307 anywhere.
//
// Every client of this program is made here; a test looks for others.
func NoRedirects(c http.Client) *http.Client {
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// IsRedirect reports whether a status is one that clients commonly follow.
func IsRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

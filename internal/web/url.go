package web

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// URLParts are parts that a URL may have beside scheme, host and path.
type URLParts uint8

// The parts.
const (
	URLUser URLParts = 1 << iota
	URLQuery
)

// ParseURL parses the URL of a server as somebody has configured it: absolute, of http or
// https, and without the parts that it may not have. An error repeats only scheme, host and
// path, and nothing of what cannot be parsed, which may be all password. The caller knows
// which setting it is, and has an example.
func ParseURL(raw string, may URLParts) (*url.URL, error) {
	redact.URLCredentials(raw)
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("it is not a URL")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		shown := *u
		shown.User, shown.RawQuery, shown.Fragment = nil, "", ""
		return nil, fmt.Errorf("%s is not an absolute URL of http or https", redact.Quote(shown.String()))
	case u.User != nil && may&URLUser == 0:
		return nil, errors.New("it has a user or password in it")
	case (u.RawQuery != "" || u.Fragment != "") && may&URLQuery == 0:
		return nil, errors.New("it has a query or fragment")
	}
	return u, nil
}

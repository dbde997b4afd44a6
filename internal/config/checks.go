package config

import (
	"errors"
	"net/url"
	"time"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Mistakes collects what is wrong with a configuration, to be fixed in one go.
type Mistakes []error

// Note adds a mistake; nil is none.
func (m *Mistakes) Note(errs ...error) {
	for _, err := range errs {
		if err != nil {
			*m = append(*m, err)
		}
	}
}

// All returns the mistakes as one error; nil if there are none.
func (m Mistakes) All() error { return setting.Mistaken(errors.Join(m...)) }

// CheckURL refuses anything but an http URL. The message omits user and password.
func CheckURL(key setting.Key, s string) error {
	redact.URLCredentials(s)
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return key.Mistakef("not a URL, want http://host:port or https://host:port")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return key.Mistakef("%s is not an http URL, want http://host:port or https://host:port", redact.Quote(s))
	}
	return nil
}

// InRange refuses a number that is out of its range.
func InRange(key setting.Key, value, least, most int64) error {
	if value < least || value > most {
		return key.Mistakef("%d is out of range, want %d to %d", value, least, most)
	}
	return nil
}

// AtLeast refuses a duration that is too short.
func AtLeast(key setting.Key, value, least time.Duration) error {
	if value < least {
		return key.Mistakef("%s is too short, want at least %s", value, least)
	}
	return nil
}

// Missing returns the error of a setting without a value that is needed to deliver.
func Missing(key setting.Key) error {
	return setting.Mistakef("%s is not set (or %s); it is needed to deliver anything", key, key.Env())
}

// NoneForZero turns an explicit zero into a negative value: for the stages zero means
// their default, and a negative value means none.
func NoneForZero(all ...*time.Duration) {
	for _, d := range all {
		if *d == 0 {
			*d = -1
		}
	}
}

package config

import (
	"errors"
	"time"

	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/web"
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
	if _, err := web.ParseURL(s, web.URLUser|web.URLQuery); err != nil {
		return key.Mistakef("%w, want http://host:port or https://host:port", err)
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

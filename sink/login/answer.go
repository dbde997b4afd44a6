package login

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/sink/web"
)

// tokenAnswer is an answer of the token endpoint.
type tokenAnswer struct {
	access  string
	refresh string // the refresh token to use from now on; empty if there is no new one
	// life is how long the access token is valid; 0 if the answer does not say or the value
	// cannot be read, which odd then describes.
	life time.Duration
	odd  string
	wait time.Duration // how long the endpoint asked to be left alone
}

// asksForRest says how long the endpoint asked to be left alone.
func (a tokenAnswer) asksForRest() string {
	if a.wait == 0 {
		return ""
	}
	return fmt.Sprintf("; it asks to be left alone for %s", a.wait.Round(time.Second))
}

const (
	// maxTokenAnswer bounds an answer: a token and a few words about it.
	maxTokenAnswer = 256 << 10
	// maxToken bounds a token, which every request carries in a header. Login with
	// Amazon's have a few hundred bytes, and servers accept 8 KiB of headers or more.
	maxToken = 7 << 10
	// longestLife bounds the assumed life of a token. A token that lives longer is
	// renewed needlessly, once a day.
	longestLife = 24 * time.Hour
)

// readTokenAnswer reads an answer by its content, whatever its Content-Type: Login with
// Amazon and proxies in front of it also send JSON as text. Errors describe what is wrong
// and quote nothing of the answer.
func readTokenAnswer(status int, body []byte) (tokenAnswer, error) {
	fields, ok := tokenFields(body)
	success := status >= 200 && status < 300
	if code := errorCode(fields["error"]); code != "" || !success {
		return tokenAnswer{}, tokenError(explainStatus(status, code))
	}
	if !ok {
		return tokenAnswer{}, nonsense("the answer is not one of Login with Amazon's; a web page or another server: see " + setting.TokenURL.String())
	}
	var a tokenAnswer
	a.access = strings.TrimSpace(asText(fields["access_token"]))
	switch kind := strings.TrimSpace(asText(fields["token_type"])); {
	case a.access == "":
		return a, nonsense("the answer has no access_token; a web page or another server: see " + setting.TokenURL.String())
	case len(a.access) > maxToken:
		return a, nonsense(fmt.Sprintf("the access token has %d KiB: want at most %d KiB, which fit into a header", len(a.access)>>10, maxToken>>10))
	case !sendable(a.access):
		return a, nonsense("the access token has characters that no header may carry")
	case kind != "" && !strings.EqualFold(kind, "bearer"):
		return a, nonsense("the token_type is not bearer, and Amazon Ads takes no other: see " + setting.TokenURL.String())
	}
	if r := strings.TrimSpace(asText(fields["refresh_token"])); sendable(r) && len(r) <= maxToken {
		a.refresh = r
	}
	a.life, a.odd = lifetime(fields["expires_in"])
	return a, nil
}

// tokenFields returns the fields of an answer in JSON or, failing that, as a form; false if
// it is neither.
func tokenFields(body []byte) (map[string]json.RawMessage, bool) {
	body = bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\ufeff")))
	if len(body) > 0 && body[0] == '{' {
		var raw map[string]json.RawMessage
		if json.NewDecoder(bytes.NewReader(body)).Decode(&raw) != nil {
			return nil, false
		}
		fields := make(map[string]json.RawMessage, len(raw))
		for name, v := range raw {
			if lower := strings.ToLower(name); lower == name || raw[lower] == nil {
				fields[lower] = v
			}
		}
		return fields, true
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || !form.Has("access_token") && !form.Has("error") {
		return nil, false
	}
	fields := make(map[string]json.RawMessage, len(form))
	for name := range form {
		if v, err := json.Marshal(form.Get(name)); err == nil {
			fields[name] = v
		}
	}
	return fields, true
}

// asText returns a JSON string's value; empty for anything else.
func asText(raw json.RawMessage) (s string) {
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// errorCode returns the code of an error that is a string or, as in services that do not
// follow OAuth, an object.
func errorCode(raw json.RawMessage) string {
	if s := strings.TrimSpace(asText(raw)); s != "" {
		return s
	}
	var o struct{ Code, Type json.RawMessage }
	if len(raw) == 0 || json.Unmarshal(raw, &o) != nil {
		return ""
	}
	for _, v := range []json.RawMessage{o.Code, o.Type} {
		if s := strings.TrimSpace(asText(v)); s != "" {
			return s
		}
	}
	if o.Code != nil || o.Type != nil {
		return "unknown"
	}
	return ""
}

// lifetime parses expires_in: seconds, as a number or as text.
func lifetime(raw json.RawMessage) (life time.Duration, odd string) {
	value := strings.TrimSpace(string(raw))
	if strings.HasPrefix(value, `"`) {
		value = strings.TrimSpace(asText(raw))
	}
	if value == "" || value == "null" {
		return 0, ""
	}
	seconds, err := strconv.ParseFloat(value, 64)
	switch { // out of range becomes infinite, or 0
	case strings.Trim(value, "+-.0123456789eE") != "" || err != nil && seconds == 0:
		return 0, "its expires_in is not a number of seconds"
	case seconds <= 0:
		return 0, "its expires_in is not above 0"
	case seconds > longestLife.Seconds():
		return longestLife, fmt.Sprintf("its expires_in is more than %s", longestLife)
	}
	return max(time.Duration(seconds*float64(time.Second)), 1), ""
}

// readTokenBody reads an answer to its end, up to maxTokenAnswer. A compressed answer, which
// was not requested, is decompressed; one that only claims to be compressed is read as it
// is.
func readTokenBody(resp *http.Response) (unpacked []byte, err error) {
	body, err := readBounded(resp.Body)
	if err != nil {
		return nil, err
	}
	encodings := web.EncodingsOf(resp.Header, body)
	if _, ok := tokenFields(body); ok || len(encodings) == 0 || len(body) == 0 {
		return body, nil
	}
	var z web.Inflater
	err = z.Inflate(body, encodings, maxTokenAnswer, func(b []byte) { unpacked = bytes.Clone(b) })
	var odd *web.Unreadable
	switch {
	case errors.Is(err, web.ErrTooLarge):
		return nil, endless()
	case errors.As(err, &odd) && resp.StatusCode >= 300:
		return nil, nil // the status is sufficient
	case errors.As(err, &odd):
		return nil, tokenError{Label: refreshUnavailable, Text: odd.Error()}
	}
	return unpacked, err
}

func readBounded(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxTokenAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxTokenAnswer {
		return nil, endless()
	}
	return body, nil
}

func endless() error {
	return nonsense(fmt.Sprintf("the answer has more than %d KiB; a web page or another server: see %s", maxTokenAnswer>>10, setting.TokenURL))
}

func nonsense(why string) error { return tokenError{Label: refreshNonsense, Text: why} }

// sendable reports whether a token can be part of a header.
func sendable(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return false
		}
	}
	return token != ""
}

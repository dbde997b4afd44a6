package amazon

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The functions below judge values by the meaning of their keys.

// taken compares a count of successes with the number of events sent.
func (r *signReader) taken(in scope, key string, n float64) {
	switch want := float64(r.expect.taken); {
	case want == 0:
	case in.list && n > 0:
	case n < want:
		r.fail(in, "%q is %s of %d", key, strconv.FormatFloat(n, 'g', 6, 64), r.expect.taken)
	default:
		r.success = true
	}
}

func (r *signReader) bool(in scope, key string, v bool) {
	switch {
	case in.meaning == ofFailure && v, (in.meaning == ofSuccess || in.meaning == ofStatus || in.meaning == ofEach || in.meaning == ofDone) && !v:
		r.fail(in, "%q is %t", key, v)
	case !v && (in.meaning == ofShare || in.meaning == ofType && wraps(key)):
		r.fail(in, "%q is false", key)
	case in.meaning == ofRegret && v:
		r.fail(in, "%q is true", key)
	case in.meaning == ofSuccess, in.meaning == ofStatus && v:
		r.success = true
	}
}

func (r *signReader) number(in scope, key, text string) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil && v == 0 {
		return
	}
	switch in.meaning {
	case ofFailure:
		if v > float64(r.explained()) || v < 0 {
			r.fail(in, "%q is %s", key, quote(text))
		}
	case ofFailureCode:
		r.coding(in, key, text)
	case ofSuccess:
		if v == 1 && isYes(key) {
			r.success = true // which is not a count
			return
		}
		r.taken(in, key, v)
	case ofShare:
		r.share(in, key, v, slices.ContainsFunc(words(key), func(w string) bool { return strings.HasPrefix(w, "perc") || w == "pct" }))
	case ofType:
		r.typeNumber(in, key, text, whole(v))
	case ofDone:
		if v == 0 {
			r.doubtful(fmt.Sprintf("%q is 0", key))
		} else if v == float64(r.expect.taken) {
			r.success = true
		}
	case ofStatusCode:
		r.coding(in, key, text)
	case ofStatus:
		r.statusNumber(in, key, text, whole(v))
	case ofCode:
		r.codeNumber(in, key, text, v)
	}
}

// whole is a number without its fraction. Beyond a million it is no status or code.
func whole(v float64) int { return int(max(-1<<20, min(v, 1<<20))) }

func (r *signReader) typeNumber(in scope, key, text string, status int) {
	if slices.Contains(answerWords, strings.ToLower(key)) && status >= 400 && status < 600 {
		r.coding(in, key, text)
	}
}

func (r *signReader) statusNumber(in scope, key, text string, status int) {
	switch {
	case status >= 200 && status < 300:
		r.success = true
	case status < 0, status >= 300:
		r.fail(in, "%q is %s", key, quote(text))
		r.coded(text)
	}
}

func (r *signReader) codeNumber(in scope, key, text string, v float64) {
	switch code := whole(v); {
	case in.depth == 1, code >= 400 && code < 1000, v < 0:
		r.coding(in, key, text)
	case code >= 200 && code < 300:
		r.success = true
	}
}

// coding judges a code that shows on its own whether something failed.
func (r *signReader) coding(in scope, key, text string) {
	n, number := statusIn(text)
	bad, good := tone(text)
	switch {
	case number && n >= 200 && n < 300, !number && good && !bad:
		r.success = true
	case number && n == 0, isNothing(text):
	default:
		r.fail(in, "%q is %s", key, quote(text))
		r.coded(text)
	}
}

func (r *signReader) text(in scope, key, s string) {
	if r.inside(in, key, s) || in.meaning == nothing {
		return
	}
	bad, good, failing := tones(s)
	switch in.meaning {
	case ofFailure:
		r.failureText(in, key, s, bad, good)
	case ofFailureCode:
		r.coding(in, key, s)
	case ofSuccess:
		r.successText(in, key, s, bad, good)
	case ofStatus:
		r.statusText(in, key, s, bad, good)
	case ofStatusCode:
		r.statusCodeText(in, key, s, bad || good)
	case ofShare:
		r.shareText(in, key, s, bad, good)
	case ofWord, ofThing:
		if bad && onlyTone(s) {
			r.statusText(in, key, s, bad, good)
		}
	case ofEach, ofDone, ofRegret:
		r.asValue(in, key, s)
	case ofCode:
		if bad || in.depth == 1 || named(s) != 0 {
			r.coding(in, key, s)
		}
	case ofType:
		r.typeText(in, key, s, bad, good)
	case ofMessage:
		r.messageText(in, key, s, bad, good, failing)
	}
}

func (r *signReader) failureText(in scope, key, s string, bad, good bool) {
	if r.asValue(in, key, s) {
		return
	}
	if !isNothing(s) && (bad || !good) {
		r.fail(in, "%q is %s", key, quote(s))
		r.names(named(s))
		r.says(s)
	}
}

func (r *signReader) statusCodeText(in scope, key, s string, tells bool) {
	if tells || strings.ContainsAny(s, "0123456789") { // which UNKNOWN does not
		r.coding(in, key, s)
	}
}

func (r *signReader) shareText(in scope, key, s string, bad, good bool) {
	if !r.percentage(in, key, s) && !r.asValue(in, key, s) {
		r.successText(in, key, s, bad, good)
	}
}

func (r *signReader) typeText(in scope, key, s string, bad, good bool) {
	if bad {
		r.fail(in, "%q is %s", key, quote(s))
		r.coded(s)
	} else if good && !wraps(key) {
		r.success = true // only a type is decisive; a body of prose may contain any word
	}
}

func (r *signReader) messageText(in scope, key, s string, bad, good, failing bool) {
	switch {
	case strings.TrimSpace(s) == "":
	case failing && !good && r.explained() == 0:
		r.fail(in, "%q is %s", key, quote(s))
		r.says(s)
	case bad || !good:
		r.doubtful(fmt.Sprintf("%q is %s", key, quote(s)))
		r.says(s)
	}
}

// asValue reads a text that is a number, or true or false.
func (r *signReader) asValue(in scope, key, s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	switch s {
	case "true", "yes", "y":
		r.bool(in, key, true)
		return true
	case "false", "no", "n":
		r.bool(in, key, false)
		return true
	}
	if _, err := strconv.ParseFloat(s, 64); err != nil || strings.Trim(s, "+-.0123456789e") != "" {
		return false
	}
	r.number(in, key, s)
	return true
}

// share reads 4/5, or 4 of 5.
func share(s string) (n, of float64, ok bool) {
	for _, sep := range []string{"/", " of ", " out of "} {
		if a, b, found := strings.Cut(s, sep); found {
			var errA, errB error
			n, errA = strconv.ParseFloat(strings.TrimSpace(a), 64)
			of, errB = strconv.ParseFloat(strings.TrimSpace(b), 64)
			if errA == nil && errB == nil {
				return n, of, true
			}
		}
	}
	return 0, 0, false
}

// share judges which part of all events was taken, out of 1 or of 100.
func (r *signReader) share(in scope, key string, v float64, percent bool) {
	whole := v == 1 && !percent || v >= 100
	switch {
	case whole:
		r.success = true
	case v > 0 && r.explained() > 0:
	default:
		r.fail(in, "%q is %s", key, strconv.FormatFloat(v, 'g', 6, 64))
	}
}

// percentage reads a text that is a number and a percent sign.
func (r *signReader) percentage(in scope, key, s string) bool {
	part, ok := strings.CutSuffix(strings.TrimSpace(s), "%")
	if !ok {
		return false
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
	if err != nil {
		return false
	}
	r.share(in, key, v, true)
	return true
}

// isYes reports whether a key asks for yes or no, so that 1 means yes. A success may
// also be a count.
func isYes(key string) bool {
	list := words(key)
	return list[0] == "is" || list[0] == "ok" && len(list) == 1
}

// says records the first explanation of a failure.
func (r *signReader) says(s string) {
	if r.message == "" {
		r.message = head(s, 2<<10)
	}
}

func (r *signReader) successText(in scope, key, s string, bad, good bool) {
	if _, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil {
		r.number(in, key, strings.TrimSpace(s))
		return
	}
	if r.percentage(in, key, s) {
		return
	}
	if n, of, ok := share(s); ok {
		if r.taken(in, key, n); n < of {
			r.fail(in, "%q is %s", key, quote(s))
		}
		return
	}
	switch {
	case strings.TrimSpace(s) == "" || bad || isNothing(s) && !good:
		r.fail(in, "%q is %s", key, quote(s))
		r.names(named(s))
	case good:
		r.success = true
	}
}

func (r *signReader) statusText(in scope, key, s string, bad, good bool) {
	if n, ok := statusIn(s); ok {
		if whole := strings.TrimSpace(s); !strings.Contains(whole, " ") {
			r.number(in, key, whole)
			return
		}
		switch {
		case n >= 200 && n < 300:
			good = true
		case n < 0, n >= 300 && n < 1000:
			bad = true
		}
	}
	if statusNames[strings.Join(words(s), "")] != 0 && !slices.Contains([]string{"internal", "validation"}, strings.ToLower(strings.TrimSpace(s))) && !good {
		bad = true // Gone
	}
	switch {
	case bad && good && r.explained() > 0, bad && r.explained() > 0 && slices.Contains(words(s), "partial"):
	case bad:
		r.fail(in, "%q is %s", key, quote(s))
		r.coded(s)
	case good:
		r.success = true
	}
}

// inside reads JSON that a gateway has encoded as a string; false if it is none. The
// words of such a string mean nothing by themselves.
func (r *signReader) inside(in scope, key, s string) bool {
	s = strings.TrimSpace(s)
	if s == "" || s[0] != '{' && (s[0] != '[' || !wraps(key)) || !json.Valid([]byte(s)) {
		return false
	}
	nested := signReader{b: []byte(s), expect: r.expect, read: r.read, signs: r.signs}
	nested.expect.lists = false
	nested.value(scope{depth: in.depth + 1, list: in.list, warning: in.warning}, key)
	keys := r.keys
	r.read, r.signs = nested.read, nested.signs
	r.keys = keys
	return true
}

// quote bounds how much of a value is repeated.
func quote(s string) string { return strconv.Quote(head(s, 80)) }

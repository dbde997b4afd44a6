package sink

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// What follows judges values by what their keys make of them.

// taken compares a count of successes with what was sent.
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
	case in.meaning == ofFailure && v, (in.meaning == ofSuccess || in.meaning == ofStatus || in.meaning == ofEach) && !v:
		r.fail(in, "%q is %t", key, v)
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
	status := int(max(-1<<20, min(v, 1<<20)))
	switch in.meaning {
	case ofFailure:
		if v > float64(r.explained()) || v < 0 {
			r.fail(in, "%q is %s", key, quote(text))
		}
	case ofFailureCode:
		r.coding(in, key, text)
	case ofSuccess:
		r.taken(in, key, v)
	case ofStatus:
		switch {
		case status >= 200 && status < 300:
			r.success = true
		case status < 0, status >= 300 && status < 1000:
			r.fail(in, "%q is %s", key, quote(text))
			r.coded(text)
		}
	case ofCode:
		if in.depth == 1 || status >= 400 && status < 1000 {
			r.coding(in, key, text)
		} else if status >= 200 && status < 300 {
			r.success = true
		}
	}
}

// coding is for a code that says by itself whether something failed.
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
	bad, good := tone(s)
	switch in.meaning {
	case ofFailure:
		if !isNothing(s) && (bad || !good) {
			r.fail(in, "%q is %s", key, quote(s))
			r.names(named(s))
			r.says(s)
		}
	case ofFailureCode:
		r.coding(in, key, s)
	case ofSuccess:
		r.successText(in, key, s, bad, good)
	case ofStatus:
		r.statusText(in, key, s, bad, good)
	case ofCode:
		if in.depth == 1 || bad {
			r.coding(in, key, s)
		}
	case ofType:
		if bad {
			r.fail(in, "%q is %s", key, quote(s))
			r.coded(s)
		} else if good && !wraps(key) {
			r.success = true // a type says so, a body full of words may say anything
		}
	case ofMessage:
		if strings.TrimSpace(s) != "" && (bad || !good) {
			r.doubtful(fmt.Sprintf("%q is %s", key, quote(s)))
			r.says(s)
		}
	}
}

// says keeps the first sentence that explains a failure.
func (r *signReader) says(s string) {
	if r.message == "" {
		r.message = head(s, 2<<10)
	}
}

func (r *signReader) successText(in scope, key, s string, bad, good bool) {
	if n, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil {
		r.taken(in, key, n)
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
		switch {
		case n >= 200 && n < 300:
			good = true
		case n < 0, n >= 300 && n < 1000:
			bad = true
		}
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

// inside reads JSON that a gateway has put into a string; false if it is none. The
// words of such a string mean nothing by themselves.
func (r *signReader) inside(in scope, key, s string) bool {
	s = strings.TrimSpace(s)
	if s == "" || s[0] != '{' && s[0] != '[' || !wraps(key) || !json.Valid([]byte(s)) {
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

// quote bounds what is repeated of a value.
func quote(s string) string { return strconv.Quote(head(s, 80)) }

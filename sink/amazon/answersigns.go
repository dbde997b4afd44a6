package amazon

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tracklayer/amazon-capi/sink/amazon/jsonskip"
)

// A 2xx status does not prove acceptance: gateways, proxies and Amazon's own frameworks
// put failures into a 200. The body is therefore judged by general rules, from the names
// of its keys and the types of their values at any depth.

// signs is what a body says about its request beside the statuses of its events.
type signs struct {
	failure string // the first sign of failure, in words; "" if there is none
	success bool   // something says that it succeeded
	// doubt is a message without a word of success. It counts as failure unless
	// something says success.
	doubt string
	// status is the HTTP status that a sign of failure names; 0 if none does.
	status        int
	code, message string
	keys          []string // at the top
}

// failed reports whether and how the body says that the request failed.
func (s *signs) failed() (string, bool) {
	switch {
	case s.failure != "":
		return s.failure, true
	case s.doubt != "" && !s.success:
		return s.doubt, true
	}
	return "", false
}

// said is the reason of a failure.
func (s *signs) said() Said {
	why, _ := s.failed()
	said := Said{code: s.code, message: "the answer says that it failed: " + why}
	if s.message != "" && !strings.Contains(why, s.message) {
		said.message += ": " + s.message
	}
	if said.code == "" && s.status != 0 {
		said.code = strconv.Itoa(s.status)
	}
	said.field = fieldNamed(s.message)
	return said
}

// signsIn reads valid JSON.
func signsIn(body []byte, expect expectation) *signs {
	r := signReader{b: body, expect: expect}
	r.value(scope{}, "")
	if r.refusals > expect.refused {
		r.fail(scope{}, "its error list comes twice")
	}
	return &r.signs
}

// expectation is what a body must agree with.
type expectation struct {
	taken int // events that were sent, or that the success list names
	// refused is the number of refusals in the error list. It explains counts of
	// failures up to that many, and a false for "all succeeded".
	refused int
	// lists: the lists of items are at the top and are read elsewhere.
	lists bool
	// echo is a key whose value repeats an event; its content is ignored.
	echo string
}

// scope describes where a value stands.
type scope struct {
	depth   int
	list    bool // in an array: statements are about one of several
	warning bool // statements here are no failure if something says success
	meaning meaning
}

const (
	// signDepth and signKeys bound how much of a body is examined. A body with more is not
	// Amazon's and not an acceptance.
	signDepth = 32
	signKeys  = 100_000
)

// signReader reads valid JSON and so does not check for syntax errors.
type signReader struct {
	b    []byte
	i    int
	read int // keys
	// refusals are the entries of all error lists, of which others read one.
	refusals int
	expect   expectation
	signs
}

// fail notes a sign of failure.
func (r *signReader) fail(in scope, format string, args ...any) {
	why := fmt.Sprintf(format, args...)
	if in.warning {
		r.doubtful(why)
	} else if r.failure == "" {
		r.failure = why
	}
}

func (r *signReader) doubtful(why string) {
	if r.doubt == "" {
		r.doubt = why
	}
}

// names notes the status that a sign names. A status that asks for another try wins,
// because it is the one that loses no event.
func (s *signs) names(status int) {
	if status != 0 && (s.status == 0 || status >= 500 || status == 429) {
		s.status = status
	}
}

// coded notes a code. A word says more than a status.
func (s *signs) coded(code string) {
	if _, err := strconv.Atoi(s.code); s.code == "" || err == nil {
		s.code = code
	}
	s.names(named(code))
}

// value reads the value of a key, or an element of a list.
func (r *signReader) value(in scope, key string) {
	r.i = jsonskip.Blanks(r.b, r.i)
	if in.depth > signDepth {
		r.fail(scope{}, "it is nested more than %d levels deep", signDepth)
		r.i = len(r.b)
	}
	if r.i == len(r.b) {
		return
	}
	switch c := r.b[r.i]; c {
	case '{':
		r.object(in, key)
	case '[':
		r.array(in, key)
	case '"':
		r.text(in, key, r.string())
	case 't', 'f':
		r.bool(in, key, c == 't')
		r.i += len("true")
		if c == 'f' {
			r.i++
		}
	case 'n':
		r.i += len("null")
		if in.meaning == ofSuccess {
			r.fail(in, "%q is null", key)
		}
	default:
		from := r.i
		for r.i < len(r.b) && !strings.ContainsRune(",]} \t\r\n", rune(r.b[r.i])) {
			r.i++
		}
		r.number(in, key, string(r.b[from:r.i]))
	}
}

// string reads a string with its escapes.
func (r *signReader) string() string {
	from := r.i
	for r.i++; r.i < len(r.b) && r.b[r.i] != '"'; r.i++ {
		if r.b[r.i] == '\\' {
			r.i++
		}
	}
	r.i = min(r.i+1, len(r.b))
	quoted := r.b[from:r.i]
	if len(quoted) >= 2 && !slices.Contains(quoted, '\\') {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // valid
	return s
}

func (r *signReader) object(in scope, key string) {
	if in.meaning == ofFailure && in.depth > 0 {
		from := r.i
		if n := jsonskip.Valid(r.b, r.i); jsonskip.HasContent(r.b[from:n]) && !saysNone(r.b[from:n]) {
			r.fail(in, "%q has an entry", key)
		}
	}
	if (in.meaning == ofStatus || in.meaning == ofWord) && in.list {
		in.meaning = nothing // one of several results, which may repeat an event
	}
	empty := true
	own := told{}
	for r.i++; r.more('}'); empty = false {
		name := r.string()
		r.i = jsonskip.Blanks(r.b, r.i) + 1 // the colon
		r.member(in, name, &own)
	}
	if empty && in.meaning == ofSuccess {
		r.fail(in, "%q is empty", key)
	}
	// A code next to a message is the form of an error.
	if own.code != "" && own.message != "" {
		r.fail(in, "%q is %s", "code", quote(own.code))
		r.coded(own.code)
		r.says(own.message)
	}
}

// told is what two members of an object say together.
type told struct{ code, message string }

// member reads one member of an object.
func (r *signReader) member(in scope, name string, own *told) {
	if r.read++; r.read > signKeys {
		r.fail(scope{}, "it has more than %d keys", signKeys)
		r.i = len(r.b)
		return
	}
	if in.depth == 0 {
		r.keys = append(r.keys, name)
	}
	r.i = jsonskip.Blanks(r.b, r.i)
	listed := in.depth == 0 && r.expect.lists && r.b[r.i] == '[' && (strings.EqualFold(name, "success") || strings.EqualFold(name, "error"))
	if listed && strings.EqualFold(name, "error") {
		r.refusals += jsonskip.Elements(r.b[r.i:])
	}
	if listed || r.expect.echo != "" && name == r.expect.echo {
		r.i = jsonskip.Valid(r.b, r.i)
		return
	}
	inner := scope{depth: in.depth + 1, list: in.list, warning: in.warning}
	inner.meaning = meaningOf(name, in.meaning)
	if inner.meaning == ofWarning {
		inner.warning = true
	}
	if inner.meaning == ofCode || inner.meaning == ofMessage {
		r.i = jsonskip.Blanks(r.b, r.i)
		if text := r.scalar(); inner.meaning == ofCode {
			own.code = cmp.Or(own.code, text)
		} else if own.message == "" {
			own.message = text
		}
	}
	r.value(inner, name)
}

// scalar judges a value that is neither object nor list.
func (r *signReader) scalar() string {
	at := r.i
	defer func() { r.i = at }()
	switch r.b[r.i] {
	case '{', '[', 'n', 't', 'f':
		return ""
	case '"':
		return unsaying(r.string())
	}
	return unsaying(string(r.b[at:jsonskip.Valid(r.b, at)]))
}

// unsaying returns s, or "" if it says nothing or nothing bad.
func unsaying(s string) string {
	if n, ok := statusIn(s); ok && (n == 0 || n >= 200 && n < 300) {
		return ""
	}
	if bad, good := tone(s); good && !bad {
		return ""
	}
	return strings.TrimSpace(s)
}

// more reports whether another member or element follows, up to the end.
func (r *signReader) more(end byte) bool {
	if r.i = jsonskip.Blanks(r.b, r.i); r.i < len(r.b) && r.b[r.i] == ',' {
		r.i = jsonskip.Blanks(r.b, r.i+1)
	}
	if r.i >= len(r.b) || r.b[r.i] == end {
		r.i = min(r.i+1, len(r.b))
		return false
	}
	return true
}

func (r *signReader) array(in scope, key string) {
	inner := in
	inner.depth++
	inner.list = true
	n := 0
	for r.i++; r.more(']'); n++ {
		r.value(inner.element(), key)
	}
	switch {
	case in.meaning == ofFailure && n > r.explained():
		r.fail(in, "%q is a list of %d", key, n)
	case in.meaning == ofSuccess, in.meaning == ofPlaces:
		r.taken(in, key, float64(n))
	}
}

// element returns the scope of a list's elements, which are counted if they stand for
// successes or failures.
func (in scope) element() scope {
	switch in.meaning {
	case ofSuccess:
		in.meaning = ofEach
	case ofFailure, ofThing, ofPlaces:
		in.meaning = nothing
	}
	return in
}

func (r *signReader) explained() int { return r.expect.refused }

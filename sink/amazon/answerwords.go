package amazon

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The words of keys and values decide what a body says, however they are spelled:
// failedCount, FAILED_COUNT, failed-count and failedcount are equal.

// words splits a name or a sentence into words in lower case. Capitals within a word
// begin a new one, as digits do; full-width letters and others that fold to ASCII are
// treated as ASCII.
func words(s string) []string {
	var list []string
	var word []byte
	end := func() {
		if len(word) > 0 {
			list = append(list, joined(string(word))...)
			word = word[:0]
		}
	}
	const other, lower, upper, digit = 0, 1, 2, 3
	before := other
	for _, r := range head(s, maxWords) {
		if 0xff01 <= r && r <= 0xff5e {
			r -= 0xff01 - '!'
		}
		kind := other
		switch {
		case unicode.IsDigit(r):
			kind = digit
		case unicode.IsUpper(r) || unicode.IsTitle(r):
			kind = upper
		case unicode.IsLetter(r):
			kind = lower
		}
		switch {
		case kind == other, kind == digit && before != digit, kind != digit && before == digit, kind == upper && before == lower:
			end()
		case kind == lower && before == upper && len(word) > 1:
			// The last capital of HTTPError belongs to the second word.
			last := word[len(word)-1]
			word = word[:len(word)-1]
			end()
			word = append(word, last)
		}
		if before = kind; kind != other {
			word = utf8.AppendRune(word, unicode.ToLower(unicode.ToUpper(r)))
		}
	}
	end()
	return list
}

// maxWords bounds the bytes that are searched for words.
const maxWords = 4 << 10

// head returns the beginning of s, cut between characters.
func head(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

// joined splits words written as one, such as successcount, if one of them changes the
// meaning of another.
func joined(w string) []string {
	if len(w) > 40 || isFailing(w) {
		return []string{w}
	}
	for _, known := range [][]string{successWords, {"status", "code", "type"}} {
		for _, k := range known {
			if rest, ok := strings.CutPrefix(w, k); ok && beside(rest) {
				return []string{k, rest}
			}
			if rest, ok := strings.CutSuffix(w, k); ok {
				if beside(rest) {
					return []string{rest, k}
				}
				if before := joined(rest); len(before) > 1 {
					return append(before, k)
				}
			}
		}
	}
	return []string{w}
}

// beside reports whether w may stand beside another word in a name.
func beside(w string) bool {
	return slices.Contains(countWords, w) || slices.Contains(shareWords, w) || slices.Contains(negations, w) || slices.Contains(answerWords, w)
}

var (
	// successWords mean, as a name, that something was taken.
	successWords = slices.Concat([]string{
		"success", "successes", "successful", "successfully", "succeeded", "succeed", "succeeds", "ok", "okay",
		"accepted", "accept", "accepts", "ack", "acks", "acked", "acknowledged", "acknowledgement", "valid",
		"processed", "received", "delivered", "ingested", "stored", "saved", "recorded", "imported", "inserted",
		"written", "taken", "completed", "complete", "acceptance",
	}, otherSuccess)
	// plainSuccess are those that mean it for whatever precedes them.
	plainSuccess = []string{"success", "successful", "successfully", "succeeded", "succeed", "ok", "okay"}
	// conditions are words before a success that may never happen.
	conditions = []string{"on", "if", "after", "upon", "until", "when", "for", "last", "previous"}
	// doneWords mean it only in a sentence.
	doneWords = slices.Concat([]string{
		"done", "thanks", "thank", "fine", "finished", "processing", "progress", "pending", "started", "welcome", "pass", "updated",
	}, countedWords, allowedWords)
	// countedWords mean, as a name, that something was done: false denies it, and so
	// does 0 unless something says success.
	countedWords = []string{
		"created", "queued", "enqueued", "published", "sent", "submitted", "scheduled", "uploaded", "added", "registered", "logged", "tracked",
		"captured", "forwarded", "persisted", "committed", "applied", "loaded", "handled",
	}
	// allowedWords are about who asks or is asked. Only false denies them.
	allowedWords = []string{"healthy", "passed", "good", "accepting", "authenticated", "authorized", "authorised", "allowed", "available", "permitted"}
	// countWords may stand beside such a word without changing that it counts events:
	// successCount does, processedInMs does not.
	countWords = []string{
		"count", "counts", "num", "number", "total", "totals", "n", "size", "length", "of", "the", "all", "is", "was", "were", "has", "are",
		"event", "events", "item", "items", "record", "records", "entry", "entries", "row", "rows", "message", "messages",
		"conversion", "conversions", "batch", "request", "requests", "operation", "result", "results", "should", "be", "out", "many",
	}
	answerWords = []string{"status", "http", "response", "resp", "return", "ret", "result", "exit", "reply", "code", "text"}
	negations   = slices.Concat([]string{"no", "not", "non", "without", "never"}, otherNegations)
	// shareWords stand beside a success that is a fraction of all.
	shareWords = []string{"rate", "ratio", "percent", "percentage", "pct", "fraction"}
	// thingWords are things that a request has several of.
	thingWords = []string{"event", "events", "item", "items", "record", "records", "conversion", "conversions", "batch", "request", "requests", "operation"}
	// idWords name lists with one entry for each of them; wholeWords name what exists
	// once for all.
	idWords    = []string{"ids", "uuids", "indices", "indexes"}
	wholeWords = []string{"batch", "request", "requests", "operation", "result", "results"}
	// placeWords are names of lists of them.
	placeWords = []string{"ids", "keys", "uuids", "list", "indices", "indexes", "values", "names", "handles", "references", "refs", "elements"}

	// failing are beginnings of words that express failure.
	failing = slices.Concat([]string{
		"fail", "error", "fault", "exception", "reject", "invalid", "denied", "refus", "declin", "unsuccess", "unaccept",
		"unprocess", "undeliver", "unsent", "unstored", "unauthor", "unauthentic", "unacknowledg", "forbid", "throttl", "timeout",
		"abort", "discard", "dropped", "violat", "malform", "corrupt", "crash", "unavail", "cancelled", "canceled",
		"quarantin", "stacktrace", "backtrace", "traceback", "rollback", "rolledback",
	}, otherFailing)
	// failingExactly are such words whose beginnings prove nothing.
	failingExactly = slices.Concat([]string{
		"err", "errs", "errored", "errno", "errcode", "errmsg", "bad", "problem", "problems", "issue", "issues", "ko", "nok", "nack", "nacks", "lost",
		"skipped", "ignored", "missing", "critical", "fatal", "lettered",
	}, otherFailingExactly)
	// notFailing begin like failing words.
	notFailing = []string{"failover", "failsafe"}
	// sorry are words that express failure only in a sentence.
	sorry = []string{
		"unable", "cannot", "wrong", "down", "maintenance", "overload", "overloaded", "busy", "exceeded", "expired", "conflict", "broken",
		"partial", "partially", "incomplete", "unsupported", "unexpected", "unhealthy", "degraded", "outage", "offline", "blocked", "disabled",
		"suspended", "oops", "sorry", "again", "retry", "retryable", "too", "timed", "timeout", "emergency", "alert", "panic", "required", "insufficient", "illegal",
		"prohibited", "restricted", "unrecognized", "unrecognised", "exhausted", "unreachable", "stopped", "terminated", "killed",
		"interrupted", "inactive", "revoked", "stalled", "stuck", "dead", "conflicts", "nope", "limited",
	}
	// mild are words that, as a count, are about themselves and not about events:
	// {"retry": 5} is a time.
	mild = []string{"again", "retry", "retryable", "too", "timed", "timeout", "emergency", "alert", "down", "maintenance", "offline", "required", "dead", "disabled", "restricted", "inactive"}
	// settingWords end names of settings and links, which report nothing.
	settingWords = []string{"url", "uri", "href", "link", "threshold", "policy", "handling", "mode", "limit", "budget"}

	warnings = []string{"warning", "warnings", "notice", "notices", "hint", "hints", "deprecation", "deprecations"}
)

// isFailing reports whether a word expresses failure.
func isFailing(w string) bool {
	if slices.Contains(failingExactly, w) {
		return true
	}
	for _, f := range failing {
		if strings.HasPrefix(w, f) {
			return !slices.Contains(notFailing, w)
		}
	}
	if rest, ok := strings.CutPrefix(w, "in"); ok && slices.Contains(successWords, rest) {
		return true // incomplete; but not inprogress
	}
	for _, prefix := range []string{"un", "dis"} {
		if rest, ok := strings.CutPrefix(w, prefix); ok && (slices.Contains(successWords, rest) || slices.Contains(doneWords, rest)) {
			return true
		}
	}
	if w != "" && w[0] >= utf8.RuneSelf && slices.ContainsFunc(unspacedFailing, func(f string) bool { return strings.Contains(w, f) }) {
		return true
	}
	// internalerror, accessdenied; but not default.
	for _, f := range []string{"error", "errors", "exception", "exceptions", "failure", "failures", "failed", "rejected", "denied"} {
		if strings.HasSuffix(w, f) {
			return true
		}
	}
	return false
}

// tone reports whether a value expresses failure, success, both or neither. It is good,
// too, if its only statement about failure is that there is none.
func tone(s string) (bad, good bool) {
	bad, good, _ = tones(s)
	return bad, good
}

// tones is like tone, and also reports whether it is bad by more than words of regret,
// which occur beside success as well: accepted, please try again for more.
func tones(s string) (bad, good, failing bool) {
	list := words(s)
	if yes, ok := yesOrNo(list); ok {
		return !yes, yes, false
	}
	not := 0      // for so many more words
	open := false // a "not" with none of our words after it yet
	for i, w := range list {
		is := not == 0
		if isCount(list, i) {
			continue
		}
		switch {
		case negates(list, i):
			not, open = negationReach, open || w == "not" || w == "never"
			continue
		case isFailing(w):
			is = is && (i+1 == len(list) || !isNone(list[i+1]))
			failing, good = failing || is, good || !is
		case slices.Contains(successWords, w), slices.Contains(doneWords, w):
			failing, good = failing || !is, good || is
		case slices.Contains(sorry, w):
			if !is && !open {
				break // no retry is needed
			}
			bad = true
		default:
			not = max(not-1, 0)
			continue
		}
		not, open = 0, false
	}
	return bad || open || failing, good, failing
}

// yesOrNo reads a single word that is an answer to a question.
func yesOrNo(list []string) (yes, ok bool) {
	if len(list) != 1 {
		return false, false
	}
	switch list[0] {
	case "no", "false", "n", "0", "f":
		return false, true
	case "yes", "true", "y", "1", "t":
		return true, true
	}
	return false, false
}

// isCount reports whether a word is the count of what went wrong, and says that nothing did.
func isCount(list []string, i int) bool { return i > 0 && isFailing(list[i-1]) && isNone(list[i]) }

func isNone(w string) bool { return slices.Contains([]string{"0", "none", "zero"}, w) }

// negates reports whether a word negates those behind it.
func negates(list []string, i int) bool {
	w := list[i]
	return slices.Contains(negations, w) || w == "zero" || w == "0" && (i == 0 || !isDigits(list[i-1])) // which 1.0 is not
}

// onlyTone reports whether a text consists of words that tones knows.
func onlyTone(s string) bool {
	for _, w := range words(s) {
		if !isFailing(w) && !slices.Contains(sorry, w) && !slices.Contains(successWords, w) && !slices.Contains(doneWords, w) && !slices.Contains(negations, w) {
			return false
		}
	}
	return true
}

func isDigits(w string) bool { return strings.Trim(w, "0123456789") == "" }

// negationReach is the distance at which a "not" negates a word: could not be
// processed, 0 of all events failed.
const negationReach = 4

// named returns the HTTP status that a code or type is named after, as Amazon's are:
// TOO_MANY_REQUESTS, ThrottlingException, or com.amazon.x#AccessDenied:http://y. It
// returns 0 for other names.
func named(s string) int {
	if n, ok := statusIn(s); ok && n >= 400 && n < 600 {
		return n
	}
	if i := strings.LastIndexByte(s, '#'); i >= 0 {
		s = s[i+1:]
	}
	s, _, _ = strings.Cut(s, ":")
	name := strings.Join(words(s), "")
	for _, suffix := range []string{"", "exception", "error", "failure", "fault"} {
		if short, ok := strings.CutSuffix(name, suffix); ok {
			if status := statusNames[short]; status != 0 {
				return status
			}
		}
	}
	return 0
}

// statusIn reads a number, or a status line that begins with one.
func statusIn(s string) (int, bool) {
	s = strings.TrimSpace(s)
	if first, rest, ok := strings.Cut(s, " "); ok && (strings.EqualFold(first, "http") || strings.HasPrefix(first, "HTTP/")) {
		s = rest
	}
	s, _, _ = strings.Cut(strings.TrimSpace(s), " ")
	n, err := strconv.ParseFloat(s, 64)
	if err != nil && n == 0 || n != n {
		return 0, false
	}
	return int(max(-1<<20, min(n, 1<<20))), true
}

var statusNames = func() map[string]int {
	names := map[string]int{
		"throttling": 429, "throttled": 429, "throttle": 429, "throttlingrequest": 429, "requestlimitexceeded": 429, "limitexceeded": 429,
		"ratelimitexceeded": 429, "ratelimited": 429, "slowdown": 429, "accessdenied": 403, "notauthorized": 403, "validation": 400,
		"unauthenticated": 401, "contenttoolarge": 413, "payloadtoolarge": 413, "unprocessablecontent": 422, "internalserver": 500, "internal": 500,
	}
	for status := 400; status < 600; status++ {
		if text := http.StatusText(status); text != "" {
			names[strings.Join(words(text), "")] = status
		}
	}
	return names
}()

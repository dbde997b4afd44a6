package amazon

import (
	"encoding/json"
	"slices"
	"strings"
)

// meaning is how a key's value is interpreted.
type meaning uint8

const (
	nothing meaning = iota
	// ofFailure: failure unless empty, such as a count above 0 or a text.
	ofFailure
	// ofFailureCode: failure unless it is a code of success.
	ofFailureCode
	// ofSuccess: false, null, an empty value and a count below the events sent are failure.
	ofSuccess
	// ofEach: false is failure. For the elements of a list of successes, whose length
	// was compared already.
	ofEach
	// ofPlaces: a list shorter than the events sent is failure.
	ofPlaces
	// ofShare: less than the whole is failure.
	ofShare
	// ofThing: a text of nothing but words of failure is failure.
	ofThing
	// ofDone: false is failure, and so is 0 unless something says success.
	ofDone
	// ofRegret: true is failure.
	ofRegret
	// ofStatus: words of failure and statuses other than 2xx are failure.
	ofStatus
	// ofStatusCode: statuses other than 2xx and any other number but 0 are failure.
	ofStatusCode
	// ofWord: words of failure are failure if no other words stand with them.
	ofWord
	// ofCode: at the top, any code but one of success is failure. Elsewhere it takes a
	// word of failure or a message beside it, because countries have codes as well.
	ofCode
	// ofType: words of failure are failure.
	ofType
	// ofMessage: any text but words of success is failure, unless something says success.
	ofMessage
	// ofWarning: what it contains is no failure if something says success.
	ofWarning
)

// meaningOf interprets a key inside the value of another key.
func meaningOf(key string, outer meaning) meaning {
	list := words(key)
	if len(list) == 0 || len(list) > 12 {
		return nothing
	}
	last := list[len(list)-1]
	if slices.Contains(settingWords, last) || len(list) > 1 && slices.Contains([]string{"max", "min", "on"}, list[0]) {
		return nothing // errorUrl, maxErrors
	}
	if slices.ContainsFunc(list, func(w string) bool { return slices.Contains(warnings, w) }) {
		return ofWarning
	}
	k := read(list)
	for _, says := range [...]func(*keyWords) (meaning, bool){(*keyWords).failure, (*keyWords).success, (*keyWords).regret, (*keyWords).completion} {
		if m, ok := says(&k); ok {
			return m
		}
	}
	if outer == ofSuccess && (!k.others || slices.Contains(placeWords, last) && allIn(list[:len(list)-1], countWords) || len(list) == 1 && last == "value") {
		return ofSuccess // the count in {"success": {"count": 0}}
	}
	return within(outer, list, last)
}

// keyWords are the words of a key, and what kinds of them there are.
type keyWords struct {
	list []string
	last string

	fails, succeeds, negated bool
	done                     bool // counted, allowed
	regrets, hard            bool // hard regret means failure
	shares                   bool
	others                   bool // words that say nothing of these
}

func read(list []string) keyWords {
	k := keyWords{list: list, last: list[len(list)-1]}
	for _, w := range list {
		switch {
		case w == "timeout":
			k.regrets = true // true is one; a number is a time
		case isFailing(w):
			k.fails = true
		case slices.Contains(successWords, w):
			k.succeeds = true
		case slices.Contains(negations, w):
			k.negated = true
		case slices.Contains(countedWords, w), slices.Contains(allowedWords, w):
			k.done = true
		case slices.Contains(sorry, w):
			k.regrets = true
			k.hard = k.hard || !slices.Contains(mild, w)
		case slices.Contains(shareWords, w):
			k.shares = true
		case !slices.Contains(countWords, w):
			k.others = true
		}
	}
	k.others = k.others || k.shares && !k.succeeds
	k.fails = k.fails || strings.HasPrefix(strings.Join(list, ""), "stacktrace")
	return k
}

// has reports whether one of the words is on a list.
func (k *keyWords) has(list []string) bool {
	return slices.ContainsFunc(k.list, func(w string) bool { return slices.Contains(list, w) })
}

// failure is what a key means that speaks of failure; ok is false for others, as it is in
// the functions below.
func (k *keyWords) failure() (m meaning, ok bool) {
	switch {
	case k.fails && (k.last == "code" || strings.HasSuffix(k.last, "code")):
		return ofFailureCode, true
	case k.fails && k.negated:
		return ofSuccess, true // noErrors
	case k.succeeds && (slices.Contains(k.list, "partial") || slices.Contains(k.list, "partially")):
		return ofFailure, true
	case k.fails, (k.succeeds || k.done) && k.negated && !k.others:
		return ofFailure, true // notAccepted
	}
	return nothing, false
}

func (k *keyWords) success() (m meaning, ok bool) {
	switch {
	case k.shares && k.succeeds && !k.others:
		return ofShare, true
	case k.succeeds && !k.others:
		return ofSuccess, true
	case k.succeeds && !k.negated && slices.Contains(idWords, k.last) && !k.has(wholeWords) &&
		allIn(k.list[:len(k.list)-1], slices.Concat(successWords, countWords)):
		return ofPlaces, true // acceptedEventIds
	case slices.Contains(plainSuccess, k.last) && !k.negated && !k.has(conditions):
		return ofEach, true // deliverySuccess; but not notifyOnSuccess
	}
	return nothing, false
}

func (k *keyWords) regret() (m meaning, ok bool) {
	switch {
	case k.regrets && !k.others && k.negated:
		return nothing, true // noRetry
	case k.regrets && !k.others && k.hard:
		return ofFailure, true
	case k.regrets && !k.others, slices.Contains(sorry, k.last) && !slices.Contains(mild, k.last) && !k.negated && !k.succeeds:
		return ofRegret, true // tokenExpired, if true
	}
	return nothing, false
}

func (k *keyWords) completion() (m meaning, ok bool) {
	switch {
	case k.done && !k.others && k.has(allowedWords):
		return ofEach, true
	case k.done && !k.others:
		return ofDone, true
	}
	return nothing, false
}

// within is the meaning of a key that says neither success nor failure itself, inside the
// value of another.
func within(outer meaning, list []string, last string) meaning {
	m := plainMeaning(list, last)
	switch {
	case m == ofCode && outer == ofStatus:
		return ofStatusCode // {"status": {"code": 14}}
	case m != nothing:
		return m
	case outer == nothing && allIn(list, thingWords):
		return ofThing
	case outer == ofStatus && len(list) == 1 && slices.Contains([]string{"value", "current", "label", "name"}, last):
		return ofStatus // {"status": {"value": "FAILED"}}
	case outer == ofStatus || outer == ofWord:
		return ofWord // {"results": {"ord_1": "failed"}}
	}
	return nothing
}

func allIn(list, words []string) bool {
	return !slices.ContainsFunc(list, func(w string) bool { return !slices.Contains(words, w) })
}

// plainMeaning is for keys that express neither success nor failure themselves.
func plainMeaning(list []string, last string) meaning {
	if last == "status" && slices.Contains(list, "grpc") {
		return ofStatusCode
	}
	switch last {
	case "status", "state", "result", "outcome", "severity", "verdict", "statuses", "states", "results", "outcomes", "verdicts":
		return ofStatus
	case "code", "text", "message", "description", "reason", "detail", "details", "phrase", "line":
		for _, w := range list[:len(list)-1] {
			if slices.Contains(answerWords, w) && last == "code" {
				return ofStatusCode
			} else if slices.Contains(answerWords, w) {
				return ofStatus
			}
		}
	}
	if len(list) > 1 {
		return nothing
	}
	switch last {
	case "code", "codes":
		return ofCode
	case "type", "body", "payload", "response", "data", "output", "content", "reply", "answer", "kind", "object", "class":
		return ofType
	case "level":
		return ofStatus
	case "rc", "ret", "http", "exit":
		return ofStatusCode
	case "message", "messages", "msg", "detail", "details", "description", "reason", "reasons", "title", "text", "info", "explanation", "cause":
		return ofMessage
	}
	switch {
	case slices.Contains(otherStatus, last):
		return ofStatus
	case slices.Contains(otherMessage, last):
		return ofType // a text that is not a word of success need not be a failure
	}
	return nothing
}

// wraps reports whether a key's text may be an answer encoded as a string.
func wraps(key string) bool {
	for _, w := range words(key) {
		switch w {
		case "body", "payload", "response", "data", "result", "output", "content", "message", "detail", "details":
			return true
		}
	}
	return false
}

// isNothing reports whether a text under a key such as error means that there is no
// error.
func isNothing(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "", "0", "0.0", "0%", "none", "null", "nil", "nothing", "undefined", "false", "no", "n/a", "na", "-", "[]", "{}":
		return true
	}
	return false
}

// saysNone reports whether an object under a key such as error means that there is no
// error: {"code": "ok", "message": "", "log_id": "x"}.
func saysNone(b []byte) bool {
	var o struct{ Code, Message text }
	if json.Unmarshal(b, &o) != nil {
		return false
	}
	none := func(s text) bool {
		n, number := statusIn(string(s))
		bad, good := tone(string(s))
		return number && (n == 0 || n >= 200 && n < 300) || good && !bad
	}
	return o.Code != "" && none(o.Code) && (isNothing(string(o.Message)) || none(o.Message))
}

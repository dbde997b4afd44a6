package amazon

import "testing"

// TestFieldNames: what looks like a field is named in an error; what could be a value is not.
func TestFieldNames(t *testing.T) {
	for key, want := range map[string]bool{
		"error": true, "errorCode": true, "error_code": true, "x-code": true, "a1": true, "ipv46": true,
		"a123": false, "1a": false, "_a": false, "-a": false, "": false, "a b": false, "a.b": false, "a@b": false, "é": false,
	} {
		if got := isName(key); got != want {
			t.Errorf("%q: %v, want %v", key, got, want)
		}
	}
}

// TestWordsOfFailing: a word that only says no is bad and says nothing about a failure.
func TestWordsOfFailing(t *testing.T) {
	for text, want := range map[string][3]bool{
		"no": {true, false, false}, "FALSE": {true, false, false}, "n": {true, false, false}, "0": {true, false, false}, "f": {true, false, false},
		"yes": {false, true, false}, "True": {false, true, false}, "y": {false, true, false}, "1": {false, true, false}, "t": {false, true, false},
		"failed": {true, false, true}, "accepted": {false, true, false}, "": {false, false, false},
	} {
		if bad, good, failing := tones(text); [3]bool{bad, good, failing} != want {
			t.Errorf("%q: bad %v, good %v, failing %v; want %v", text, bad, good, failing, want)
		}
	}
}

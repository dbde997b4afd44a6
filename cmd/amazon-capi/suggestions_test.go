package main

import (
	"strings"
	"testing"
)

// TestSlipsAreUnderstood: of commands, flags and values of filters that do not exist, the
// nearest that does is named.
func TestSlipsAreUnderstood(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"rum"}, `there is no command "rum"; did you mean "amazon-capi run"?`},
		{[]string{"reconsile"}, `did you mean "amazon-capi reconcile"?`},
		{[]string{"dlq", "stat"}, `there is no command "stat" of amazon-capi dlq; did you mean "amazon-capi dlq stats"?`},
		{[]string{"dlq", "frobnicate"}, `there are: ls, redrive, show, stats`},
		{[]string{"schemas", "prnt"}, `did you mean "amazon-capi schemas print"?`},
		{[]string{"run", "--broker", "x"}, `unknown flag: --broker; did you mean --brokers?`},
		{[]string{"dlq", "ls", "--profle", "1"}, `did you mean --profile?`},
		{[]string{"dlq", "ls", "--live"}, `unknown flag: --live; amazon-capi dlq ls has none, these have: check`},
		{[]string{"run", "--parked", "1"}, `did you mean --max-parked-events?`},
	} {
		r := command(t, "", tc.args...)
		if r.code != exitUsage || !strings.Contains(r.stderr, tc.want) {
			t.Errorf("%q: exit %d, want %q in\n%s", tc.args, r.code, tc.want, r.stderr)
		}
	}
}

func TestFiltersThatNothingMatchesAreSaid(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish"}, s.registry()...)...)
	s.deliver()
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"dlq", "ls", "--code", "value_mising"}, `--code: no dead letter that was read has "value_mising"; did you mean "value_missing"?`},
		{[]string{"dlq", "stats", "--profile", "1234567891"}, `--profile: no dead letter that was read has "1234567891"; did you mean "1234567890"?`},
		{[]string{"dlq", "ls", "--status", "423"}, `--status: no dead letter that was read has "423"; there are: 400, 403, 422`},
		{[]string{"dlq", "ls", "--field", "custom_data.valu"}, `did you mean "custom_data.value"?`},
		{[]string{"dlq", "ls", "--class", "foreign"}, `no dead letter that was read has "foreign"; there are: auth, decode, rejected, validation`},
		{[]string{"dlq", "redrive", "--code", "value_mising"}, `did you mean "value_missing"?`},
		{[]string{"dlq", "redrive", "--code", "value_mising", "--json"}, `"unmatched":["--code: no dead letter`},
		{[]string{"replay", "--profile", "1234567891"}, `--profile: no event that was read has "1234567891"; did you mean "1234567890"?`},
		{[]string{"audit", "--event-name", "Ordr Completed"}, `did you mean "Order Completed"?`},
	} {
		r := commandIn(t, s.environ(), "", tc.args...)
		if !strings.Contains(r.stdout+r.stderr, tc.want) {
			t.Errorf("%q: exit %d, want %q in\n%s%s", tc.args, r.code, tc.want, r.stdout, r.stderr)
		}
		noIdentifiers(t, r)
	}
	for _, args := range [][]string{
		{"dlq", "ls", "--code", "value_missing", "--status", "422", "--class", "decode"}, {"dlq", "ls", "--field", "custom_data"}, {"dlq", "ls", "--profile", "1234567890"},
		{"replay", "--profile", "1234567890"},
	} {
		if r := commandIn(t, s.environ(), "", args...); r.code != exitOK || strings.Contains(r.stdout+r.stderr, "that was read has") {
			t.Errorf("%q: exit %d, what letters have is said to be missing:\n%s", args, r.code, r.stderr)
		}
	}
}

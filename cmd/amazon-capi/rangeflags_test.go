package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/operate/history"
	"github.com/tracklayer/amazon-capi/schemas"
)

func TestRangeFlags(t *testing.T) {
	now := time.Date(2026, 4, 23, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		args []string
		want string // of the error; empty for none
	}{
		{[]string{"--from", "2026-04-22", "--to", "-2h", "--partition", "1,2"}, ""},
		{[]string{"--from", "offset:7"}, ""},
		{[]string{"--from", "yesterday"}, "--from: \"yesterday\""},
		{[]string{"--to", "1776939330"}, "--to: \"1776939330\" looks like seconds"},
	} {
		var f rangeFlags
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		f.register(flags)
		if err := flags.Parse(tc.args); err != nil {
			t.Fatal(err)
		}
		r, err := f.resolve("events", now)
		if usage := new(usageError); tc.want != "" && (!errors.As(err, &usage) || !strings.Contains(err.Error(), tc.want)) || tc.want == "" && err != nil {
			t.Errorf("%q: %v, want %q", tc.args, err, tc.want)
		}
		if tc.want == "" && (r.Topic != "events" || r.From == history.Position{}) {
			t.Errorf("%q: %+v", tc.args, r)
		}
	}
}

func TestEventFlagsMatch(t *testing.T) {
	ev := &schemas.Event{ProfileID: "1", EventID: "ord_1", EventName: "Add To Cart"}
	for _, tc := range []struct {
		f    eventFlags
		want bool
	}{
		{eventFlags{}, true},
		{eventFlags{names: []string{"add_to_cart"}}, true},
		{eventFlags{names: []string{"lead", "AddToCart"}, profiles: []string{"2", "1"}}, true},
		{eventFlags{names: []string{"AddToCart"}, profiles: []string{"2"}}, false},
		{eventFlags{ids: []string{"ord_1"}}, true},
		{eventFlags{ids: []string{"ORD_1"}}, false}, // ids are what they are
		{eventFlags{names: []string{"Purchase"}}, false},
	} {
		if got := tc.f.match(ev); got != tc.want {
			t.Errorf("%+v: %v, want %v", tc.f, got, tc.want)
		}
	}
}

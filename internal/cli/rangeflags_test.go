package cli_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/setting"
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
		var f cli.RangeFlags
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		f.Register(flags)
		if err := flags.Parse(tc.args); err != nil {
			t.Fatal(err)
		}
		r, err := f.Resolve("events", now)
		if usage := new(setting.Mistake); tc.want != "" && (!errors.As(err, &usage) || !strings.Contains(err.Error(), tc.want)) || tc.want == "" && err != nil {
			t.Errorf("%q: %v, want %q", tc.args, err, tc.want)
		}
		if tc.want == "" && (r.Topic != "events" || r.From == history.Position{}) {
			t.Errorf("%q: %+v", tc.args, r)
		}
	}
}

//go:build ignore

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/history"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas"
)

// rangeFlags say what of a topic to read.
type rangeFlags struct {
	from, to   string
	partitions []int32
	inOrder    bool
}

func (f *rangeFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.from, "from", "", "begin with the first record at or after this: "+history.PositionForms+" (default the oldest)")
	flags.StringVar(&f.to, "to", "", "end before this, in the same forms (default the end of the topic as it is now)")
	flags.Int32SliceVar(&f.partitions, "partition", nil, "partitions to read (default all)")
	flags.BoolVar(&f.inOrder, "in-order", false, "trust record times to grow along each partition, and stop reading at the first one beyond --to")
}

func (f *rangeFlags) resolve(topic string, now time.Time) (r history.Range, err error) {
	r = history.Range{Topic: topic, Partitions: f.partitions, InOrder: f.inOrder}
	if r.From, err = history.ParsePosition(f.from, now); err != nil {
		return r, usagef("--from: %w", err)
	}
	if r.To, err = history.ParsePosition(f.to, now); err != nil {
		return r, usagef("--to: %w", err)
	}
	return r, nil
}

// openHistory returns a reader and the plan of a range. What of the range is
// gone is said on standard error.
func openHistory(ctx context.Context, s kafka.Settings, r history.Range, progress *report.Progress) (*history.Reader, *history.Plan, error) {
	reader, err := history.New(s)
	if err != nil {
		return nil, nil, asUsage(err)
	}
	plan, err := reader.Plan(ctx, r)
	if err != nil {
		reader.Close()
		if errors.Is(err, history.ErrBadRange) {
			err = asUsage(err)
		}
		return nil, nil, err
	}
	for _, note := range plan.Notes {
		progress.Say("amazon-capi: %s: %s", r.Topic, note)
	}
	what := "reading " + r.Topic
	reader.Progress = func(done, total int64) { progress.Step(what, uint64(done), uint64(total)) }
	return reader, plan, nil
}

// eventFlags choose among events by what they say of themselves. Several values
// of one flag are alternatives; several flags must all hold.
type eventFlags struct{ profiles, names, ids []string }

func (f *eventFlags) register(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.profiles, "profile", nil, "only events of these profiles")
	flags.StringSliceVar(&f.names, "event-name", nil, "only events of these names; case, spaces, _ and - do not count")
	flags.StringSliceVar(&f.ids, "event-id", nil, "only events of these ids")
}

// any reports whether the flags choose at all; without them events need not be
// decoded.
func (f *eventFlags) any() bool { return len(f.profiles)+len(f.names)+len(f.ids) > 0 }

// match reports whether an event is chosen.
func (f *eventFlags) match(ev *schemas.Event) bool {
	return oneOf(f.profiles, ev.ProfileID) &&
		// Ids are also taken as logs, receipts and tables show them.
		(oneOf(f.ids, ev.EventID) || slices.Contains(f.ids, redact.EventID(ev.EventID))) &&
		(len(f.names) == 0 || slices.ContainsFunc(f.names, func(n string) bool { return foldName(n) == foldName(ev.EventName) }))
}

func oneOf(allowed []string, v string) bool { return len(allowed) == 0 || slices.Contains(allowed, v) }

// foldName reduces a name to what the mapping compares.
func foldName(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// describe says in words what is chosen, for reports; empty if everything is.
func (f *eventFlags) describe() string {
	var parts []string
	ids := make([]string, len(f.ids))
	for i, id := range f.ids {
		ids[i] = redact.EventID(id)
	}
	for _, c := range []struct {
		what   string
		values []string
	}{{"profile", f.profiles}, {"event name", f.names}, {"event id", ids}} {
		if len(c.values) > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", c.what, strings.Join(c.values, " or ")))
		}
	}
	return strings.Join(parts, ", ")
}
